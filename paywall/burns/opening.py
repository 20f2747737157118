"""The custodial wallet and the worker that burns from it, as the settings choose."""

from paywall import clock
from paywall.burns import policy_file
from paywall.burns.burn_worker import BurnWorker
from paywall.burns.custody import Custody
from paywall.burns.policies import FixedPolicy, NativePolicy, Policy
from paywall.burns.policy_file import read_record
from paywall.burns.states import BatchTerms
from paywall.burns.wallet.base import WalletChain
from paywall.database.engine import Database
from paywall.errors import SetupError
from paywall.keys.ring import KeyRing
from paywall.settings import Settings
from shared.cardano.addresses import key_hash
from shared.keys import PublicKey


def open_custody(settings: Settings, ring: KeyRing) -> Custody:
    """Errors: SetupError, also for a seller that burns nothing."""
    if settings.policy == "none":
        raise SetupError(
            "This seller burns nothing: PAYWALL_POLICY is none, so there is no token and no wallet."
        )
    return Custody(
        ring.signer("custody"),
        settings.chain_network,
        max_fee=settings.max_fee,
        expiry_slots=settings.burn_expiry_slots,
        policy=lambda key: open_policy(settings, key),
    )


def open_policy(settings: Settings, key: PublicKey) -> Policy | None:
    """None before a fixed supply is minted. Errors: SetupError."""
    if settings.policy == "native":
        return NativePolicy(key)
    record = read_record(settings.folder / policy_file.NAME, key_hash(key))
    return FixedPolicy(record.supply, record.reference) if record else None


def open_burn_worker(
    settings: Settings, database: Database, chain: WalletChain, custody: Custody | None
) -> BurnWorker | None:
    """None for a seller without burns."""
    if custody is None:
        return None
    terms = BatchTerms(
        settings.batch_size,
        settings.burn_batch_seconds,
        settings.required_confirmations,
        settings.required_final_depth,
        settings.resubmit_seconds,
        settings.batches_in_flight,
    )
    # SQLite has one writing process, so its next one need not wait for the lease of one that died.
    holder = "the only process" if database.dialect == "sqlite" else clock.new_id()
    return BurnWorker(
        database=database,
        chain=chain,
        custody=custody,
        terms=terms,
        holder=holder,
        clock=clock.unix_now,
        ids=clock.new_id,
    )

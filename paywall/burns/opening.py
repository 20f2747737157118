"""The custodial wallet as the settings choose: whose key, under which policy."""

from paywall.burns import policy_file
from paywall.burns.custody import Custody
from paywall.burns.policies import FixedPolicy, NativePolicy, Policy
from paywall.burns.policy_file import read_record
from paywall.keys.ring import KeyRing
from paywall.settings import Settings
from shared.cardano.addresses import key_hash
from shared.keys import PublicKey


def open_custody(settings: Settings, ring: KeyRing) -> Custody:
    """Errors: SetupError."""
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

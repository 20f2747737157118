"""Minting the custodial supply, and how it stands on chain."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from paywall.burns import policy_file
from paywall.burns.custody import Custody
from paywall.burns.policies import TOKEN_NAME, FixedPolicy
from paywall.burns.policy_file import MintRecord, read_record, remove_record, write_record
from paywall.burns.wallet.base import WalletChain
from paywall.errors import SetupError
from paywall.settings import Settings
from shared.cardano.addresses import payment_key_hash
from shared.cardano.coins import Shortage, Utxo
from shared.cardano.fixed_supply import FixedSupply
from shared.chain.base import Chain, ChainError, SubmitRefused, SubmitUnknown

POLL_SECONDS = 0.2
MINTED = "The supply was minted already; `paywall token show` tells how it stands."


@dataclass(frozen=True, slots=True)
class Supply:
    """The token by the chain: minted and burned in all, and what the custodial wallet holds."""

    address: str
    token: str
    minted: int
    burned: int
    held: int
    lovelace: int


async def read_supply(custody: Custody, chain: Chain) -> Supply:
    """Errors: ChainUnavailable."""
    minted, burned = await chain.supply(custody.asset) or (0, 0)
    lovelace, held = await custody.holdings(chain)
    return Supply(custody.address, custody.asset.dotted, minted, burned, held, lovelace)


async def mint(
    settings: Settings, custody: Custody, chain: WalletChain, quantity: int, *, time_limit: float
) -> str:
    """Mint under the policy of the settings, once, and wait until it is on chain; the transaction's hash.

    Errors: SetupError when there is a supply already, Shortage when the wallet has no ADA, ChainError.
    """
    if settings.policy == "native":
        return await mint_supply(custody, chain, quantity, time_limit=time_limit)
    file = settings.folder / policy_file.NAME
    return await mint_fixed_supply(custody, chain, quantity, file, time_limit=time_limit)


async def mint_supply(custody: Custody, chain: WalletChain, quantity: int, *, time_limit: float) -> str:
    """Mint the supply, once, and wait until it is on chain; the transaction's hash.

    Errors: SetupError when there is a supply already, Shortage when the wallet has no ADA.
    """
    if await chain.supply(custody.asset) is not None:
        raise SetupError(MINTED)
    built = await custody.sign_mint(chain, quantity)
    await chain.submit(built.raw)
    await wait_for(chain, built.id, time_limit=time_limit)
    return built.id


async def mint_fixed_supply(
    custody: Custody, chain: WalletChain, quantity: int, file: Path, *, time_limit: float
) -> str:
    """Mint a supply that can never grow; `file` then says what its burns need. The transaction's hash.

    The bytes are in the file before anybody submits them; repeated after an interruption, the same ones go
    out while they can land, and then ones that spend the same output, so that only one can ever stand.
    Errors: as `mint_supply`.
    """
    record = read_record(file, _custodian(custody))
    if record is not None and await chain.supply(record.supply.asset) is not None:
        raise SetupError(MINTED)
    if record is not None and (await chain.tip()).slot < record.expiry_slot:
        if record.supply.quantity != quantity:
            raise SetupError(
                f"A mint of {record.supply.quantity} is on its way; repeat the command with that."
            )
        with suppress(SubmitRefused, SubmitUnknown):  # it may wait in the mempool already: the chain decides
            await chain.submit(record.transaction)
    else:
        record = await _submit_new(custody, chain, quantity, file, record)
    await wait_for(chain, record.tx_hash, time_limit=time_limit)
    return record.tx_hash


async def _submit_new(
    custody: Custody, chain: WalletChain, quantity: int, file: Path, before: MintRecord | None
) -> MintRecord:
    utxos = await chain.utxos(custody.address)
    if before is None and (held := _other_supply(utxos)):
        # A lost policy.json must not quietly become a second supply.
        raise SetupError(
            f"The wallet holds {TOKEN_NAME.decode()} of policy {held} already; "
            "bring that supply's policy.json back, or use another custodial key."
        )
    supply = FixedSupply(_seed(utxos, before), TOKEN_NAME, quantity, _custodian(custody))
    built = await custody.under(FixedPolicy(supply)).sign_mint(chain, quantity)
    record = MintRecord(supply, built.raw)
    write_record(file, record)
    try:
        await chain.submit(built.raw)
    except SubmitRefused:
        remove_record(file)
        raise
    except SubmitUnknown:
        pass  # perhaps it landed: it is waited for, and the next attempt spends the same output
    return record


def _other_supply(utxos: Sequence[Utxo]) -> str | None:
    """The policy id of a token of our name that is there before the first mint."""
    units = (unit for utxo in utxos for unit in utxo.tokens)
    return next((unit[:56] for unit in units if unit[56:] == TOKEN_NAME.hex()), None)


def _custodian(custody: Custody) -> bytes:
    found = payment_key_hash(custody.address)
    assert found is not None  # a key's own address
    return found


def _seed(utxos: Sequence[Utxo], record: MintRecord | None) -> tuple[str, int]:
    """The output to mint from: the earlier mint's if it is still there, else the one with the most ADA."""
    if record is not None and any(utxo.reference == record.supply.seed for utxo in utxos):
        return record.supply.seed
    plain = [utxo for utxo in utxos if utxo.bare and not utxo.tokens]
    if not plain:
        raise Shortage("the wallet holds no output without tokens")
    return max(plain, key=lambda utxo: utxo.lovelace).reference


async def wait_for(chain: Chain, tx_hash: str, *, time_limit: float) -> None:
    """Until the transaction is in a block. Errors: SetupError when that takes longer than `time_limit` seconds."""
    try:
        async with asyncio.timeout(time_limit):
            while await chain.inclusion(tx_hash) is None:  # noqa: ASYNC110  a chain gives no event to await
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise SetupError(f"Transaction {tx_hash} is not on chain after {time_limit:.0f} s.") from error
    except ChainError as error:
        raise SetupError("The chain cannot be asked.") from error

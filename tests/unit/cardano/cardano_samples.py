"""A key, its address and token, and transactions in every form that a wallet may write."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import cbor2

from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.make import build
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import NativeScript
from shared.keys import SigningKey

NETWORK = "cardano:preprod"
KEY = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(range(1, 33)))
OURS = enterprise_address(KEY.public, NETWORK)
THEIRS = enterprise_address(OTHER.public, NETWORK)
SCRIPT = NativeScript(key_hash(KEY.public)).raw
POLICY = NativeScript(key_hash(KEY.public)).policy_id
ASSET = Asset(POLICY, b"CREATE")
PARAMETERS = Parameters(min_fee_a=44, min_fee_b=155_381, coins_per_utxo_byte=4310, max_tx_size=16_384)
HASH = bytes(range(32))
EXPIRY = 100_000_000


def utxo(number: int, lovelace: int, **tokens: int) -> Utxo:
    """Our output `number`; a token is given by its name under our policy."""
    units = {POLICY + name.encode().hex(): quantity for name, quantity in tokens.items()}
    return Utxo(f"{number:064x}", 0, OURS, lovelace, units)


def payment(*utxos: Utxo, lovelace: int = 3_000_000) -> Draft:
    """A payment to THEIRS."""
    return build.payment(
        utxos=utxos,
        change_address=OURS,
        recipient=THEIRS,
        lovelace=lovelace,
        token_hash=HASH,
        parameters=PARAMETERS,
        expiry_slot=EXPIRY,
        key=KEY.public,
        network=NETWORK,
    )


def mint(*utxos: Utxo, quantity: int = 10_000, asset: Asset = ASSET) -> Draft:
    """A mint of ours."""
    return build.mint(
        utxos=utxos,
        change_address=OURS,
        asset=asset,
        quantity=quantity,
        parameters=PARAMETERS,
        expiry_slot=EXPIRY,
        key=KEY.public,
        network=NETWORK,
    )


def burn(
    *utxos: Utxo, count: int = 1000, must_spend: tuple[tuple[str, int], ...] = (), root: bytes = HASH
) -> Draft:
    """A burn batch of ours."""
    return build.burn(
        utxos=utxos,
        change_address=OURS,
        asset=ASSET,
        batch=BatchCommitment(root, count, count),
        parameters=PARAMETERS,
        expiry_slot=EXPIRY,
        key=KEY.public,
        network=NETWORK,
        must_spend=must_spend,
    )


def signed(draft: Draft) -> Built:
    """The draft with KEY's signature."""
    return draft.sign(KEY.public, KEY.sign(bytes.fromhex(draft.id)))


def plain_body() -> dict[int, Any]:
    """The least body that the ledger's format allows, to be changed by a test."""
    return {0: [[HASH, 0]], 1: [[bytes.fromhex("60") + bytes(28), 2_000_000]], 2: 170_000}


def assembled(
    body: Mapping[int, Any] | bytes,
    *,
    witnesses: bytes | None = None,
    valid: object = True,
    auxiliary: bytes = b"\xf6",
    key: SigningKey = KEY,
) -> bytes:
    """A whole transaction around `body` (raw bytes stay as they are), signed by `key` or with `witnesses`."""
    raw = body if isinstance(body, bytes) else cbor2.dumps(body)
    if witnesses is None:
        digest = blake2b(raw, digest_size=32).digest()
        witnesses = cbor2.dumps({0: [[key.public.raw, key.sign(digest)]]})
    return b"\x84" + raw + witnesses + cbor2.dumps(valid) + auxiliary

"""The custodial key signs burns of our own token and nothing else."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import to_bytes
from shared.cardano.metadata import BatchCommitment, burn_metadata
from shared.cardano.read.guard import UnsafeBurnError, guard_burn
from shared.cardano.read.transaction import TransactionError, parse
from tests.unit.cardano.cardano_samples import (
    ASSET,
    HASH,
    OURS,
    POLICY,
    SCRIPT,
    THEIRS,
    assembled,
    burn,
    mint,
    payment,
    signed,
    utxo,
)

CAP = 300_000
WALLET = utxo(1, 10_000_000, CREATE=9)


def test_a_burn_of_ours_passes_before_and_after_it_is_signed() -> None:
    draft = burn(WALLET, count=4)
    guard_burn(draft.unsigned, ASSET, OURS, CAP)
    guard_burn(parse(signed(draft).raw), ASSET, OURS, draft.fee)


def twisted(change: Callable[[dict[int, Any]], None], metadata: dict[int, Any] | None = None) -> bytes:
    """A good burn of 4 whose body was changed."""
    auxiliary = cbor2.dumps(burn_metadata(BatchCommitment(HASH, 4, 4)) if metadata is None else metadata)
    body: dict[int, Any] = cbor2.loads(burn(WALLET, count=4).body_bytes)
    body[7] = blake2b(auxiliary, digest_size=32).digest()
    change(body)
    return assembled(body, witnesses=b"\xa1\x01\x81" + SCRIPT, auxiliary=auxiliary)


def policies(**quantities: int) -> dict[bytes, dict[bytes, int]]:
    return {bytes.fromhex(POLICY): {name.encode(): quantity for name, quantity in quantities.items()}}


UNSAFE = {
    "a payment": payment(WALLET).unsigned,
    "a mint": mint(WALLET).unsigned,
    "an output to another": twisted(lambda body: body[1].append([to_bytes(THEIRS), 1_000_000])),
    "all to another": twisted(lambda body: body.update({1: [[to_bytes(THEIRS), 9_000_000]]})),
    "our key with another's stake": twisted(
        lambda body: body.update({1: [[b"\x00" + to_bytes(OURS)[1:] + bytes(28), 9_000_000]]})
    ),
    "the fee drains the wallet": twisted(lambda body: body.update({2: CAP + 1})),
    "more burned than the batch": twisted(lambda body: body.update({9: policies(CREATE=-5)})),
    "fewer burned than the batch": twisted(lambda body: body.update({9: policies(CREATE=-3)})),
    "a mint of the token": twisted(lambda body: body.update({9: policies(CREATE=4)})),
    "a mint beside the burn": twisted(lambda body: body.update({9: policies(CREATE=-4, MORE=1)})),
    "another token": twisted(lambda body: body.update({9: policies(OTHER=-4)})),
    "another policy": twisted(lambda body: body.update({9: {bytes(28): {b"CREATE": -4}}})),
    "no burn": twisted(lambda body: body.pop(9)),
    "no expiry": twisted(lambda body: body.pop(3)),
    "a withdrawal": twisted(lambda body: body.update({5: {b"\xe0" + bytes(28): 1}})),
    "a delegation": twisted(lambda body: body.update({4: [[2, [0, bytes(28)], bytes(28)]]})),
    "a donation": twisted(lambda body: body.update({22: 1_000_000})),
    "collateral": twisted(lambda body: body.update({13: [[HASH, 0]]})),
    "a datum": twisted(lambda body: body.update({1: [[to_bytes(OURS), 9_000_000, HASH]]})),
    "metadata of another hash": twisted(lambda body: body.update({7: HASH})),
    "no root": twisted(lambda _: None, metadata={8402: {"count": 4}}),
    "no count": twisted(lambda _: None, metadata={8402: {"root": HASH}}),
}


@pytest.mark.parametrize("raw", UNSAFE.values(), ids=UNSAFE.keys())
def test_whatever_takes_more_than_it_says_is_not_signed(raw: bytes) -> None:
    with pytest.raises(UnsafeBurnError):
        guard_burn(raw, ASSET, OURS, CAP)


def test_the_good_burn_of_this_table_is_fine_in_itself() -> None:
    guard_burn(twisted(lambda _: None), ASSET, OURS, CAP)


def test_bytes_that_are_no_transaction_are_not_signed() -> None:
    with pytest.raises(TransactionError):
        guard_burn(b"\x84", ASSET, OURS, CAP)

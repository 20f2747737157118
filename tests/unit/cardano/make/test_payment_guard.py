"""A wallet signs the payment that it was asked for and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import to_bytes
from shared.cardano.read.guard import ExpectedPayment, UnsafePaymentError, guard_payment
from shared.cardano.read.transaction import TransactionError, parse
from tests.unit.cardano.cardano_samples import HASH, OURS, THEIRS, assembled, burn, payment, signed, utxo

CAP = 300_000
WALLET = utxo(1, 10_000_000)
WANTED = ExpectedPayment(THEIRS, 3_000_000, HASH)
NAMED = {8402: {"prt": HASH}}


def test_the_payment_that_was_asked_for_passes_before_and_after_it_is_signed() -> None:
    draft = payment(WALLET)
    guard_payment(draft.unsigned, WANTED, OURS, CAP)
    guard_payment(parse(signed(draft).raw), WANTED, OURS, draft.fee)


def twisted(change: Callable[[dict[int, Any]], None], metadata: dict[int, Any] = NAMED) -> bytes:
    """A good payment whose body was changed."""
    auxiliary = cbor2.dumps(metadata)
    body: dict[int, Any] = cbor2.loads(payment(WALLET).body_bytes)
    body[7] = blake2b(auxiliary, digest_size=32).digest()
    change(body)
    return assembled(body, witnesses=b"\xa0", auxiliary=auxiliary)


def outputs(*sent: tuple[str, int]) -> Callable[[dict[int, Any]], None]:
    return lambda body: body.update({1: [[to_bytes(address), lovelace] for address, lovelace in sent]})


TOKENS = {bytes(28): {b"CREATE": 1}}
UNSAFE = {
    "a burn": burn(utxo(1, 10_000_000, CREATE=9), count=4).unsigned,
    "all to the recipient": twisted(outputs((THEIRS, 9_800_000))),
    "a lovelace more": twisted(outputs((THEIRS, 3_000_001), (OURS, 6_000_000))),
    "a lovelace less": twisted(outputs((THEIRS, 2_999_999), (OURS, 6_000_000))),
    "paid twice": twisted(outputs((THEIRS, 3_000_000), (THEIRS, 3_000_000), (OURS, 3_000_000))),
    "paid to ourselves": twisted(outputs((OURS, 3_000_000), (OURS, 6_000_000))),
    "the change first": twisted(outputs((OURS, 6_000_000), (THEIRS, 3_000_000))),
    "nothing paid": twisted(outputs()),
    "tokens with it": twisted(
        lambda body: body.update({1: [[to_bytes(THEIRS), [3_000_000, TOKENS]], [to_bytes(OURS), 6_000_000]]})
    ),
    "a datum": twisted(lambda body: body[1].append([to_bytes(OURS), 1_000_000, HASH])),
    "the fee drains the wallet": twisted(lambda body: body.update({2: CAP + 1})),
    "a mint": twisted(lambda body: body.update({9: TOKENS})),
    "no expiry": twisted(lambda body: body.pop(3)),
    "a withdrawal": twisted(lambda body: body.update({5: {b"\xe0" + bytes(28): 1}})),
    "a delegation": twisted(lambda body: body.update({4: [[2, [0, bytes(28)], bytes(28)]]})),
    "a donation": twisted(lambda body: body.update({22: 1_000_000})),
    "collateral": twisted(lambda body: body.update({13: [[HASH, 0]]})),
    "metadata of another hash": twisted(lambda body: body.update({7: HASH})),
    "another payment request": twisted(lambda _: None, metadata={8402: {"prt": bytes(32)}}),
    "no payment request": twisted(lambda _: None, metadata={}),
    "metadata beside it": twisted(lambda _: None, metadata={**NAMED, 674: {"msg": ["hello"]}}),
}


@pytest.mark.parametrize("raw", UNSAFE.values(), ids=UNSAFE.keys())
def test_whatever_pays_otherwise_is_not_signed(raw: bytes) -> None:
    with pytest.raises(UnsafePaymentError):
        guard_payment(raw, WANTED, OURS, CAP)


@pytest.mark.parametrize(
    "other",
    [{"recipient": OURS}, {"lovelace": 2_999_999}, {"commitment": bytes(32)}, {"commitment": None}],
    ids=str,
)
def test_another_payment_than_this_one_is_not_signed(other: dict[str, Any]) -> None:
    with pytest.raises(UnsafePaymentError):
        guard_payment(payment(WALLET).unsigned, replace(WANTED, **other), OURS, CAP)


def test_the_good_payment_of_this_table_is_fine_in_itself() -> None:
    guard_payment(twisted(lambda _: None), WANTED, OURS, CAP)


def test_bytes_that_are_no_transaction_are_not_signed() -> None:
    with pytest.raises(TransactionError):
        guard_payment(b"\x84", WANTED, OURS, CAP)

"""The custodial key signs nothing for a builder that was taken over."""

import pytest

from shared.cardano.addresses import to_bytes
from shared.cardano.read.guard import UnsafeBurnError, UnsafeMintError
from tests.unit.cardano.custody_samples import KEY, OURS, POLICY, THEIRS, Change, TakenOver, attempt


def ours(**quantities: int) -> dict[bytes, dict[bytes, int]]:
    policy = bytes.fromhex(POLICY.asset.policy_id)
    return {policy: {name.encode(): quantity for name, quantity in quantities.items()}}


EITHER: dict[str, Change] = {
    "a payment to the thief": lambda body: body[1].append([to_bytes(THEIRS), 1_000_000]),
    "all to the thief": lambda body: body.update({1: [[to_bytes(THEIRS), 9_000_000]]}),
    "our key with the thief's stake": lambda body: body.update(
        {1: [[b"\x00" + to_bytes(OURS)[1:] + to_bytes(THEIRS)[1:], 9_000_000]]}
    ),
    "everything as a fee": lambda body: body.update({2: 40_000_000}),
    "no expiry": lambda body: body.pop(3),
    "another quantity": lambda body: body.update({9: ours(CREATE=5)}),
    "another token of ours beside it": lambda body: body.update({9: ours(CREATE=-4, MORE=1)}),
    "another policy": lambda body: body.update({9: {bytes(28): {b"CREATE": -4}}}),
    "no token at all": lambda body: body.pop(9),
    "a withdrawal": lambda body: body.update({5: {b"\xe0" + to_bytes(OURS)[1:]: 1}}),
    "a delegation": lambda body: body.update({4: [[2, [0, to_bytes(OURS)[1:]], bytes(28)]]}),
    "a vote": lambda body: body.update({19: {(2, bytes(28)): {(bytes(32), 0): [1, None]}}}),
    "a donation": lambda body: body.update({22: 1_000_000}),
    "collateral": lambda body: body.update({13: [[bytes(32), 0]]}),
}
BURNS: dict[str, Change] = {
    **EITHER,
    "a mint": lambda body: body.update({9: ours(CREATE=4)}),
    "fewer than the batch": lambda body: body.update({9: ours(CREATE=-3)}),
    "a commitment to something else": lambda body: body.update({7: bytes(32)}),
}
MINTS: dict[str, Change] = {
    **EITHER,
    "a burn": lambda body: body.update({9: ours(CREATE=-4)}),
    "more than was asked for": lambda body: body.update({9: ours(CREATE=11)}),
    "metadata that is not there": lambda body: body.update({7: bytes(32)}),
}


@pytest.mark.parametrize("change", BURNS.values(), ids=BURNS.keys())
def test_a_builder_that_was_taken_over_gets_no_signature_on_a_burn(change: Change) -> None:
    with pytest.raises(UnsafeBurnError):
        attempt(policy=TakenOver(KEY.public, change))


@pytest.mark.parametrize("change", MINTS.values(), ids=MINTS.keys())
def test_a_builder_that_was_taken_over_gets_no_signature_on_a_mint(change: Change) -> None:
    with pytest.raises(UnsafeMintError):
        attempt(policy=TakenOver(KEY.public, change), mint=10)


def test_a_taken_over_builder_that_changes_nothing_is_signed() -> None:
    assert (
        len(attempt(policy=TakenOver(KEY.public))) == len(attempt(policy=TakenOver(KEY.public), mint=10)) == 1
    )

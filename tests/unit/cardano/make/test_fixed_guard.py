"""The custodial key signs the mint and the burns of its fixed supply, in exactly the form that they have."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import key_hash, to_bytes
from shared.cardano.coins import Shortage, Utxo
from shared.cardano.draft import Draft
from shared.cardano.metadata import BatchCommitment, burn_metadata
from shared.cardano.read.fixed_guard import guard_fixed_burn, guard_fixed_mint
from shared.cardano.read.guard import UnsafeBurnError, UnsafeMintError, guard_burn
from shared.cardano.read.transaction import TransactionError
from tests.unit.cardano.cardano_samples import HASH, KEY, OTHER, OURS, THEIRS, assembled
from tests.unit.cardano.fixed_samples import HELD, REFERENCE, SEED, SUPPLY, burn, mint, signed

CAP = 400_000


def test_our_own_burn_and_mint_pass_before_and_after_they_are_signed() -> None:
    guard_fixed_burn(burn().unsigned, SUPPLY, REFERENCE, OURS, CAP)
    guard_fixed_burn(signed(burn()).raw, SUPPLY, REFERENCE, OURS, burn().fee)
    guard_fixed_mint(mint().unsigned, SUPPLY, OURS, CAP)


def test_the_guard_of_a_native_policy_does_not_let_a_script_pass() -> None:
    with pytest.raises(UnsafeBurnError):
        guard_burn(burn().unsigned, SUPPLY.asset, OURS, CAP)


Change = Callable[[dict[int, Any], dict[int, Any]], object]


def twisted(draft: Draft, change: Change) -> bytes:
    """The draft with its body and its witnesses changed."""
    body, witnesses = cbor2.loads(draft.body_bytes), cbor2.loads(draft.unsigned)[1]
    change(body, witnesses)
    return assembled(body, witnesses=cbor2.dumps(witnesses), auxiliary=draft.auxiliary or b"\xf6")


def test_the_good_ones_of_the_tables_are_fine_in_themselves() -> None:
    guard_fixed_burn(twisted(burn(), lambda _, __: None), SUPPLY, REFERENCE, OURS, CAP)
    guard_fixed_mint(twisted(mint(), lambda _, __: None), SUPPLY, OURS, CAP)


def put(field: int, value: Any) -> Change:
    return lambda body, _: body.update({field: value})


def without(field: int) -> Change:
    return lambda body, _: body.pop(field)


def redeemed(*redeemers: Any) -> Change:
    return lambda _, witnesses: witnesses.update({5: dict(redeemers)})


UNIT = cbor2.CBORTag(121, [])
POLICY = bytes.fromhex(SUPPLY.policy_id)
#: what must not pass in a burn and in a mint alike
BOTH: dict[str, Change] = {
    "no collateral": without(13),
    "another's collateral": put(13, [[bytes(32), 0]]),
    "two collaterals": lambda body, _: body[13].append([bytes(32), 0]),
    "a collateral that does not come back": without(16),
    "a collateral that comes back to another": lambda body, _: body[16].__setitem__(0, to_bytes(THEIRS)),
    "a collateral of unknown size": without(17),
    "a collateral that takes all": put(17, 2 * CAP + 1),
    "another's signature": put(14, [key_hash(OTHER.public)]),
    "another's signature too": put(14, [key_hash(KEY.public), key_hash(OTHER.public)]),
    "nobody's signature": without(14),
    "no redeemers": lambda _, witnesses: witnesses.pop(5),
    "another redeemer": redeemed(((1, 0), [cbor2.CBORTag(122, []), [88_000, 22_600_000]])),
    "more units": redeemed(((1, 0), [UNIT, [14_000_000, 10_000_000_000]])),
    "a redeemer for spending": redeemed(((0, 0), [UNIT, [88_000, 22_600_000]])),
    "a second redeemer": lambda _, witnesses: witnesses[5].update({(0, 0): [UNIT, [1, 1]]}),
    "redeemers as a list": lambda _, witnesses: witnesses.update({5: [[1, 0, UNIT, [88_000, 22_600_000]]]}),
    "a datum": lambda _, witnesses: witnesses.update({4: [UNIT]}),
    "a withdrawal": put(5, {b"\xe0" + bytes(28): 1}),
    "a vote": put(19, {}),
    "a donation": put(22, 1_000_000),
    "an output to another": lambda body, _: body[1].append([to_bytes(THEIRS), 1_000_000]),
    "a fee that drains the wallet": put(2, CAP + 1),
    "no expiry": without(3),
    "a script of another kind": lambda _, witnesses: witnesses.update({6: [b"\x00"]}),
    "another token": put(9, {bytes(28): {b"CREATE": -4}}),
}
BURNS: dict[str, Change] = {
    **BOTH,
    "another script on chain": put(18, [[bytes(32), 0]]),
    "two scripts on chain": lambda body, _: body[18].append([bytes(32), 0]),
    "no script on chain": without(18),
    "a script along with it": lambda _, witnesses: witnesses.update({7: [SUPPLY.script]}),
    "a script in an output": lambda body, _: body.update(
        {1: [{0: to_bytes(OURS), 1: 30_000_000, 3: cbor2.CBORTag(24, b"\x82\x03\x40")}]}
    ),
    "more burned than the batch": put(9, {POLICY: {b"CREATE": -5}}),
    "a mint": put(9, {POLICY: {b"CREATE": 4}}),
    "a mint beside it": put(9, {POLICY: {b"CREATE": -4, b"OTHER": 1}}),
}
MINTS: dict[str, Change] = {
    **BOTH,
    "a script on chain": put(18, [[bytes(32), 0]]),
    "another script": lambda _, witnesses: witnesses.update({7: [b"\x40"]}),
    "a second script": lambda _, witnesses: witnesses[7].append(b"\x40"),
    "one more": put(9, {POLICY: {b"CREATE": 10_001}}),
    "a burn": put(9, {POLICY: {b"CREATE": -10_000}}),
    "another name beside it": put(9, {POLICY: {b"CREATE": 10_000, b"OTHER": 1}}),
}


@pytest.mark.parametrize("change", BURNS.values(), ids=BURNS.keys())
def test_a_burn_of_another_shape_is_not_signed(change: Change) -> None:
    with pytest.raises((UnsafeBurnError, TransactionError)):
        guard_fixed_burn(twisted(burn(), change), SUPPLY, REFERENCE, OURS, CAP)


@pytest.mark.parametrize("change", MINTS.values(), ids=MINTS.keys())
def test_a_mint_of_another_shape_is_not_signed(change: Change) -> None:
    with pytest.raises((UnsafeMintError, TransactionError)):
        guard_fixed_mint(twisted(mint(), change), SUPPLY, OURS, CAP)


def test_a_mint_passes_for_no_burn_and_a_burn_for_no_mint() -> None:
    with pytest.raises(UnsafeBurnError):
        guard_fixed_burn(mint().unsigned, SUPPLY, REFERENCE, OURS, CAP)
    with pytest.raises(UnsafeMintError):
        guard_fixed_mint(burn().unsigned, SUPPLY, OURS, CAP)


def test_the_fee_holds_the_units_the_script_on_chain_and_the_bytes() -> None:
    """Conway: a · (size − 1) + b, the units' price rounded up, the referenced script's rounded down."""
    draft = burn()
    units = -(-(88_000 * 577 * 1000 + 22_600_000 * 721) // 10_000_000)
    assert draft.fee == 44 * (draft.size() - 1) + 155_381 + units + 15 * len(SUPPLY.script)


def test_the_collateral_is_an_input_and_all_but_one_and_a_half_fees_comes_back() -> None:
    body = cbor2.loads(burn().body_bytes)
    assert body[13] == [[bytes.fromhex(HELD.tx_hash), HELD.index]]
    assert body[17] == -(-burn().fee * 150 // 100)
    assert body[16] == [to_bytes(OURS), [HELD.lovelace - body[17], {POLICY: {b"CREATE": 10_000}}]]


def test_the_script_data_hash_commits_to_redeemers_and_cost_model() -> None:
    body, witnesses = cbor2.loads(burn().body_bytes), cbor2.loads(burn().unsigned)[1]
    preimage = cbor2.dumps(witnesses[5]) + cbor2.dumps({2: list(range(297))})
    assert body[11] == blake2b(preimage, digest_size=32).digest()


def test_an_output_too_small_for_the_collateral_is_a_shortage_not_a_loss() -> None:
    small = [replace(HELD, lovelace=1_300_000), *(Utxo("33" * 32, n, OURS, 1_000_000) for n in range(3))]
    with pytest.raises(Shortage, match="collateral"):
        burn(*small)
    assert burn(*small, Utxo("33" * 32, 3, OURS, 5_000_000)).change[0].lovelace > 5_000_000


def test_a_seed_too_small_for_its_mint_is_a_shortage() -> None:
    with pytest.raises(Shortage):
        mint(seed=replace(SEED, lovelace=5_000_000))


def test_the_metadata_is_that_of_any_burn() -> None:
    assert cbor2.loads(burn().auxiliary or b"") == burn_metadata(BatchCommitment(HASH, 4, 4))

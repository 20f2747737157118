"""What pycardano makes of our plans: known bytes, written again by hand here, and read back by our own reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import key_hash, to_bytes
from shared.cardano.coins import Utxo, selections
from shared.cardano.draft import Draft
from shared.cardano.fixed_supply import BURN_UNITS, MINT_UNITS
from shared.cardano.make.drafting import Plan, drafted
from shared.cardano.make.parts import output, output_with_script
from shared.cardano.policy import NativeScript
from shared.cardano.read.transaction import parse
from tests.unit.cardano.cardano_samples import (
    ASSET,
    EXPIRY,
    HASH,
    KEY,
    NETWORK,
    OURS,
    POLICY,
    SCRIPT,
    THEIRS,
    signed,
    utxo,
)
from tests.unit.cardano.fixed_samples import HELD, PRICED, PRICES, REFERENCE, SEED, SUPPLY

# Names of every length that is written in another way, in an order that is not the canonical one.
FOREIGN = {
    f"{9:056x}" + name: quantity
    for name, quantity in (("00ff", 1), ("", 2**63), ("aa" * 32, 24), ("bb" * 23, 23), ("cc" * 24, 256))
} | {f"{3:056x}0001": 5, f"{200:056x}616263": 2**32, f"{3:056x}01": 65536}
RICH = Utxo("cd" * 32, 300, OURS, 60_000_000, {**FOREIGN, ASSET.unit: 77})
PAID, BURNED = {8402: {"prt": HASH}}, {8402: {"root": HASH, "count": 1}}
OWNER = NativeScript(key_hash(KEY.public))


@dataclass(frozen=True)
class Case:
    """A plan over `wallet`, and what is known of the transaction that it makes (signed by KEY)."""

    wallet: tuple[Utxo, ...]
    id: str
    sha256: str
    size: int
    fee: int
    plan: Callable[[], Mapping[str, Any]]

    def draft(self) -> Draft:
        asked = dict(self.plan())
        unit, burned = (asked["mint"][0].unit, -asked["mint"][1]) if "mint" in asked else ("", 0)
        plan = Plan(OURS, PRICED, EXPIRY, KEY.public, NETWORK, **asked)
        return drafted(plan, selections(self.wallet, unit, max(burned, 0)))


CASES = {
    "payment": Case(
        (utxo(1, 10_000_000),),
        "66d5e33841513c9ac35818ae17cb7b8ae88dbc3d1ba9d3d3d7fb5d2cf0e3f3c7",
        "dd02967db42a419a388385006ddcf116b0b1c5a655e8f81ec48365e0866b4ca9",
        313,
        169109,
        lambda: {"sent": (output(THEIRS, 3_000_000, {}),), "metadata": PAID},
    ),
    "payment out of many tokens": Case(
        (RICH,),
        "53361731968e927f47b48a0e5ca2c159407b6eb734f2641544fc074e1c8d961d",
        "bf21d44bb7cb1322ab1e31a0ed6eb2fcf87cef4257731ffaf2ae56675f7b01b6",
        578,
        180769,
        lambda: {"sent": (output(THEIRS, 3_000_000, {}),), "metadata": PAID},
    ),
    "mint": Case(
        (utxo(1, 10_000_000, CREATE=1, OTHER=2),),
        "e2e398fb067f3fa74a0c36156bf09cfa614da205f39c1598a4d47bb6de6b8556",
        "7fbbe2c4d438f9df3616873ecc33980f61f7862d98afedd2a1fd702943f6ceb7",
        324,
        169593,
        lambda: {"mint": (ASSET, 41), "script": OWNER},
    ),
    "burn of one": Case(
        (utxo(1, 50_000_000, CREATE=10_000),),
        "ed001f0733fe6ed26fb67c0086adf43e9e90613f427239fb8e9667ce2a269184",
        "f63a69fe64f72e42f3dc44a871f181d3dfe19f9c17f5f5ac76fd0ad573304291",
        402,
        173025,
        lambda: {"mint": (ASSET, -1), "script": OWNER, "metadata": BURNED},
    ),
    "burn among many tokens": Case(
        (RICH,),
        "834c9f01e0486dbac22c611a6595c09c3dbbcd6699d6d67b00c5b258d383c442",
        "e178a76a2a2ba2494f07c83dbcfca05155b54b1e2b2903396318499238f298e9",
        624,
        182793,
        lambda: {"mint": (ASSET, -1), "script": OWNER, "metadata": BURNED},
    ),
    "burn of the last one": Case(
        (utxo(1, 10_000_000, CREATE=1),),
        "00e0be2d0cd7e290372810d9882b2e464dd4fb814cd0220a2f427a14f73fe41e",
        "41034201acf4589a26c47643d6c09bd1ae25fcb24282e7b78bfd88390827d34a",
        359,
        171133,
        lambda: {"mint": (ASSET, -1), "script": OWNER, "metadata": BURNED},
    ),
    "burn out of 290 outputs": Case(
        tuple(utxo(number, 1_500_000, CREATE=1) for number in range(1, 291)),
        "19bbb5bd5fcc4bc28128d56e065ffe2c1d6f7119f8bd46c06c28273ea080a2d1",
        "0c7aaaa4c3374184508331c9ecc5273620a952560eb38e966ea8528577547e05",
        10767,
        629085,
        lambda: {"mint": (ASSET, -290), "script": OWNER, "metadata": BURNED},
    ),
    "fixed mint": Case(
        (SEED,),
        "8d7c367142b4f769f8bc543df3595e151371d5f0635ce6e0a5b4bb20017971c1",
        "7078fb273b566f47e265f15e3dac04b5357f9165b641525105bb73299d72fc94",
        2021,
        251733,
        lambda: {
            "sent": (output_with_script(OURS, SUPPLY.script, PRICED),),
            "mint": (SUPPLY.asset, SUPPLY.quantity),
            "script": SUPPLY.minting(),
        },
    ),
    "fixed burn": Case(
        (HELD,),
        "c3818e88ba7c04624c93fb50b43080265154198323de527df08a331febbffd9f",
        "e744d532b3b34cab03dcebec12656eb07f07c3b24d9489e2362e3b26036cbd82",
        618,
        200577,
        lambda: {
            "mint": (SUPPLY.asset, -1),
            "script": SUPPLY.burning(REFERENCE),
            "metadata": BURNED,
        },
    ),
}
each = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@each
def test_the_bytes_the_size_and_the_fee_are_known(case: Case) -> None:
    built = signed(case.draft())
    assert (built.id, len(built.raw), built.fee) == (case.id, case.size, case.fee)
    assert sha256(built.raw).hexdigest() == case.sha256


@each
def test_the_strict_reader_finds_what_was_planned(case: Case) -> None:
    draft, plan = case.draft(), case.plan()
    parsed = parse(draft.unsigned)
    asset, quantity = plan.get("mint", (ASSET, 0))
    assert parsed.id == draft.id
    assert parsed.inputs == tuple(spent.reference for spent in case.wallet)
    assert (parsed.fee, parsed.expiry_slot, parsed.valid_from) == (draft.fee, EXPIRY, None)
    assert (parsed.network_id, parsed.signers) == (0, ())
    assert parsed.mint == ({asset.unit: quantity} if quantity else {})
    assert (parsed.metadata, parsed.auxiliary_data_hash_ok) == (plan.get("metadata", {}), True)
    back = parsed.outputs[-1]
    change = draft.change[0]
    assert (back.address, back.lovelace, back.tokens) == (OURS, change.lovelace, change.tokens)
    paid = sum(sent.lovelace for sent in parsed.outputs[:-1])
    assert change.lovelace == sum(spent.lovelace for spent in case.wallet) - paid - draft.fee
    assert parse(signed(draft).raw).signers == (KEY.public,)


def nested(tokens: Mapping[str, int]) -> dict[bytes, dict[bytes, int]]:
    """The canonical order of RFC 7049: what is shorter comes first."""
    found: dict[bytes, dict[bytes, int]] = {}
    for unit in sorted(tokens, key=lambda unit: (unit[:56], len(unit), unit)):
        found.setdefault(bytes.fromhex(unit[:56]), {})[bytes.fromhex(unit[56:])] = tokens[unit]
    return found


def by_hand(draft: Draft, sent: list[Any], more: Mapping[int, Any]) -> bytes:
    """The body (Conway CDDL), written without pycardano; `more` are the fields that not every transaction has."""
    change = draft.change[0]
    held = [change.lovelace, nested(change.tokens)] if change.tokens else change.lovelace
    body = {
        0: [[bytes.fromhex(spent.tx_hash), spent.index] for spent in draft.inputs],
        1: [*sent, [to_bytes(OURS), held]],
        2: draft.fee,
        3: EXPIRY,
        15: 0,
        **more,
    }
    if draft.auxiliary is not None:
        body[7] = blake2b(draft.auxiliary, digest_size=32).digest()
    return cbor2.dumps(dict(sorted(body.items())))


def test_a_payment_is_what_the_ledgers_format_asks_for() -> None:
    draft = CASES["payment out of many tokens"].draft()
    assert draft.body_bytes == by_hand(draft, [[to_bytes(THEIRS), 3_000_000]], {})
    assert (draft.witnesses, draft.auxiliary) == (b"\xa0", cbor2.dumps(PAID))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("mint", "burn"))])
def test_a_mint_or_burn_is_what_the_ledgers_format_asks_for(name: str) -> None:
    draft, (asset, quantity) = CASES[name].draft(), CASES[name].plan()["mint"]
    assert draft.body_bytes == by_hand(draft, [], {9: nested({asset.unit: quantity})})
    assert draft.witnesses == b"\xa1\x01\x81" + SCRIPT


def test_a_fixed_mint_and_burn_are_what_the_ledgers_format_asks_for() -> None:
    policy = bytes.fromhex(SUPPLY.policy_id)
    mint, burn = CASES["fixed mint"].draft(), CASES["fixed burn"].draft()
    script = cbor2.CBORTag(24, cbor2.dumps([3, SUPPLY.script]))
    least = parse(mint.unsigned).outputs[0].lovelace
    sent = {0: to_bytes(OURS), 1: least, 3: script}
    assert least == (160 + len(cbor2.dumps(sent))) * PRICED.coins_per_utxo_byte
    for draft, outputs, units, quantity, spent in (
        (mint, [sent], MINT_UNITS, SUPPLY.quantity, SEED),
        (burn, [], BURN_UNITS, -1, HELD),
    ):
        share = -(-draft.fee * 150 // 100)
        redeemers = {(1, 0): [cbor2.CBORTag(121, []), [units.memory, units.steps]]}
        hashed = cbor2.dumps(redeemers) + cbor2.dumps({2: list(PRICES.cost_model)})
        rest = spent.lovelace - share
        more: dict[int, Any] = {
            9: {policy: {b"CREATE": quantity}},
            11: blake2b(hashed, digest_size=32).digest(),
            13: [[bytes.fromhex(spent.tx_hash), spent.index]],
            14: [key_hash(KEY.public)],
            16: [to_bytes(OURS), [rest, nested(spent.tokens)] if spent.tokens else rest],
            17: share,
        }
        if draft is burn:
            more[18] = [[bytes.fromhex(REFERENCE[0]), REFERENCE[1]]]
        assert draft.body_bytes == by_hand(draft, outputs, more)
        brought = {7: [SUPPLY.script]} if draft is mint else {}
        assert draft.witnesses == cbor2.dumps({5: redeemers, **brought})


def test_a_policy_id_is_computed_alike_by_two() -> None:
    import pycardano  # type: ignore[import-untyped]  # it ships no types

    peer = pycardano.ScriptPubkey(pycardano.VerificationKeyHash(key_hash(KEY.public)))
    assert (OWNER.raw, OWNER.policy_id) == (peer.to_cbor(), str(peer.hash())) == (SCRIPT, POLICY)

"""The contract of the payers: nothing moves before the seller has the evidence, and nothing is ever paid twice.

Every class in buyer/payers, and in somebody else's package, that pays is found, and fails until WAYS in
`payers/ways.py` says how it is opened. What a payer signs is judged by the seller's own rail, and on a ledger by the
ledger's own rules.
"""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import buyer.payers
from buyer.errors import PaymentRefused, SellerFault, SellerUnreachable, UsageError
from buyer.payers.base import Payer, PaymentDraft, PaymentTerms
from shared import strict_json
from shared.dialects.base import StoredRequest
from shared.money import Money
from shared.tokens import jws, prt
from shared.tokens.prt import Order, PaymentRequest
from tests.contract.payers.ways import WAYS, shown
from tests.contract.payers.worlds import LIFE, PRICE, SELLER, Way, World
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.implementations import implementations, way_of
from tests.support.world.loop import in_loop

NAMES = implementations(Payer, buyer.payers)
EVERY = pytest.mark.parametrize("name", NAMES)
ON_A_LEDGER = pytest.mark.parametrize(
    "name", [name for name in NAMES if name in WAYS and WAYS[name].has_ledger]
)


def way(name: str) -> Way:
    return way_of(WAYS, name, "payers/ways")


def asked(name: str, world: World) -> StoredRequest:
    """What the seller asks for, signed and stored."""
    request = PaymentRequest(
        id="00000000-0000-4000-8000-000000000007",
        issuer=SELLER.public.did,
        description="3 credits",
        issued_at=world.now,
        expires_at=world.now + LIFE,
        service_callback=None,
        price=PRICE,
        order=Order("image-credit", 3),
        options=(way(name).option,),
    )
    return StoredRequest(jws.sign(prt.claims(request), SELLER), request)


async def prepared(
    name: str, world: World, taken: frozenset[str] = frozenset(), by: Payer | None = None
) -> PaymentDraft:
    terms = PaymentTerms(asked(name, world).token, world.now + LIFE)
    return await (by or world.payer).prepare(way(name).option, terms, taken=taken)


def stored(draft: PaymentDraft) -> PaymentDraft:
    """As the wallet gives it back."""
    return replace(draft, resources=(), document=json.loads(json.dumps(draft.document)))


def test_every_payer_is_opened_here_and_has_an_id_of_its_own() -> None:
    ids = [way(name).alone().id for name in NAMES]
    assert len(set(ids)) == len(ids)


@EVERY
def test_it_pays_options_of_its_own_network_alone(name: str) -> None:
    payer, option = way(name).alone(), way(name).option
    assert payer.pays(option)
    others = [other.option for known, other in WAYS.items() if known != name]
    # An account's service names itself: ACK-Pay needs no network beside it.
    assert payer.pays(replace(option, network=None)) == (option.payment_service is not None)
    for network in ("", "cardano:mainnet", "eip155:1", *(other.network for other in others)):
        assert not payer.pays(replace(option, network=network))


@EVERY
def test_what_asks_for_more_than_the_price_is_the_sellers_fault(name: str) -> None:
    payer, option = way(name).alone(), way(name).option
    assert payer.judge(option, PRICE).money <= PRICE
    for amount in (option.amount + 1, option.amount * 2, option.amount * 10**6, 2**63 - 1):
        with pytest.raises(SellerFault):
            payer.judge(replace(option, amount=amount), PRICE)


@EVERY
@settings(max_examples=120, deadline=None)
@given(
    amount=st.integers(0, 2**63 - 1),
    unit=st.tuples(st.sampled_from(["ADA", "USD", "BTC"]) | st.text(min_size=1), st.integers(0, 18)),
    recipient=st.none() | st.text(),
    price=st.builds(
        Money, st.integers(0, 2**63 - 1), st.sampled_from(["USD", "ADA", "EUR"]), st.integers(0, 18)
    ),
)
def test_whatever_is_asked_for_costs_no_more_than_the_price_or_is_a_fault(
    name: str, amount: int, unit: tuple[str, int], recipient: str | None, price: Money
) -> None:
    option = replace(way(name).option, amount=amount, currency=unit[0], decimals=unit[1])
    if recipient is not None:
        option = replace(option, recipient=recipient)
    try:
        cost = way(name).alone().judge(option, price)
    except (SellerFault, UsageError):
        return
    assert cost.money <= price
    assert way(name).alone().judge(option, price) == cost


@EVERY
@in_loop
async def test_a_draft_is_json_for_its_request_and_moves_nothing(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        before = world.books()
        draft = await prepared(name, world)
        assert (draft.payment_request_token, draft.option_id) == (
            asked(name, world).token,
            way(name).option.id,
        )
        assert strict_json.loads(strict_json.dumps(draft.document)) == draft.document
        assert draft.external_id
        assert draft.resources
        world.payer.sign(draft)
        assert world.books() == before


@EVERY
@in_loop
async def test_a_stored_draft_is_enough_to_sign_and_signing_asks_nobody_and_gives_the_same(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        draft = await prepared(name, world)
        evidence = world.payer.sign(draft)
        for again in (world.payer.sign(draft), world.twin.sign(stored(draft))):
            assert again == evidence
        assert world.rail.external_id(await shown(world.payer, draft)) == draft.external_id


@EVERY
@in_loop
async def test_the_rail_finds_what_was_signed_to_be_a_payment_of_exactly_the_option(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        draft = await prepared(name, world)
        evidence = await shown(world.payer, stored(draft))
        checked = await world.rail.check(asked(name, world), evidence)
        assert (checked.external_id, checked.amount) == (draft.external_id, way(name).option.amount)
        assert checked.owners == {world.owner or evidence.payer}
        assert (evidence.payment_request_token, evidence.network) == (
            draft.payment_request_token,
            way(name).option.network,
        )


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WAYS or WAYS[name].has_coins])
@in_loop
async def test_what_another_payment_uses_is_left_alone_until_nothing_is_left(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        drafts: list[PaymentDraft] = []
        taken: set[str] = set()
        while (draft := await prepared_or_refused(name, world, frozenset(taken))) is not None:
            assert not taken & set(draft.resources)
            taken |= set(draft.resources)
            drafts.append(draft)
        assert len({draft.external_id for draft in drafts}) == len(drafts) >= 2


async def prepared_or_refused(name: str, world: World, taken: frozenset[str]) -> PaymentDraft | None:
    """None when nothing is left to pay with."""
    try:
        return await prepared(name, world, taken)
    except PaymentRefused as refusal:
        if refusal.code != "funds_short":
            raise
        return None


@EVERY
@in_loop
async def test_a_rail_that_does_not_answer_is_unreachable_and_tells_no_fate(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        draft = await prepared(name, world)
        assert await world.payer.fate(stored(draft)) == "possible"
        if world.cut_off is not None:
            with pytest.raises(SellerUnreachable):
                await prepared(name, world, by=world.cut_off)
            with pytest.raises(SellerUnreachable):
                await world.cut_off.fate(stored(draft))


@ON_A_LEDGER
@in_loop
async def test_a_payment_has_landed_once_it_is_on_the_ledger_and_while_it_stays_there(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        assert world.ledger is not None
        draft = await prepared(name, world)
        evidence = world.payer.sign(draft)
        assert world.ledger.submit(evidence)
        assert await world.payer.fate(stored(draft)) == "possible"
        world.ledger.blocks(0)
        assert await world.payer.fate(stored(draft)) == "landed"
        world.ledger.undo()
        assert await world.payer.fate(stored(draft)) == "possible"
        assert world.ledger.land(evidence)
        world.ledger.blocks(LIFE * 4)
        assert await world.payer.fate(stored(draft)) == "landed"


@ON_A_LEDGER
@in_loop
async def test_a_payment_lands_by_the_deadline_or_never_and_is_impossible_only_then(
    name: str, own_devnet: DevnetProcess
) -> None:
    async with way(name).world(own_devnet) as world:
        assert world.ledger is not None
        draft = await prepared(name, world)
        evidence, told = world.payer.sign(draft), []
        for passed in range(0, 2 * LIFE, LIFE // 8):
            told.append(await world.payer.fate(stored(draft)))
            if told[-1] == "impossible" or passed > LIFE:
                assert not world.ledger.submit(evidence)
            world.ledger.blocks(LIFE // 8)
        assert told == sorted(told, key=["possible", "impossible"].index)
        assert {"possible", "impossible"} == set(told)


@ON_A_LEDGER
@in_loop
async def test_a_payment_is_not_given_up_for_many_slots_in_few_blocks(
    name: str, own_devnet: DevnetProcess
) -> None:
    """The service is on a sparse fork without it, and rolls back to the chain that holds it."""
    async with way(name).world(own_devnet) as world:
        assert world.ledger is not None
        draft = await prepared(name, world)
        assert world.ledger.land(world.payer.sign(draft))
        world.ledger.hide(draft.external_id)
        assert await world.payer.fate(stored(draft)) == "possible"
        for _ in range(2):
            world.ledger.blocks(LIFE)
            assert await world.payer.fate(stored(draft)) == "possible"
        world.ledger.hide("")
        assert await world.payer.fate(stored(draft)) == "landed"

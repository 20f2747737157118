"""The status lists that a seller serves, on both databases: who is revoked, who is not, and how they are kept."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from paywall.database.opening import open_database
from paywall.revocations import status_lists, store
from paywall.revocations.status_lists import StatusLists
from paywall.revocations.status_places import BLOCK, StatusPlaces
from paywall.web.openapi.document import document as openapi
from shared.tokens import jws, receipt, status_list
from shared.tokens.status_list import LIST_LENGTH, ListedStatus
from tests.sellers.payments.test_reversals import double_spend, watch
from tests.sellers.revocations.test_revoking import id_of
from tests.support.world.loop import in_loop
from tests.support.world.openapi_document import Described
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import BASE, Seller, Selling

W3C = {"Accept": "application/vc+jwt"}


@pytest.fixture(autouse=True)
def _looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_lists, "FRESH_SECONDS", 0)


def status_of(seller: Seller, token: str) -> ListedStatus:
    found = receipt.verify(token, seller.parts.identity.issuers, now=seller.now()).status
    assert found is not None
    return found


async def served(seller: Seller, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    answer = await seller.http.get(url, headers=dict(headers or {}))
    Described(openapi(BASE, seller.parts._adapters.resources, ())).check(answer)
    return answer


async def is_revoked(seller: Seller, token: str) -> bool:
    """By the list that the receipt names, in both forms."""
    status = status_of(seller, token)
    assert status.url.startswith(f"{BASE}/api/status-lists/")
    answer = await served(seller, status.url)
    assert answer.headers["content-type"] == "application/json"
    said = status_list.is_revoked(answer.json(), status, seller.did, seller.keys, now=seller.now())
    w3c = await served(seller, status.url, W3C)
    assert w3c.headers["content-type"] == "application/vc+jwt"
    head, claims = jws.unverified(w3c.text)
    assert (head["typ"], claims["issuer"], claims["id"]) == ("vc+jwt", seller.did, status.url)
    ack = answer.json()["credentialSubject"]["encodedList"]
    assert claims["credentialSubject"]["encodedList"] == "u" + ack.rstrip("=").translate(
        str.maketrans("+/", "-_")
    )
    return said


@in_loop
async def test_what_the_operator_revoked_is_revoked_in_the_list_and_nothing_else(
    own_selling: Selling,
) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        first, second = await payer.receipt(3), await payer.receipt(1)
        assert [await is_revoked(seller, one) for one in (first, second)] == [False, False]
        await seller.parts.revoking.revoke(id_of(first), None)
        assert [await is_revoked(seller, one) for one in (first, second)] == [True, False]


@in_loop
async def test_an_undone_payments_receipt_is_revoked_until_it_stands_again(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        claim = payer.claim(token, raw=built.raw)
        await seller.claim(claim)
        seller.devnet.blocks()
        paid = (await seller.claim(claim)).json()["receipt"]
        await double_spend(seller, payer)
        await watch(seller, 2)
        assert await is_revoked(seller, paid)
        seller.devnet.rollback(1)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await watch(seller, 2)
        assert not await is_revoked(seller, paid)


@in_loop
async def test_a_list_is_signed_anew_when_it_changed_or_grew_old_and_at_no_other_time(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_lists, "FRESH_SECONDS", 5)
    async with own_selling() as seller:
        token = await seller.payer().receipt(3)
        parts, now = seller.parts, [seller.now()]
        lists = StatusLists(
            database=parts.database, identity=parts.identity, service_url=BASE, clock=lambda: now[0]
        )
        first = await lists.read(0)
        now[0] += 4
        await parts.revoking.revoke(id_of(token), None)
        assert await lists.read(0) is first, "within five seconds nobody looks"
        now[0] += 1
        changed = (await asyncio.gather(*(lists.read(0) for _ in range(20))))[0]
        assert (changed.listed.revoked, changed.listed.issued_at) == ((0,), now[0])
        now[0] += status_lists.RENEWED_SECONDS - 1
        assert await lists.read(0) is changed
        now[0] += 5
        assert (await lists.read(0)).listed.issued_at == now[0]
        now[0] -= 86_400
        assert (await lists.read(0)).listed.issued_at == now[0], "a clock that is set back"


@in_loop
async def test_a_client_keeps_a_list_for_a_minute_and_asks_whether_it_changed(own_selling: Selling) -> None:
    async with own_selling() as seller:
        token = await seller.payer().receipt(3)
        url = status_of(seller, token).url
        first = await served(seller, url)
        assert first.headers["cache-control"] == "public, max-age=60"
        assert first.headers["vary"] == "Accept"
        known = await served(seller, url, {"If-None-Match": first.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
        assert (await served(seller, url, {**W3C, "If-None-Match": first.headers["etag"]})).status_code == 200
        await seller.parts.revoking.revoke(id_of(token), None)
        changed = await served(seller, url, {"If-None-Match": first.headers["etag"]})
        assert (changed.status_code, changed.headers["etag"] != first.headers["etag"]) == (200, True)


@pytest.mark.parametrize("number", ["1", "00", "-1", "x", "1e3", "9" * 9, "9" * 30, "٣"])
@in_loop
async def test_there_is_no_list_in_which_no_receipt_has_a_place(own_selling: Selling, number: str) -> None:
    async with own_selling() as seller:
        await seller.payer().receipt(1)
        check_problem(await seller.http.get(f"/api/status-lists/{number}"), 404, "not_found")


@in_loop
async def test_a_receipt_that_names_no_list_stays_good(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(found: receipt.Receipt) -> dict[str, Any]:
        claims = whole(found)
        del claims["vc"]["credentialStatus"]
        return claims

    whole = receipt.claims
    async with own_selling() as seller:
        payer = seller.payer()
        with monkeypatch.context() as older:
            older.setattr(receipt, "claims", without)
            token = await payer.receipt(3)
        assert receipt.verify(token, seller.parts.identity.issuers, now=seller.now()).status is None
        path = "/api/credits"
        assert (await seller.http.get(path, headers=payer.headers(token, path, "GET"))).status_code == 200


@in_loop
async def test_no_place_is_given_twice_by_several_processes_at_once(database_url: str) -> None:
    opened = [open_database(database_url)]
    if not database_url.startswith("sqlite"):
        opened += [open_database(database_url) for _ in range(2)]
    try:
        taking = [StatusPlaces(one, BASE) for one in opened * 3]
        given = await asyncio.gather(*(one.take() for one in taking for _ in range(BLOCK + 5)))
        assert len(set(given)) == len(given)
        taken = await opened[0].read(store.places_taken)
        assert max(given) < taken == len(taking) * 2 * BLOCK
    finally:
        for one in opened:
            one.close()


@in_loop
async def test_receipts_beyond_the_first_list_have_a_place_in_the_next(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with own_selling() as seller:
        await seller.parts.database.transact(lambda tx: store.take_places(tx, LIST_LENGTH - 1))
        payer = seller.payer()
        last, first = await payer.receipt(1), await payer.receipt(1)
        statuses = [status_of(seller, one) for one in (last, first)]
        assert [(one.url[-2:], one.index) for one in statuses] == [("/0", LIST_LENGTH - 1), ("/1", 0)]
        await seller.parts.revoking.revoke(id_of(first), None)
        assert [await is_revoked(seller, one) for one in (last, first)] == [False, True]

"""What is measured: five servers' answers under one name each, and the status that each must have."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from shared.keys import SigningKey
from tests.bench.load import Request
from tests.bench.proofs import write_proofs
from tests.bench.servers import bare, ours, peer_mpp, peer_x402, priced
from tests.bench.servers.ours import Buyer

#: what everything is compared with
BARE = "bare Starlette"
#: proofs are made for this many redemptions a second; refusals would show that it is too few
MOST_REDEMPTIONS = 8000


@dataclass(frozen=True, slots=True)
class Subject:
    """`prepare` makes the request for one round; `server` names the process that answers it."""

    name: str
    server: str
    status: int
    prepare: Callable[[str, int], Request]


class Surprise(Exception):
    """An answer was not what it must be: the figures would be of something else."""


def subjects(folder: Path, buyer: Buyer, *, grown: bool) -> list[Subject]:
    """In the order in which a round goes through them; `grown`: with those over a database that has grown."""

    def redemption(path: str, base_url: str, seconds: int) -> Request:
        proofs = folder / "proofs.txt"
        key, url = SigningKey.from_seed(buyer.seed), base_url + path
        write_proofs(proofs, key, url, buyer.receipt, MOST_REDEMPTIONS * seconds)
        headers = {"Authorization": f"DPoP {buyer.receipt}", "Content-Type": "application/json"}
        return Request(path, body='{"name":"Abraham Lincoln"}', headers=headers, proofs=proofs)

    def x402_paid(base_url: str, _seconds: int) -> Request:
        return Request(peer_x402.PATH, headers=asyncio.run(peer_x402.paid_headers(base_url)))

    def pympp_paid(base_url: str, _seconds: int) -> Request:
        return Request(peer_mpp.PATH, headers=asyncio.run(peer_mpp.paid_headers(base_url)))

    json = {"Content-Type": "application/json"}
    order = Request(ours.BUY, body='{"credits":3}', headers=json)
    over_grown = [
        Subject("grown 402", "grown", 402, lambda _url, _seconds: order),
        Subject("grown redeem", "grown", 200, partial(redemption, ours.QUICK)),
    ]
    return [
        Subject(BARE, "bare", 200, lambda _url, _seconds: Request(bare.PATH, method="GET")),
        Subject("x402 402", "x402", 402, lambda _url, _seconds: Request(peer_x402.PATH)),
        Subject("pympp 402", "pympp", 402, lambda _url, _seconds: Request(peer_mpp.PATH)),
        Subject("paywall 402", "ours", 402, lambda _url, _seconds: order),
        Subject("402, dialects", "every", 402, lambda _url, _seconds: order),
        Subject("x402 paid", "x402", 200, x402_paid),
        Subject("pympp paid", "pympp", 200, pympp_paid),
        Subject("paywall redeem", "ours", 200, partial(redemption, ours.QUICK)),
        # Whose fulfilment may take its time: the reservation is durable before it begins.
        Subject("two commits", "ours", 200, partial(redemption, ours.GENERATE)),
        # A route of another app, which pays for nothing but the wrapping: by credits, each use durable.
        Subject("priced call", "priced", 200, partial(redemption, priced.PATH)),
        *(over_grown if grown else ()),
    ]


def probe(base_url: str, subject: Subject, request: Request) -> None:
    """One request by hand: wrk tells good statuses from bad ones, but not a 402 from a 500."""
    if request.proofs is not None:
        return  # each proof counts once; the database is counted afterwards
    answer = httpx.request(
        request.method, base_url + request.path, content=request.body, headers=dict(request.headers)
    )
    if answer.status_code != subject.status:
        raise Surprise(f"{subject.name} answered {answer.status_code}, not {subject.status}: {answer.text}")

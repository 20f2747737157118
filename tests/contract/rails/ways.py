"""How the suite of the rails opens each of them over a record of the outside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from paywall.rails.acklab.acklab_option import AckLabTerms
from paywall.rails.acklab.acklab_rail import AckLabRail
from paywall.rails.acklab.issuers import TrustedIssuers
from paywall.rails.base import Rail
from paywall.rails.cardano.option import CardanoTerms
from paywall.rails.cardano.rail import CardanoRail
from paywall.rails.usdc.facilitator import Facilitator
from paywall.rails.usdc.usdc_option import UsdcTerms
from paywall.rails.usdc.usdc_rail import UsdcRail
from shared.acklab import AckLabClient
from shared.chain.acklab_calls import AckLabCalls
from shared.chain.base import ChainUnavailable, SubmitUnknown
from shared.chain.evm_chain import EvmChain
from shared.evm.evm_tokens import Token
from shared.money import Money
from tests.contract.rails.recorded_chain import RecordedChain
from tests.contract.rails.recorded_http import RecordedHttp

Case = dict[str, Any]


class Twin(Protocol):
    """Answers from a record; `asked` are the questions in order."""

    asked: list[str]


@dataclass(frozen=True)
class Broken:
    """One kind of questions that goes unanswered, and what its asker meets."""

    kind: str = ""
    fault: type[Exception] = Exception


@dataclass(frozen=True)
class Way:
    """How the suite opens one rail: its terms, a record, what is broken, and the time."""

    open: Callable[[Case, Case, Broken, int], tuple[Rail, Twin]]
    #: questions that may go unanswered, each of which leaves the outcome unknown
    faults: tuple[Broken, ...]
    #: what changes something outside
    changing: str
    #: the price of one unit in cents, where there is one alone
    rate: int | None = None
    #: what may come of settling; a rail whose evidence proves that the money is here knows no other
    outcomes: frozenset[str] = frozenset({"Settled", "Pending", "Failed"})


def _cardano(terms: Case, record: Case, broken: Broken, now: int) -> tuple[Rail, Twin]:
    chain = RecordedChain(record, broken)
    rate = Money.parse(terms["rate"])
    asked = CardanoTerms(terms["network"], terms["recipient"], rate, terms["confirmations"], terms["final"])
    return CardanoRail(asked, chain, lambda: now), chain


def _usdc(terms: Case, record: Case, broken: Broken, now: int) -> tuple[Rail, Twin]:
    http = RecordedHttp(record, broken)
    token = Token(terms["asset"], terms["name"], terms["version"])
    asked = UsdcTerms(terms["network"], token, terms["recipient"], terms["confirmations"])
    facilitator = Facilitator("http://127.0.0.1:9", None, 5, http)
    chain = EvmChain("http://127.0.0.1:9", token.address, transport=http)
    return UsdcRail(asked, facilitator, chain, lambda: now), http


def _acklab(terms: Case, record: Case, broken: Broken, now: int) -> tuple[Rail, Twin]:
    http = RecordedHttp(record, broken)
    client = AckLabClient.from_secret("client", "a1" * 32)
    asked = AckLabTerms(terms["service"], terms["recipient"], terms["receipts"])
    rail = AckLabRail(
        asked,
        AckLabCalls("http://127.0.0.1:9", client, "agent", 5, http),
        TrustedIssuers(terms["issuers"], lambda: now, _counted, http),
        lambda: now,
        _counted,
    )
    return rail, http


def _counted() -> None:
    return


HTTP_FAULTS = (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError)
WAYS: dict[str, Way] = {
    "cardano": Way(
        _cardano,
        (
            *(
                Broken(kind, ChainUnavailable)
                for kind in ("tip", "inclusion", "transaction", "ends", "submit")
            ),
            *(Broken("submit", SubmitUnknown), Broken("block_at", ChainUnavailable)),
        ),
        changing="submit",
    ),
    "usdc": Way(
        _usdc,
        tuple(
            Broken(kind, fault)
            for kind in (
                *("verify", "eth_getBlockByNumber", "eth_call", "eth_getLogs"),
                "eth_getTransactionReceipt",
            )
            for fault in HTTP_FAULTS
        ),
        changing="settle",
        rate=100,
    ),
    "acklab": Way(
        _acklab,
        tuple(Broken(kind, fault) for kind in ("get", "payment-requests") for fault in HTTP_FAULTS),
        changing="payment",
        rate=100,
        outcomes=frozenset({"Settled"}),
    ),
}

"""The Blockfrost client against a service that stumbles, babbles, and never ends."""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable

import pytest

from shared.cardano.assets import Asset
from shared.chain.base import ChainError, ChainUnavailable, SubmitRefused, SubmitUnknown, Tip
from shared.chain.blockfrost import Blockfrost
from shared.chain.transport import MAX_ANSWER
from tests.support.services.loopback import SECRET, Service, answer, ask, error, submit, tip

HASH = "ab" * 32
ADDRESS = "addr_test1vqn78rgwr835xn3nl0gqr5l7qj6mwemrlz9v6cj7p4mskscud5urh"
BLOCK = {"height": 7, "slot": 70, "time": 1_700_000_000, "hash": HASH}
TIP = Tip(height=7, slot=70, time=1_700_000_000, hash=HASH)


def test_questions_carry_the_project_id_and_stay_below_the_base_path() -> None:
    service = Service(answer(BLOCK))
    assert ask(service, tip) == TIP
    assert service.requests[0].startswith(b"GET /api/v0/blocks/latest HTTP/1.1\r\n")
    assert f"project_id: {SECRET}".encode() in service.requests[0]


@pytest.mark.parametrize(
    "trouble", [error(500), error(503), error(429), b""], ids=["500", "503", "429", "hangs up"]
)
def test_a_question_is_repeated_when_the_service_stumbles(trouble: bytes) -> None:
    service = Service(trouble, trouble, answer(BLOCK))
    assert ask(service, tip) == TIP
    assert len(service.requests) == 3


def test_a_question_is_not_repeated_for_ever() -> None:
    service = Service(error(500))
    assert isinstance(ask(service, tip), ChainUnavailable)
    assert len(service.requests) == 3


def test_a_question_that_takes_too_long_is_not_asked_again() -> None:
    service = Service(None)
    assert isinstance(ask(service, tip, timeout=0.2), ChainUnavailable)
    assert len(service.requests) == 1


def test_a_busy_service_is_left_alone_for_as_long_as_it_asks() -> None:
    service = Service(answer({}, 429, "Retry-After: 1\r\n"), answer(BLOCK))
    began = time.monotonic()
    assert ask(service, tip) == TIP
    assert time.monotonic() - began >= 1


def test_a_service_that_asks_for_an_hour_is_not_waited_for() -> None:
    service = Service(answer({}, 429, "Retry-After: 3600\r\n"))
    assert isinstance(ask(service, tip), ChainUnavailable)
    assert len(service.requests) == 1


BOMB = gzip.compress(bytes(50_000_000))
STRANGE = {
    "garbage": answer(b"<html>"),
    "not UTF-8": answer(b'"\xff"'),
    "a list": answer([]),
    "null": answer(None),
    "a missing field": answer({name: BLOCK[name] for name in ("height", "slot", "time")}),
    "a wrong type": answer(BLOCK | {"height": None}),
    "a bool for a number": answer(BLOCK | {"height": True}),
    "a height below zero": answer(BLOCK | {"height": -1}),
    "a fraction": answer(BLOCK | {"height": 1.5}),
    "a short hash": answer(BLOCK | {"hash": "ab"}),
    "a duplicate field": answer(b'{"height":1,"height":2}'),
    "deep nesting": answer(b"[" * 100_000),
    "a redirect": answer(BLOCK, 302, "Location: http://127.0.0.1:1/\r\n"),
    "a wrong project id": error(403, "Invalid project token."),
    "a page that is not the API": answer(b"not here", 404),
    "nothing at all known": error(404),
    "a huge body": answer(b" " * (MAX_ANSWER + 1)),
    "a compressed bomb": answer(BOMB, headers="Content-Encoding: gzip\r\n"),
    "not HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
}


@pytest.mark.parametrize("reply", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_answer_is_a_chain_unavailable_with_a_sentence(reply: bytes) -> None:
    failure = ask(Service(reply), tip)
    assert type(failure) is ChainUnavailable
    assert len(str(failure)) > 20


OUTPUT = {"tx_hash": HASH, "output_index": 0, "amount": [{"unit": "lovelace", "quantity": "5"}]}
STRANGE_OUTPUTS = {
    "not a list": answer({}),
    "not an object": answer(["x"]),
    "no amount": answer([{"tx_hash": HASH, "output_index": 0}]),
    "amount as text": answer([OUTPUT | {"amount": "5"}]),
    "quantity in words": answer([OUTPUT | {"amount": [{"unit": "lovelace", "quantity": "five"}]}]),
    "unit as number": answer([OUTPUT | {"amount": [{"unit": 1, "quantity": "5"}]}]),
    "a list without an end": answer([OUTPUT] * 100),
}


@pytest.mark.parametrize("reply", STRANGE_OUTPUTS.values(), ids=STRANGE_OUTPUTS.keys())
def test_strange_outputs_are_a_chain_unavailable_too(reply: bytes) -> None:
    assert type(ask(Service(reply), lambda chain: chain.utxos(ADDRESS))) is ChainUnavailable


def test_the_404_of_another_server_never_reads_as_not_on_the_chain() -> None:
    assert ask(Service(error(404)), lambda chain: chain.inclusion(HASH)) is None
    elsewhere = Service(answer({"message": "no route"}, 404))
    assert isinstance(ask(elsewhere, lambda chain: chain.inclusion(HASH)), ChainUnavailable)


def test_bytes_that_are_not_hex_are_a_chain_unavailable() -> None:
    reply = answer({"cbor": "zz"})
    assert isinstance(ask(Service(reply), lambda chain: chain.transaction(HASH)), ChainUnavailable)


def test_an_unknown_kind_of_history_is_not_counted_as_anything() -> None:
    reply = answer([{"tx_hash": HASH, "amount": "5", "action": "frozen"}])
    assert isinstance(
        ask(Service(reply), lambda chain: chain.supply(Asset("00" * 28, b""))), ChainUnavailable
    )


SUBMITS = {
    "the ledger's no": (error(400, "BadInputsUTxO"), SubmitRefused),
    "a no in plain text": (answer(b"transaction submit error", 400), SubmitRefused),
    "a wrong project id": (error(403), ChainUnavailable),
    "a full mempool": (error(425), ChainUnavailable),
    "over the quota": (error(402), ChainUnavailable),
    "too many": (error(429), SubmitUnknown),
    "a server error": (error(500), SubmitUnknown),
    "a gateway's time-out": (answer(b"", 504), SubmitUnknown),
    "a redirect": (answer(b"", 307, "Location: /api/v0/tx/submit\r\n"), SubmitUnknown),
    "accepted, not done": (answer(HASH, 202), SubmitUnknown),
    "yes without a hash": (answer({}), SubmitUnknown),
    "yes with garbage": (answer(b"<html>"), SubmitUnknown),
    "a dropped reply": (b"", SubmitUnknown),
    "half a reply": (answer(HASH)[:-9] + b"", SubmitUnknown),
    "a huge reply": (answer(b" " * (MAX_ANSWER + 1)), SubmitUnknown),
    "silence": (None, SubmitUnknown),
}


@pytest.mark.parametrize(("reply", "kind"), SUBMITS.values(), ids=SUBMITS.keys())
def test_a_submit_is_sent_once_and_its_outcome_is_named(reply: bytes | None, kind: type[ChainError]) -> None:
    service = Service(reply)
    assert type(ask(service, submit, timeout=0.5)) is kind
    assert len(service.requests) == 1


def test_a_submit_sends_the_bytes_as_cbor_and_returns_the_hash() -> None:
    service = Service(answer(HASH))
    assert ask(service, submit) == HASH
    assert service.requests[0].startswith(b"POST /api/v0/tx/submit ")
    assert b"content-type: application/cbor\r\n" in service.requests[0].lower()
    assert service.requests[0].endswith(b"\r\n\r\n\x84")


class Endless(Service):
    async def send(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(reply * 65536)
            await writer.drain()


@pytest.mark.parametrize("question", [tip, submit])
def test_an_answer_without_an_end_is_cut_off_when_it_is_too_large(
    question: Callable[[Blockfrost], Awaitable[object]],
) -> None:
    failure = ask(Endless(b" "), question, timeout=30)
    assert isinstance(failure, ChainUnavailable | SubmitUnknown)
    assert "too large" in str(failure)


class Dripping(Service):
    async def send(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(reply)
            await writer.drain()
            await asyncio.sleep(0.02)


def test_a_service_that_drips_is_cut_off_when_the_time_is_up() -> None:
    began = time.monotonic()
    assert isinstance(ask(Dripping(b" "), submit, timeout=0.2), SubmitUnknown)
    assert time.monotonic() - began < 5


def test_an_output_that_moves_to_the_next_page_counts_once() -> None:
    page = [OUTPUT | {"output_index": number} for number in range(100)]
    service = Service(answer(page), answer(page[-1:]))
    found = ask(service, lambda chain: chain.utxos(ADDRESS))
    assert isinstance(found, list)
    assert len(found) == 100
    assert b"page=2" in service.requests[1]

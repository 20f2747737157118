"""What must not come out of the Blockfrost client, and what must not get in."""

import logging

import pytest

from shared.chain.base import ChainError
from shared.chain.blockfrost import Blockfrost
from tests.support.services.loopback import SECRET, Service, answer, ask, error, submit, tip

HASH = "ab" * 32


REPLIES = {
    "refused": error(400, f"bad project {SECRET}"),
    "refused where the message is cut": error(400, "x" * 1980 + SECRET),
    "forbidden": error(403, SECRET),
    "not found": error(404, SECRET),
    "dropped": b"",
    "silent": None,
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_the_project_id_is_in_no_error_and_in_no_log(
    reply: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for question in (tip, submit):
        failure = ask(Service(reply), question, timeout=0.3)
        assert isinstance(failure, ChainError)
        assert SECRET[:10] not in f"{failure!r} {failure} {failure.__cause__!r} {vars(failure)}"
    assert SECRET not in caplog.text
    assert SECRET not in repr(Blockfrost("http://127.0.0.1:1", SECRET))


@pytest.mark.parametrize("project_id", [f"{SECRET}\n", f"{SECRET}\r\nX: y", f"{SECRET}ü"])
def test_a_project_id_that_cannot_be_a_header_is_refused_without_being_quoted(project_id: str) -> None:
    with pytest.raises(ValueError, match="project id") as refused:
        Blockfrost("http://127.0.0.1:1", project_id)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8403", "ftp://x/", "http://"])
def test_a_service_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Blockfrost(url)


@pytest.mark.parametrize("text", ["", "../../admin", "ab/../..", HASH + "?x=1", HASH.upper(), "%2e%2e"])
def test_nothing_but_a_hash_or_an_address_becomes_a_path(text: str) -> None:
    service = Service(answer([]))
    for method in (Blockfrost.inclusion, Blockfrost.transaction):
        with pytest.raises(ValueError, match="hash"):
            ask(service, lambda chain, method=method: method(chain, text))  # type: ignore[misc]
    with pytest.raises(ValueError, match="address"):
        ask(service, lambda chain: chain.utxos(text + "/"))
    assert service.requests == []

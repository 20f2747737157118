"""The rail acklab at its start, and whose receipts count."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from paywall.errors import ClaimInvalid, SetupError, Unavailable
from paywall.rails.acklab import issuers
from paywall.rails.acklab.issuers import TrustedIssuers
from shared.keys import InvalidKeyError, SigningKey, did_document, did_web
from tests.support.acklab.ack_lab import AckLab
from tests.support.acklab.acklab_scene import open_acklab_scene
from tests.support.world.loop import in_loop

ISSUER = SigningKey.generate()
WEB = did_web("https://issuer.example/team")


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("acklab_client_id", "CLIENT_ID"),
        ("acklab_client_secret", "CLIENT_SECRET"),
        ("acklab_agent", "AGENT"),
        ("acklab_recipient", "RECIPIENT"),
        ("acklab_issuers", "ISSUERS"),
    ],
)
def test_without_one_of_its_settings_the_rail_does_not_start(
    setting: str, variable: str, tmp_path: Path
) -> None:
    nothing: dict[str, Any] = {setting: ""}
    with (
        pytest.raises(SetupError, match=f"needs PAYWALL_ACKLAB_{variable}"),
        open_acklab_scene(tmp_path, **nothing),
    ):
        pass


def test_what_an_empty_list_means_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(SetupError, match="whose receipts count; without a list everybody's own would"),
        open_acklab_scene(tmp_path, acklab_issuers=" , "),
    ):
        pass


@pytest.mark.parametrize(
    "did",
    [
        "did:example:issuer",
        "did:key:zJunk",
        "did:web:",
        "did:web:..",
        "did:web:host:..:x",
        "did:web:host%2Fpath",
        "did:web:host%3A80%3A90",
        "did:web:user%40host",
        "did:web:host:",
    ],
)
def test_an_issuer_that_cannot_be_resolved_is_refused_at_the_start(did: str) -> None:
    with pytest.raises(InvalidKeyError):
        TrustedIssuers([did], lambda: 0, lambda: None)


def test_where_the_document_of_an_issuer_is() -> None:
    assert issuers.document_url("did:web:issuer.example") == "https://issuer.example/.well-known/did.json"
    assert issuers.document_url(WEB) == "https://issuer.example/team/did.json"
    assert issuers.document_url("did:web:localhost%3A90") == "http://localhost:90/.well-known/did.json"


class Host(httpx.AsyncBaseTransport):
    """Serves one document; `answer` may be changed."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[], httpx.Response] = lambda: self.document(did_document(WEB, [ISSUER.public]))

    @staticmethod
    def document(said: Any, status: int = 200) -> httpx.Response:
        return httpx.Response(status, json=said)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        told = self.answer()
        return httpx.Response(told.status_code, headers=told.headers, stream=httpx.ByteStream(told.content))


@in_loop
async def test_the_keys_of_a_did_web_are_asked_for_and_believed_for_a_while() -> None:
    host, now, counted = Host(), [1_000], []
    trusted = TrustedIssuers([WEB], lambda: now[0], lambda: counted.append(1), host)
    for _ in range(3):
        assert list(await trusted.keys(WEB)) == [ISSUER.public]
    assert (host.asked, len(counted)) == (["https://issuer.example/team/did.json"], 1)
    now[0] += issuers.FRESH_SECONDS
    await trusted.keys(WEB)
    assert len(host.asked) == 2
    await trusted.aclose()


@in_loop
async def test_only_who_is_on_the_list_is_asked() -> None:
    host = Host()
    trusted = TrustedIssuers([WEB, ISSUER.public.did], lambda: 0, lambda: None, host)
    for stranger in ("did:web:evil.example", SigningKey.generate().public.did, "", "did:web:issuer.example"):
        with pytest.raises(ClaimInvalid):
            await trusted.keys(stranger)
    assert list(await trusted.keys(ISSUER.public.did)) == [ISSUER.public]
    assert host.asked == []
    await trusted.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Host.document({}, 404),
        lambda: Host.document(did_document(WEB, [ISSUER.public]), 500),
        lambda: httpx.Response(302, headers={"location": "https://evil.example/did.json"}),
        lambda: Host.document(did_document("did:web:evil.example", [ISSUER.public])),
        lambda: Host.document([]),
        lambda: httpx.Response(200, content=b"{" * 9),
        lambda: httpx.Response(200, content=b'{"a":"' + b"x" * 70_000 + b'"}'),
    ],
)
@in_loop
async def test_a_document_that_is_not_to_be_had_or_not_its_own_proves_nothing(
    answer: Callable[[], httpx.Response],
) -> None:
    host = Host()
    host.answer = answer
    trusted = TrustedIssuers([WEB], lambda: 0, lambda: None, host)
    with pytest.raises(Unavailable):
        await trusted.keys(WEB)
    assert len(host.asked) == 1
    host.answer = lambda: Host.document(did_document(WEB, [ISSUER.public]))
    assert await trusted.keys(WEB)
    await trusted.aclose()


def test_a_receipt_of_a_did_web_is_taken_while_its_document_is_there(tmp_path: Path) -> None:
    """Over sockets, as the operator would have it."""
    with AckLab() as web, open_acklab_scene(tmp_path, acklab_issuers=web.web_did) as scene:
        asked = {"key": web.issuer, "iss": web.web_did}
        token, other = scene.ordered(), scene.ordered()
        named_another = scene.receipt(scene.asked_there(other), **asked)
        scene.lab.issuer_did = web.web_did
        receipt = scene.receipt(scene.asked_there(token), **asked)
        web.fault = "broken"
        assert scene.claim(token, receipt).status_code == 503
        web.fault = ""
        assert scene.claim(token, receipt).status_code == 200
        # Of an issuer that is trusted, and is not the one that the payment request names.
        assert scene.claim(other, named_another).json()["code"] == "claim_invalid"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("acklab_url", "http://api.example"),
        ("acklab_url", "https://api.example/v1"),
        ("acklab_url", "https://user@api.example"),
        ("acklab_agent", "../x"),
        ("acklab_recipient", "me"),
        ("acklab_issuers", "did:key:z6Mk, nobody"),
        ("acklab_client_secret", "e7e7"),
    ],
)
def test_a_setting_of_another_form_is_refused(setting: str, value: str, tmp_path: Path) -> None:
    from paywall.rails.acklab.settings import AckLabSettings
    from paywall.settings import Settings, check

    own = AckLabSettings(**{"acklab_client_id": "me", setting: value})
    with pytest.raises(SetupError, match=f"PAYWALL_{setting.upper()}") as refused:
        check(Settings(room_settings=(own,)))
    assert value not in str(refused.value)
    assert value not in repr(own) or setting != "acklab_client_secret"

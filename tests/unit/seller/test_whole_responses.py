"""Answers whose head is made here instead of by Starlette."""

import pytest
from starlette.responses import Response

from paywall.web.responses import JsonResponse, WholeResponse


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "image/png", "text/plain", "text/html; charset=UTF-8", "text/csv; header=no"],
)
@pytest.mark.parametrize("body", [b"", b"{}", b"\0" * 70_000])
def test_the_head_is_the_one_that_starlette_makes(media_type: str, body: bytes) -> None:
    lines = {"Location": "/a", "WWW-Authenticate": "DPoP"}
    ours = WholeResponse(body, 402, media_type, tuple(lines.items()))
    theirs = Response(body, 402, {"Cache-Control": "no-store"}, media_type=media_type)
    theirs.headers.update(lines)
    assert (ours.status_code, ours.body) == (402, body)
    assert sorted(ours.raw_headers) == sorted(theirs.raw_headers)


def test_a_name_may_stand_more_than_once() -> None:
    response = JsonResponse({"a": 1}, 200, (("WWW-Authenticate", "Payment"),))
    response.append((("WWW-Authenticate", "DPoP"),))
    assert response.headers.getlist("www-authenticate") == ["Payment", "DPoP"]
    assert response.body == b'{"a":1}'

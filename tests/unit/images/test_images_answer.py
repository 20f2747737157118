"""The Images API's answer, read without trust."""

import base64
import io
import json

import pytest
from PIL import Image

from paywall.products.images.answer import MAX_PICTURE_BYTES, read_answer
from paywall.products.images.maker import MakerFailed


def file_of(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 9), (3, 90, 160)).save(file, kind)
    return file.getvalue()


def answer(*pictures: object, **more: object) -> bytes:
    return json.dumps({"created": 1, "data": pictures, **more}).encode()


def b64(data: bytes) -> dict[str, str]:
    return {"b64_json": base64.b64encode(data).decode()}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_decoded_and_its_type_recognised(kind: str) -> None:
    data = file_of(kind)
    picture = read_answer(answer(b64(data), usage={"total_tokens": 5}))
    assert (picture.data, picture.media_type) == (data, f"image/{kind.lower()}")
    assert picture.usage == {"total_tokens": 5}


@pytest.mark.parametrize("usage", [None, [], "5", 5])
def test_a_usage_of_another_form_is_left_out(usage: object) -> None:
    assert read_answer(answer(b64(file_of("PNG")), usage=usage)).usage == {}


PNG = file_of("PNG")
TEXT = b64(PNG)["b64_json"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe{", id="not text"),
        pytest.param(b"[" * 200_000, id="nested without end"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(b"{}", id="no data"),
        pytest.param(b'{"data": {"b64_json": "aGk="}}', id="data is no list"),
        pytest.param(answer(), id="no picture"),
        pytest.param(answer(b64(PNG), b64(PNG)), id="two pictures"),
        pytest.param(answer("aGk="), id="a bare string"),
        pytest.param(answer({"url": "http://169.254.169.254/latest/meta-data"}), id="a URL"),
        pytest.param(answer({"b64_json": None}), id="null"),
        pytest.param(answer({"b64_json": 7}), id="a number"),
        pytest.param(answer({"b64_json": ""}), id="an empty string"),
        pytest.param(answer({"b64_json": TEXT[:-1]}), id="Base64 cut in a group"),
        pytest.param(answer({"b64_json": TEXT[:40]}), id="Base64 cut between groups"),
        pytest.param(answer({"b64_json": f"{TEXT[:40]}\n{TEXT[40:]}"}), id="Base64 with line breaks"),
        pytest.param(answer({"b64_json": f"data:image/png;base64,{TEXT}"}), id="a data URL"),
        pytest.param(answer({"b64_json": TEXT.replace("i", "\u0456")}), id="Base64 with look-alikes"),
        pytest.param(answer(b64(b"<svg onload='alert(1)'/>")), id="SVG"),
        pytest.param(answer(b64(b"GIF89a" + PNG)), id="GIF"),
        pytest.param(answer(b64(PNG[:8])), id="a PNG's head"),
        pytest.param(answer(b64(file_of("JPEG")[:-40])), id="a JPEG without its end"),
        pytest.param(answer(b64(file_of("WEBP")[:-4])), id="a WebP without its end"),
        pytest.param(answer(b64(PNG[:8] + bytes(MAX_PICTURE_BYTES) + PNG[-12:])), id="over 20 MB"),
    ],
)
def test_anything_but_one_complete_picture_is_a_failure_not_worth_repeating(body: bytes) -> None:
    with pytest.raises(MakerFailed) as caught:
        read_answer(body)
    assert not caught.value.retryable
    assert caught.value.__cause__ is None

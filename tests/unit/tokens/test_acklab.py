import json
from hashlib import sha256

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import acklab, acklab_service
from shared.acklab import AckLabClient, AckLabRefused, AckLabUnreadable
from shared.keys import InvalidKeyError

SECRET = "0a" * 32
PATH = "/v1/agents/a1/payments"
CLIENT = AckLabClient.from_secret("client-1", SECRET)


def read(authorization: str) -> dict[str, str]:
    token = authorization.removeprefix("Bearer ")
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "kid": "client-1"}
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET)).public_key()
    return dict(jwt.decode(token, key, algorithms=["EdDSA"]))


def test_another_library_reads_what_a_call_was_signed_for() -> None:
    body = acklab.body_of({"paymentRequestToken": "é", "amount": 3})
    assert body == '{"amount":3,"paymentRequestToken":"é"}'.encode()
    expected = {"method": "POST", "path": PATH, "bodyHash": sha256(body).hexdigest()}
    assert read(CLIENT.authorization("POST", PATH, body)) == expected


def test_a_call_without_a_body_has_the_hash_of_no_bytes() -> None:
    assert read(CLIENT.authorization("GET", PATH, b""))["bodyHash"] == sha256(b"").hexdigest()


@pytest.mark.parametrize("secret", ["", "0a" * 31, "0a" * 33, "zz" * 32, "0a " * 21 + "0"])
def test_a_secret_of_another_form_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(InvalidKeyError) as refused:
        AckLabClient.from_secret("client-1", secret)
    assert not secret or secret not in str(refused.value)


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(CLIENT)


def test_a_refusal_keeps_the_kinds_of_its_issues() -> None:
    raw = json.dumps({"ok": False, "error": "over\x1b[31m", "issues": [{"kind": "policy"}, 7, {}]}).encode()
    with pytest.raises(AckLabRefused) as refused:
        acklab.data_of(raw)
    assert refused.value.kinds == ("policy",)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"ok":1,"data":{}}', b'{"ok":true}', b'{"ok":false}'])
def test_an_answer_that_is_no_envelope_proves_nothing(raw: bytes) -> None:
    with pytest.raises(AckLabUnreadable):
        acklab.data_of(raw)


def test_an_answer_hands_out_its_data() -> None:
    assert acklab.data_of(b'{"ok":true,"data":{"receipt":"x"}}') == {"receipt": "x"}


@pytest.mark.parametrize(
    "url", ["https://api.ack-lab.com", "https://api.example:8443/", "http://127.0.0.1:9"]
)
def test_calls_go_over_https_or_stay_on_this_machine(url: str) -> None:
    assert acklab_service.is_service(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.ack-lab.com", "http://api.ack-lab.com", "ftp://api.ack-lab.com", "https://"),
        *("https://me@api.ack-lab.com", "https://api.ack-lab.com/v1", "https://api.ack-lab.com?x"),
        *("https://api.ack-lab.com#x", "https://api.ack-lab.com:port", "http://127.0.0.1.evil.example"),
    ],
)
def test_calls_go_nowhere_else(url: str) -> None:
    assert not acklab_service.is_service(url)

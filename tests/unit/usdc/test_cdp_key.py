"""Coinbase's signed requests, read by PyJWT as anybody would read them."""

import base64

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from paywall.rails.usdc.cdp_key import CdpKey, CdpKeyInvalid

URL, NOW = "https://api.cdp.coinbase.com/platform/v2/x402/verify", 1_800_000_000
ED25519 = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
P256 = ec.generate_private_key(ec.SECP256R1())
PAIR = base64.b64encode(ED25519.private_bytes_raw() + ED25519.public_key().public_bytes_raw()).decode()


def pem(key: ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat) -> str:
    none = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none).decode()


@pytest.mark.parametrize(
    ("secret", "algorithm", "public"),
    [
        (PAIR, "EdDSA", ED25519.public_key()),
        (pem(P256, serialization.PrivateFormat.TraditionalOpenSSL), "ES256", P256.public_key()),
        (pem(P256, serialization.PrivateFormat.PKCS8).replace("\n", "\\n"), "ES256", P256.public_key()),
    ],
    ids=["Ed25519", "P-256", "P-256 in one line"],
)
def test_a_request_is_signed_by_name_for_two_minutes(
    secret: str, algorithm: str, public: ec.EllipticCurvePublicKey
) -> None:
    key = CdpKey("organizations/o/apiKeys/k", secret, lambda: NOW)
    scheme, _, token = key.authorization("POST", URL).partition(" ")
    said = jwt.decode(
        token,
        public,
        algorithms=[algorithm],
        audience="cdp_service",
        options={"verify_exp": False, "verify_nbf": False},
    )
    header = jwt.get_unverified_header(token)
    assert scheme == "Bearer"
    assert (header["alg"], header["kid"], header["typ"]) == (algorithm, "organizations/o/apiKeys/k", "JWT")
    assert said["uris"] == ["POST api.cdp.coinbase.com/platform/v2/x402/verify"]
    assert (said["sub"], said["iss"]) == ("organizations/o/apiKeys/k", "cdp")
    assert (said["nbf"], said["exp"]) == (NOW, NOW + 120)
    again = jwt.get_unverified_header(key.authorization("POST", URL).partition(" ")[2])
    assert again["nonce"] != header["nonce"]


@pytest.mark.parametrize(
    "secret",
    [
        *(
            "",
            "x",
            PAIR[:-4],
            base64.b64encode(b"\x07" * 64).decode(),
            base64.b64encode(b"\x07" * 32).decode(),
        ),
        "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n",
        pem(ec.generate_private_key(ec.SECP384R1()), serialization.PrivateFormat.PKCS8),
    ],
)
def test_what_is_no_key_of_coinbases_is_refused(secret: str) -> None:
    with pytest.raises(CdpKeyInvalid):
        CdpKey("k", secret, lambda: NOW)

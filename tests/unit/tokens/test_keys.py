import base58
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from shared.keys import InvalidKeyError, PublicKey, SigningKey

FIELD = 2**255 - 19
KEY = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))


def test_the_key_and_signature_are_those_of_rfc_8032() -> None:
    assert KEY.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert (
        KEY.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555f")
    )


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    assert KEY.public.jwk["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert KEY.public.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_did_is_that_of_the_did_key_specification() -> None:
    did = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
    assert PublicKey.from_did_key(did).did == did
    assert base58.b58decode(did[9:])[:2] == b"\xed\x01"


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_read_back_from_each_of_its_forms(seed: bytes) -> None:
    key = SigningKey.from_seed(seed)
    assert PublicKey.from_did_key(key.public.did) == key.public
    assert PublicKey.from_jwk(key.public.jwk) == key.public
    assert SigningKey.from_pem(key.to_pem()).seed == key.seed == seed


def test_a_signature_verifies_for_its_own_message_and_key_only() -> None:
    signature = KEY.sign(b"message")
    assert KEY.public.verify(signature, b"message")
    assert not KEY.public.verify(signature, b"Message")
    assert not KEY.public.verify(signature[:-1], b"message")
    assert not SigningKey.generate().public.verify(signature, b"message")


def test_the_secret_is_not_in_the_representation() -> None:
    assert repr(KEY) == f"SigningKey({KEY.public.did})"
    assert KEY.seed.hex() not in repr(vars(KEY.public))


def square_roots(value: int) -> set[int]:
    """Return the square roots of `value` in the field (RFC 8032 section 5.1.1)."""
    root = pow(value, (FIELD + 3) // 8, FIELD)
    if pow(root, 2, FIELD) != value % FIELD:
        root = root * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    return {root, FIELD - root} if pow(root, 2, FIELD) == value % FIELD else set()


def y_coordinates_of_small_order() -> set[int]:
    """Work out, on -x² + y² = 1 + dx²y², the y of every point whose order divides 8.

    Orders 1, 2 and 4 have y = 1, -1 and 0. A point that doubles to y = 0 has x² = -y², so dy⁴ + 2y² = 1.
    """
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    squares = [(root - 1) * pow(d, -1, FIELD) % FIELD for root in square_roots(1 + d)]
    return {1, FIELD - 1, 0}.union(*(square_roots(square) for square in squares))


def test_every_point_of_small_order_is_refused() -> None:
    found = y_coordinates_of_small_order()
    assert len(found) == 5
    for y in found:
        for sign in (0, 1):
            with pytest.raises(InvalidKeyError):
                PublicKey((y | sign << 255).to_bytes(32, "little"))


def test_with_a_small_order_key_anybody_could_have_signed() -> None:
    identity = b"\x01" + bytes(31)
    native = Ed25519PublicKey.from_public_bytes(identity)
    native.verify(identity + bytes(32), b"any message at all")  # the library lets it through
    with pytest.raises(InvalidKeyError):
        PublicKey(identity)


@pytest.mark.parametrize("y", [FIELD, FIELD + 1, 2**255 - 1])
def test_a_point_beyond_the_field_is_refused(y: int) -> None:
    for sign in (0, 1):
        with pytest.raises(InvalidKeyError):
            PublicKey((y | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_and_seeds_have_32_bytes(length: int) -> None:
    with pytest.raises(InvalidKeyError):
        PublicKey(b"\x58" * length)
    with pytest.raises(InvalidKeyError):
        SigningKey.from_seed(b"\x58" * length)


def multibase(raw: bytes) -> str:
    return "did:key:z" + base58.b58encode(raw).decode()


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:key:",
        "did:key:z",
        "did:web:seller.example",
        KEY.public.did + " ",
        " " + KEY.public.did,
        KEY.public.did + "\n",
        KEY.public.did + f"#{KEY.public.did[8:]}",
        KEY.public.did + "?a=b",
        KEY.public.did.upper(),
        KEY.public.did[:-1],
        KEY.public.did[:-1] + "0",
        KEY.public.did[:-1] + "é",
        KEY.public.did[:-1] + "\ud800",
        KEY.public.did[:-1] + " ",
        "did:key:z1" + KEY.public.did[9:],
        "did:key:z1" + KEY.public.did[10:],
        "did:key:m" + KEY.public.did[9:],
        multibase(b"\xec\x01" + KEY.public.raw),
        multibase(b"\xed\x01" + KEY.public.raw[:-1]),
        multibase(b"\xed\x01" + KEY.public.raw + b"\0"),
        multibase(b"\xed\x81\x00" + KEY.public.raw),
        multibase(b"\xed\x01\x01" + bytes(31)),
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        "did:key:z" + "1" * 47,
        "did:key:z" + "z" * 47,
        "did:key:z" + "z" * 1_000_000,
    ],
    ids=lambda did: repr(did[:70]),
)
def test_no_other_did_key_is_read(did: str) -> None:
    with pytest.raises(InvalidKeyError):
        PublicKey.from_did_key(did)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "x",
        [],
        {},
        {"kty": "OKP", "crv": "Ed25519"},
        KEY.public.jwk | {"crv": "X25519"},
        KEY.public.jwk | {"crv": "Ed448"},
        KEY.public.jwk | {"kty": "EC"},
        KEY.public.jwk | {"kty": ["OKP"]},
        KEY.public.jwk | {"d": None},
        KEY.public.jwk | {"x": 5},
        KEY.public.jwk | {"x": ""},
        KEY.public.jwk | {"x": KEY.public.jwk["x"] + "="},
        KEY.public.jwk | {"x": KEY.public.jwk["x"][:-1] + "p"},
        KEY.public.jwk | {"x": KEY.public.jwk["x"] + "AA"},
        KEY.public.jwk | {"x": KEY.public.jwk["x"].replace("_", "/")},
        KEY.public.jwk | {"x": KEY.public.jwk["x"][:-1] + "\ud800"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    ],
    ids=str,
)
def test_no_other_jwk_is_read(jwk: object) -> None:
    with pytest.raises(InvalidKeyError):
        PublicKey.from_jwk(jwk)


def test_further_public_members_of_a_jwk_are_ignored() -> None:
    assert PublicKey.from_jwk(KEY.public.jwk | {"kid": "1", "use": "sig", "ext": True}) == KEY.public


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    cipher = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        KEY.to_pem().replace(b"PRIVATE", b"PUBLIC"),
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(Ed25519PrivateKey.generate(), b"password"),
    ],
    ids=["empty", "junk", "public", "another curve", "encrypted"],
)
def test_no_other_pem_file_is_read(text: bytes) -> None:
    with pytest.raises(InvalidKeyError):
        SigningKey.from_pem(text)

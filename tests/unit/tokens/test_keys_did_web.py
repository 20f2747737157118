import pytest

from shared.keys import InvalidKeyError, SigningKey, did_document, did_web, keys_of_document

ONE, TWO = SigningKey.from_seed(b"\x01" * 32).public, SigningKey.from_seed(b"\x02" * 32).public
DID = "did:web:seller.example"
DOCUMENT = did_document(DID, [ONE, TWO])
METHOD = DOCUMENT["verificationMethod"][0]


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("https://x.y", "did:web:x.y"),
        ("https://x.y/", "did:web:x.y"),
        ("https://X.Y:8443/a", "did:web:x.y%3A8443:a"),
        ("https://x.y/a/b-c_d.e/", "did:web:x.y:a:b-c_d.e"),
        ("http://localhost:8402", "did:web:localhost%3A8402"),
        ("http://127.0.0.1:8402", "did:web:127.0.0.1%3A8402"),
    ],
)
def test_an_address_has_one_did(url: str, did: str) -> None:
    assert did_web(url) == did


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.y",
        "http://x.y",
        "http://localhost.attacker.example",
        "http://127.0.0.1.attacker.example",
        "ftp://localhost",
        "https://",
        "https://user@x.y",
        "https://:@x.y",
        "https://x.y?q",
        "https://x.y#f",
        "https://x.y:port",
        "https://x.y:99999",
        "https://[::1]",
        "https://[",
        "https://x.y/a//b",
        "https://x.y/../a",
        "https://x.y/a%2Fb",
        "https://x.y/a:b",
        "https://x y",
        "https://xé.y",
    ],
)
def test_no_other_address_has_one(url: str) -> None:
    with pytest.raises(InvalidKeyError):
        did_web(url)


def test_a_document_gives_its_keys_back() -> None:
    assert keys_of_document(DOCUMENT, DID) == [ONE, TWO]
    assert METHOD["id"] == f"{DID}#{ONE.thumbprint}"


def test_names_relative_to_the_document_are_read() -> None:
    method = METHOD | {"id": "#1"}
    for name in ("#1", f"{DID}#1"):
        document = DOCUMENT | {"verificationMethod": [method], "assertionMethod": [name]}
        assert keys_of_document(document, DID) == [ONE]


def test_a_key_that_may_not_sign_claims_is_passed_over() -> None:
    document = DOCUMENT | {"assertionMethod": DOCUMENT["assertionMethod"][1:]}
    assert keys_of_document(document, DID) == [TWO]


def test_methods_of_other_kinds_are_passed_over() -> None:
    others = [
        METHOD | {"type": "Multikey"},
        METHOD | {"publicKeyJwk": {"kty": "EC", "crv": "secp256k1", "x": "", "y": ""}},
        METHOD | {"publicKeyJwk": None},
    ]
    document = DOCUMENT | {"verificationMethod": [*others, DOCUMENT["verificationMethod"][1]]}
    assert keys_of_document(document, DID) == [TWO]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        DOCUMENT | {"id": "did:web:other.example"},
        DOCUMENT | {"verificationMethod": None},
        DOCUMENT | {"verificationMethod": []},
        DOCUMENT | {"verificationMethod": [None]},
        DOCUMENT | {"verificationMethod": [METHOD | {"id": None}]},
        DOCUMENT | {"verificationMethod": [METHOD] * 21},
        DOCUMENT | {"verificationMethod": [METHOD | {"controller": "did:web:other.example"}]},
        DOCUMENT | {"verificationMethod": [METHOD | {"publicKeyJwk": ONE.jwk | {"d": "AA"}}]},
        DOCUMENT | {"verificationMethod": [METHOD | {"publicKeyJwk": ONE.jwk | {"x": "AA"}}]},
        DOCUMENT | {"assertionMethod": None},
        DOCUMENT | {"assertionMethod": []},
        DOCUMENT | {"assertionMethod": [{"id": METHOD["id"]}]},
        DOCUMENT | {"assertionMethod": ["did:web:other.example#" + ONE.thumbprint]},
    ],
    ids=range(16),
)
def test_no_other_document_gives_keys(document: object) -> None:
    with pytest.raises(InvalidKeyError):
        keys_of_document(document, DID)

import base64
import gzip
from dataclasses import replace
from typing import Any

import pytest

from shared.tokens import jws, status_list
from shared.tokens.jws import TokenError
from shared.tokens.status_list import LIST_LENGTH, ListedStatus, StatusList, is_revoked
from tests.conformance.attacks import ATTACKER
from tests.conformance.samples import NOW, SELLER, SELLER_KEY

URL = "https://seller.example/api/status-lists/0"
LIST = StatusList(URL, SELLER, (0, 5, 8, LIST_LENGTH - 1), NOW, NOW + 900)
KEYS = [SELLER_KEY.public]
GOOD = status_list.ack_claims(LIST)


def served(claims: dict[str, Any], key: Any = SELLER_KEY) -> dict[str, Any]:
    return status_list.ack_document(LIST, jws.sign(claims, key))


def with_subject(**members: Any) -> dict[str, Any]:
    subject = GOOD["vc"]["credentialSubject"] | members
    return GOOD | {"vc": GOOD["vc"] | {"credentialSubject": subject}}


def look(document: dict[str, Any], index: int = 5, now: int = NOW) -> bool:
    return is_revoked(document, ListedStatus(URL, index), SELLER, KEYS, now=now)


def test_each_bit_stands_for_its_receipt() -> None:
    revoked = {index for index in (*range(20), LIST_LENGTH - 2, LIST_LENGTH - 1) if look(served(GOOD), index)}
    assert revoked == set(LIST.revoked)


def test_the_form_of_the_recommendation_holds_the_same_bits() -> None:
    encoded = status_list.w3c_claims(LIST)["credentialSubject"]["encodedList"]
    assert encoded.startswith("u")
    assert "=" not in encoded
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-(len(encoded) - 1) % 4)))
    assert (len(bits), bits[:2], bits[-1]) == (16 * 1024, b"\x84\x80", 1)


def test_the_longest_list_fits_what_a_reader_takes() -> None:
    listed = replace(LIST, revoked=[at for at in range(LIST_LENGTH) if (at * at * 2654435761 >> 7) & 1])
    token = jws.sign(status_list.ack_claims(listed), SELLER_KEY)
    document = status_list.ack_document(listed, token)
    assert len(str(document)) < status_list.MAX_LIST_BYTES
    assert not look(document, 0)


BOMB = base64.b64encode(gzip.compress(bytes(10_000_000))).decode()
CUT = base64.b64encode(gzip.compress(bytes(16_384))[:-4]).decode()
TWO = base64.b64encode(gzip.compress(bytes(16_384)) * 2).decode()
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "of another issuer": (GOOD | {"iss": ATTACKER.public.did}, "wrong_list"),
    "of another URL": (GOOD | {"jti": f"{URL}0"}, "wrong_list"),
    "of tomorrow": (GOOD | {"nbf": NOW + 86_400}, "not_yet_valid"),
    "that is too old": (GOOD | {"exp": NOW}, "expired"),
    "without an end": ({name: value for name, value in GOOD.items() if name != "exp"}, "bad_claim"),
    "of suspensions": (with_subject(statusPurpose="suspension"), "wrong_type"),
    "with several bits for each": (with_subject(statusSize=2), "wrong_type"),
    "of another type": (GOOD | {"vc": GOOD["vc"] | {"type": ["VerifiableCredential"]}}, "wrong_type"),
    "without bits": (with_subject(encodedList=None), "bad_claim"),
    "that is not base64": (with_subject(encodedList="H4sI!"), "bad_claim"),
    "that is not gzip": (with_subject(encodedList="AAAA"), "bad_claim"),
    "that unpacks to megabytes": (with_subject(encodedList=BOMB), "bad_claim"),
    "that is cut off": (with_subject(encodedList=CUT), "bad_claim"),
    "with a second one behind it": (with_subject(encodedList=TWO), "bad_claim"),
    "that is too short": (
        with_subject(encodedList=base64.b64encode(gzip.compress(b"")).decode()),
        "wrong_list",
    ),
}


@pytest.mark.parametrize(("claims", "reason"), WRONG.values(), ids=WRONG)
def test_a_list_that_tells_nothing_is_refused(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenError) as caught:
        look(served(claims))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "document",
    [
        served(GOOD, ATTACKER),
        {**served(GOOD), "proof": {"type": "JwtProof2020", "jwt": 1}},
        {**served(GOOD), "proof": {"type": "DataIntegrityProof", "jwt": jws.sign(GOOD, SELLER_KEY)}},
        {**served(GOOD), "proof": None},
        {},
    ],
)
def test_a_list_without_its_issuers_signature_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        look(document)


def test_what_stands_around_the_signed_list_is_not_believed() -> None:
    document = served(status_list.ack_claims(replace(LIST, revoked=())))
    document["credentialSubject"] = status_list.ack_document(LIST, "")["credentialSubject"]
    assert not look(document)

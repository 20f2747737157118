"""Whether a receipt was revoked: its entry in a status list, and the list itself in two signed forms.

`ack_claims` is the form that agentcommercekit 0.11 reads: a VC 1.1 JWT, whose `encodedList` is padded base64 of gzip.
`w3c_claims` is the W3C Recommendation Bitstring Status List v1.0 as a VC 2.0 JWT (application/vc+jwt): the same bits
as multibase base64url. The bit of index 0 is the first byte's highest; 1 is revoked.
"""

import base64
import gzip
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.keys import PublicKey
from shared.tokens import base64url, fields, jws
from shared.tokens.jws import TokenError

#: receipts in a list: the least that the Recommendation allows, for none is to be told from the others
LIST_LENGTH = 131_072
#: of a list's token and of the document around it
MAX_LIST_BYTES = 65_536
MEDIA_TYPE = "application/vc+jwt"
W3C_TYPE = "vc+jwt"

_VC1, _VC2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
_TYPES = ["VerifiableCredential", "BitstringStatusListCredential"]
_ENTRY_TYPE, _LIST_TYPE, _PURPOSE = "BitstringStatusListEntry", "BitstringStatusList", "revocation"
_URL = re.compile(r"https?://[!-\"$-~]{1,400}")  # ASCII, and no fragment
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
#: what another issuer's list may hold when it is unpacked: 8 million receipts
_MAX_BITSTRING = 1_048_576
_GZIP = 31  # zlib's window, with gzip's head


@dataclass(frozen=True, slots=True)
class ListedStatus:
    """A receipt's place: the list's URL, and the bit in it."""

    url: str
    index: int


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list before it is signed; times in Unix seconds, `revoked` are indices below LIST_LENGTH."""

    url: str
    issuer: str
    revoked: Sequence[int]
    issued_at: int
    expires_at: int


def entry_claim(status: ListedStatus) -> dict[str, str]:
    """A receipt's `credentialStatus`."""
    return {
        "id": f"{status.url}#{status.index}",
        "type": _ENTRY_TYPE,
        "statusPurpose": _PURPOSE,
        "statusListIndex": str(status.index),
        "statusListCredential": status.url,
    }


def read_entry(credential: fields.Fields) -> ListedStatus | None:
    """The place that a receipt's credential names, or None; TokenError for what is none that can be looked up."""
    if "credentialStatus" not in credential:
        return None
    entry = fields.mapping(credential, "credentialStatus")
    if entry.get("type") != _ENTRY_TYPE or entry.get("statusPurpose") != _PURPOSE:
        # It says in another way whether it was revoked: nobody could ask, so it cannot count as good.
        raise TokenError("status_unchecked", "the receipt has a status of a kind that is not supported")
    url = fields.matching(entry, "statusListCredential", _URL)
    index = fields.matching(entry, "statusListIndex", _INDEX)
    if entry.get("id", f"{url}#{index}") != f"{url}#{index}" or entry.keys() - entry_claim(
        ListedStatus(url, 0)
    ):
        raise fields.bad("credentialStatus", "has another form")
    return ListedStatus(url, int(index))


def ack_claims(listed: StatusList) -> dict[str, Any]:
    """The claims of the list's JWT, which the document of `ack_document` carries as its proof."""
    return {
        "iss": listed.issuer,
        "sub": f"{listed.url}#list",
        "nbf": listed.issued_at,
        "exp": listed.expires_at,
        "jti": listed.url,
        "vc": {"@context": [_VC1], "type": _TYPES, "credentialSubject": _subject(listed)},
    }


def ack_document(listed: StatusList, token: str) -> dict[str, Any]:
    """What is served of that form; `token` is its signed JWT, and all that a reader believes."""
    return {
        "@context": [_VC1],
        "id": listed.url,
        "type": _TYPES,
        "issuer": {"id": listed.issuer},
        "issuanceDate": _date(listed.issued_at),
        "expirationDate": _date(listed.expires_at),
        "credentialSubject": {"id": f"{listed.url}#list", **_subject(listed)},
        "proof": {"type": "JwtProof2020", "jwt": token},
    }


def w3c_claims(listed: StatusList) -> dict[str, Any]:
    """The credential, which is the JWT's payload (W3C, Securing Verifiable Credentials using JOSE and COSE)."""
    encoded = "u" + base64url.encode(_packed(listed.revoked))
    return {
        "@context": [_VC2],
        "id": listed.url,
        "type": _TYPES,
        "issuer": listed.issuer,
        "validFrom": _date(listed.issued_at),
        "validUntil": _date(listed.expires_at),
        "credentialSubject": {
            "id": f"{listed.url}#list",
            "type": _LIST_TYPE,
            "statusPurpose": _PURPOSE,
            "encodedList": encoded,
        },
        "iss": listed.issuer,
        "iat": listed.issued_at,
        "exp": listed.expires_at,
    }


def is_revoked(
    document: fields.Fields, status: ListedStatus, issuer: str, keys: Sequence[PublicKey], *, now: int
) -> bool:
    """Whether a receipt's issuer says in this list (the served document) that it was revoked.

    TokenError when nobody can tell: signed by another, of another URL, too old, too short, or malformed.
    """
    proof = fields.mapping(document, "proof")
    token = proof.get("jwt")
    if proof.get("type") != "JwtProof2020" or not isinstance(token, str):
        raise TokenError("malformed", "the status list has no proof of a known kind")
    payload = jws.verify(token, keys, max_bytes=MAX_LIST_BYTES)
    if payload.get("iss") != issuer or payload.get("jti") != status.url:
        raise TokenError("wrong_list", "this is the status list of another issuer, or of another URL")
    fields.check_started(payload, "nbf", now)
    fields.check_running(fields.whole(payload, "exp"), now)
    credential = fields.mapping(payload, "vc")
    subject = fields.mapping(credential, "credentialSubject")
    kind = (subject.get("type"), subject.get("statusPurpose"), subject.get("statusSize", 1))
    if credential.get("type") != _TYPES or kind != (_LIST_TYPE, _PURPOSE, 1):
        raise TokenError("wrong_type", "this is no status list of revocations")
    bits = _unpacked(subject.get("encodedList"))
    place, bit = divmod(status.index, 8)
    if place >= len(bits):
        raise TokenError("wrong_list", "the status list does not hold the receipt's index")
    return bool(bits[place] & (0x80 >> bit))


def _subject(listed: StatusList) -> dict[str, str]:
    encoded = base64.b64encode(_packed(listed.revoked)).decode("ascii")
    return {"type": _LIST_TYPE, "statusPurpose": _PURPOSE, "encodedList": encoded}


def _packed(revoked: Iterable[int]) -> bytes:
    bits = bytearray(LIST_LENGTH // 8)
    for index in revoked:
        bits[index // 8] |= 0x80 >> index % 8
    return gzip.compress(bytes(bits), mtime=0)


def _unpacked(encoded: object) -> bytes:
    if not isinstance(encoded, str) or len(encoded) > MAX_LIST_BYTES:
        raise fields.bad("encodedList", "is missing or is not text")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        bits = unpacker.decompress(base64.b64decode(encoded, validate=True), _MAX_BITSTRING)
    except (ValueError, zlib.error) as error:
        raise fields.bad("encodedList", "is not base64 of gzip") from error
    if not unpacker.eof or unpacker.unused_data:  # cut off, or a bomb
        raise fields.bad("encodedList", "does not end where it should")
    return bits


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

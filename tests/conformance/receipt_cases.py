"""Vectors of the receipt."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from shared.tokens import jws, receipt
from shared.tokens.status_list import ListedStatus, entry_claim
from tests.conformance.attacks import ATTACKER, Attack, Target, attacks
from tests.conformance.cases import accepted, refused
from tests.conformance.samples import NOW, RECEIPT, REQUEST_TOKEN, SELLER, SELLER_KEY

GOOD = receipt.claims(RECEIPT)
TARGET = Target(GOOD, SELLER_KEY)
JKT = {"jkt": "A" * 43}
BEARER = replace(RECEIPT, holder_thumbprint=None)
LISTED = replace(RECEIPT, status=ListedStatus("https://seller.example/api/status-lists/0", 5))


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    unstated = {key: value for key, value in GOOD["vc"]["credentialSubject"].items() if key != "metadata"}
    return {
        "about": "Verify `token` as a receipt of one of `issuers` (DID: its keys) at `now`, in Unix seconds. "
        "`expected` is what it says, or the reason to refuse it.",
        "issuers": {SELLER: [SELLER_KEY.public.did]},
        "cases": [
            accepted("bound to its holder", TARGET.token, asdict(RECEIPT), now=NOW),
            accepted("a bearer's", signed(receipt.claims(BEARER)), asdict(BEARER), now=NOW),
            accepted(
                "with a place in a status list", signed(receipt.claims(LISTED)), asdict(LISTED), now=NOW
            ),
            accepted("in its last second", TARGET.token, asdict(RECEIPT), now=RECEIPT.expires_at - 1),
            accepted("sixty seconds before it was issued", TARGET.token, asdict(RECEIPT), now=NOW - 60),
            accepted(
                "without metadata", with_subject(unstated), asdict(replace(RECEIPT, metadata={})), now=NOW
            ),
            *(refused(attack, now=NOW) for attack in [*refusals(), *attacks(TARGET)]),
            refused(Attack("at its expiry", TARGET.token, "expired"), now=RECEIPT.expires_at),
            refused(Attack("issued 61 seconds from now", TARGET.token, "not_yet_valid"), now=NOW - 61),
        ],
    }


def refusals() -> list[Attack]:
    """Return the tokens that are well signed and wrong as receipts."""
    return [*_wrong_claims(), *_wrong_credentials()]


def _wrong_claims() -> Iterator[Attack]:
    own = GOOD | {"iss": ATTACKER.public.did}
    yield Attack("signed by the one who shows it", jws.sign(own, ATTACKER), "untrusted_issuer")
    yield Attack("signed by another in the issuer's name", jws.sign(GOOD, ATTACKER), "bad_signature")
    yield Attack("with an audience", changed(aud=SELLER), "wrong_audience")
    yield Attack("with two audiences", changed(aud=[SELLER, "did:web:other.example"]), "wrong_audience")
    yield Attack("a payment request shown as a receipt", REQUEST_TOKEN, "bad_claim")
    for name in ("iss", "sub", "nbf", "exp", "jti", "vc"):
        yield Attack(f"without {name}", without(name), "bad_claim")
        yield Attack(f"{name} is null", changed(**{name: None}), "bad_claim")
    yield Attack("jti is a bare UUID", changed(jti=RECEIPT.id.removeprefix("urn:uuid:")), "bad_claim")
    yield Attack("jti in capitals", changed(jti=RECEIPT.id.upper()), "bad_claim")
    yield Attack("a payer who is not a DID", changed(sub="somebody"), "bad_claim")
    yield Attack("exp is a float", changed(exp=RECEIPT.expires_at + 0.5), "bad_claim")
    yield Attack("exp is true", changed(exp=True), "bad_claim")
    bindings: tuple[Any, ...] = ({}, None, {"jkt": "short"}, {"jkt": 1}, {"jwk": {}}, JKT | {"x5t#S256": "A"})
    for binding in bindings:
        yield Attack(f"bound by {binding!r}", changed(cnf=binding), "bad_claim")


def _wrong_credentials() -> Iterator[Attack]:
    newer = ["https://www.w3.org/ns/credentials/v2"]
    yield Attack("the VC 2.0 context", with_credential(**{"@context": newer}), "wrong_type")
    yield Attack("another credential", with_credential(type=["VerifiableCredential"]), "wrong_type")
    yield Attack("the type as text", with_credential(type="PaymentReceiptCredential"), "wrong_type")
    yield from _wrong_statuses()
    yield Attack("without a subject", with_credential(credentialSubject=None), "bad_claim")
    for name in ("paymentRequestToken", "paymentOptionId", "metadata"):
        subject = GOOD["vc"]["credentialSubject"] | {name: None}
        yield Attack(f"{name} is null", with_subject(subject), "bad_claim")


def _wrong_statuses() -> Iterator[Attack]:
    assert LISTED.status is not None
    good = entry_claim(LISTED.status)

    def wrong(why: str, reason: str, **members: Any) -> Attack:
        return Attack(why, with_credential(credentialStatus=good | members), reason)

    yield wrong("a status of another kind", "status_unchecked", type="StatusList2021Entry")
    yield wrong("a status of another purpose", "status_unchecked", statusPurpose="suspension")
    yield Attack("a status that is null", with_credential(credentialStatus=None), "bad_claim")
    yield Attack("two statuses", with_credential(credentialStatus=[good, good]), "bad_claim")
    yield wrong("a place whose id names another", "bad_claim", id=f"{LISTED.status.url}#6")
    yield wrong("a place with a member that nobody knows", "bad_claim", statusSize=2)
    indices: tuple[Any, ...] = (5, "", "-1", "05", "5.0", "0x5", "1e3", "5" * 10, None)
    for index in indices:
        yield wrong(f"the index {index!r}", "bad_claim", statusListIndex=index)
    for url in (
        "file:///etc/passwd",
        "data:,x",
        "https://",
        "https://a/#5",
        "https://a b/",
        f"https://{'a' * 500}",
    ):
        yield wrong(f"a list at {url[:30]}", "bad_claim", statusListCredential=url, id=f"{url}#5")


def signed(claims: dict[str, Any]) -> str:
    """Sign `claims` as the seller."""
    return jws.sign(claims, SELLER_KEY)


def changed(**claims: Any) -> str:
    """Sign the good claims with others in their place."""
    return signed(GOOD | claims)


def without(name: str) -> str:
    """Sign the good claims but one."""
    return signed({key: value for key, value in GOOD.items() if key != name})


def with_credential(**members: Any) -> str:
    """Sign the good claims with members of the credential changed."""
    return changed(vc=GOOD["vc"] | members)


def with_subject(subject: dict[str, Any]) -> str:
    """Sign the good claims with another credential subject."""
    return with_credential(credentialSubject=subject)

"""Vectors of the payment request token."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from shared.tokens import jws, prt
from tests.conformance.attacks import Attack, Target, attacks
from tests.conformance.cases import accepted, refused
from tests.conformance.samples import NOW, PLAIN_REQUEST, RECEIPT_TOKEN, REQUEST, SELLER, SELLER_KEY

GOOD = prt.claims(REQUEST)
OPTIONS: list[dict[str, Any]] = GOOD["paymentOptions"]
TARGET = Target(GOOD, SELLER_KEY)


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    return {
        "about": "Verify `token` as a payment request that `issuer` signed with one of `keys`, at `now` "
        "(Unix seconds; null: expiry is not looked at). `expected` is what it says, or the reason to refuse.",
        "issuer": SELLER,
        "keys": [SELLER_KEY.public.did],
        "cases": [
            accepted("all fields", TARGET.token, asdict(REQUEST), now=NOW),
            accepted(
                "no optional fields",
                signed(prt.claims(PLAIN_REQUEST)),
                asdict(PLAIN_REQUEST),
                now=NOW,
            ),
            accepted("in its last second", TARGET.token, asdict(REQUEST), now=REQUEST.expires_at - 1),
            accepted("sixty seconds before it was issued", TARGET.token, asdict(REQUEST), now=NOW - 60),
            accepted("expired, and expiry is not looked at", TARGET.token, asdict(REQUEST), now=None),
            accepted("an amount in digits", with_option(amount="6000000"), asdict(REQUEST), now=NOW),
            accepted(
                "milliseconds in expiresAt",
                changed(expiresAt=GOOD["expiresAt"].replace("Z", ".000Z")),
                asdict(REQUEST),
                now=NOW,
            ),
            accepted(
                "an order that burns nothing",
                changed(order={name: value for name, value in GOOD["order"].items() if name != "token"}),
                asdict(replace(REQUEST, order=replace(REQUEST.order, token=None))),
                now=NOW,
            ),
            accepted("a claim that we do not know", changed(note="x"), asdict(REQUEST), now=NOW),
            *(refused(attack, now=NOW) for attack in [*refusals(), *attacks(TARGET)]),
            refused(Attack("at its expiry", TARGET.token, "expired"), now=REQUEST.expires_at),
            refused(Attack("issued 61 seconds from now", TARGET.token, "not_yet_valid"), now=NOW - 61),
        ],
    }


def refusals() -> list[Attack]:
    """Return the tokens that are well signed and wrong as payment requests."""
    return [*_wrong_claims(), *_wrong_options(), *_wrong_order()]


def _wrong_claims() -> Iterator[Attack]:
    yield Attack("another seller's", changed(iss="did:web:other.example"), "wrong_issuer")
    yield Attack("without an issuer", without("iss"), "wrong_issuer")
    yield Attack("with an audience", changed(aud="did:web:buyer.example"), "wrong_audience")
    yield Attack("with an empty audience", changed(aud=[]), "wrong_audience")
    yield Attack("sub is not id", changed(sub="another"), "bad_claim")
    yield Attack("exp is not expiresAt", changed(exp=REQUEST.expires_at + 1), "bad_claim")
    yield Attack("a receipt shown as a payment request", RECEIPT_TOKEN, "bad_claim")
    for name in ("id", "sub", "iat", "exp", "expiresAt", "price", "order", "paymentOptions"):
        yield Attack(f"without {name}", without(name), "bad_claim")
    for name in ("description", "serviceCallback", "iat", "exp", "price", "order"):
        yield Attack(f"{name} is null", changed(**{name: None}), "bad_claim")
    for name in ("iat", "exp"):
        yield Attack(f"{name} is a float", changed(**{name: GOOD[name] + 0.0}), "bad_claim")
        yield Attack(f"{name} is text", changed(**{name: str(GOOD[name])}), "bad_claim")
        yield Attack(f"{name} is negative", changed(**{name: -1}), "bad_claim")
    right: str = GOOD["expiresAt"]
    offset, space, late = right.replace("Z", "+00:00"), right.replace("T", " "), right.replace("-20T", "-31T")
    for time in (offset, space, late, "tomorrow"):
        yield Attack(f"expiresAt {time!r}", changed(expiresAt=time), "bad_claim")


def _wrong_options() -> Iterator[Attack]:
    yield Attack("two options of one id", changed(paymentOptions=[OPTIONS[0], OPTIONS[0]]), "bad_claim")
    yield Attack("no options", changed(paymentOptions=[]), "bad_claim")
    many = [{**OPTIONS[0], "id": str(number)} for number in range(17)]
    yield Attack("seventeen options", changed(paymentOptions=many), "bad_claim")
    yield Attack("an option that is text", changed(paymentOptions=["cardano-1"]), "bad_claim")
    amounts: tuple[Any, ...] = (
        0,
        -1,
        1.0,
        1e3,
        True,
        None,
        "0",
        "-1",
        "01",
        "1e3",
        " 1",
        "1.5",
        "٣",
        "",
        "9" * 19,
    )
    for amount in amounts:
        yield Attack(f"an amount of {amount!r}", with_option(amount=amount), "bad_claim")
    for name in ("id", "amount", "decimals", "currency", "recipient"):
        rest = {key: value for key, value in OPTIONS[0].items() if key != name}
        yield Attack(f"an option without {name}", changed(paymentOptions=[rest]), "bad_claim")
    for name in ("network", "paymentService", "receiptService"):
        yield Attack(f"an option whose {name} is null", with_option(**{name: None}), "bad_claim")
    for decimals in (-1, 19, "6", 6.0):
        yield Attack(f"decimals of {decimals!r}", with_option(decimals=decimals), "bad_claim")


def _wrong_order() -> Iterator[Attack]:
    order, price = GOOD["order"], GOOD["price"]
    for count in (0, -5, 0.5, 1e21, True, "3", 1_000_000_001):
        yield Attack(f"an order of {count!r} credits", changed(order=order | {"credits": count}), "bad_claim")
    policy = "a1" * 28
    for description, token in (
        ("a short policy id", "a1b2.43"),
        ("a policy id in capitals", f"{policy.upper()}.43"),
        ("half a byte in its name", f"{policy}.4"),
        ("no dot", f"{policy}43"),
        ("a name of 33 bytes", f"{policy}.{'00' * 33}"),
    ):
        yield Attack(f"a token with {description}", changed(order=order | {"token": token}), "bad_claim")
    yield Attack("a holder that is not a DID", changed(order=order | {"holder": "me"}), "bad_claim")
    yield Attack("a holder that is null", changed(order=order | {"holder": None}), "bad_claim")
    yield Attack("a price of nothing", changed(price=price | {"amount": 0}), "bad_claim")
    yield Attack("a price in text", changed(price="3.00 USD"), "bad_claim")
    yield Attack("a price in digits", changed(price=price | {"amount": "300"}), "bad_claim")


def signed(claims: dict[str, Any]) -> str:
    """Sign `claims` as the seller."""
    return jws.sign(claims, SELLER_KEY)


def changed(**claims: Any) -> str:
    """Sign the good claims with others in their place."""
    return signed(GOOD | claims)


def without(name: str) -> str:
    """Sign the good claims but one."""
    return signed({key: value for key, value in GOOD.items() if key != name})


def with_option(**fields: Any) -> str:
    """Sign the good claims with fields of the first option changed."""
    return changed(paymentOptions=[OPTIONS[0] | fields, *OPTIONS[1:]])

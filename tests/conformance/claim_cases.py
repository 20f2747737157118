"""Vectors of the payment claim."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from shared.dialects import ack
from shared.dialects.base import Evidence
from shared.tokens import jws
from tests.conformance.attacks import ATTACKER, Attack, Target, attacks
from tests.conformance.cases import accepted, refused
from tests.conformance.samples import CLAIM, HOLDER_KEY, NOW, RECEIPT_TOKEN, REQUEST_TOKEN

GOOD: dict[str, Any] = jws.read(ack.claim_token(CLAIM, HOLDER_KEY, now=NOW)).payload
TARGET = Target(GOOD, HOLDER_KEY, max_bytes=ack.MAX_CLAIM_BYTES)
METADATA: dict[str, Any] = GOOD["metadata"]
COUPON = replace(CLAIM, network="coupons", payload={"coupon": b"\xfb\xef", "shop": "Bergen"})
UNSENT = replace(CLAIM, payload={"transaction": bytes(range(256)) * 4})


def vectors() -> dict[str, Any]:
    """Return the file's content."""
    return {
        "about": "Read `token` as a payer's claim that it has paid, at `now`, in Unix seconds. `expected` is "
        "what it says (bytes in hex), or the reason to refuse it.",
        "cases": [
            accepted("a transaction that was sent", TARGET.token, said(CLAIM), now=NOW),
            accepted(
                "a transaction to be sent",
                ack.claim_token(UNSENT, HOLDER_KEY, now=NOW),
                said(UNSENT),
                now=NOW,
            ),
            accepted(
                "bytes of another rail", ack.claim_token(COUPON, HOLDER_KEY, now=NOW), said(COUPON), now=NOW
            ),
            accepted("without exp, as ACK's client makes it", without("exp"), said(CLAIM), now=NOW),
            accepted("ten minutes old but for a second", TARGET.token, said(CLAIM), now=NOW + 599),
            accepted("sixty seconds early", TARGET.token, said(CLAIM), now=NOW - 60),
            *(refused(attack, now=NOW) for attack in [*refusals(), *attacks(TARGET)]),
            refused(Attack("ten minutes old", without("exp"), "expired"), now=NOW + 600),
            refused(Attack("61 seconds early", TARGET.token, "not_yet_valid"), now=NOW - 61),
        ],
    }


def refusals() -> list[Attack]:
    """Return the tokens that are wrong as claims."""
    return [*_wrong_claims(), *_wrong_payments()]


def _wrong_claims() -> Iterator[Attack]:
    attacker = ATTACKER.public.did
    yield Attack("in another's name", jws.sign(GOOD, ATTACKER), "bad_signature")
    yield Attack("the issuer is not the payer", changed(iss=attacker), "wrong_issuer")
    yield Attack("the payer is not the signer", changed(payerDid=attacker), "bad_signature")
    yield Attack("with an audience", changed(aud="did:web:seller.example"), "wrong_audience")
    yield Attack("expired by its own exp", changed(exp=NOW), "expired")
    yield Attack("a receipt shown as a claim", RECEIPT_TOKEN, "bad_claim")
    yield Attack("a payment request shown as a claim", REQUEST_TOKEN, "bad_claim")
    for did in (
        "did:web:payer.example",
        "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",  # secp256k1
        HOLDER_KEY.public.did + " ",
        HOLDER_KEY.public.did[:-1] + "0",
        HOLDER_KEY.public.did + "#" + HOLDER_KEY.public.did[8:],
        "did:key:z1" + HOLDER_KEY.public.did[9:],
    ):
        yield Attack(f"the payer is {did!r}", changed(iss=did, payerDid=did), "bad_key")
    for name in ("iat", "paymentRequestToken", "paymentOptionId", "payerDid", "metadata"):
        yield Attack(f"without {name}", without(name), "bad_claim")
        yield Attack(f"{name} is null", changed(**{name: None}), "bad_claim")
    yield Attack("without iss", without("iss"), "wrong_issuer")


def _wrong_payments() -> Iterator[Attack]:
    network = {"network": METADATA["network"]}
    raw = base64.b64encode(b"\xfb\xef\xfe a tx").decode()
    yield Attack("without anything that was paid", changed(metadata=network), "bad_claim")
    yield Attack("both hash and transaction", changed(metadata=METADATA | {"transaction": raw}), "bad_claim")
    yield Attack("without a network", changed(metadata={"txHash": METADATA["txHash"]}), "bad_claim")
    yield Attack("a hash that is a number", changed(metadata=network | {"txHash": 5}), "bad_claim")
    for description, transaction in (
        ("empty", ""),
        ("a number", 5),
        ("without padding", raw.rstrip("=")),
        ("in base64url", raw.replace("+", "-").replace("/", "_")),
        ("in hex with odd digits", "abc"),
        ("of 16385 bytes", base64.b64encode(bytes(16385)).decode()),
        ("with a line break", raw[:4] + "\n" + raw[4:]),
        ("with stray bits", raw[:-2] + chr(ord(raw[-2]) + 1) + "="),
        ("beyond ASCII", raw + "é"),
    ):
        attack = changed(metadata=network | {"transaction": transaction})
        yield Attack(f"a transaction {description}", attack, "bad_claim")
        attack = changed(metadata=network | {"coupon": {"base64": transaction}})
        yield Attack(f"a coupon {description}", attack, "bad_claim")
    attack = changed(metadata=network | {"coupon": {"base64": raw, "hex": "ab"}})
    yield Attack("bytes in two spellings", attack, "bad_claim")


def changed(**claims: Any) -> str:
    """Sign the good claims with others in their place."""
    return jws.sign(GOOD | claims, HOLDER_KEY)


def without(name: str) -> str:
    """Sign the good claims but one."""
    return jws.sign({key: value for key, value in GOOD.items() if key != name}, HOLDER_KEY)


def said(claim: Evidence) -> dict[str, Any]:
    """As the vectors spell it: how the claim was shown is no part of what it says."""
    told = asdict(claim) | {"payload": spelled(claim.payload)}
    del told["showing"], told["reference"], told["accepted"], told["method"], told["identifier"]
    return told


def spelled(payload: Mapping[str, str | bytes]) -> dict[str, str]:
    """Bytes in hex."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in payload.items()}

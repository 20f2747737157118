"""What strangers can make long, for each of our readers: `count` is how often something is said."""

import json
from collections.abc import Callable, Mapping
from itertools import islice, product
from typing import Any

import cbor2

from buyer.errors import BuyerError
from buyer.proof import redemption
from buyer.seller import catalog
from paywall.products.images.poster.spelling import spell
from paywall.products.images.subject import read_subject
from shared import merkle, strict_json
from shared.cardano import bech32
from shared.cardano.fixed_supply import read as read_fixed_supply
from shared.cardano.read.cbor import Reader
from shared.cardano.read.transaction import parse
from shared.dialects.ack import read_claim
from shared.keys import PublicKey, keys_of_document
from shared.merkle import SumNode
from shared.problem import Problem
from shared.tokens import base64url, jws, receipt
from tests.unit.cardano.cardano_samples import HASH, KEY, assembled, plain_body

ADDRESS = b"\x60" + bytes(28)
#: Python's numbers hash modulo this prime
MODULUS = 2**61 - 1


def colliding_numbers(count: int) -> list[list[int]]:
    """Lists of four numbers, all with one hash as tuples; at most 8⁴."""
    same = [5 + MODULUS * times for times in range(8)]
    return [list(numbers) for numbers in islice(product(same, repeat=4), count)]


def map_of(keys: list[bytes]) -> bytes:
    """A CBOR map from each of these items to zero."""
    return b"\xbf" + b"".join(key + b"\x00" for key in keys) + b"\xff"


def colliding_lists(count: int) -> bytes:
    return map_of([cbor2.dumps(key) for key in colliding_numbers(count)])


def colliding_tags(count: int) -> bytes:
    """The same with tags inside tags."""
    return map_of(
        [
            cbor2.dumps(cbor2.CBORTag(a, cbor2.CBORTag(b, cbor2.CBORTag(c, d))))
            for a, b, c, d in colliding_numbers(count)
        ]
    )


def _token(payload: Mapping[str, Any]) -> str:
    return jws.sign(payload, KEY)


def _many_outputs(count: int) -> bytes:
    return assembled(plain_body() | {1: [[ADDRESS, number] for number in range(1, count + 1)]})


def _many_inputs(count: int) -> bytes:
    return assembled(plain_body() | {0: [[HASH, number] for number in range(count)]})


def _many_tokens(count: int) -> bytes:
    names = {number.to_bytes(4): 1 for number in range(count)}
    return assembled(plain_body() | {1: [[ADDRESS, [2_000_000, {bytes(28): names}]]]})


def _many_labels(count: int) -> bytes:
    return assembled(plain_body(), auxiliary=cbor2.dumps({label: label for label in range(count)}))


def _odd_mark(count: int) -> str:
    return "a" + "\u0316\u0300" * count


def _did_document(count: int) -> dict[str, Any]:
    did, jwk = "did:web:x", KEY.public.jwk
    method = {"id": "#a", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}
    return {"id": did, "verificationMethod": [method] * 20, "assertionMethod": ["#b"] * count}


def _catalog(count: int) -> dict[str, Any]:
    resource = {"id": "a", "product": "b", "credits": 1, "buy": "/a/b", "use": "/a/c"}
    base = {"seller": "did:web:x", "network": "n", "rails": [], "products": []}
    return {**base, "resources": [resource] * count}


def _burn(count: int) -> dict[str, Any]:
    path = [{"hash": "ab" * 32, "sum": 1}] * count
    return {"redemption_id": "a", "state": "captured", "burn": {"version": 2, "state": "seen", "path": path}}


def _verify_path(count: int) -> object:
    node = SumNode(HASH, 1)
    return merkle.verify(node, 0, 2**62, [node] * count, node)


def _refusing(read: Callable[[Any], object], document: object) -> object:
    """A buyer's refusal is no ValueError."""
    try:
        return read(document)
    except BuyerError as error:
        raise ValueError from error


#: what is read → reads one whose size grows with the count
READERS: dict[str, Callable[[int], object]] = {
    "JSON of open brackets in a string that never ends": lambda n: strict_json.loads(
        "[" * 17 + '"' + '\\"' * n
    ),
    "JSON of lists": lambda n: strict_json.loads("[" + "[]," * n + "[]]"),
    "JSON of strings": lambda n: strict_json.loads('[[[[[["' + '\\"[' * n + '"]]]]]]'),
    "canonical JSON": lambda n: strict_json.canonical({str(number): [number] for number in range(n)}),
    "a token of many parts": lambda n: jws.read("." * n),
    "a long token": lambda n: jws.read(_token({"a": "b" * n})),
    "a long claim": lambda n: read_claim(_token({"payerDid": KEY.public.did, "a": "b" * n}), now=0),
    "a receipt with a long issuer": lambda n: receipt.verify(
        _token({"iss": "did:a:" + "b" * n}), {"did:a:b": []}, now=0
    ),
    "base64url": lambda n: base64url.decode("AAAA" * n),
    "a long did:key": lambda n: PublicKey.from_did_key("did:key:z" + "1" * n),
    "a DID document": lambda n: keys_of_document(_did_document(n), "did:web:x"),
    "a long address": lambda n: bech32.decode("addr1" + "q" * n),
    "CBOR of open lists": lambda n: Reader(b"\x9f" * n).item(),
    "CBOR of a list": lambda n: Reader(b"\x9f" + b"\x00" * n + b"\xff").item(),
    "CBOR of a string in pieces": lambda n: Reader(b"\x5f" + b"\x41\x00" * n + b"\xff").item(),
    "CBOR of a map whose keys collide": lambda n: Reader(colliding_lists(n)).item(),
    "a transaction of many outputs": lambda n: parse(_many_outputs(n)),
    "a transaction of many inputs": lambda n: parse(_many_inputs(n)),
    "a transaction of many tokens": lambda n: parse(_many_tokens(n)),
    "a transaction of much metadata": lambda n: parse(_many_labels(n)),
    "a script": lambda n: read_fixed_supply(cbor2.dumps(bytes(n))),
    "problem details": lambda n: Problem.parse({"status": 400, "code": "a", **{str(m): m for m in range(n)}}),
    "a path through a tree": _verify_path,
    "a redemption": lambda n: _refusing(redemption.read, _burn(n)),
    "a catalog": lambda n: _refusing(catalog.read, json.loads(json.dumps(_catalog(n)))),
    "a prompt": lambda n: read_subject({"prompt": "a" * n}, min),
    "a prompt of marks": lambda n: read_subject({"prompt": _odd_mark(n)}, min),
    "a name": lambda n: read_subject({"name": "a " * n}, min),
    "lettering": lambda n: spell("\ufdfa" * n),
}

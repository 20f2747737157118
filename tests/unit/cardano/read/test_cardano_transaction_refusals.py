"""Forms that attackers write."""

from hashlib import blake2b
from typing import Any

import cbor2
import pytest

from shared.cardano.read.transaction import MAX_SIZE, TransactionError, parse
from tests.unit.cardano.cardano_samples import HASH, KEY, OTHER, assembled, plain_body

KEY_OUTPUT = b"\x60" + bytes(28)


def body_with(**changes: Any) -> bytes:
    """An assembled plain body with fields changed; `f4=…` is field 4."""
    return assembled(plain_body() | {int(name[1:]): value for name, value in changes.items()})


def output_of(value: object) -> bytes:
    return body_with(f1=[[KEY_OUTPUT, value]])


def twisted_signature() -> bytes:
    body = cbor2.dumps(plain_body())
    signature = bytearray(KEY.sign(blake2b(body, digest_size=32).digest()))
    signature[0] ^= 1
    return assembled(body, witnesses=cbor2.dumps({0: [[KEY.public.raw, bytes(signature)]]}))


def without(field: int) -> bytes:
    body = plain_body()
    del body[field]
    return assembled(body)


def witnessed(*pair: Any) -> bytes:
    return assembled(plain_body(), witnesses=cbor2.dumps({0: [list(pair)]}))


PLAIN = assembled(plain_body())
MALFORMED = {
    "nothing": b"",
    "a number": b"\x00",
    "three parts": b"\x83" + PLAIN[1:-1],
    "five parts": b"\x85" + PLAIN[1:] + b"\xf6",
    "five parts announced, four there": b"\x85" + PLAIN[1:],
    "five parts in an open list": b"\x9f" + PLAIN[1:] + b"\xf6\xff",
    "a byte behind": PLAIN + b"\x00",
    "cut": PLAIN[:-1],
    "too large": body_with(f1=[[KEY_OUTPUT, 1]] * (MAX_SIZE // 33)),
    "scripts fail": assembled(plain_body(), valid=False),
    "one instead of true": assembled(plain_body(), valid=1),
    "no flag": assembled(plain_body(), valid=None),
    "body is a list": assembled(cbor2.dumps([])),
    "no inputs": without(0),
    "no outputs": without(1),
    "no fee": without(2),
    "duplicate field": assembled(b"\xa4" + cbor2.dumps(plain_body())[1:] + b"\x02\x00"),
    "unknown field": body_with(f99=0),
    "an update, gone with Conway": body_with(f6=0),
    "text as field": assembled(cbor2.dumps(plain_body() | {"0": 0})),
    "empty inputs": body_with(f0=[]),
    "one input twice": body_with(f0=[[HASH, 0], [HASH, 0]]),
    "short input": body_with(f0=[[HASH[1:], 0]]),
    "huge index": body_with(f0=[[HASH, 65536]]),
    "negative index": body_with(f0=[[HASH, -1]]),
    "input of one": body_with(f0=[[HASH]]),
    "inputs as map": body_with(f0={}),
    "inputs under another tag": body_with(f0=cbor2.CBORTag(30, [[HASH, 0]])),
    "outputs as number": body_with(f1=1),
    "output as number": body_with(f1=[1]),
    "output of one": body_with(f1=[[KEY_OUTPUT]]),
    "output of four": body_with(f1=[[KEY_OUTPUT, 1, HASH, 1]]),
    "output without address": body_with(f1=[{1: 1}]),
    "output with field 4": body_with(f1=[{0: KEY_OUTPUT, 1: 1, 4: 1}]),
    "output to a staking address": body_with(f1=[[b"\xe0" + bytes(28), 1]]),
    "output to a short address": body_with(f1=[[KEY_OUTPUT[:-1], 1]]),
    "output to no network": body_with(f1=[[b"\x62" + bytes(28), 1]]),
    "output to text": body_with(f1=[["addr", 1]]),
    "negative lovelace": output_of(-1),
    "true lovelace": output_of(True),
    "too much lovelace": output_of(cbor2.CBORTag(2, bytes(9))),
    "value of three": output_of([1, {}, {}]),
    "tokens as list": output_of([1, []]),
    "tokens of no policy": output_of([1, {b"": {b"": 1}}]),
    "names as list": output_of([1, {bytes(28): []}]),
    "a long name": output_of([1, {bytes(28): {bytes(33): 1}}]),
    "no token": output_of([1, {bytes(28): {b"": 0}}]),
    "negative tokens": output_of([1, {bytes(28): {b"": -1}}]),
    "a text name": output_of([1, {bytes(28): {"a": 1}}]),
    "negative fee": body_with(f2=-1),
    "fee as bytes": body_with(f2=b"\x01"),
    "expiry as text": body_with(f3="1"),
    "mint of nothing": body_with(f9={bytes(28): {b"": 0}}),
    "mint over 63 bits": body_with(f9={bytes(28): {b"": 2**63}}),
    "mint as list": body_with(f9=[]),
    "network 2": body_with(f15=2),
    "metadata as text": assembled(plain_body(), auxiliary=cbor2.dumps("text")),
    "metadata under text": assembled(plain_body(), auxiliary=cbor2.dumps({"8402": 1})),
    "metadata under another tag": assembled(plain_body(), auxiliary=cbor2.dumps(cbor2.CBORTag(258, {0: {}}))),
    "metadata twice": assembled(plain_body(), auxiliary=b"\xa2\x01\x01\x01\x02"),
    "metadata nested deeply": assembled(plain_body(), auxiliary=b"\xa1\x01" + b"\x81" * 9999 + b"\x00"),
    "witnesses as list": assembled(plain_body(), witnesses=b"\x80"),
    "unknown witness": assembled(plain_body(), witnesses=b"\xa1\x08\x80"),
    "scripts as number": assembled(plain_body(), witnesses=b"\xa1\x01\x00"),
    "witness of one": witnessed(HASH),
    "short key": witnessed(KEY.public.raw[:31], bytes(64)),
    "short signature": witnessed(KEY.public.raw, bytes(63)),
    "key as text": witnessed("a" * 32, bytes(64)),
    "key of small order": witnessed(b"\x01" + bytes(31), b"\x01" + bytes(63)),
    "key that is no point": witnessed(b"\x02" + bytes(31), bytes(64)),
    "signature over something else": witnessed(KEY.public.raw, KEY.sign(b"something else")),
    "signature by another": witnessed(OTHER.public.raw, KEY.sign(HASH)),
    "one bit of the signature": twisted_signature(),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_a_signed_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(TransactionError):
        parse(raw)


def test_the_plain_body_of_these_tables_is_fine_in_itself() -> None:
    assert parse(PLAIN).signers == (KEY.public,)

"""Forms that wallets write."""

from hashlib import blake2b
from typing import Any

import cbor2
import pycardano  # type: ignore[import-untyped]  # it ships no types
import pytest

from shared.cardano.metadata import BatchCommitment, read_burn, read_payment
from shared.cardano.read.transaction import parse
from tests.unit.cardano.cardano_samples import (
    ASSET,
    EXPIRY,
    HASH,
    KEY,
    OTHER,
    OURS,
    POLICY,
    SCRIPT,
    THEIRS,
    assembled,
    burn,
    payment,
    plain_body,
    signed,
    utxo,
)

TOKENS = {bytes.fromhex(POLICY): {b"CREATE": 5}}
KEY_OUTPUT = b"\x60" + bytes(28)


def test_our_payment_reads_as_what_it_was_built_to_be() -> None:
    built = signed(payment(utxo(1, 10_000_000, CREATE=4)))
    parsed = parse(built.raw)
    assert parsed.id == built.id
    assert parsed.size == len(built.raw)
    assert parsed.inputs == ((f"{1:064x}", 0),)
    assert [(output.address, output.lovelace) for output in parsed.outputs] == [
        (THEIRS, 3_000_000),
        (OURS, 10_000_000 - 3_000_000 - built.fee),
    ]
    assert parsed.outputs[1].tokens == {ASSET.unit: 4}
    assert (parsed.fee, parsed.expiry_slot, parsed.network_id) == (built.fee, EXPIRY, 0)
    assert read_payment(parsed.metadata) == HASH
    assert parsed.auxiliary_data_hash_ok
    assert parsed.signers == (KEY.public,)
    assert parsed.unusual == ()


def test_our_burn_reads_as_what_it_was_built_to_be() -> None:
    parsed = parse(signed(burn(utxo(1, 10_000_000, CREATE=4), count=3)).raw)
    assert parsed.mint == {ASSET.unit: -3}
    assert read_burn(parsed.metadata) == BatchCommitment(HASH, 3, 3)
    assert parsed.unusual == ()


def test_a_transaction_that_pycardano_made_reads_the_same() -> None:
    body = pycardano.TransactionBody(
        inputs=[pycardano.TransactionInput(pycardano.TransactionId(HASH), 3)],
        outputs=[
            pycardano.TransactionOutput(
                pycardano.Address.from_primitive(THEIRS),
                pycardano.Value.from_primitive([2_000_000, TOKENS]),
                datum_hash=pycardano.DatumHash(HASH),
            ),
            pycardano.TransactionOutput(pycardano.Address.from_primitive(OURS), 7, post_alonzo=True),
        ],
        fee=170_000,
        validity_start=5,
    )
    witness = pycardano.VerificationKeyWitness(
        pycardano.PaymentVerificationKey(KEY.public.raw), KEY.sign(body.hash())
    )
    raw = pycardano.Transaction(body, pycardano.TransactionWitnessSet(vkey_witnesses=[witness])).to_cbor()
    parsed = parse(raw)
    assert parsed.id == str(body.id)
    assert parsed.inputs == ((HASH.hex(), 3),)
    assert parsed.outputs[0].tokens == {ASSET.unit: 5}
    assert parsed.outputs[1].address == OURS
    assert parsed.valid_from == 5
    assert parsed.unusual == ("datum_or_script_in_output",)


def test_the_id_is_that_of_the_bytes_a_wallet_wrote() -> None:
    # Keys in another order, an indefinite map, a tagged set, a long number: all legal, none canonical.
    wallet = (
        b"\xbf\x02\x1a" + (170_000).to_bytes(4) + b"\x00\xd9\x01\x02\x9f\x82\x58\x20" + HASH + b"\x18\x00\xff"
    )
    wallet += b"\x01\x81\xbf\x01\x1b" + (2_000_000).to_bytes(8) + b"\x00\x58\x1d" + KEY_OUTPUT + b"\xff\xff"
    parsed = parse(assembled(wallet))
    assert parsed.id == blake2b(wallet, digest_size=32).hexdigest()
    assert parsed.id != str(pycardano.TransactionBody.from_cbor(wallet.hex()).id)
    assert parsed.outputs[0].lovelace == 2_000_000
    assert parsed.unusual == ()


@pytest.mark.parametrize("form", ["shelley", "allegra", "alonzo"])
def test_metadata_is_read_in_each_form_and_hashed_as_written(form: str) -> None:
    metadata = {8402: {"prt": HASH}}
    whole: Any = {
        "shelley": metadata,
        "allegra": [metadata, []],
        "alonzo": cbor2.CBORTag(259, {0: metadata}),
    }[form]
    # An indefinite byte string inside keeps the original apart from any re-encoding.
    auxiliary = cbor2.dumps(whole).replace(b"\x58\x20" + HASH, b"\x5f\x58\x20" + HASH + b"\xff")
    body = plain_body() | {7: blake2b(auxiliary, digest_size=32).digest()}
    parsed = parse(assembled(body, auxiliary=auxiliary))
    assert read_payment(parsed.metadata) == HASH
    assert parsed.auxiliary_data_hash_ok
    assert parsed.unusual == ()


@pytest.mark.parametrize("stated", [HASH, None, "text"], ids=["another hash", "no hash", "not bytes"])
def test_metadata_that_the_body_does_not_commit_to_is_reported(stated: object) -> None:
    body = plain_body() | ({} if stated is None else {7: stated})
    assert not parse(assembled(body, auxiliary=cbor2.dumps({1: 2}))).auxiliary_data_hash_ok


def test_a_hash_without_metadata_is_reported() -> None:
    assert not parse(assembled(plain_body() | {7: HASH})).auxiliary_data_hash_ok


def test_each_signature_is_verified_and_its_key_reported() -> None:
    body = cbor2.dumps(plain_body())
    digest = blake2b(body, digest_size=32).digest()
    pairs = [[key.public.raw, key.sign(digest)] for key in (OTHER, KEY)]
    witnesses = cbor2.dumps({0: cbor2.CBORTag(258, pairs)})
    assert parse(assembled(body, witnesses=witnesses)).signers == (OTHER.public, KEY.public)


def test_a_transaction_without_signatures_has_no_signers() -> None:
    assert parse(assembled(plain_body(), witnesses=b"\xa0")).signers == ()


UNUSUAL_FIELDS = {
    "certificates": {4: []},
    "withdrawals": {5: {b"\xe0" + bytes(28): 1}},
    "script_data_hash": {11: HASH},
    "collateral": {13: [[HASH, 0]]},
    "collateral_return": {16: [KEY_OUTPUT, 1]},
    "total_collateral": {17: 1},
    "reference_inputs": {18: [[HASH, 0]]},
    "votes": {19: {}},
    "proposals": {20: []},
    "treasury_value": {21: 1},
    "donation": {22: 1},
    "datum_or_script_in_output": {1: [{0: KEY_OUTPUT, 1: 1, 2: [0, HASH]}]},
}


@pytest.mark.parametrize(("name", "extra"), UNUSUAL_FIELDS.items(), ids=UNUSUAL_FIELDS.keys())
def test_a_body_that_does_more_than_pay_is_reported(name: str, extra: dict[int, Any]) -> None:
    assert parse(assembled(plain_body() | extra)).unusual == (name,)


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 6, 7])
def test_witnesses_other_than_keys_and_policies_are_reported(kind: int) -> None:
    parsed = parse(assembled(plain_body(), witnesses=cbor2.dumps({kind: []})))
    assert [name.startswith("witness_") for name in parsed.unusual] == [True]


def test_a_native_script_is_usual_only_as_the_policy_of_the_mint() -> None:
    witnesses = b"\xa1\x01\x81" + SCRIPT
    minting = plain_body() | {9: TOKENS}
    assert parse(assembled(minting, witnesses=witnesses)).unusual == ()
    assert parse(assembled(plain_body(), witnesses=witnesses)).unusual == ("native_scripts",)


def test_scripts_beside_the_metadata_are_reported() -> None:
    auxiliary = cbor2.dumps([{}, [[0, bytes(28)]]])
    body = plain_body() | {7: blake2b(auxiliary, digest_size=32).digest()}
    assert parse(assembled(body, auxiliary=auxiliary)).unusual == ("auxiliary_scripts",)

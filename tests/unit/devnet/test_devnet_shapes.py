"""How the devnet reads transactions and writes them down: metadata, scripts, datums."""

from hashlib import blake2b

import cbor2
import pycardano  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.devnet.blockfrost.metadata import as_cbor, as_json
from paywall.devnet.blockfrost.transactions import encode_utxos, index, references
from paywall.devnet.faults import Fault
from paywall.devnet.ledger.native_scripts import as_json as script_json
from paywall.devnet.ledger.parameters import COST_MODELS, epoch_parameters
from shared.cardano.addresses import to_bytes
from shared.cardano.read.cbor import CborError
from shared.cardano.read.transaction import TransactionError
from tests.support.world.wallets.devnet_wallet import INPUTS, OUTPUTS, Coin, Wallet

WALLET = Wallet(1)
COIN = Coin("ab" * 32, 1, 10_000_000, {})
TO = to_bytes(WALLET.address)
DATUM = cbor2.dumps([1, 2])
DATUM_HASH = blake2b(DATUM, digest_size=32).digest()
NATIVE = cbor2.dumps([0, WALLET.script])
PLUTUS = bytes.fromhex("450101002499")


def tagged(raw: bytes) -> cbor2.CBORTag:
    return cbor2.CBORTag(24, raw)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([TO, 2], (None, None, None)),
        ([TO, 2, DATUM_HASH], (DATUM_HASH.hex(), None, None)),
        ({0: TO, 1: 2}, (None, None, None)),
        ({0: TO, 1: 2, 2: [0, DATUM_HASH]}, (DATUM_HASH.hex(), None, None)),
        ({0: TO, 1: 2, 2: [1, tagged(DATUM)]}, (None, DATUM.hex(), None)),
        ({0: TO, 1: 2, 3: tagged(NATIVE)}, (None, None, WALLET.policy.hex())),
        (
            {0: TO, 1: 2, 3: tagged(cbor2.dumps([3, PLUTUS]))},
            (None, None, blake2b(b"\x03" + PLUTUS, digest_size=28).hexdigest()),
        ),
    ],
    ids=[
        "legacy",
        "legacy datum hash",
        "map",
        "datum hash",
        "inline datum",
        "native script",
        "plutus script",
    ],
)
def test_an_output_shows_its_datum_and_its_script(output: object, expected: tuple[str | None, ...]) -> None:
    body = WALLET.body(COIN)
    body[OUTPUTS] = [output]

    (found,) = index(WALLET.sign(body)).outputs

    script = found.script.hash if found.script else None
    assert (found.datum_hash, found.inline_datum, script) == expected
    assert found.raw == cbor2.dumps(output)


def test_scripts_are_indexed_from_witnesses_and_outputs() -> None:
    body = WALLET.mint(COIN, b"T", 1)
    body[OUTPUTS].append({0: TO, 1: 2, 3: tagged(cbor2.dumps([3, PLUTUS]))})

    found = index(WALLET.sign(body, script=True)).scripts

    assert [(script.kind, script.raw) for script in found] == [
        ("timelock", cbor2.dumps(WALLET.script)),
        ("plutusV3", PLUTUS),
    ]


def test_the_ledger_is_given_every_output_under_its_name() -> None:
    indexed = index(WALLET.sign(WALLET.body(COIN)))

    loaded = cbor2.loads(encode_utxos(indexed.created()))

    assert loaded == {(bytes.fromhex(indexed.id), 0): list(cbor2.loads(indexed.outputs[0].raw))}


def test_every_output_that_a_transaction_names_is_found() -> None:
    body = {**WALLET.body(COIN), 13: [[b"\x01" * 32, 0]], 18: cbor2.CBORTag(258, [[b"\x02" * 32, 3]])}

    assert references(WALLET.sign(body)) == ((COIN.tx_hash, 1), ("01" * 32, 0), ("02" * 32, 3))


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\x80", b"\x81\x00", b"\x84\xa1\x00\x00", b"\xff"])
def test_bytes_that_are_no_transaction_name_no_outputs(raw: bytes) -> None:
    with pytest.raises((CborError, TransactionError)):
        references(raw)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_never_crash_the_index(raw: bytes) -> None:
    with pytest.raises(TransactionError):
        index(raw)


def test_inputs_are_listed_as_they_are_spent() -> None:
    body = WALLET.body(COIN)
    body[INPUTS].append([b"\x01" * 32, 7])

    assert index(WALLET.sign(body)).parsed.inputs == ((COIN.tx_hash, 1), ("01" * 32, 7))


def test_metadata_is_written_as_cardano_api_writes_it_without_a_schema() -> None:
    found = as_json({8402: {"text": "x", "bytes": b"\xab", 7: [1, -1], b"\xcd": {}, (1, b"\xef"): "listed"}})

    assert found == [
        {
            "label": "8402",
            "json_metadata": {
                "text": "x",
                "bytes": "0xab",
                "7": [1, -1],
                "0xcd": {},
                '[1,"0xef"]': "listed",
            },
        }
    ]


def test_each_label_is_cbor_of_its_own() -> None:
    assert [entry["metadata"] for entry in as_cbor({1: "a", 2: b"b"})] == ["a1016161", "a1024162"]


@pytest.mark.parametrize(
    "script",
    [
        pycardano.ScriptPubkey(pycardano.VerificationKeyHash(b"\x01" * 28)),
        pycardano.ScriptAll([pycardano.InvalidBefore(5), pycardano.InvalidHereAfter(9)]),
        pycardano.ScriptAny([pycardano.ScriptPubkey(pycardano.VerificationKeyHash(b"\x02" * 28))]),
        pycardano.ScriptNofK(1, [pycardano.InvalidBefore(5), pycardano.InvalidHereAfter(9)]),
    ],
    ids=["sig", "all", "any", "atLeast"],
)
def test_a_native_script_is_written_as_pycardano_writes_it(script: pycardano.NativeScript) -> None:
    assert script_json(script.to_cbor()) == script.to_dict()


def test_the_parameters_name_each_cost_by_its_place() -> None:
    found = epoch_parameters(3, "nonce")

    assert (found["epoch"], found["nonce"]) == (3, "nonce")
    for language, costs in zip(("PlutusV1", "PlutusV2", "PlutusV3"), COST_MODELS, strict=True):
        named = found["cost_models"][language]
        assert list(named.values()) == [named[name] for name in sorted(named)] == costs


def test_a_fault_is_used_up() -> None:
    fault = Fault.parse({"submit": "error", "times": 2, "delay_ms": 5})

    assert fault.used() == Fault("error", 1, 5)
    assert fault.used().used() == Fault() == Fault().used()


@pytest.mark.parametrize(
    "body",
    [{"submit": "x"}, {"submit": 1}, {"times": 0}, {"times": True}, {"delay_ms": -1}, {"delay_ms": 0.5}],
)
def test_a_fault_that_makes_no_sense_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"submit is one of|whole numbers"):
        Fault.parse(body)

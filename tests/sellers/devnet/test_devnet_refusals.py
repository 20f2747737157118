"""What the ledger rules refuse, the devnet refuses with their reason, and nothing changes."""

from collections.abc import Callable
from hashlib import blake2b

import cbor2
import pytest

from shared.cardano.addresses import enterprise_address, to_bytes
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import (
    AUXILIARY_HASH,
    CERTIFICATES,
    FEE,
    INPUTS,
    MINT,
    NETWORK_ID,
    OUTPUTS,
    TTL,
    VALID_FROM,
    Coin,
    Wallet,
    exact,
    transaction_id,
)

Make = Callable[[Wallet, Coin], bytes]
STRANGER = Wallet(77)


def _changed(field: int, value: object) -> Make:
    return lambda wallet, coin: wallet.sign({**wallet.body(coin), field: value})


def _broken_signature(wallet: Wallet, coin: Coin) -> bytes:
    raw = bytearray(wallet.sign(wallet.body(coin)))
    raw[-10] ^= 1
    return bytes(raw)


def _one_lovelace_too_much(wallet: Wallet, coin: Coin) -> bytes:
    body = wallet.body(coin)
    body[OUTPUTS][0][1] += 1
    return wallet.sign(body)


def _tokens_from_nowhere(wallet: Wallet, coin: Coin) -> bytes:
    body = wallet.mint(coin, b"T", 1)
    del body[MINT]
    return wallet.sign(body)


def _mainnet_address(wallet: Wallet, coin: Coin) -> bytes:
    body = wallet.body(coin)
    body[OUTPUTS][0][0] = to_bytes(enterprise_address(wallet.key.public, "cardano:mainnet"))
    return wallet.sign(body)


def _stake_registration(wallet: Wallet, coin: Coin) -> bytes:
    deposit = 2_000_000
    body = wallet.body(coin, fee=300_000 + deposit)
    return wallet.sign({**body, FEE: 300_000, CERTIFICATES: [[0, [0, b"\x22" * 28]]]})


REFUSED: dict[str, tuple[Make, str]] = {
    "nothing": (lambda *_: b"", "End of Input"),
    "bytes that are no transaction": (lambda *_: b"\x84\x00", "Expected Map-Header"),
    "bytes behind the transaction": (lambda w, c: w.sign(w.body(c)) + b"\x00", "transaction"),
    "a fee short by one lovelace": (lambda w, c: exact(w, c, short=1), "less than minimum required"),
    "another key's signature": (lambda w, c: w.sign(w.body(c), key=STRANGER.key), "Missing key hashes"),
    "a signature that does not verify": (_broken_signature, "Invalid verified signatures"),
    "lovelace from nowhere": (_one_lovelace_too_much, "Value not conserved"),
    "tokens from nowhere": (_tokens_from_nowhere, "Value not conserved"),
    "a mint without the policy's script": (lambda w, c: w.sign(w.mint(c, b"T", 1)), "script hashes"),
    "a mint under another's policy": (
        lambda w, c: w.sign({**w.body(c), MINT: {STRANGER.policy: {b"T": 1}}}, script=True),
        "script hashes",
    ),
    "a burn of more than is held": (
        lambda w, c: w.sign(w.mint(c, b"T", -1, held=1), script=True),
        "conserved",
    ),
    "an output too small": (lambda w, c: w.sign(w.body(c, pay=[(w.address, 1000)])), "too small"),
    "an expiry that is past": (_changed(TTL, 0), "outside the validity interval"),
    "a validity that has not begun": (_changed(VALID_FROM, 10**6), "outside the validity interval"),
    "another network's id": (_changed(NETWORK_ID, 1), "Wrong network id"),
    "an address on mainnet": (_mainnet_address, "network"),
    "the hash of metadata that is missing": (_changed(AUXILIARY_HASH, b"\x01" * 32), "auxiliary data"),
    "a metadata string over 64 bytes": (
        lambda w, c: w.sign(w.body(c), metadata={1: "x" * 65}),
        "Invalid auxiliary data",
    ),
    "more than 16,384 bytes": (
        lambda w, c: w.sign(w.body(c, fee=1_000_000), metadata={1: ["x" * 60] * 300}),
        "exceeds maximum allowed size",
    ),
    "an input that never was": (_changed(INPUTS, [[b"\x11" * 32, 0]]), "All inputs are spent"),
    "no input": (_changed(INPUTS, []), "nput"),
    "a certificate, which the ledger accepts": (_stake_registration, "the devnet keeps outputs only"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_transaction_is_refused_with_the_ledgers_reason_for(devnet: DevnetProcess, name: str) -> None:
    make, reason = REFUSED[name]
    wallet = Wallet(30)
    coin = wallet.fund(devnet)
    before = (devnet.control("status", method="GET"), wallet.coins(devnet))

    answer = devnet.submit(make(wallet, coin))

    body = answer.json()
    assert (answer.status_code, body["status_code"], body["error"]) == (400, 400, "Bad Request")
    assert body["message"].startswith("transaction submit error ")
    assert reason in body["message"]
    after = (devnet.control("status", method="GET"), wallet.coins(devnet))
    assert {**after[0], "slot_now": 0} == {**before[0], "slot_now": 0}
    assert after[1] == before[1]
    # The ledger process is in step as well: the coin can still be spent.
    assert devnet.submit(exact(wallet, coin)).status_code == 200


def test_the_least_fee_the_ledger_allows_is_enough(devnet: DevnetProcess) -> None:
    wallet = Wallet(31)
    raw = exact(wallet, wallet.fund(devnet))

    answer = devnet.submit(raw)

    assert (answer.status_code, answer.json()) == (200, transaction_id(raw))


@pytest.mark.parametrize("blocks", [0, 1], ids=["in the mempool", "on the chain"])
def test_a_transaction_submitted_twice_is_refused_because_its_inputs_are_spent(
    devnet: DevnetProcess, blocks: int
) -> None:
    wallet = Wallet(32)
    raw = exact(wallet, wallet.fund(devnet))
    assert devnet.submit(raw).status_code == 200
    devnet.blocks(blocks)

    answer = devnet.submit(raw)

    assert answer.status_code == 400
    assert "All inputs are spent. Transaction has probably already been included" in answer.json()["message"]


def test_a_double_spend_is_refused_before_and_after_the_block(devnet: DevnetProcess) -> None:
    wallet = Wallet(33)
    coin = wallet.fund(devnet)
    assert devnet.submit(wallet.sign(wallet.body(coin))).status_code == 200
    other = wallet.sign(wallet.body(coin, fee=400_000))

    assert devnet.submit(other).status_code == 400
    devnet.blocks()
    assert devnet.submit(other).status_code == 400


def test_the_id_is_taken_over_the_original_bytes_of_the_body(devnet: DevnetProcess) -> None:
    wallet = Wallet(34)
    body = wallet.body(wallet.fund(devnet))
    # Fee before outputs before inputs: a wallet's order, which encoding again would undo.
    encoded = b"\xa3" + b"".join(cbor2.dumps(key) + cbor2.dumps(body[key]) for key in (FEE, OUTPUTS, INPUTS))
    digest = blake2b(encoded, digest_size=32).digest()
    witness = cbor2.dumps({0: [[wallet.key.public.raw, wallet.key.sign(digest)]]})

    answer = devnet.submit(b"\x84" + encoded + witness + b"\xf5\xf6")
    devnet.blocks()

    assert answer.json() == digest.hex()
    assert wallet.coins(devnet)[-1].tx_hash == digest.hex()

"""Blocks, mempool, rollback and restart of the devnet, as a client sees them."""

import threading
from typing import Any

import httpx
import pytest

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import TTL, VALID_FROM, Coin, Wallet, exact, transaction_id


def everything(devnet: DevnetProcess, address: str) -> dict[str, Any]:
    """What a client can see of the chain, through an address that took part in it."""
    paths = ["/blocks/latest", f"/addresses/{address}", f"/addresses/{address}/utxos"]
    paths += [f"/addresses/{address}/transactions", "/mempool"]
    return {path: devnet.get(path) for path in paths}


def test_a_submitted_transaction_is_in_the_mempool_and_nowhere_else(devnet: DevnetProcess) -> None:
    wallet = Wallet(1)
    coin = wallet.fund(devnet)
    raw = wallet.sign({**wallet.body(coin), TTL: 10**6})

    tx_hash = devnet.submit(raw).json()

    found = devnet.get(f"/mempool/{tx_hash}")
    assert (found["tx"]["hash"], found["tx"]["fees"], found["tx"]["size"]) == (tx_hash, "300000", len(raw))
    assert found["tx"]["invalid_hereafter"] == "1000000"
    assert (found["inputs"][0]["tx_hash"], found["inputs"][0]["address"]) == (coin.tx_hash, wallet.address)
    assert found["outputs"][0]["amount"] == [{"unit": "lovelace", "quantity": "99700000"}]
    assert devnet.ask(f"/txs/{tx_hash}").status_code == 404
    assert [held.tx_hash for held in wallet.coins(devnet)] == [coin.tx_hash]

    devnet.blocks()

    assert devnet.ask(f"/mempool/{tx_hash}").status_code == 404
    assert devnet.get(f"/txs/{tx_hash}")["block"] == devnet.get("/blocks/latest")["hash"]
    assert [held.tx_hash for held in wallet.coins(devnet)] == [tx_hash]


def test_a_transaction_may_spend_what_the_mempool_holds(devnet: DevnetProcess) -> None:
    wallet = Wallet(2)
    coin = wallet.fund(devnet)
    first = wallet.sign(wallet.body(coin))
    middle = Coin(transaction_id(first), 0, coin.lovelace - 300_000, {})

    ids = [devnet.submit(raw).json() for raw in (first, exact(wallet, middle))]

    assert devnet.mempool()[-2:] == ids
    devnet.blocks()
    assert [devnet.get(f"/txs/{tx_hash}")["index"] for tx_hash in ids] == [0, 1]


def test_the_faucet_pays_many_times_within_one_block(devnet: DevnetProcess) -> None:
    address = Wallet(3).address

    ids = [devnet.faucet(address, 2_000_000) for _ in range(20)]
    tip = devnet.blocks()

    assert len(set(ids)) == 20
    assert devnet.get(f"/blocks/{tip['hash']}")["tx_count"] == 20
    assert devnet.get(f"/addresses/{address}")["amount"] == [{"unit": "lovelace", "quantity": "40000000"}]


def test_the_faucet_pays_clients_that_ask_at_once(devnet: DevnetProcess) -> None:
    address = Wallet(4).address

    def ask() -> None:
        httpx.post(
            f"{devnet.origin}/devnet/faucet", json={"address": address, "lovelace": 2_000_000}
        ).raise_for_status()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    devnet.blocks()

    assert len(Wallet(4).coins(devnet)) == 8


def test_a_block_holds_at_most_what_a_real_one_does(devnet: DevnetProcess) -> None:
    wallet = Wallet(6)
    coins = [Coin(devnet.faucet(wallet.address, 5_000_000), 0, 5_000_000, {}) for _ in range(8)]
    devnet.blocks()
    for coin in coins:
        body = wallet.body(coin, fee=1_000_000)
        assert devnet.submit(wallet.sign(body, metadata={1: ["x" * 60] * 240})).status_code == 200

    tips = [devnet.get(f"/blocks/{devnet.blocks()['height']}") for _ in range(3)]

    assert [tip["tx_count"] for tip in tips] == [5, 3, 0]
    assert all(tip["size"] <= 90_112 for tip in tips)


def test_a_mempool_transaction_drops_out_when_its_expiry_passes(devnet: DevnetProcess) -> None:
    wallet = Wallet(7)
    coin = wallet.fund(devnet)
    expiry = devnet.control("status", method="GET")["slot_now"] + 50
    raw = wallet.sign({**wallet.body(coin), TTL: expiry})
    tx_hash = devnet.submit(raw).json()
    child = wallet.sign(wallet.body(Coin(tx_hash, 0, coin.lovelace - 300_000, {})))
    assert devnet.submit(child).status_code == 200

    devnet.blocks(skip_slots=100)

    assert devnet.mempool() == []
    assert devnet.ask(f"/txs/{tx_hash}").status_code == 404
    assert "outside the validity interval" in devnet.submit(raw).json()["message"]
    assert devnet.submit(exact(wallet, coin)).status_code == 200
    devnet.blocks()


def test_skipping_slots_lets_a_later_validity_begin(devnet: DevnetProcess) -> None:
    wallet = Wallet(8)
    coin = wallet.fund(devnet)
    start = devnet.control("status", method="GET")["slot_now"] + 1000
    raw = wallet.sign({**wallet.body(coin), VALID_FROM: start})
    assert devnet.submit(raw).status_code == 400

    tip = devnet.blocks(skip_slots=1000)

    assert tip["slot"] >= start
    assert devnet.submit(raw).status_code == 200
    devnet.blocks()


def test_a_rollback_takes_transactions_off_the_chain_and_the_same_bytes_land_again(
    devnet: DevnetProcess,
) -> None:
    wallet = Wallet(20)
    coin = wallet.fund(devnet)
    before = everything(devnet, wallet.address)
    raw = wallet.sign(wallet.mint(coin, b"T", 5), script=True)
    tx_hash = devnet.submit(raw).json()
    old = devnet.blocks(3)

    answer = devnet.rollback(3)

    assert answer["removed"] == [tx_hash]
    assert everything(devnet, wallet.address) == before
    assert devnet.ask(f"/assets/{wallet.unit(b'T')}").status_code == 404
    assert devnet.ask(f"/blocks/{old['hash']}").status_code == 404
    assert devnet.submit(raw).json() == tx_hash
    new = devnet.blocks(3)
    assert (new["height"], new["hash"] != old["hash"]) == (old["height"], True)
    assert devnet.get(f"/assets/{wallet.unit(b'T')}")["quantity"] == "5"


def test_a_rollback_that_keeps_transactions_puts_them_back_in_the_mempool(devnet: DevnetProcess) -> None:
    wallet = Wallet(21)
    coin = wallet.fund(devnet)
    first = devnet.submit(wallet.sign(wallet.body(coin))).json()
    devnet.blocks()
    waiting = devnet.submit(exact(wallet, Coin(first, 0, coin.lovelace - 300_000, {}))).json()

    devnet.rollback(1, keep=True)

    assert devnet.mempool() == [first, waiting]
    devnet.blocks()
    assert [devnet.get(f"/txs/{tx_hash}")["index"] for tx_hash in (first, waiting)] == [0, 1]


def test_a_rollback_loses_what_waited_for_a_lost_output(devnet: DevnetProcess) -> None:
    wallet = Wallet(22)
    coin = wallet.fund(devnet)
    first = devnet.submit(wallet.sign(wallet.body(coin))).json()
    devnet.blocks()
    assert devnet.submit(exact(wallet, Coin(first, 0, coin.lovelace - 300_000, {}))).status_code == 200

    devnet.rollback(1)

    assert devnet.mempool() == []
    assert devnet.submit(exact(wallet, coin)).status_code == 200
    devnet.blocks()


def test_genesis_cannot_be_rolled_back(devnet: DevnetProcess) -> None:
    height = devnet.get("/blocks/latest")["height"]

    with pytest.raises(httpx.HTTPStatusError, match="400"):
        devnet.rollback(height + 1)

    assert devnet.get("/blocks/latest")["height"] == height


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_keeps_chain_mempool_and_clock(devnet: DevnetProcess, end: str) -> None:
    wallet = Wallet(23)
    coin = wallet.fund(devnet)
    devnet.rollback(1, keep=True)
    devnet.blocks(2, skip_slots=500)
    tx_hash = devnet.submit(wallet.sign(wallet.body(coin))).json()
    before = everything(devnet, wallet.address)
    slot = devnet.control("status", method="GET")["slot_now"]

    devnet.kill() if end == "kill" else devnet.stop()
    devnet.start()

    assert everything(devnet, wallet.address) == before
    assert devnet.control("status", method="GET")["slot_now"] >= slot
    assert devnet.submit(exact(wallet, Coin(tx_hash, 0, coin.lovelace - 300_000, {}))).status_code == 200
    devnet.blocks()
    assert devnet.get(f"/txs/{tx_hash}")["hash"] == tx_hash


def test_blocks_come_by_themselves_when_a_time_is_set() -> None:
    with DevnetProcess(block_seconds=0.05) as ticking:
        tx_hash = ticking.faucet(Wallet(24).address, 2_000_000)
        while ticking.ask(f"/txs/{tx_hash}").status_code == 404:
            pass
        assert ticking.get(f"/txs/{tx_hash}")["block_height"] > 0

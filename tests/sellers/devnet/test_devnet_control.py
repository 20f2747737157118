"""Faults on request, and control requests that make no sense."""

import httpx
import pytest

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import Wallet, exact, transaction_id


@pytest.mark.parametrize(
    ("kind", "status", "accepted"),
    [
        ("refuse", 400, False),
        ("error", 500, False),
        ("drop_before", None, False),
        ("drop_after", None, True),
        ("accept_then_error", 500, True),
        ("lose", 200, False),
    ],
)
def test_a_fault_hits_the_next_submit_and_no_other(
    devnet: DevnetProcess, kind: str, status: int | None, accepted: bool
) -> None:
    wallet = Wallet(40)
    raw = exact(wallet, wallet.fund(devnet))
    devnet.control("faults", {"submit": kind})

    if status is None:
        with pytest.raises(httpx.TransportError):
            devnet.submit(raw)
    else:
        assert devnet.submit(raw).status_code == status

    assert devnet.mempool() == ([transaction_id(raw)] if accepted else [])
    assert devnet.submit(raw).status_code == (400 if accepted else 200)
    devnet.blocks()
    assert devnet.get(f"/txs/{transaction_id(raw)}")["hash"] == transaction_id(raw)


def test_a_fault_lasts_for_as_many_submits_as_asked_or_until_it_is_cleared(devnet: DevnetProcess) -> None:
    devnet.control("faults", {"submit": "error", "times": 2})
    assert [devnet.submit(b"").status_code for _ in range(3)] == [500, 500, 400]

    devnet.control("faults", {"submit": "error", "times": 100})
    devnet.control("faults", method="DELETE")
    assert devnet.submit(b"").status_code == 400


def test_a_delayed_submit_outlasts_a_client_with_less_patience(devnet: DevnetProcess) -> None:
    wallet = Wallet(41)
    raw = exact(wallet, wallet.fund(devnet))
    devnet.control("faults", {"delay_ms": 300})

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{devnet.url}/tx/submit", content=raw, timeout=0.05)
    while transaction_id(raw) not in devnet.mempool():
        pass

    devnet.blocks()
    assert devnet.get(f"/txs/{transaction_id(raw)}")["hash"] == transaction_id(raw)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"submit": "explode"}),
        ("faults", {"times": 0}),
        ("faults", {"delay_ms": -1}),
        ("blocks", {"count": -1}),
        ("blocks", {"count": "1"}),
        ("blocks", {"count": 100_001}),
        ("blocks", {"skip_slots": 2**62}),
        ("blocks", []),
        ("rollback", {"blocks": -1}),
        ("rollback", {"keep": 1}),
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused(
    devnet: DevnetProcess, path: str, body: object
) -> None:
    answer = httpx.post(f"{devnet.origin}/devnet/{path}", json=body)

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": "nonsense", "lovelace": 5_000_000},
        {"address": Wallet(5).address, "lovelace": "5000000"},
        {"address": Wallet(5).address, "lovelace": 1},
        {"address": Wallet(5).address, "lovelace": 45 * 10**15},
        {"address": Wallet(5).address, "lovelace": -5_000_000},
        {"address": Wallet(5).address, "lovelace": True},
    ],
)
def test_the_faucet_refuses_what_it_cannot_pay(devnet: DevnetProcess, body: object) -> None:
    answer = httpx.post(f"{devnet.origin}/devnet/faucet", json=body)

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")


def test_what_is_hidden_is_on_the_chain_and_in_no_answer_until_it_is_shown_again(
    devnet: DevnetProcess,
) -> None:
    wallet = Wallet(61)
    raw = exact(wallet, wallet.fund(devnet))
    name = transaction_id(raw)
    before = devnet.get(f"/addresses/{wallet.address}/utxos")
    devnet.submit(raw)
    devnet.blocks()
    after = devnet.get(f"/addresses/{wallet.address}/utxos")
    spent = f"/txs/{before[0]['tx_hash']}/utxos"
    devnet.hide(name)
    assert devnet.ask(f"/txs/{name}").status_code == devnet.ask(f"/txs/{name}/utxos").status_code == 404
    assert devnet.get(f"/addresses/{wallet.address}/utxos") == before
    assert name not in str(devnet.get(spent))
    assert devnet.submit(raw).status_code == 400, "the ledger goes on with it"
    devnet.hide()
    assert devnet.get(f"/txs/{name}")["hash"] == name
    assert devnet.get(f"/addresses/{wallet.address}/utxos") == after
    assert name in str(devnet.get(spent))
    with pytest.raises(httpx.HTTPStatusError):
        devnet.control("hide", {"transactions": "all"})


def test_the_ledger_judges_what_it_is_only_asked_about_and_takes_nothing(devnet: DevnetProcess) -> None:
    wallet = Wallet(47)
    coin = wallet.fund(devnet)
    good, short = exact(wallet, coin), exact(wallet, coin, short=1)
    for _ in range(2):
        told = httpx.post(f"{devnet.origin}/devnet/judge", content=good)
        assert (told.status_code, told.json()) == (200, {"tx_hash": transaction_id(good)})
        refused = httpx.post(f"{devnet.origin}/devnet/judge", content=short)
        assert (refused.status_code, "fee" in refused.text.lower()) == (400, True)
    assert devnet.mempool() == []
    assert devnet.submit(good).status_code == 200
    devnet.blocks()

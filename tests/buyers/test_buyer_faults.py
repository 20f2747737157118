"""Odd answers, full disks and wrong usage: one object, an exit code, nothing lost, and a rerun that goes on."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from buyer.errors import WalletError
from buyer.wallet.file import Wallet
from shared.chain import reading
from shared.chain.base import ChainUnavailable
from shared.chain.blockfrost import Blockfrost
from tests.support.hostile.lies import PNG
from tests.support.hostile.serving import serving
from tests.support.processes.shell import Finished, Shell

BUY = ("buy", "--credits", "3", "--json")
USAGE = {
    "no such option": ("--nonsense", "--json"),
    "no such command": ("nonsense", "--json"),
    "out of range": ("buy", "--credits", "0", "--json"),
    "no number": ("buy", "--json", "--credits", "x"),
    "an argument lacks": ("verify", "--json"),
    "both": ("generate", "--name", "a", "--prompt", "b", "--json"),
}


def failed(done: Finished, code: str, exit_code: int) -> None:
    assert done.told["error"]["code"] == code, done.err
    assert (done.code, done.told["error"]["exit_code"]) == (exit_code, exit_code)
    assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE)
def test_wrong_usage_is_one_object_too(shell: Shell, arguments: tuple[str, ...]) -> None:
    failed(shell.run(*arguments), "usage", 2)


@pytest.mark.parametrize(
    "redemption_id", ["", "../../etc/passwd", "a b", "x" * 129, "a\n", "-", "%2e", "\u0430"], ids=repr
)
def test_a_redemption_id_that_is_none_is_refused_and_the_rerun_goes_on(
    filled: Shell, redemption_id: str
) -> None:
    image = {"url": "/api/images/1", "media_type": "image/png", "sha256": "00" * 32}
    told = {"redemption_id": redemption_id, "credits_remaining": 2, "subject": "x", "image": image}
    filled.seller.lies.instead["/api/images/generate"] = lambda: JSONResponse(told)
    failed(filled.run("images", "--json"), "image_malformed", 5)
    filled.seller.lies.instead.clear()
    assert filled.run("images", "--json").code == 0
    assert len(filled.seller.transactions) == 1


def test_one_redemption_id_for_two_images_is_refused_and_the_rerun_goes_on(filled: Shell) -> None:
    filled.seller.lies.redemption_id = "the-same"
    failed(filled.run("images", "--json"), "redemption_repeated", 5)
    second = list(filled.seller.uses.values())[1]
    second.redemption_id = "another"
    done = filled.run("images", "--json")
    assert (done.code, len(filled.seller.transactions), len(filled.seller.uses)) == (0, 1, 2)


FAUCETS: dict[str, Callable[[], Response]] = {
    "no JSON": lambda: Response("thanks"),
    "a list": lambda: JSONResponse([]),
    "no hash": lambda: JSONResponse({"tx_hash": None}),
    "an odd hash": lambda: JSONResponse({"tx_hash": "\x1b[2J"}),
    "endless": lambda: Response(b"[" * 5_000_000),
    "a redirect": lambda: RedirectResponse("http://127.0.0.1:9/"),
    "down": lambda: JSONResponse({}, 500),
}


@pytest.mark.parametrize("answer", FAUCETS.values(), ids=FAUCETS)
def test_an_odd_answer_of_the_faucet_is_typed(shell: Shell, answer: Callable[[], Response]) -> None:
    Wallet.create(shell.wallet).close()

    def faucet(request: Request) -> Response:
        return answer()

    def utxos(request: Request) -> Response:
        return JSONResponse({"status_code": 404, "error": "Not Found", "message": "x"}, 404)

    app = Starlette(
        routes=[
            Route("/devnet/faucet", faucet, methods=["POST"]),
            Route("/api/v0/addresses/{address}/utxos", utxos),
        ]
    )
    with serving(app) as url:
        chain = {"blockfrost": f"{url}/api/v0"}
        shell.seller.lies.catalog = lambda catalog: {**catalog, "chain": chain}
        done = shell.run("wallet", "fund", "--json")
    assert done.code in {2, 5}
    assert done.told["error"]["code"].startswith("faucet_")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("number", ["9223372036854775808", "10000000000000000000", "9" * 20])
def test_a_slot_of_more_than_63_bits_is_no_answer(number: str) -> None:
    with pytest.raises(ChainUnavailable):
        reading.integer({"slot": number}, "slot")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1:2/api/v0", "http://[::1/api", "ftp://x"])
def test_a_chain_services_address_that_is_none_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|url"):
        Blockfrost(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1:2", "https://a:1:2/", "https://a b", "https://a%0ab"])
def test_a_url_with_two_ports_or_no_host_is_wrong_usage(shell: Shell, url: str) -> None:
    failed(shell.run("buy", "--seller", url, "--json"), "seller_url", 2)
    token = "ab" * 28 + "."
    failed(shell.run("audit", "--token", token, "--chain", "http://a:1:2", "--json"), "chain_malformed", 2)


def test_a_wallet_on_a_full_disk_keeps_what_it_had_and_goes_on(tmp_path: Path) -> None:
    """The limit on a file's size stands for the disk: SQLite sees the same failure of a write."""
    with closing(Wallet.create(tmp_path / "wallet.db")) as wallet:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        fill: Callable[[Any], Any] = lambda db: db.execute(  # noqa: E731
            "INSERT INTO settings VALUES ('much', zeroblob(1000000))"
        )
        resource.setrlimit(resource.RLIMIT_FSIZE, (wallet.path.stat().st_size, limit[1]))
        try:
            for _ in range(2):
                with pytest.raises(WalletError) as caught:
                    wallet.transact(fill)
                assert caught.value.code == "wallet_unwritable"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        wallet.transact(fill)
        found = wallet.transact(lambda db: db.execute("SELECT COUNT(*) FROM settings WHERE key = 'much'"))
        assert found.fetchone() == (1,)


def test_a_disk_that_fills_up_after_the_payment_costs_nothing_more(filled: Shell) -> None:
    filled.seller.lies.image = PNG + bytes(100_000)
    small = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000));"
        "from buyer.redemptions import files; from buyer.cli.main import main; main(sys.argv[1:])"
    )
    filled.seller.lies.image = PNG + bytes(200_000)
    environment = {**filled.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", small, "images", "--json"],
        cwd=filled.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    failed(Finished(done.returncode, done.stdout, done.stderr), "file_unwritable", 2)
    assert list((filled.folder / "images").iterdir()) == [], "nothing half written stays"
    assert filled.run("images", "--json").code == 0
    assert (len(filled.seller.transactions), len(filled.seller.uses)) == (1, 2)


def test_an_answer_that_nobody_reads_any_more_is_no_complaint(filled: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "buyer", "history"],
        cwd=filled.folder,
        env={**filled.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("more", [(), ("--json",)], ids=str)
def test_an_answer_and_a_log_that_cannot_be_written_lose_nothing(
    filled: Shell, more: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "buyer", "buy", *more],
            cwd=filled.folder,
            env={**filled.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=full,
            stderr=full,
            check=False,
        )
    assert done.returncode == 1
    assert len(filled.run("receipts", "--json").told["receipts"]) == 1

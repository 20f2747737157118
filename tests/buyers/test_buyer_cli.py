"""The `buyer` command as scripts use it: subprocesses, exit codes, one JSON object on stdout."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from buyer.wallet.file import Wallet
from shared.problem import Problem
from tests.support.hostile.lies import Lies
from tests.support.processes.shell import SECONDS, Shell


def test_images_on_a_fresh_machine_end_with_files_and_one_object(shell: Shell) -> None:
    done = shell.run(
        "images", "--credits", "3", "--generate", "2", "--out", "images", "--max-price", "3.00", "--json"
    )
    assert done.code == 0, done.err
    told = done.told
    assert list(told) == [
        *("payment_request_id", "price", "receipt_id", "credits", "images", "burns"),
        *("seller_says", "broken_promises"),
    ]
    assert (told["seller_says"]["credits"]["available"], told["broken_promises"]) == (1, [])
    assert told["price"] == "3.00 USD"
    assert told["receipt_id"].startswith("urn:uuid:")
    assert told["credits"] == {"granted": 3, "remaining": 1}
    assert [set(image) for image in told["images"]] == [{"path", "redemption_id"}] * 2
    assert all((shell.folder / image["path"]).read_bytes().startswith(b"\x89PNG") for image in told["images"])
    assert [set(burn) for burn in told["burns"]] == [
        {"redemption_id", "tx_hash", "confirmations", "proof_valid"}
    ] * 2
    assert {burn["proof_valid"] for burn in told["burns"]} == {None}


def test_a_burn_is_verified_by_the_command_and_a_lie_about_it_is_exit_6(filled: Shell) -> None:
    told = filled.run("images", "--json").told
    redemption_id = told["images"][0]["redemption_id"]
    pending = filled.run("verify", redemption_id, "--json")
    assert (pending.code, pending.told["proof_valid"]) == (5, None)
    assert "burn pending: 0 confirmations, this buyer asks for 1" in pending.err
    asyncio.run(filled.seller.burn())
    holds = filled.run("verify", redemption_id, "--wait", "--json")
    assert (holds.code, holds.told["proof_valid"]) == (0, True)
    assert holds.told["confirmations"] >= 1
    filled.seller.lies.burn = lambda burn: {**burn, "preimage": {"salt": "00" * 16}}
    broken = filled.run("verify", redemption_id, "--json")
    assert (broken.code, broken.told["proof_valid"]) == (6, False)
    assert [check["name"] for check in broken.told["checks"] if check["outcome"] == "broken"] == [
        *("leaf", "merkle_proof")
    ]


def test_a_burn_of_fewer_tokens_than_the_catalog_said_that_an_image_costs_is_exit_6(filled: Shell) -> None:
    images = {"id": "images", "product": "image-credit", "credits": 3, "use": "/api/images/generate"}
    filled.seller.lies.catalog = lambda catalog: {**catalog, "resources": [images]}
    redemption_id = filled.run("images", "--generate", "1", "--json").told["images"][0]["redemption_id"]
    asyncio.run(filled.seller.burn())  # one token for each image
    broken = filled.run("verify", redemption_id, "--wait", "--json")
    assert (broken.code, broken.told["proof_valid"]) == (6, False)
    assert "leaf" in [check["name"] for check in broken.told["checks"] if check["outcome"] == "broken"]


def test_somebody_elses_burn_is_verified_as_far_as_a_stranger_can(filled: Shell, tmp_path: Path) -> None:
    redemption_id = filled.run("images", "--json").told["images"][0]["redemption_id"]
    asyncio.run(filled.seller.burn())
    other = tmp_path / "other.db"
    Wallet.create(other).close()
    for wallet in (other, tmp_path / "none.db"):
        done = filled.run("verify", redemption_id, "--wallet", str(wallet), "--json")
        assert (done.code, done.told["outcome"], done.told["proof_valid"]) == (0, "partly", None)
        assert done.told["unchecked"] == ["receipt", "payment_request", "leaf"]
        assert {check["outcome"] for check in done.told["checks"]} == {"holds", "unchecked"}
    assert "there is no wallet at" in done.err
    assert not (tmp_path / "none.db").exists()


def test_credits_are_bought_counted_and_used_one_by_one(filled: Shell) -> None:
    bought = filled.run("buy", "--credits", "10", "--max-price", "5.00", "--json")
    assert (bought.code, bought.told["price"]) == (0, "5.00 USD")
    made = filled.run("generate", "--name", "Abraham Lincoln", "--out", "out", "--json")
    assert (made.code, made.told["credits"]) == (0, {"granted": 10, "remaining": 9})
    counted = filled.run("credits", "--json")
    assert (counted.told["granted"], counted.told["remaining"]) == (10, 9)
    assert counted.told["seller_says"]["credits"]["captured"] == 1
    listed = filled.run("receipts", "--json")
    assert [receipt["receipt_id"] for receipt in listed.told["receipts"]] == [bought.told["receipt_id"]]
    assert "eyJ" not in listed.out


def refuse(problem: Problem) -> Lies:
    return Lies(refuse_claims=problem)


FAILURES: dict[str, tuple[list[str], Lies, int, str]] = {
    "over budget": (["buy", "--max-price", "2.99"], Lies(), 3, "over_budget"),
    "refused": (["buy"], refuse(Problem(402, "payment_mismatch", "No", "No.")), 4, "payment_refused"),
    "at fault": (["buy"], Lies(instead={"/api/catalog": lambda: JSONResponse([])}), 5, "answer_malformed"),
    "unreachable": (["buy", "--seller", "http://127.0.0.1:9"], Lies(), 5, "seller_unreachable"),
    "plain http": (["buy", "--seller", "http://seller.example"], Lies(), 2, "seller_url"),
    "no money": (["buy", "--max-price", "much"], Lies(), 2, "budget_invalid"),
    "too many images": (["images", "--credits", "1", "--generate", "2"], Lies(), 2, "generate_invalid"),
    "no receipt": (["generate"], Lies(), 2, "receipt_missing"),
    "unknown redemption": (["verify", "nobody-knows"], Lies(), 2, "redemption_unknown"),
    "wallet there": (["wallet", "create"], Lies(), 2, "wallet_exists"),
}


@pytest.mark.parametrize(("arguments", "lies", "code", "word"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_its_exit_code_one_object_and_a_sentence(
    filled: Shell, arguments: list[str], lies: Lies, code: int, word: str
) -> None:
    filled.seller.lies = lies
    done = filled.run(*arguments, "--json")
    assert (done.code, done.told["error"]["code"], done.told["error"]["exit_code"]) == (code, word, code)
    assert done.err.startswith("buyer: ") or "\nbuyer: " in done.err
    assert "Traceback" not in done.err


def test_one_credit_is_not_credits(filled: Shell) -> None:
    done = filled.run("images", "--credits", "1", "--generate", "3")
    assert done.err == "buyer: 3 images: more than 1 credit can make\n"


@pytest.mark.parametrize(
    "arguments",
    [["--nonsense"], ["buy", "--credits", "0"], ["buy", "--credits", "x"], ["verify"], ["nonsense"]],
    ids=str,
)
def test_wrong_usage_is_exit_2(shell: Shell, arguments: list[str]) -> None:
    done = shell.run(*arguments)
    assert (done.code, done.out) == (2, "")


def test_a_buyer_killed_in_the_middle_is_finished_by_the_same_command(filled: Shell) -> None:
    filled.seller.lies.settle = False
    process = filled.start("images", "--json", "-v")
    assert process.stderr is not None
    for line in process.stderr:
        if "settling" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = set(filled.seller.transactions)
    filled.seller.lies.settle = True
    done = filled.run("images", "--json")
    assert (done.code, len(done.told["images"])) == (0, 2)
    assert set(filled.seller.transactions) == before
    assert "taking up an interrupted purchase" in done.err


def test_an_interrupt_says_how_to_go_on(filled: Shell) -> None:
    filled.seller.lies.settle = False
    process = filled.start("buy", "-v")
    assert process.stderr is not None
    for line in process.stderr:
        if "settling" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "the same command goes on" in err
    assert "Traceback" not in err


def test_verbose_tells_every_step_and_no_secret(filled: Shell) -> None:
    done = filled.run("images", "-v")
    assert "POST /api/images/buy → 402  price 3.00 USD, pay 6.000000 ADA to addr_test1" in done.err
    assert "POST /api/payments → 200  receipt urn:uuid:" in done.err
    assert "POST /api/images/generate → 200  redemption " in done.err
    assert "eyJ" not in done.err + done.out


def test_the_wallet_command_makes_fills_and_shows(shell: Shell) -> None:
    made = shell.run("wallet", "create", "--json")
    address = made.told["address"]
    assert shell.run("wallet", "address").out.strip() == address
    assert shell.run("wallet", "balance", "--json").told["lovelace"] == 0
    filled = shell.run("wallet", "fund", "--ada", "50", "--json")
    assert (filled.told["balance"], filled.told["address"]) == ("50.000000 ADA", address)
    assert "waiting for the block" in filled.err
    assert shell.wallet.stat().st_mode & 0o777 == 0o600


def test_a_wallet_open_to_others_is_refused(filled: Shell) -> None:
    filled.wallet.chmod(0o644)
    done = filled.run("receipts")
    assert done.code == 2
    assert "chmod 600" in done.err


def test_a_terminal_gets_a_live_display_and_stdout_stays_clean(filled: Shell) -> None:
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "buyer", "buy", "--json"],
        env={
            **filled.environment,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TERM": "xterm",
            "COLUMNS": "200",
        },
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    out, _ = process.communicate(timeout=SECONDS)
    os.close(terminal)
    shown = os.read(controller, 65_536).decode()
    os.close(controller)
    assert process.returncode == 0
    assert json.loads(out)["price"] == "3.00 USD"
    assert "• pay 6.000000 ADA" in shown


def test_the_help_names_every_variable_that_is_read(shell: Shell) -> None:
    told = shell.run("--help").out
    steps = ("buyer wallet create\n", "buyer wallet fund\n", "buyer images", "buyer verify")
    assert sorted(steps, key=told.index) == list(steps), "the first steps in their order"
    for variable in ("BUYER_SELLER", "BUYER_WALLET", "BUYER_ADA_USD", "BLOCKFROST_PROJECT_ID"):
        assert variable in told


def test_a_command_that_asks_nobody_shows_no_option_for_a_seller_and_takes_it(shell: Shell) -> None:
    for command in (
        "wallet create",
        "wallet backup",
        "wallet encrypt",
        "budget set",
        "budget show",
        "approve",
    ):
        told = shell.run(*command.split(), "--seller", "https://shop.example", "-v", "--help")
        assert (told.code, "--wallet" in told.out) == (0, True)
        assert "--seller" not in told.out
        assert "--verbose" not in told.out


def test_help_comes_at_once_and_without_heavy_imports(shell: Shell) -> None:
    code = (
        "import sys\nfrom buyer.cli.main import cli\ncli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'httpx', 'cryptography', 'rich', 'pycardano', 'sqlite3', 'cbor2', 'jwt'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    environment = {**shell.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"

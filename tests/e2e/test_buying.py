"""The command `buyer` against a served `paywall`."""

import json
from pathlib import Path

from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess, free_port


def test_the_seeds_flow_ends_with_two_images_one_credit_and_two_proofs(
    seller: SellerProcess, folder: Path, devnet: DevnetProcess
) -> None:
    buyer = Buyer(seller, folder, devnet)
    bought = buyer.ok(
        *(
            "images",
            "--credits",
            "3",
            "--generate",
            "2",
            "--out",
            "images",
            "--max-price",
            "3.00",
            "--wait-burns",
        )
    )
    assert set(bought) == {
        *("payment_request_id", "price", "receipt_id", "credits", "images", "burns"),
        *("seller_says", "broken_promises"),
    }
    assert bought["broken_promises"] == []
    assert bought["price"] == "3.00 USD"
    assert bought["credits"] == {"granted": 3, "remaining": 1}
    for image in bought["images"]:
        assert (folder / image["path"]).read_bytes().startswith(b"\x89PNG")
    assert len({image["path"] for image in bought["images"]}) == 2
    assert [burn["proof_valid"] for burn in bought["burns"]] == [True, True]
    assert seller.command("reconcile").returncode == 0


def test_ten_credits_cost_five_dollars(seller: SellerProcess, folder: Path, devnet: DevnetProcess) -> None:
    assert Buyer(seller, folder, devnet).ok("buy", "--credits", "10")["price"] == "5.00 USD"


def test_over_budget_ends_with_3_and_pays_nothing(
    seller: SellerProcess, folder: Path, devnet: DevnetProcess
) -> None:
    buyer = Buyer(seller, folder, devnet)
    done = buyer.run("images", "--credits", "3", "--generate", "1", "--out", "images", "--max-price", "2.99")
    assert done.returncode == 3, done.stderr
    assert buyer.spent == 0


def test_an_empty_wallet_ends_with_4(seller: SellerProcess, folder: Path) -> None:
    done = Buyer(seller, folder).run("buy", "--credits", "1")
    assert done.returncode == 4, done.stderr


def test_a_seller_that_is_not_there_ends_with_5(
    seller: SellerProcess, folder: Path, devnet: DevnetProcess
) -> None:
    buyer = Buyer(seller, folder, devnet)
    done = buyer.run("buy", "--credits", "1", "--seller", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 5, done.stderr


def test_wrong_usage_ends_with_2(seller: SellerProcess, folder: Path) -> None:
    assert Buyer(seller, folder).run("buy", "--credits", "none").returncode == 2


def test_the_wallet_fills_itself_from_the_devnets_faucet(seller: SellerProcess, folder: Path) -> None:
    assert Buyer(seller, folder).ok("wallet", "fund")["lovelace"] == 1_000_000_000


def test_json_is_one_object_and_progress_is_kept_off_stdout(
    seller: SellerProcess, folder: Path, devnet: DevnetProcess
) -> None:
    done = Buyer(seller, folder, devnet).run(
        "images", "--credits", "1", "--generate", "1", "--out", "i", "--json", "-v"
    )
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    assert "POST /api/images/buy" in done.stderr


def test_a_receipt_is_used_until_it_is_empty_and_then_402_is_an_error_for_the_script(
    seller: SellerProcess, folder: Path, devnet: DevnetProcess
) -> None:
    buyer = Buyer(seller, folder, devnet)
    buyer.ok("buy", "--credits", "1")
    used = buyer.ok("generate", "--name", "James Monroe", "--out", "images")
    assert used["credits"] == {"granted": 1, "remaining": 0}
    done = buyer.run("generate", "--name", "James Monroe", "--out", "images")
    assert done.returncode not in {0, 6}
    assert buyer.ok("credits")["remaining"] == 0

"""`buyer pay URL`, as a script would call it, at `paywall serve`."""

import json
from pathlib import Path

from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

DATA = '{"name": "Abraham Lincoln"}'


def test_a_dry_run_says_what_would_be_paid_and_stores_nothing_and_then_it_is_paid(
    devnet: DevnetProcess, seller: SellerProcess, folder: Path
) -> None:
    buyer, url = Buyer(seller, folder, devnet), f"{seller.url}/api/images/generate"
    told = buyer.ok("pay", url, "-d", DATA, "--dry-run")
    assert (told["dry_run"], told["dialect"], told["network"]) == (True, "x402", "cardano:devnet")
    assert buyer.ok("history")["purchases"] == []
    refused = buyer.run("pay", url, "-d", DATA, "--max-price", "0.01", "--json")
    assert (
        refused.returncode,
        json.loads(refused.stdout or refused.stderr.splitlines()[-1])["error"]["code"],
    ) == (3, "over_budget")
    paid = buyer.ok("pay", url, "-d", DATA, "--out", str(folder / "image"))
    assert (paid["status"], (folder / "image").stat().st_size) == (200, paid["bytes"])
    (past,) = buyer.ok("history")["purchases"]
    assert past["state"] == "paid"


def test_a_call_is_paid_in_the_dialect_that_is_asked_for(
    devnet: DevnetProcess, seller: SellerProcess, folder: Path
) -> None:
    buyer, url = Buyer(seller, folder, devnet), f"{seller.url}/api/images/generate"
    for dialect in ("x402", "mpp"):
        told = buyer.ok("pay", url, "-d", DATA, "--by", dialect, "--dry-run")
        assert told["dialect"] == dialect
        assert not [reason for reason in told["not_payable"] if not reason.startswith(dialect)]
    paid = buyer.ok("pay", url, "-d", DATA, "--by", "mpp", "--out", str(folder / "image"))
    assert paid["status"] == 200

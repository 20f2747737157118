"""Many buyers at one wallet sign once, and never over the total."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget
from buyer.wallet.file import Wallet
from tests.unit.buyer.purchase.purchase_samples import pay, requested, spent, taken


def side_by_side(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in that many threads at once."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_total_is_never_overspent_by_buyers_side_by_side(wallet: Wallet, path: Path) -> None:
    budget = Budget("3.00 USD", total="15.00 USD")
    waiting = [requested(wallet, str(number)) for number in range(16)]
    outcomes: list[str] = []

    def work(number: int) -> None:
        with closing(Wallet.open(path)) as own:
            try:
                outcomes.append(pay(own, waiting[number], budget, (f"{number:02x}#0",)).state)
            except OverBudget as error:
                outcomes.append(error.code)

    side_by_side(16, work)
    assert sorted(outcomes) == ["over_total_budget"] * 11 + ["signed"] * 5
    assert spent(wallet) == 1500


def test_one_purchase_is_signed_by_one_of_many_buyers(wallet: Wallet, path: Path) -> None:
    purchase, budget = requested(wallet, "a"), Budget("3.00 USD")
    outcomes: list[str] = []

    def work(number: int) -> None:
        with closing(Wallet.open(path)) as own:
            try:
                outcomes.append(pay(own, purchase, budget, (f"{number:02x}#0",)).state)
            except BuyerError as error:
                outcomes.append(error.code)

    side_by_side(12, work)
    assert sorted(outcomes) == ["purchase_taken"] * 11 + ["signed"]
    assert len(taken(wallet)) == 1


CHILD = """
import sys
from buyer.budget import Budget
from buyer.wallet.file import Wallet
from tests.unit.buyer.purchase.purchase_samples import pay, requested
wallet = Wallet.open(sys.argv[1])
for number in range(4):
    name = f"{sys.argv[2]}-{number}"
    try:
        pay(wallet, requested(wallet, name), Budget("3.00 USD", total="9.00 USD"), (name.encode().hex(),))
        print("signed")
    except Exception as error:
        print(error.code)
wallet.close()
"""


def test_a_total_is_never_overspent_by_processes_side_by_side(wallet: Wallet, path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(number)], stdout=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    lines = "".join(process.communicate(timeout=60)[0] for process in processes).split()
    assert sorted(lines) == ["over_total_budget"] * 13 + ["signed"] * 3
    assert spent(wallet) == 900

"""The main job under a fixed supply, through both commands, and the audits of either side."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from paywall.burns.policy_file import MintRecord, read_record, write_record
from paywall.cli.commands import audit_supply
from paywall.settings import Settings
from shared.cardano.addresses import key_hash
from shared.keys import SigningKey
from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess, free_port


@pytest.fixture(scope="module")
def seller(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SellerProcess]:
    folder = tmp_path_factory.mktemp("seller")
    with SellerProcess(devnet, folder, PAYWALL_POLICY="fixed", PAYWALL_SUPPLY="5000") as process:
        yield process


@pytest.fixture(scope="module")
def buyer(seller: SellerProcess, devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Buyer:
    return Buyer(seller, tmp_path_factory.mktemp("buyer"), devnet)


def test_images_are_bought_used_burned_by_the_script_on_chain_and_proved(
    seller: SellerProcess, buyer: Buyer, devnet: DevnetProcess
) -> None:
    told = buyer.ok("images", "--credits", "3", "--generate", "2", "--max-price", "3.00", "--wait-burns")
    assert [burn["proof_valid"] for burn in told["burns"]] == [True, True]
    verified = buyer.ok("verify", told["images"][0]["redemption_id"])
    assert {check["outcome"] for check in verified["checks"]} == {"holds"}
    used = devnet.get(f"/txs/{verified['tx_hash']}/utxos")["inputs"]
    (looked_at,) = [entry for entry in used if entry["reference"]]
    policy_id = buyer.ok("audit")["policy_id"]
    assert looked_at["reference_script_hash"] == policy_id
    reconciled = seller.command("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout


def test_both_sides_see_the_same_supply_and_that_no_more_can_come(
    seller: SellerProcess, buyer: Buyer
) -> None:
    told = buyer.ok("audit")
    assert (told["policy"], told["minted"], told["holds"]) == ("fixed", 5000, True)
    assert told["parameters"]["quantity"] == 5000
    custodian = SigningKey.from_pem((seller.folder / "custody.pem").read_bytes()).public
    assert told["parameters"]["custodian"] == key_hash(custodian).hex()
    audited = seller.command("token", "audit")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert "No more can ever be minted" in audited.stdout
    assert told["policy_id"] in audited.stdout


def test_an_audit_needs_no_seller(seller: SellerProcess, buyer: Buyer, devnet: DevnetProcess) -> None:
    token = buyer.ok("audit")["token"]
    nobody = f"http://127.0.0.1:{free_port()}"
    alone = buyer.ok("audit", "--token", token, "--chain", devnet.url, "--seller", nobody)
    assert (alone["token"], alone["holds"]) == (token, True)


def test_a_token_that_never_was_ends_with_6(buyer: Buyer, devnet: DevnetProcess) -> None:
    done = buyer.run("audit", "--token", "ab" * 28 + ".435245415445", "--chain", devnet.url)
    assert done.returncode == 6, done.stdout
    assert "the chain knows no such token" in done.stdout


@pytest.mark.parametrize("arguments", [("--token", "CREATE"), ("--chain", "ftp://somewhere")])
def test_what_is_no_token_or_no_service_ends_with_2(buyer: Buyer, arguments: tuple[str, str]) -> None:
    assert buyer.run("audit", *arguments).returncode == 2


def test_it_is_not_minted_twice(seller: SellerProcess) -> None:
    again = seller.command("token", "mint", "--supply", "5000")
    assert again.returncode == 2
    assert "minted already" in again.stderr


def _rewritten(seller: SellerProcess, folder: Path, change: Callable[[MintRecord], MintRecord]) -> Settings:
    """A seller's folder with the same key, and a policy.json that does not contradict itself."""
    shutil.copytree(seller.folder, folder, ignore=shutil.ignore_patterns("devnet", "ledger", "images"))
    custodian = SigningKey.from_pem((folder / "custody.pem").read_bytes()).public
    record = read_record(folder / "policy.json", key_hash(custodian))
    assert record is not None
    write_record(folder / "policy.json", change(record))
    return Settings(
        data_dir=str(folder), policy="fixed", blockfrost_url=seller.environment["PAYWALL_BLOCKFROST_URL"]
    )


CAREFUL: dict[str, Callable[[MintRecord], MintRecord]] = {
    "a larger supply": lambda record: replace(record, supply=replace(record.supply, quantity=6000)),
    "another seed": lambda record: replace(record, supply=replace(record.supply, seed=("ab" * 32, 0))),
}


@pytest.mark.parametrize("change", CAREFUL.values(), ids=CAREFUL.keys())
def test_a_policy_file_that_lies_consistently_is_caught_by_the_chain(
    seller: SellerProcess, tmp_path: Path, change: Callable[[MintRecord], MintRecord]
) -> None:
    audit = audit_supply(_rewritten(seller, tmp_path / "copy", change))
    assert not audit.holds
    assert "the chain knows no such token" in [check.detail for check in audit.checks]


def test_a_policy_file_that_names_another_transaction_as_the_mint_is_caught(
    seller: SellerProcess, buyer: Buyer, devnet: DevnetProcess, tmp_path: Path
) -> None:
    paid = devnet.get(f"/addresses/{buyer.address}/transactions")[-1]["tx_hash"]
    raw = bytes.fromhex(devnet.get(f"/txs/{paid}/cbor")["cbor"])
    audit = audit_supply(
        _rewritten(seller, tmp_path / "copy", lambda record: replace(record, transaction=raw))
    )
    assert [check.name for check in audit.checks if not check.holds] == ["reference"]


def test_a_native_supply_is_shown_as_a_promise(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "native") as seller:
        audited = seller.command("token", "audit")
        assert audited.returncode == 0, audited.stdout
        assert "More can be minted at any time by the holder of key" in audited.stdout
        told = Buyer(seller, tmp_path / "buyer").ok("audit")
        assert (told["policy"], told["minted"], told["parameters"]) == ("native", 1_000_000, None)

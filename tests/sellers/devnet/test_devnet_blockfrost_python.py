"""PyPI's blockfrost-python, unmodified, reads from and submits to the devnet."""

import re

import cbor2
import pytest
from blockfrost import ApiError, BlockFrostApi  # type: ignore[import-untyped]  # it ships no types

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import TTL, VALID_FROM, Coin, Wallet

METADATA = {8402: {"root": b"\x02" * 32, "count": 2, "list": [1, "x", {1: -1}], b"\x00": "bytes"}}


@pytest.fixture(scope="module")
def api(devnet: DevnetProcess) -> BlockFrostApi:
    return BlockFrostApi(project_id="any", base_url=f"{devnet.origin}/api")


@pytest.fixture(scope="module")
def minted(devnet: DevnetProcess, api: BlockFrostApi) -> str:
    """The id of a transaction that mints 10 tokens and carries metadata."""
    wallet = Wallet(10)
    body = wallet.mint(wallet.fund(devnet), b"CREATE", 10)
    body[TTL], body[VALID_FROM] = 10_000, 0
    tx_hash = api.transaction_submit_cbor(wallet.sign(body, metadata=METADATA, script=True))
    devnet.blocks()
    return str(tx_hash)


def test_root_and_health_answer(api: BlockFrostApi) -> None:
    assert api.root().version == "paywall-devnet"
    assert api.health().is_healthy is True


def test_the_newest_block_is_found_by_name_height_and_hash(devnet: DevnetProcess, api: BlockFrostApi) -> None:
    devnet.blocks(2)

    latest = api.block_latest()

    assert api.block(str(latest.height)) == api.block(latest.hash) == latest
    assert (latest.confirmations, latest.next_block) == (0, None)
    before = api.block(latest.previous_block)
    assert (before.confirmations, before.next_block) == (1, latest.hash)
    assert latest.time == api.genesis().system_start + latest.slot


def test_a_transaction_tells_its_block_fee_and_validity(
    devnet: DevnetProcess, api: BlockFrostApi, minted: str
) -> None:
    found = api.transaction(minted)

    assert (found.hash, found.fees, found.index) == (minted, "300000", 0)
    assert (found.invalid_before, found.invalid_hereafter) == ("0", "10000")
    assert (found.asset_mint_or_burn_count, found.utxo_count, found.valid_contract) == (1, 2, True)
    block = api.block(found.block)
    assert (found.block_height, found.slot, found.block_time) == (block.height, block.slot, block.time)
    assert (block.tx_count, block.fees, block.size) == (1, "300000", found.size)
    assert len(bytes.fromhex(api.transaction_cbor(minted).cbor)) == found.size


def test_a_transaction_lists_inputs_and_outputs_with_their_amounts(api: BlockFrostApi, minted: str) -> None:
    wallet = Wallet(10)

    found = api.transaction_utxos(minted, return_type="json")

    assert found["hash"] == minted
    assert [entry["amount"] for entry in found["inputs"]] == [[{"unit": "lovelace", "quantity": "100000000"}]]
    assert found["outputs"][0] == {
        "address": wallet.address,
        "amount": [
            {"unit": "lovelace", "quantity": "99700000"},
            {"unit": wallet.unit(b"CREATE"), "quantity": "10"},
        ],
        "output_index": 0,
        "data_hash": None,
        "inline_datum": None,
        "reference_script_hash": None,
        "collateral": False,
        "consumed_by_tx": None,
    }


def test_an_output_names_the_transaction_that_consumed_it(api: BlockFrostApi, minted: str) -> None:
    source = api.transaction_utxos(minted).inputs[0]

    assert api.transaction_utxos(source.tx_hash).outputs[source.output_index].consumed_by_tx == minted


def test_metadata_is_json_without_a_schema_and_cbor(api: BlockFrostApi, minted: str) -> None:
    (entry,) = api.transaction_metadata(minted, return_type="json")
    (encoded,) = api.transaction_metadata_cbor(minted, return_type="json")

    assert entry == {
        "label": "8402",
        "json_metadata": {"root": "0x" + "02" * 32, "count": 2, "list": [1, "x", {"1": -1}], "0x00": "bytes"},
    }
    assert cbor2.loads(bytes.fromhex(encoded["metadata"])) == METADATA
    assert encoded["cbor_metadata"] == "\\x" + encoded["metadata"]


def test_an_asset_counts_what_was_minted_less_what_was_burned(
    devnet: DevnetProcess, api: BlockFrostApi
) -> None:
    wallet, name = Wallet(11), b"COUNTED"
    coin = wallet.fund(devnet)
    first = api.transaction_submit_cbor(wallet.sign(wallet.mint(coin, name, 10), script=True))
    second = Coin(first, 0, coin.lovelace - 300_000, {})
    burned = api.transaction_submit_cbor(wallet.sign(wallet.mint(second, name, -4, held=10), script=True))
    devnet.blocks()

    found = api.asset(wallet.unit(name))

    assert (found.quantity, found.mint_or_burn_count, found.initial_mint_tx_hash) == ("6", 2, first)
    assert (found.policy_id, found.asset_name) == (wallet.policy.hex(), name.hex())
    assert re.fullmatch(r"asset1[a-z0-9]{38}", found.fingerprint)
    assert api.asset_history(wallet.unit(name), return_type="json") == [
        {"tx_hash": first, "amount": "10", "action": "minted"},
        {"tx_hash": burned, "amount": "-4", "action": "burned"},
    ]


def test_the_fingerprint_is_the_one_of_cip_14() -> None:
    from paywall.devnet.blockfrost.shapes import fingerprint
    from shared.cardano.assets import Asset

    policy = "7eae28af2208be856f7a119668ae52a49b73725e326dc16579dcc373"
    assert fingerprint(Asset(policy, b"")) == "asset1rjklcrnsdzqp65wjgrg55sy9723kw09mlgvlc3"
    assert fingerprint(Asset(policy, b"PATATE")) == "asset13n25uv0yaf5kus35fm2k86cqy60z58d9xmde92"


def test_pages_hold_what_was_asked_for_in_either_order(devnet: DevnetProcess, api: BlockFrostApi) -> None:
    address = Wallet(12).address
    sent = [devnet.faucet(address, 1_000_000 + place) for place in range(5)]
    devnet.blocks()

    def ids(**paging: object) -> list[str]:
        return [entry.tx_hash for entry in api.address_utxos(address, **paging)]

    assert ids() == sent
    assert ids(count=2) == sent[:2]
    assert ids(count=2, page=3) == sent[4:]
    assert ids(count=2, page=4) == []
    assert ids(order="desc", count=2) == sent[:2:-1]
    assert ids(gather_pages=True, count=2) == sent
    assert [entry.tx_hash for entry in api.address_transactions(address, count=3)] == sent[:3]


@pytest.mark.parametrize("query", ["count=0", "count=101", "count=x", "page=0", "order=up", "count=-1"])
def test_a_page_that_blockfrost_would_refuse_is_a_bad_request(devnet: DevnetProcess, query: str) -> None:
    devnet.faucet(Wallet(13).address, 5_000_000)
    devnet.blocks()

    answer = devnet.ask(f"/addresses/{Wallet(13).address}/utxos?{query}")

    assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")
    assert answer.json()["message"].startswith("querystring/")


def test_utxos_can_be_asked_for_one_asset(devnet: DevnetProcess, api: BlockFrostApi, minted: str) -> None:
    wallet = Wallet(10)
    wallet.fund(devnet)

    found = api.address_utxos_asset(wallet.address, wallet.unit(b"CREATE"))

    assert [entry.tx_hash for entry in found] == [minted]
    assert api.address_utxos_asset(wallet.address, wallet.unit(b"OTHER")) == []
    assert len(api.address_utxos_asset(wallet.address, "lovelace")) == 2


def test_an_address_sums_what_it_holds(devnet: DevnetProcess, api: BlockFrostApi) -> None:
    wallet = Wallet(14)
    wallet.fund(devnet, 2_000_000)
    wallet.fund(devnet, 3_000_000)

    found = api.address(wallet.address, return_type="json")

    assert found["amount"] == [{"unit": "lovelace", "quantity": "5000000"}]
    assert (found["type"], found["script"], found["stake_address"]) == ("shelley", False, None)


def test_an_address_that_was_emptied_has_no_utxos_and_is_still_known(
    devnet: DevnetProcess, api: BlockFrostApi
) -> None:
    wallet, other = Wallet(15), Wallet(16)
    coin = wallet.fund(devnet, 5_000_000)
    body = wallet.body(coin)
    body[1] = other.body(coin)[1]
    api.transaction_submit_cbor(wallet.sign(body))
    devnet.blocks()

    assert api.address_utxos(wallet.address) == []
    assert len(api.address_transactions(wallet.address)) == 2


UNKNOWN = [
    "/nothing",
    f"/txs/{'00' * 32}",
    f"/txs/{'ab' * 32}/utxos",
    f"/mempool/{'ab' * 32}",
    f"/assets/{'ab' * 28}",
    f"/assets/{'ab' * 28}/history",
    f"/scripts/{'ab' * 28}",
    "/blocks/99999999",
    f"/blocks/{'ab' * 32}",
    f"/addresses/{Wallet(99).address}",
    f"/addresses/{Wallet(99).address}/utxos",
    f"/addresses/{Wallet(99).address}/transactions",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_nobody_has_seen_is_not_found_in_blockfrosts_words(devnet: DevnetProcess, path: str) -> None:
    answer = devnet.ask(path)

    assert answer.status_code == 404
    assert answer.json() == {
        "status_code": 404,
        "error": "Not Found",
        "message": "The requested component has not been found.",
    }


@pytest.mark.parametrize(
    "path",
    ["/addresses/nonsense/utxos", "/addresses/stake_test1uqp/utxos", "/assets/xyz", "/assets/ABCD/history"],
)
def test_a_malformed_name_is_a_bad_request(devnet: DevnetProcess, path: str) -> None:
    assert devnet.ask(path).json()["status_code"] == 400


def test_the_client_raises_its_own_error_with_the_ledgers_reason(api: BlockFrostApi) -> None:
    with pytest.raises(ApiError) as caught:
        api.transaction_submit_cbor(b"\x84\x00")

    assert (caught.value.status_code, caught.value.error) == (400, "Bad Request")
    assert "Expected Map-Header" in caught.value.message


def test_an_evaluation_that_fails_says_why(api: BlockFrostApi) -> None:
    found = api.transaction_evaluate_cbor(b"\x84\x00", return_type="json")

    assert "EvaluationFailure" in found["result"]


def test_the_current_epoch_contains_now(api: BlockFrostApi) -> None:
    found = api.epoch_latest()

    assert found.epoch == 0
    assert found.start_time <= api.block_latest().time < found.end_time

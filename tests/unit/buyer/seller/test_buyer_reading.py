"""What a seller says, read strictly; and whom the buyer believes about chain and identity."""

from typing import Any

import pytest

from buyer.errors import SellerFault, UsageError
from buyer.proof import redemption
from buyer.redemptions import images
from buyer.seller import catalog
from shared.keys import SigningKey
from shared.money import Money

KEY, STRANGER = SigningKey.from_seed(b"k" * 32), SigningKey.from_seed(b"x" * 32)
WEB = "did:web:seller.example"


def price(amount: Any, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD", "decimals": 2, **more}


CATALOG: dict[str, Any] = {
    "seller": KEY.public.did,
    "network": "cardano:devnet",
    "chain": {"blockfrost": "http://127.0.0.1:8403/api/v0"},
    "token": "a" * 56 + ".00",
    "products": [
        {
            "id": "image-credit",
            "tiers": [{"from": 1, "unit_price": price(100)}, {"from": 10, "unit_price": price(50)}],
        }
    ],
    "rails": [
        {"id": "cardano", "network": "cardano:devnet", "rate": "0.50 USD"},
        {"id": "card", "network": "x"},
    ],
}


@pytest.mark.parametrize(
    ("count", "cents"), [(1, 100), (3, 300), (9, 900), (10, 500), (11, 550), (1000, 50_000)]
)
def test_an_order_has_the_price_of_the_highest_tier_that_it_reaches(count: int, cents: int) -> None:
    assert catalog.read(CATALOG).price("image-credit", count) == Money(cents, "USD", 2)


def test_what_is_not_listed_is_not_offered() -> None:
    with pytest.raises(UsageError):
        catalog.read(CATALOG).price("video-credit", 1)
    dozens = {
        **CATALOG,
        "products": [{"id": "image-credit", "tiers": [{"from": 12, "unit_price": price(1)}]}],
    }
    with pytest.raises(UsageError):
        catalog.read(dozens).price("image-credit", 11)


def test_a_rail_whose_rate_cannot_be_read_is_a_matter_for_its_own_payer() -> None:
    strange = [
        {"rate": "0.50 USD"},
        {"network": "points", "rate": "0.001 USD"},
        {"network": "x", "rate": "cheap"},
    ]
    found = catalog.read({**CATALOG, "rails": [*strange, *CATALOG["rails"]]})
    assert found.rates == {"cardano:devnet": Money(50, "USD", 2)}


def test_a_product_that_no_resource_takes_is_not_what_is_bought_by_default() -> None:
    other = {"id": "text-credit", "tiers": [{"from": 1, "unit_price": price(1)}]}
    resources = [{"id": "texts", "product": "text-credit", "credits": 1, "buy": "/t/buy", "use": "/t/use"}]
    both = {**CATALOG, "products": [*CATALOG["products"], other], "resources": resources}
    assert catalog.read(both).product() == "text-credit"


def test_what_is_bought_when_nobody_says_what_is_the_sellers_first_product() -> None:
    other = {"id": "video-credit", "tiers": [{"from": 1, "unit_price": price(1)}]}
    assert catalog.read(CATALOG).product() == "image-credit"
    assert catalog.read({**CATALOG, "products": [other, *CATALOG["products"]]}).product() == "video-credit"
    with pytest.raises(UsageError):
        catalog.read({**CATALOG, "products": []}).product()


def test_the_paths_of_a_product_are_the_catalogs_or_else_those_of_images() -> None:
    video = {"id": "clip", "product": "video-credit", "credits": 2, "buy": "/api/clips/buy", "use": "/clips"}
    listed = catalog.read({**CATALOG, "resources": [video]})
    assert (listed.buy_path("video-credit"), listed.use_path("video-credit")) == ("/api/clips/buy", "/clips")
    for read in (listed, catalog.read(CATALOG)):
        assert (read.buy_path("image-credit"), read.use_path("image-credit")) == (
            "/api/images/buy",
            "/api/images/generate",
        )


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example/", "/../admin", "/a//b", "/a?b=c", "/a#b", "a", "/", 1, ""],
)
def test_a_path_that_could_lead_elsewhere_is_the_sellers_fault(path: object) -> None:
    resource = {"id": "clip", "product": "video-credit", "credits": 1, "use": path}
    with pytest.raises(SellerFault):
        catalog.read({**CATALOG, "resources": [resource]})


@pytest.mark.parametrize("cost", [0, -1, -(2**70), True, False, 1.0, "1", None], ids=str)
def test_a_use_that_costs_less_than_a_credit_or_no_number_is_the_sellers_fault(cost: object) -> None:
    clip = {"id": "clip", "product": "video-credit", "buy": "/api/clips/buy", "use": "/api/clips/make"}
    assert catalog.read({**CATALOG, "resources": [{**clip, "credits": 1}]}).cost("/api/clips/make") == 1
    with pytest.raises(SellerFault) as refused:
        catalog.read({**CATALOG, "resources": [{**clip, "credits": cost}]})
    assert refused.value.code == "catalog_malformed"


def test_a_seller_that_burns_nothing_names_no_token() -> None:
    assert catalog.read({name: value for name, value in CATALOG.items() if name != "token"}).token is None


@pytest.mark.parametrize(
    "changes",
    [
        {"seller": None},
        {"seller": ["did:key:x"]},
        {"token": "CREATE"},
        {"token": "A" * 56 + ".00"},
        {"network": "cardano/marsnet"},
        {"network": "n" * 65},
        {"network": 1},
        {"token": None},
        {"chain": "http://127.0.0.1"},
        {"chain": {"blockfrost": 1}},
        {"products": None},
        {"products": [{"id": "image-credit"}]},
        {"products": [{"id": "image-credit", "tiers": [{"from": "1", "unit_price": price(100)}]}]},
        {"products": [{"id": "image-credit", "tiers": [{"from": True, "unit_price": price(100)}]}]},
        {"products": [{"id": "image-credit", "tiers": [{"from": 1, "unit_price": price(1.0)}]}]},
        {"products": [{"id": "image-credit", "tiers": [{"from": 1, "unit_price": price(-1)}]}]},
        {"products": [{"id": "image-credit", "tiers": [{"from": 1, "unit_price": price("1")}]}]},
        {"rails": [7]},
        {"rails": 7},
    ],
    ids=str,
)
def test_a_catalog_with_something_else_in_it_is_the_sellers_fault(changes: dict[str, Any]) -> None:
    with pytest.raises(SellerFault):
        catalog.read({**CATALOG, **changes})


DELIVERY: dict[str, Any] = {
    "redemption_id": "1a2b",
    "credits_remaining": 2,
    "subject": "Abraham Lincoln",
    "image": {"url": "/api/images/1a2b", "media_type": "image/png", "sha256": "00" * 32},
}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/api/images/1",
        "//evil.example/api/images/1",
        "/api/images/../credits",
        "/api/images/1/../../payments",
        "/api/images/",
        "/api/images/..",
        "/api/images/%2e%2e",
        "/api/payments",
        "/api/images/1?x",
        "/api/images/1\n",
        "/api/images/é",
        None,
        7,
    ],
    ids=str,
)
def test_an_image_is_fetched_from_where_images_are_and_nowhere_else(url: Any) -> None:
    with pytest.raises(SellerFault):
        images.read({**DELIVERY, "image": {**DELIVERY["image"], "url": url}})


@pytest.mark.parametrize("name", ["redemption_id", "credits_remaining", "subject", "image"])
@pytest.mark.parametrize("value", [None, True, -1, [], "é\n", 1.5], ids=str)
def test_a_delivery_with_something_else_in_it_is_the_sellers_fault(name: str, value: Any) -> None:
    if (name, value) == ("subject", "é\n"):
        assert images.read({**DELIVERY, name: value}).subject == "é "
        return
    with pytest.raises(SellerFault):
        images.read({**DELIVERY, name: value})


BURN: dict[str, Any] = {
    "version": 2,
    "state": "confirmed",
    "quantity": 1,
    "leaf": "00" * 32,
    "leaf_index": 0,
    "tree_size": 1,
    "path": [{"hash": "00" * 32, "sum": 1}],
    "root": "00" * 32,
    "sum": 2,
    "preimage": {"salt": "00"},
    "tx_hash": "00" * 32,
}


def test_a_burn_that_waits_has_no_proof_yet() -> None:
    found = redemption.read(
        {
            "redemption_id": "1",
            "state": "captured",
            "burn": {"version": 2, "state": "waiting", "quantity": 1, "tx_hash": None},
        }
    )
    assert found.burn is not None
    assert (found.burn.state, found.burn.tx_hash, found.burn.path) == ("waiting", None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": 7},
        {"preimage": {"salt": "zz"}},
        {"preimage": "00"},
        {"preimage": {}},
        {"version": "2"},
        {"version": None},
        {"quantity": None},
        {"quantity": -1},
        {"quantity": True},
        {"leaf": 5},
        {"sum": None},
        {"sum": -1},
        {"sum": "2"},
        {"leaf_index": -1},
        {"leaf_index": True},
        {"tree_size": "1"},
        {"path": "00"},
        {"path": [{"hash": "00" * 32, "sum": 1}] * 65},
        {"path": [1]},
        {"path": ["00" * 32]},
        {"path": [{"hash": "00" * 32}]},
        {"path": [{"hash": "00" * 32, "sum": 1.0}]},
        {"path": [{"hash": "00" * 32, "sum": -1}]},
        {"tx_hash": "../../address"},
        {"tx_hash": "00" * 31},
        {"tx_hash": "AA" * 32},
        {"root": 5},
    ],
    ids=str,
)
def test_a_burn_with_something_else_in_it_is_the_sellers_fault(changes: dict[str, Any]) -> None:
    with pytest.raises(SellerFault):
        redemption.read({"redemption_id": "1", "state": "captured", "burn": {**BURN, **changes}})

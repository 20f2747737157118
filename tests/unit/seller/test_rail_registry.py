"""The registry: rails by name, from the rooms and from outside, in the order that the settings say."""

import sys
from pathlib import Path
from typing import Any, cast

import pytest

from paywall.errors import SetupError
from paywall.keys.signers.file import open_or_create
from paywall.rails import registry
from paywall.rails.base import Hosted, Notified, Rail, RailContext, Refundable
from paywall.rails.cardano.rail import CardanoRail
from paywall.rails.cardano.settings import CardanoSettings
from paywall.rails.registry import open_rails
from paywall.settings import Settings
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from shared.money import Money

MAINNET = {"network": "mainnet", "blockfrost_project_id": "mainnetkey"}


class Voucher:
    """A rail from outside, as much of it as being found takes."""

    id = "voucher"


VOUCHER = cast(Rail, Voucher())


def context(folder: Path, **settings: Any) -> RailContext:
    def open_key(name: str) -> Any:
        return open_or_create(folder / f"{name}.pem", pytest.fail)

    return RailContext(Settings(data_dir=str(folder), **settings), lambda: 0, open_key)


def ids(rails: tuple[Rail, ...]) -> list[str]:
    return [rail.id for rail in rails]


def test_a_rail_is_found_by_the_name_of_its_room(tmp_path: Path) -> None:
    (rail,) = open_rails(context(tmp_path))
    assert isinstance(rail, CardanoRail)
    assert registry.rooms() == ["acklab", "cardano", "usdc"]


def test_an_unknown_name_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        SetupError, match=r"no rail 'stripe'; PAYWALL_RAILS takes: acklab, cardano, usdc, voucher\.$"
    ):
        open_rails(context(tmp_path, rails="cardano,stripe"), [VOUCHER])


@pytest.mark.parametrize("rails", ["cardano,cardano", "cardano, cardano"])
def test_a_rail_is_not_offered_twice(tmp_path: Path, rails: str) -> None:
    with pytest.raises(SetupError, match="names a rail twice"):
        open_rails(context(tmp_path, rails=rails))
    with pytest.raises(SetupError, match="Two rails of one id"):
        open_rails(context(tmp_path), [VOUCHER, VOUCHER])


@pytest.mark.parametrize(
    ("rails", "order"),
    [
        ("cardano", ["cardano", "voucher"]),
        ("voucher", ["voucher"]),
        (" voucher , cardano", ["voucher", "cardano"]),
    ],
)
def test_rails_stand_in_the_order_of_the_settings(tmp_path: Path, rails: str, order: list[str]) -> None:
    assert ids(open_rails(context(tmp_path, rails=rails), [VOUCHER])) == order


def test_a_rail_that_is_handed_in_stands_in_the_place_of_a_room(tmp_path: Path) -> None:
    class OtherCardano:
        id = "cardano"

    given = cast(Rail, OtherCardano())
    assert open_rails(context(tmp_path), [given]) == (given,)


def test_a_rail_that_is_not_named_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "paywall.rails.cardano.opening", raising=False)
    open_rails(context(tmp_path, rails="voucher"), [VOUCHER])
    assert "paywall.rails.cardano.opening" not in sys.modules


def test_cardano_sends_nobody_anywhere_and_is_sent_no_notices(tmp_path: Path) -> None:
    (rail,) = open_rails(context(tmp_path))
    assert not any(isinstance(rail, ability) for ability in (Hosted, Notified))


def test_cardano_sends_money_back_where_the_key_of_its_address_is_here(tmp_path: Path) -> None:
    (rail,) = open_rails(context(tmp_path))
    assert isinstance(rail, Refundable)
    elsewhere = enterprise_address(SigningKey.generate().public, "cardano:devnet")
    (rail,) = open_rails(context(tmp_path, room_settings=(CardanoSettings(cardano_address=elsewhere),)))
    assert not isinstance(rail, Refundable)


def recipient(rails: tuple[Rail, ...]) -> str:
    return rails[0].quote(Money.parse("1.00 USD")).recipient


def test_cardano_is_paid_to_a_key_of_its_own_that_is_kept(tmp_path: Path) -> None:
    first = recipient(open_rails(context(tmp_path)))
    assert first == recipient(open_rails(context(tmp_path)))
    key = SigningKey.from_pem((tmp_path / "treasury.pem").read_bytes())
    assert first == enterprise_address(key.public, "cardano:devnet")


def test_cardano_is_paid_to_the_address_of_the_settings_at_the_price_of_the_settings(tmp_path: Path) -> None:
    elsewhere = enterprise_address(SigningKey.generate().public, "cardano:mainnet")
    own = CardanoSettings(ada_usd="2.00", cardano_address=elsewhere)
    rails = open_rails(context(tmp_path, **MAINNET, room_settings=(own,)))
    assert recipient(rails) == elsewhere
    assert rails[0].quote(Money.parse("1.00 USD")).amount == 500_000
    assert not (tmp_path / "treasury.pem").exists()


def test_on_mainnet_no_key_for_payments_is_made(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PAYWALL_CARDANO_ADDRESS must say"):
        open_rails(context(tmp_path, **MAINNET))
    assert not (tmp_path / "treasury.pem").exists()


@pytest.mark.parametrize("address", ["addr1nonsense", "addr_test1vz", "somewhere"])
def test_an_address_of_another_network_is_refused(tmp_path: Path, address: str) -> None:
    own = CardanoSettings(cardano_address=address)
    with pytest.raises(SetupError, match="no address of cardano:mainnet"):
        open_rails(context(tmp_path, **MAINNET, room_settings=(own,)))

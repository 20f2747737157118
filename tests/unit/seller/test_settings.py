"""The settings: every variable is read, and a wrong one is refused in a sentence that names it."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import paywall.rails
from paywall.environment import read_settings, variables
from paywall.errors import SetupError
from paywall.products.images.room import open_images
from paywall.rails.cardano.settings import CardanoSettings
from paywall.rooms import room_settings
from paywall.settings import Settings

READ: dict[str, tuple[str, str, Any]] = {
    "PAYWALL_HOST": ("0.0.0.0", "host", "0.0.0.0"),
    "PAYWALL_PORT": ("9000", "port", 9000),
    "PAYWALL_PUBLIC_URL": ("https://shop.example", "public_url", "https://shop.example"),
    "PAYWALL_DATA_DIR": ("/var/lib/paywall", "data_dir", "/var/lib/paywall"),
    "DATABASE_URL": ("postgresql://db/paywall", "database_url", "postgresql://db/paywall"),
    "PAYWALL_CATALOG": ("catalog.toml", "catalog", "catalog.toml"),
    "PAYWALL_RAILS": ("cardano", "rails", "cardano"),
    "PAYWALL_ADA_USD": ("0.75", "ada_usd", "0.75"),
    "PAYWALL_CARDANO_ADDRESS": ("addr_test1x", "cardano_address", "addr_test1x"),
    "PAYWALL_ACKLAB_URL": ("http://127.0.0.1:5", "acklab_url", "http://127.0.0.1:5"),
    "PAYWALL_ACKLAB_CLIENT_ID": ("client-1", "acklab_client_id", "client-1"),
    "PAYWALL_ACKLAB_CLIENT_SECRET": ("cd" * 32, "acklab_client_secret", "cd" * 32),
    "PAYWALL_ACKLAB_AGENT": ("agent-1", "acklab_agent", "agent-1"),
    "PAYWALL_ACKLAB_RECIPIENT": ("did:web:a.example", "acklab_recipient", "did:web:a.example"),
    "PAYWALL_ACKLAB_ISSUERS": ("did:web:b.example", "acklab_issuers", "did:web:b.example"),
    "PAYWALL_USDC_NETWORK": ("eip155:84532", "usdc_network", "eip155:84532"),
    "PAYWALL_USDC_ASSET": (f"0x{'a1' * 20}", "usdc_asset", f"0x{'a1' * 20}"),
    "PAYWALL_USDC_NAME": ("USDC", "usdc_name", "USDC"),
    "PAYWALL_USDC_VERSION": ("2", "usdc_version", "2"),
    "PAYWALL_USDC_ADDRESS": (f"0x{'b2' * 20}", "usdc_address", f"0x{'b2' * 20}"),
    "PAYWALL_USDC_FACILITATOR_URL": ("http://127.0.0.1:3", "usdc_facilitator_url", "http://127.0.0.1:3"),
    "PAYWALL_USDC_RPC_URL": ("http://127.0.0.1:4", "usdc_rpc_url", "http://127.0.0.1:4"),
    "PAYWALL_USDC_CONFIRMATIONS": ("12", "usdc_confirmations", 12),
    "PAYWALL_USDC_SECONDS": ("20", "usdc_seconds", 20),
    "PAYWALL_USDC_REFUND_KEY": ("ab" * 32, "usdc_refund_key", "ab" * 32),
    "CDP_API_KEY_ID": ("key", "cdp_api_key_id", "key"),
    "CDP_API_KEY_SECRET": ("secret", "cdp_api_key_secret", "secret"),
    "PAYWALL_FINAL_DEPTH": ("9", "final_depth", 9),
    "PAYWALL_PAYMENT_LOOKS": ("3", "payment_looks", 3),
    "PAYWALL_LOOK_SECONDS": ("1.5", "look_seconds", 1.5),
    "PAYWALL_HOLDERS": ("required", "holders", "required"),
    "PAYWALL_UNPAID_HOURS": ("5", "unpaid_hours", 5),
    "PAYWALL_REQUEST_SECONDS": ("60", "request_seconds", 60),
    "PAYWALL_NETWORK": ("preprod", "network", "preprod"),
    "BLOCKFROST_PROJECT_ID": ("preprodkey", "blockfrost_project_id", "preprodkey"),
    "PAYWALL_BLOCKFROST_URL": ("http://127.0.0.1:1", "blockfrost_url", "http://127.0.0.1:1"),
    "PAYWALL_DEVNET_PORT": ("9001", "devnet_port", 9001),
    "PAYWALL_DEVNET_BLOCK_SECONDS": ("0.5", "devnet_block_seconds", 0.5),
    "PAYWALL_CONFIRMATIONS": ("3", "confirmations", 3),
    "PAYWALL_SUPPLY": ("10", "supply", 10),
    "PAYWALL_BATCH_SIZE": ("50", "batch_size", 50),
    "PAYWALL_BATCH_SECONDS": ("0", "batch_seconds", 0),
    "PAYWALL_BATCHES_IN_FLIGHT": ("2", "batches_in_flight", 2),
    "PAYWALL_BURN_BACKLOG": ("5", "burn_backlog", 5),
    "PAYWALL_LOW_WATER": ("7", "low_water", 7),
    "PAYWALL_MAX_FEE": ("900000", "max_fee", 900_000),
    "OPENAI_API_KEY": ("sk-secret", "openai_api_key", "sk-secret"),
    "OPENAI_BASE_URL": ("http://127.0.0.1:2", "openai_base_url", "http://127.0.0.1:2"),
    "PAYWALL_IMAGE_MODEL": ("another", "image_model", "another"),
    "PAYWALL_IMAGE_SECONDS": ("30", "image_seconds", 30),
    "PAYWALL_CUSTODY_KEY": ("custody.pem", "custody_key", "custody.pem"),
    "PAYWALL_SELLER_KEY": ("seller.pem", "seller_key", "seller.pem"),
    "PAYWALL_PASSPHRASE_FD": ("3", "passphrase_fd", 3),
    "PAYWALL_POLICY": ("fixed", "policy", "fixed"),
    "PAYWALL_CORS_ORIGINS": ("https://shop.example", "cors_origins", "https://shop.example"),
    "PAYWALL_LOG": ("json", "log", "json"),
    "PAYWALL_TRUSTED_PROXIES": ("10.0.0.0/8, ::1", "trusted_proxies", "10.0.0.0/8, ::1"),
    "PAYWALL_ORDERS_PER_MINUTE": ("10", "orders_per_minute", 10),
    "PAYWALL_CLAIMS_PER_MINUTE": ("11", "claims_per_minute", 11),
    "PAYWALL_LOOKUPS_PER_MINUTE": ("12", "lookups_per_minute", 12),
    "PAYWALL_CHAIN_CALLS_PER_MINUTE": ("13", "chain_calls_per_minute", 13),
    "PAYWALL_CHAIN_CALLS_OF_ALL_PER_MINUTE": ("14", "chain_calls_of_all_per_minute", 14),
    "PAYWALL_CONNECTIONS": ("13", "connections", 13),
    "PAYWALL_CONNECTIONS_PER_ADDRESS": ("14", "connections_per_address", 14),
    "PAYWALL_HEADER_BYTES": ("16384", "header_bytes", 16_384),
    "PAYWALL_HEADER_COUNT": ("50", "header_count", 50),
    "PAYWALL_FIRST_BYTE_SECONDS": ("1", "first_byte_seconds", 1),
    "PAYWALL_HEAD_SECONDS": ("2", "head_seconds", 2),
    "PAYWALL_BODY_SECONDS": ("3", "body_seconds", 3),
    "PAYWALL_IDLE_SECONDS": ("4", "idle_seconds", 4),
    "PAYWALL_OPERATOR_HOST": ("10.0.0.1", "operator_host", "10.0.0.1"),
    "PAYWALL_OPERATOR_PORT": ("9002", "operator_port", 9002),
}
SETTINGS_OF_ROOMS = {
    "paywall.payments.settings",
    "paywall.products.images.settings",
    "paywall.rails.acklab.settings",
    "paywall.rails.cardano.settings",
    "paywall.rails.usdc.settings",
    "paywall.sales.settings",
}
MAINNET = {
    "PAYWALL_NETWORK": "mainnet",
    "BLOCKFROST_PROJECT_ID": "mainnetkey",
    "DATABASE_URL": "postgresql://db/paywall",
    "OPENAI_API_KEY": "sk-secret",
}


def test_every_variable_is_in_the_table() -> None:
    assert set(READ) == set(variables())


@pytest.mark.parametrize(("variable", "text", "name", "value"), [(k, *v) for k, v in READ.items()], ids=READ)
def test_each_variable_is_read(variable: str, text: str, name: str, value: Any) -> None:
    company = {"BLOCKFROST_PROJECT_ID": "key"} if variable == "PAYWALL_NETWORK" else {}
    assert found(read_settings({variable: f" {text} ", **company}), name) == value
    assert found(Settings(), name) != value or variable == "PAYWALL_RAILS"


def found(settings: Settings, name: str) -> Any:
    """The value of a field, of the seller's own settings or of the room's that has it."""
    kinds = [kind for kind in room_settings() if hasattr(kind(), name)]
    return getattr(settings.room(kinds[0]) if kinds else settings, name)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_variable_is_as_good_as_none(text: str) -> None:
    assert read_settings(dict.fromkeys(variables(), text)) == Settings()


BAD = {
    "PAYWALL_PORT": ["http", "1.5", "0", "-1", "65536"],
    "PAYWALL_DEVNET_PORT": ["0", "70000"],
    "PAYWALL_NETWORK": ["testnet", "MAINNET", "devnetx"],
    "PAYWALL_LOG": ["xml"],
    "PAYWALL_ORDERS_PER_MINUTE": ["-1", "60000001", "few"],
    "PAYWALL_TRUSTED_PROXIES": ["proxy.example", "10.0.0.0/33"],
    "PAYWALL_HEADER_BYTES": ["0"],
    "PAYWALL_BODY_SECONDS": ["0", "0.5"],
    "PAYWALL_CONNECTIONS": ["-1"],
    "PAYWALL_OPERATOR_PORT": ["-2", "65536"],
    "PAYWALL_POLICY": ["plutus"],
    "PAYWALL_ADA_USD": ["0", "-1", "free", "0.505", "1e3", "nan"],
    "PAYWALL_REQUEST_SECONDS": ["0", "-5", "soon"],
    "PAYWALL_USDC_NETWORK": ["base", "eip155:0", "eip155:08453"],
    "PAYWALL_USDC_SECONDS": ["0", "121"],
    "PAYWALL_USDC_REFUND_KEY": ["0x12", "z" * 64],
    "PAYWALL_FINAL_DEPTH": ["-1", "deep"],
    "PAYWALL_PAYMENT_LOOKS": ["0"],
    "PAYWALL_LOOK_SECONDS": ["-2", "61", "nan"],
    "PAYWALL_HOLDERS": ["yes"],
    "PAYWALL_UNPAID_HOURS": ["0"],
    "PAYWALL_SUPPLY": ["0"],
    "PAYWALL_BATCH_SIZE": ["0"],
    "PAYWALL_BATCH_SECONDS": ["-2", "now"],
    "PAYWALL_BATCHES_IN_FLIGHT": ["0", "many"],
    "PAYWALL_BURN_BACKLOG": ["0"],
    "PAYWALL_MAX_FEE": ["0"],
    "PAYWALL_IMAGE_SECONDS": ["0"],
    "PAYWALL_CONFIRMATIONS": ["-1"],
    "PAYWALL_DEVNET_BLOCK_SECONDS": ["-1", "nan", "inf", "fast"],
    "PAYWALL_PUBLIC_URL": ["shop.example", "ftp://shop.example", "javascript:alert(1)"],
}


@pytest.mark.parametrize(
    ("variable", "text"), [(name, text) for name, texts in BAD.items() for text in texts]
)
def test_a_bad_value_is_refused_in_a_sentence_that_names_the_variable(variable: str, text: str) -> None:
    with pytest.raises(SetupError, match=rf"^{variable} .*\.$"):
        read_settings({variable: text})


ROOM = """
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

@dataclass(frozen=True, slots=True)
class VoucherSettings:
    needs_chain: ClassVar[bool] = False
    voucher_days: int = 30
    secret_key: str = field(default="", metadata={"variable": "VOUCHER_SECRET_KEY"})

    @property
    def embedded(self) -> str:
        return "vouchers" if self.voucher_days == 9 else ""

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield self.voucher_days > 0, "PAYWALL_VOUCHER_DAYS must be at least 1."

SETTINGS = VoucherSettings
"""


@pytest.fixture
def voucher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Any]]:
    """A rail's room that somebody put beside ours, with settings of its own."""
    room = tmp_path / "voucher"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "settings.py").write_text(ROOM)
    monkeypatch.setattr(paywall.rails, "__path__", [*paywall.rails.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    kind: type[Any] = importlib.import_module("paywall.rails.voucher.settings").SETTINGS
    yield kind
    for name in [name for name in sys.modules if name.startswith("paywall.rails.voucher")]:
        del sys.modules[name]
    del paywall.rails.voucher  # type: ignore[attr-defined]


def test_a_new_rails_room_brings_settings_of_its_own(voucher: type[Any]) -> None:
    assert variables()["PAYWALL_VOUCHER_DAYS"] == ("voucher_days", 30)
    environ = {"PAYWALL_VOUCHER_DAYS": "7", "VOUCHER_SECRET_KEY": "a secret", "PAYWALL_ADA_USD": "0.75"}
    settings = read_settings(environ)
    assert settings.room(voucher) == voucher(7, "a secret")
    assert settings.room(CardanoSettings).ada_usd == "0.75"
    assert read_settings({}).room(voucher) == voucher()
    assert "secret" not in repr(settings)
    assert read_settings({"PAYWALL_VOUCHER_DAYS": "9"}).embedded_parts()[-1] == "vouchers"
    for text in ("0", "soon"):
        with pytest.raises(SetupError, match=r"^PAYWALL_VOUCHER_DAYS must be"):
            read_settings({"PAYWALL_VOUCHER_DAYS": text})


def test_a_setting_goes_with_its_room() -> None:
    with pytest.raises(SetupError, match="no setting PAYWALL_VOUCHER_DAYS"):
        read_settings({"PAYWALL_VOUCHER_DAYS": "7"})


def test_reading_the_settings_loads_no_rail_and_nothing_heavy() -> None:
    code = "import sys; from paywall.environment import read_settings; read_settings({}); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(shown.split())
    assert not any(name.startswith("paywall.products.images.") for name in loaded - SETTINGS_OF_ROOMS)
    heavy = {"sqlalchemy", "sqlmodel", "httpx", "starlette", "cryptography", "jwt"}
    assert loaded & {*heavy, "paywall.rails.base", "paywall.rails.cardano.rail"} == set()
    assert "paywall.rails.cardano.settings" in loaded


def test_a_misspelt_setting_is_refused_and_other_programs_variables_are_not() -> None:
    with pytest.raises(SetupError, match="no setting PAYWALL_MAX_FEES"):
        read_settings({"PAYWALL_MAX_FEES": "1", "PATH": "/bin", "DATABASE": "x"})
    assert read_settings({"PATH": "/bin", "NOT_PAYWALL_PORT": "1"}) == Settings()


@pytest.mark.parametrize("network", ["preprod", "preview", "mainnet"])
def test_a_public_network_needs_a_way_to_the_chain(network: str) -> None:
    with pytest.raises(SetupError, match="BLOCKFROST_PROJECT_ID"):
        read_settings({**MAINNET, "PAYWALL_NETWORK": network, "BLOCKFROST_PROJECT_ID": ""})


def test_a_seller_that_asks_no_chain_needs_no_way_to_one() -> None:
    alone = {"PAYWALL_NETWORK": "preprod", "PAYWALL_POLICY": "none", "PAYWALL_RAILS": "voucher"}
    assert not read_settings(alone).needs_chain


def test_mainnet_refuses_each_embedded_part() -> None:
    assert read_settings(MAINNET).network == "mainnet"
    with pytest.raises(SetupError, match=r"still embedded: SQLite\.$"):
        read_settings({**MAINNET, "DATABASE_URL": ""})


def test_mainnet_refuses_what_images_embed_where_images_are_sold() -> None:
    assert open_images(read_settings(MAINNET)).id == "images"
    with pytest.raises(SetupError, match=r"still embedded: offline image maker\.$"):
        open_images(read_settings({**MAINNET, "OPENAI_API_KEY": ""}))


def test_without_any_variable_everything_is_embedded() -> None:
    settings = read_settings({})
    assert settings.embedded_parts() == ["devnet", "SQLite", "offline image maker"]
    assert settings.chain_url == "http://127.0.0.1:8403/api/v0"


def test_a_settings_object_shows_no_secret() -> None:
    assert "secret" not in repr(read_settings({**MAINNET, "OPENAI_API_KEY": "sk-secret"}))

"""The rail says at the start what it lacks, in a sentence that names the setting."""

from pathlib import Path
from typing import Any

import pytest

from paywall.compose import open_ring
from paywall.environment import read_settings
from paywall.errors import SetupError
from paywall.keys.signers.base import Signer
from paywall.rails.base import RailContext
from paywall.rails.usdc.opening import open_rail
from paywall.rails.usdc.settings import CDP_URL, UsdcSettings
from shared.evm.evm_tokens import KNOWN

ADDRESS = "0x" + "1" * 40
WHOLE = {
    "PAYWALL_USDC_ADDRESS": ADDRESS,
    "PAYWALL_USDC_FACILITATOR_URL": "https://facilitator.example",
    "PAYWALL_USDC_RPC_URL": "https://rpc.example/v2/key",
}


def opened(folder: Path, **variables: str) -> dict[str, Any]:
    settings = read_settings({"PAYWALL_DATA_DIR": str(folder), **variables})

    def no_key(_name: str) -> Signer:
        raise AssertionError("the rail has no key")

    assert open_ring(settings) is not None
    return dict(open_rail(RailContext(settings, lambda: 0, no_key)).describe())


def test_base_is_what_it_sells_on_where_nothing_else_is_said(tmp_path: Path) -> None:
    told = opened(tmp_path, **WHOLE)
    assert (told["network"], told["asset"]) == ("eip155:8453", KNOWN["eip155:8453"].address)
    assert (told["recipient"], told["currency"], told["confirmations"]) == (ADDRESS, "USDC", 1)


def test_any_network_and_token_can_be_named(tmp_path: Path) -> None:
    token = {"PAYWALL_USDC_ASSET": ADDRESS, "PAYWALL_USDC_NAME": "Dollar", "PAYWALL_USDC_VERSION": "1"}
    told = opened(tmp_path, **WHOLE, **token, PAYWALL_USDC_NETWORK="eip155:1")
    assert (told["network"], told["asset"]) == ("eip155:1", ADDRESS)


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(SetupError, match=missing):
        opened(tmp_path, **{name: value for name, value in WHOLE.items() if name != missing})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PAYWALL_USDC_NETWORK", "base"),
        ("PAYWALL_USDC_NETWORK", "eip155:0"),
        ("PAYWALL_USDC_NETWORK", "cardano:preprod"),
        ("PAYWALL_USDC_ASSET", ADDRESS),
        ("PAYWALL_USDC_ADDRESS", "0x1"),
        ("PAYWALL_USDC_ADDRESS", "0x" + "0" * 40),
        ("PAYWALL_USDC_FACILITATOR_URL", "http://facilitator.example"),
        ("PAYWALL_USDC_FACILITATOR_URL", "https://"),
        ("PAYWALL_USDC_RPC_URL", "ftp://127.0.0.1"),
        ("PAYWALL_USDC_RPC_URL", "http://[::1"),
        ("PAYWALL_USDC_CONFIRMATIONS", "0"),
        ("PAYWALL_USDC_SECONDS", "0"),
        ("PAYWALL_USDC_NAME", "only a name"),
        ("CDP_API_KEY_ID", "only half"),
        ("CDP_API_KEY_SECRET", "only half"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SetupError, match=variable):
        opened(tmp_path, **{**WHOLE, variable: value})


def test_a_key_of_coinbases_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CDP_API_KEY_SECRET"):
        opened(tmp_path, **WHOLE, CDP_API_KEY_ID="k", CDP_API_KEY_SECRET="no key")


def test_with_a_key_of_coinbases_its_facilitator_is_meant() -> None:
    own = UsdcSettings(
        cdp_api_key_id="k", cdp_api_key_secret="s3cret-canary", usdc_rpc_url="https://rpc/canary"
    )
    assert own.facilitator_url == CDP_URL
    assert "canary" not in repr(own)

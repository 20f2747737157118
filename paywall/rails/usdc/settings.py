"""The settings of the rail `usdc`: which token on which network, who settles it, and who is asked about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from shared.evm.evm_tokens import ADDRESS, KEY, KNOWN, NETWORK, NOWHERE, Token
from shared.loopback import is_secure

#: Coinbase's facilitator, which takes signed requests alone
CDP_URL = "https://api.cdp.coinbase.com/platform/v2/x402"
LONGEST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class UsdcSettings:
    """`usdc_address` is where payments go. Asset, name and version are known for Base and Base Sepolia.

    `usdc_seconds` is how long a facilitator may take to settle. With `usdc_refund_key`, the key of `usdc_address`, what
    is refunded is sent back by the seller itself.
    """

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    usdc_network: str = "eip155:8453"
    usdc_asset: str = ""
    usdc_name: str = ""
    usdc_version: str = ""
    usdc_address: str = ""
    usdc_facilitator_url: str = ""
    usdc_rpc_url: str = field(default="", repr=False)  # many hold a key
    usdc_confirmations: int = 1
    usdc_seconds: int = 30
    usdc_refund_key: str = field(default="", repr=False)
    cdp_api_key_id: str = field(default="", metadata={"variable": "CDP_API_KEY_ID"}, repr=False)
    cdp_api_key_secret: str = field(default="", metadata={"variable": "CDP_API_KEY_SECRET"}, repr=False)

    @property
    def token(self) -> Token | None:
        """None where it is neither set nor known."""
        given = Token(self.usdc_asset, self.usdc_name, self.usdc_version)
        if not any(given):
            return KNOWN.get(self.usdc_network)
        return given if all(given) else None

    @property
    def facilitator_url(self) -> str:
        return self.usdc_facilitator_url or (CDP_URL if self.cdp_api_key_id else "")

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield (
            NETWORK.fullmatch(self.usdc_network) is not None,
            "PAYWALL_USDC_NETWORK must name an EVM network, such as eip155:8453 for Base.",
        )
        for name in ("usdc_asset", "usdc_address"):
            address = getattr(self, name)
            plain = ADDRESS.fullmatch(address) is not None and address != NOWHERE
            yield plain or not address, f"PAYWALL_{name.upper()} must be an address: 0x and 40 hex digits."
        for name in ("usdc_facilitator_url", "usdc_rpc_url"):
            yield (
                not getattr(self, name) or is_secure(getattr(self, name)),
                f"PAYWALL_{name.upper()} must be an https URL (http on loopback).",
            )
        yield (
            not self.usdc_refund_key or KEY.fullmatch(self.usdc_refund_key) is not None,
            "PAYWALL_USDC_REFUND_KEY must be a private key: 64 hex digits.",
        )
        yield self.usdc_confirmations >= 1, "PAYWALL_USDC_CONFIRMATIONS must be at least 1."
        yield (
            1 <= self.usdc_seconds <= LONGEST_SECONDS,
            f"PAYWALL_USDC_SECONDS must be from 1 to {LONGEST_SECONDS}.",
        )


SETTINGS = UsdcSettings

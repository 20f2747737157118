"""The scheme `exact` on Cardano for PyPI `x402`'s servers: what a price is in ADA or a token, and what a 402 says."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from shared.cardano.network import NETWORKS
from shared.x402_cardano.requirements import (
    LOVELACE,
    METHOD,
    canonical_network,
    read_amount,
    read_asset,
    read_requirements,
)

try:
    from x402.schemas import AssetAmount, PaymentRequirements, SupportedKind
    from x402.schemas.helpers import parse_money
except ImportError as error:
    raise ImportError("Cardano for PyPI x402 needs the extra x402: pip install 'paywall[x402]'") from error

#: of all that has a name here
DECIMALS = 6
#: USDM, a dollar each, by the scheme's specification
DOLLARS = {
    "cardano:mainnet": "c48cbb3d5e57ed56e276bc45f99ab39abe94e6cd7ac39fb402da47ad.0014df105553444d",
    "cardano:preprod": "e675b46e4d2242c991a8932a99db3044e80515ae14b4c4ccf6b3f4c9.0014df10745553444d",
}
_ASSETS: Mapping[str, Mapping[str, str]] = {"ADA": dict.fromkeys(NETWORKS, LOVELACE), "USDM": DOLLARS}


class CardanoServerScheme:
    """A `SchemeNetworkServer`. Prices: "2.5 ADA", an `AssetAmount` of any token, or dollars, which are USDM."""

    scheme = "exact"
    default_asset_transfer_method = METHOD
    payment_flows: ClassVar[Mapping[str, Any]] = {
        METHOD: {"supported": ("authorization",), "default": "authorization"}
    }

    def get_asset_decimals(self, asset: str, network: str) -> int | None:
        """Of the asset that dollars become; None for any other."""
        return DECIMALS if DOLLARS.get(canonical_network(network)) == asset else None

    def parse_price(self, price: Any, network: str) -> AssetAmount:
        """Errors: ValueError."""
        if canonical_network(network) not in NETWORKS:
            raise ValueError(f"{network} is no network of Cardano")
        if isinstance(price, Mapping):
            price = AssetAmount.model_validate(price)
        if isinstance(price, AssetAmount):
            read_asset(price.asset)
            read_amount(price.amount)
            return price
        money = parse_money(price)
        asset = _ASSETS.get(money.get("symbol", "USDM"), {}).get(canonical_network(network))
        if asset is None:
            raise ValueError(f"{price} is no money on {network}; price it in ADA or as an AssetAmount")
        return AssetAmount(amount=_atoms(money["amount"]), asset=asset)

    def enhance_payment_requirements(
        self,
        requirements: PaymentRequirements,
        supported_kind: SupportedKind,
        extensions: list[str],  # noqa: ARG002  none concerns it
    ) -> PaymentRequirements:
        """Who pays the network's fee is said again. Errors: ValueError for what no facilitator would settle."""
        sponsored = (supported_kind.extra or {}).get("areFeesSponsored")
        said = {} if sponsored is None else {"areFeesSponsored": sponsored}
        enhanced = requirements.model_copy(update={"extra": {**(requirements.extra or {}), **said}})
        read_requirements(enhanced.model_dump(by_alias=True, exclude_none=True))
        return enhanced


def _atoms(text: str) -> str:
    """Errors: ValueError, also for a fraction that is smaller than the asset has."""
    try:
        atoms = Decimal(text).scaleb(DECIMALS)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no price") from error
    if not atoms.is_finite() or atoms != atoms.to_integral_value():
        raise ValueError(f"{text!r} has more than {DECIMALS} decimals")
    return str(read_amount(str(int(atoms))))

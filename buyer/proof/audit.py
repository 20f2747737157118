"""`buyer audit`: what the chain says of the token that each use burns. The seller is asked for its name at most."""

from collections.abc import Mapping

from buyer.errors import SellerFault, UsageError, no_chain
from buyer.seller.origin import seller_origin
from buyer.wallet import chains, funding
from buyer.wallet.chains import OfferedChain
from shared.cardano.assets import Asset, InvalidAssetError
from shared.cardano.read.audit import Audit
from shared.chain.auditing import audit
from shared.chain.base import ChainError
from shared.chain.blockfrost import Blockfrost


async def audit_token(
    seller: str, token: str | None, service: str | None, environment: Mapping[str, str]
) -> Audit:
    """`token` is the seller's unless given, `service` the chain service that `chains.connect` chooses."""
    if token is not None and service is not None:
        asset, chain = _asset(token), _own(service, environment)
    else:
        listed = await funding.fetch_catalog(seller)
        asset = _asset(token) if token is not None else _promised(listed.token or "")
        offered = OfferedChain(listed.network, listed.chain_url, seller_origin(seller))
        chain = _own(service, environment) if service is not None else chains.connect(offered, environment)
    try:
        return await audit(chain, asset)
    except ChainError as error:
        raise no_chain(error) from error
    finally:
        await chain.aclose()


def _asset(text: str) -> Asset:
    try:
        return Asset.parse(text)
    except InvalidAssetError as error:
        raise UsageError("token_malformed", f"{text} is no token: policy id and name in hex") from error


def _promised(text: str) -> Asset:
    try:
        return Asset.parse(text)
    except InvalidAssetError as error:
        raise SellerFault(
            "catalog_malformed", "the seller names no token", seller_says={"token": text}
        ) from error


def _own(service: str, environment: Mapping[str, str]) -> Blockfrost:
    return chains.open_at(chains.named(service, "--chain"), environment)

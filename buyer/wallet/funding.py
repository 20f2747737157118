"""What a wallet holds, and play money for it from the devnet's faucet."""

import asyncio
from collections.abc import Mapping

from buyer.errors import SellerFault, SellerUnreachable, UsageError, no_chain, nothing
from buyer.seller import catalog
from buyer.seller.catalog import Catalog
from buyer.seller.http import SellerHttp, seller_origin
from buyer.wallet import chains
from buyer.wallet.file import Wallet
from shared.cardano.network import DEVNET
from shared.chain.base import ChainError
from shared.chain.reading import digest
from shared.chain.transport import NoAnswer, NotSent, Transport

FILLING = 1_000_000_000
LOOK_SECONDS = 0.3
WAIT_SECONDS = 60.0
FAUCET_SECONDS = 30.0
OK = 200


async def network_of(seller: str) -> str:
    """The network that a seller says it is on."""
    return (await fetch_catalog(seller)).network


async def balance(wallet: Wallet, seller: str, environment: Mapping[str, str]) -> int:
    """Lovelace at the wallet's address, as its chain service shows them."""
    offered = (await fetch_catalog(seller)).chain_url if wallet.network == DEVNET else None
    chain = chains.connect(wallet.network, offered, environment)
    try:
        return sum(utxo.lovelace for utxo in await chain.utxos(wallet.address))
    except ChainError as error:
        raise no_chain(error) from error
    finally:
        await chain.aclose()


async def fund(wallet: Wallet, seller: str, lovelace: int, environment: Mapping[str, str]) -> str:
    """Ask the faucet and wait until the money is there; the transaction's hash."""
    if wallet.network != DEVNET:
        hint = f"Send ADA to {wallet.address}"
        raise UsageError(
            "faucet_missing", f"only the devnet has a faucet; this wallet is on {wallet.network}", hint=hint
        )
    before = await balance(wallet, seller, environment)
    tx_hash = await _ask(wallet, (await fetch_catalog(seller)).chain_url or "", lovelace)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while await balance(wallet, seller, environment) <= before:  # noqa: ASYNC110  another process makes the block
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise SellerUnreachable("faucet_slow", f"the faucet's payment {tx_hash} has not arrived") from error
    return tx_hash


async def _ask(wallet: Wallet, chain_url: str, lovelace: int) -> str:
    url = chain_url.removesuffix("/").removesuffix("/api/v0")
    http = Transport(url, "", FAUCET_SECONDS, None)
    try:
        reply = await http.send(
            "POST", "/devnet/faucet", json={"address": wallet.address, "lovelace": lovelace}
        )
    except (NotSent, NoAnswer) as error:
        raise SellerUnreachable("faucet_unreachable", f"the faucet does not answer at {url}") from error
    finally:
        await http.aclose()
    if reply.status != OK:
        raise UsageError(
            "faucet_refused", f"the faucet refused (status {reply.status})", hint="Ask for less."
        )
    try:
        return digest(reply.json(), "tx_hash")
    except ChainError as error:
        raise SellerFault("faucet_malformed", "the faucet's answer names no transaction") from error


async def fetch_catalog(seller: str) -> Catalog:
    http = SellerHttp(seller_origin(seller), trace=nothing)
    try:
        return catalog.read((await http.send("GET", "/api/catalog")).json())
    finally:
        await http.aclose()

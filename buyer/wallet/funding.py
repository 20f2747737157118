"""What a wallet holds, and play money for it from the devnet's faucet."""

import asyncio
from collections.abc import Mapping

from buyer.errors import SellerFault, SellerUnreachable, UsageError, no_chain, nothing
from buyer.seller import catalog
from buyer.seller.catalog import Catalog
from buyer.seller.http import SellerHttp
from buyer.seller.origin import seller_origin
from buyer.wallet import chains, owner
from buyer.wallet.chain_address import ChainAddress
from buyer.wallet.chains import OfferedChain
from buyer.wallet.file import Wallet
from shared.cardano.network import DEVNET
from shared.chain.base import ChainError
from shared.chain.reading import digest
from shared.chain.transport import Answer, NoAnswer, NotSent, Transport

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
    return await _held(wallet, await _chain_of(wallet, seller, environment), environment)


async def fund(wallet: Wallet, seller: str, lovelace: int, environment: Mapping[str, str]) -> str:
    """Ask the faucet and wait until the money is there; the transaction's hash."""
    if wallet.network != DEVNET:
        hint = f"Send ADA to {wallet.address}"
        raise UsageError(
            "faucet_missing", f"only the devnet has a faucet; this wallet is on {wallet.network}", hint=hint
        )
    # Located once: what is asked for the balance is what is asked for the money.
    address = await _chain_of(wallet, seller, environment)
    before = await _held(wallet, address, environment)
    tx_hash = await _ask(wallet, address, lovelace)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while await _held(wallet, address, environment) <= before:  # noqa: ASYNC110  another process makes the block
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise SellerUnreachable("faucet_slow", f"the faucet's payment {tx_hash} has not arrived") from error
    return tx_hash


async def fetch_catalog(seller: str) -> Catalog:
    http = SellerHttp(seller_origin(seller), trace=nothing)
    try:
        return catalog.read((await http.send("GET", "/api/catalog")).json())
    finally:
        await http.aclose()


async def _chain_of(wallet: Wallet, seller: str, environment: Mapping[str, str]) -> ChainAddress:
    """Where the wallet's chain is; the seller is asked on the devnet alone, when the user named no other."""
    environment = owner.environment(wallet, environment)
    asked = wallet.network == DEVNET and chains.own_address(environment) is None
    url = (await fetch_catalog(seller)).chain_url if asked else None
    return chains.locate(OfferedChain(wallet.network, url, seller_origin(seller)), environment)


async def _held(wallet: Wallet, address: ChainAddress, environment: Mapping[str, str]) -> int:
    chain = chains.open_at(address, environment)
    try:
        return sum(utxo.lovelace for utxo in await chain.utxos(wallet.address))
    except ChainError as error:
        raise no_chain(error) from error
    finally:
        await chain.aclose()


async def _ask(wallet: Wallet, address: ChainAddress, lovelace: int) -> str:
    transport = Transport(address.devnet, "", FAUCET_SECONDS, None)
    try:
        answer = await transport.send(
            "POST", "/faucet", json={"address": wallet.address, "lovelace": lovelace}
        )
    except (NotSent, NoAnswer) as error:
        message = f"the faucet does not answer at {address.devnet}"
        raise SellerUnreachable("faucet_unreachable", message, chain_says=error) from error
    finally:
        await transport.aclose()
    if answer.status != OK:
        raise UsageError(
            "faucet_refused", f"the faucet refused (status {answer.status})", hint="Ask for less."
        )
    return _paid(answer)


def _paid(answer: Answer) -> str:
    try:
        return digest(answer.json(), "tx_hash")
    except ChainError as error:
        message = "the faucet's answer names no transaction"
        raise SellerFault("faucet_malformed", message, chain_says=error) from error

"""What the commands of `buyer wallet` do."""

from contextlib import closing

from buyer.cli import output
from buyer.cli.commands import Finished, Tasks
from buyer.seller.checks import DEVNET
from buyer.wallet import funding
from buyer.wallet.file import Wallet


async def create(tasks: Tasks, network: str) -> Finished:
    with closing(Wallet.create(tasks.path, network=network)) as wallet:
        told = {"path": str(wallet.path), "network": wallet.network, "address": wallet.address}
        lines = [f"made a wallet for {network} at {wallet.path}", f"address {wallet.address}"]
    hint = (
        "fill it: buyer wallet fund"
        if network == DEVNET
        else "send ADA to that address, and back the file up"
    )
    return Finished((told, [*lines, hint]))


async def address(tasks: Tasks) -> Finished:
    with closing(Wallet.open(tasks.path)) as wallet:
        return Finished(({"address": wallet.address, "network": wallet.network}, [wallet.address]))


async def balance(tasks: Tasks) -> Finished:
    with closing(Wallet.open(tasks.path)) as wallet:
        return Finished(
            output.balance(wallet, await funding.balance(wallet, tasks.seller, tasks.environment))
        )


async def fund(tasks: Tasks, lovelace: int) -> Finished:
    with closing(Wallet.open(tasks.path)) as wallet:
        tx_hash = await funding.fund(wallet, tasks.seller, lovelace, tasks.environment)
        told, lines = output.balance(wallet, await funding.balance(wallet, tasks.seller, tasks.environment))
    return Finished(({**told, "tx_hash": tx_hash}, lines))

"""What the commands of `buyer wallet` do."""

from contextlib import closing

from buyer.cli import output
from buyer.cli.commands import CommandResult, Commands
from buyer.wallet import funding
from buyer.wallet.file import Wallet
from shared.cardano.network import DEVNET


async def create(commands: Commands, network: str) -> CommandResult:
    with closing(Wallet.create(commands.path, network=network)) as wallet:
        document = {"path": str(wallet.path), "network": wallet.network, "address": wallet.address}
        lines = [f"made a wallet for {network} at {wallet.path}", f"address {wallet.address}"]
    hint = (
        "fill it: buyer wallet fund"
        if network == DEVNET
        else "send ADA to that address, and back the file up"
    )
    return CommandResult((document, [*lines, hint]))


async def address(commands: Commands) -> CommandResult:
    with closing(Wallet.open(commands.path)) as wallet:
        return CommandResult(({"address": wallet.address, "network": wallet.network}, [wallet.address]))


async def balance(commands: Commands) -> CommandResult:
    with closing(Wallet.open(commands.path)) as wallet:
        return CommandResult(
            output.balance(wallet, await funding.balance(wallet, commands.seller, commands.environment))
        )


async def fund(commands: Commands, lovelace: int) -> CommandResult:
    with closing(Wallet.open(commands.path)) as wallet:
        tx_hash = await funding.fund(wallet, commands.seller, lovelace, commands.environment)
        document, lines = output.balance(
            wallet, await funding.balance(wallet, commands.seller, commands.environment)
        )
    return CommandResult(({**document, "tx_hash": tx_hash}, lines))

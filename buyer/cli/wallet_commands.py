"""What the commands of `buyer wallet` do."""

import time
from contextlib import closing
from pathlib import Path

from buyer.cli import output
from buyer.cli.commands import CommandResult, Commands
from buyer.errors import WalletError
from buyer.wallet import copies, funding, secrecy
from buyer.wallet.file import Wallet
from buyer.wallet.passphrases import PassphraseSource
from shared.cardano.network import DEVNET


async def create(commands: Commands, network: str, *, encrypted: bool) -> CommandResult:
    passphrase = _new_passphrase(commands) if encrypted else None
    with closing(Wallet.create(commands.path, network=network, passphrase=passphrase)) as wallet:
        document = {"path": str(wallet.path), "network": wallet.network, "address": wallet.address}
        lines = [f"made a wallet for {network} at {wallet.path}", f"address {wallet.address}"]
    hint = (
        "fill it: buyer wallet fund"
        if network == DEVNET
        else "send ADA to that address, and back the file up"
    )
    return CommandResult((document, [*lines, hint]))


async def address(commands: Commands) -> CommandResult:
    with closing(commands.look()) as wallet:
        return CommandResult(({"address": wallet.address, "network": wallet.network}, [wallet.address]))


async def balance(commands: Commands) -> CommandResult:
    with closing(commands.look()) as wallet:
        return CommandResult(
            output.balance(wallet, await funding.balance(wallet, commands.seller, commands.environment))
        )


async def fund(commands: Commands, lovelace: int) -> CommandResult:
    with closing(commands.look()) as wallet:
        commands.progress.say("asking the faucet, and waiting for the block with its payment")
        tx_hash = await funding.fund(wallet, commands.seller, lovelace, commands.environment)
        document, lines = output.balance(
            wallet, await funding.balance(wallet, commands.seller, commands.environment)
        )
    return CommandResult(({**document, "tx_hash": tx_hash}, lines))


async def encrypt(commands: Commands, owner_fd: int | None) -> CommandResult:
    with closing(commands.look()) as wallet:
        if wallet.encrypted:
            hint = "To change its passphrase: buyer wallet decrypt, and encrypt it anew."
            raise WalletError("wallet_encrypted", f"{wallet.path} is encrypted already", hint=hint)
        # Whoever may pay could lock the owner out of his own money.
        commands.recognise(wallet, owner_fd)
        wallet.rewrite(secrecy.change(wallet.key, _new_passphrase(commands)))
        note = (
            "copies that were made before, and what the disk still holds of the old file, are not encrypted"
        )
        document = {"path": str(wallet.path), "encrypted": True}
        return CommandResult((document, [f"{wallet.path} is encrypted; {note}"]))


async def decrypt(commands: Commands, owner_fd: int | None) -> CommandResult:
    with closing(commands.unlock()) as wallet:
        if not wallet.encrypted:
            raise WalletError("wallet_plain", f"{wallet.path} is not encrypted")
        commands.recognise(wallet, owner_fd)
        wallet.rewrite(secrecy.change(wallet.key, None))
        document = {"path": str(wallet.path), "encrypted": False}
        return CommandResult((document, [f"{wallet.path} is not encrypted any more"]))


async def backup(commands: Commands, target: Path) -> CommandResult:
    with closing(commands.look()) as wallet:
        copies.backup(wallet, target, now=int(time.time()))
        secret = (
            "which opens with the same passphrase"
            if wallet.encrypted
            else "and whoever can read it can spend: keep it safe"
        )
        document = {"path": str(target), "encrypted": wallet.encrypted}
    return CommandResult((document, [f"the wallet is copied to {target}, {secret}"]))


async def restore(commands: Commands, source: Path, owner_fd: int | None) -> CommandResult:
    copies.restore(source, commands.path, lambda known_by: commands.recognise_by(known_by, owner_fd))
    with closing(commands.look()) as wallet:
        document = {"path": str(wallet.path), "address": wallet.address, "encrypted": wallet.encrypted}
        note = (
            "before it pays again it asks the chain and the sellers what it has paid since; use no other copy"
        )
        return CommandResult((document, [f"restored {wallet.path}; {note}"]))


def _new_passphrase(commands: Commands) -> str:
    with commands.progress.aside():
        return PassphraseSource(commands.passphrase_fd, "--passphrase-fd").choose(secrecy.PURPOSE)

"""What `buyer give` and `buyer receipts add` do."""

from contextlib import closing

from buyer.cli.commands import CommandResult, Commands
from buyer.cli.output import receipts as listed
from buyer.errors import UsageError
from buyer.purchase import receipts
from shared.tokens.jws import MAX_BYTES

#: characters of a receipt, with what stands around it in a file
LONGEST = MAX_BYTES + 64


async def give(commands: Commands, receipt_id: str, to: str, credits: int | None) -> CommandResult:
    with closing(commands.unlock()) as wallet:
        held = wallet.transact(lambda db: receipts.find(db, receipt_id))
        async with commands.at(held.origin).client(wallet) as client:
            given = await client.give(held, to, credits=credits)
    commands.progress.say(
        f"{given.credits} credits of {held.id} are now {given.holder}'s, as {given.receipt_id}"
    )
    document = {
        "receipt_id": held.id,
        "given": {
            "receipt_id": given.receipt_id,
            "to": given.holder,
            "credits": given.credits,
            "receipt": given.token,
        },
    }
    return CommandResult((document, [given.token]))


async def add(commands: Commands, text: str) -> CommandResult:
    if len(text) > LONGEST:
        raise UsageError("receipt_invalid", f"a receipt has at most {MAX_BYTES} bytes")
    with closing(commands.unlock()) as wallet:
        async with commands.client(wallet) as client:
            held = await client.receive(text.strip())
    return CommandResult(listed([held], {}))

"""What befalls the custodial wallet: an index that hides, another program with its key, strangers' gifts."""

import asyncio

from shared.cardano.coins import Utxo, held
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.chaos.stories.stage import IMAGES, LOOKS_SECONDS, LOST, Stage, Story
from tests.support.hostile.outputs import FEE, Hand, output, with_script

ADA = 1_000_000
SHORT_EXPIRY, SKIPPED = "3", 20
#: blocks: time to hide a burn that landed
DEEP, OK = "15", 200
#: a wallet that has tokens, and so little besides that a burn takes up the next output too
POOR = 1_200_000
SUPPLY, LEFT = 1_000_000, 10
#: of tokens: fit into an output alone, and not with one more
KINDS = 198


def hand_of(stage: Stage, key: SigningKey) -> Hand:
    async def sign(message: bytes) -> bytes:
        return key.sign(message)

    return Hand(stage.devnet, key.public, sign)


def operator(stage: Stage) -> Hand:
    """Another program with the custodial key."""
    return hand_of(stage, SigningKey.from_pem((stage.world.data / "custody.pem").read_bytes()))


async def utxos(stage: Stage, address: str) -> list[Utxo]:
    chain = Blockfrost(stage.devnet.url)
    try:
        return await chain.utxos(address)
    finally:
        await chain.aclose()


async def send_away(stage: Stage, keeper: Hand, pieces: list[tuple[int, int]]) -> None:
    """The wallet is left with these (lovelace, tokens); the rest is kept elsewhere."""
    hand = operator(stage)
    found = await utxos(stage, hand.address)
    (unit,) = {unit for one in found for unit in one.tokens}
    lovelace = sum(one.lovelace for one in found) - FEE - sum(ada for ada, _ in pieces)
    tokens = held(found, unit) - sum(count for _, count in pieces)
    kept = output(keeper.address, lovelace, {unit: tokens} if tokens else {})
    sent = [output(hand.address, ada, {unit: count} if count else {}) for ada, count in pieces[:-1]]
    await hand.send(found, [kept, *sent])


async def bring_back(stage: Stage, keeper: Hand) -> None:
    found = await utxos(stage, keeper.address)
    tokens = {unit: held(found, unit) for one in found for unit in one.tokens}
    sent = output(operator(stage).address, sum(one.lovelace for one in found) - FEE - 2 * ADA, tokens)
    await keeper.send(found, [sent])


async def _hide_first_attempt(stage: Stage) -> None:
    """It lands, and no answer shows it any more before it is final."""
    stage.buy(images=1)
    await stage.until(lambda: stage.attempts(1), "a signed burn")
    (first,) = stage.attempts(1)
    await stage.until(lambda: stage.devnet.ask(f"/txs/{first}").status_code == OK, "a burn on the chain")
    stage.devnet.hide(first)


async def _hidden_past_its_expiry(stage: Stage) -> None:
    await stage.open(CHAOS_EXPIRY_SLOTS=SHORT_EXPIRY, PAYWALL_CONFIRMATIONS=DEEP)
    await _hide_first_attempt(stage)
    await stage.until(lambda: stage.attempts(2), "a second attempt")
    stage.devnet.hide()


async def _hidden_while_tokens_come(stage: Stage) -> None:
    """Attempt 2 would rather spend what came meanwhile; whoever lets it burns twice."""
    await stage.open(CHAOS_EXPIRY_SLOTS=SHORT_EXPIRY, PAYWALL_CONFIRMATIONS=DEEP)
    keeper = hand_of(stage, SigningKey.generate())
    await send_away(stage, keeper, [(20 * ADA, LEFT)])
    await _hide_first_attempt(stage)
    await asyncio.sleep(LOOKS_SECONDS)
    await bring_back(stage, keeper)
    await stage.until(lambda: stage.attempts(2), "a second attempt")
    await asyncio.sleep(LOOKS_SECONDS * 2)
    stage.devnet.hide()


async def _burn_lost(stage: Stage) -> None:
    """A burn is handed in, and no block will hold it."""
    stage.buy()
    await stage.until(stage.buyer.receipts, "a receipt")
    stage.mining = False
    stage.devnet.control("faults", LOST)
    await stage.until(lambda: stage.count("burn_batch", "submitted"), "a submitted burn")


async def _many_slots_in_few_blocks(stage: Stage) -> None:
    await stage.open(CHAOS_EXPIRY_SLOTS=SHORT_EXPIRY)
    await _burn_lost(stage)
    stage.devnet.blocks(skip_slots=SKIPPED)
    await asyncio.sleep(LOOKS_SECONDS * 2)
    if stage.attempts(2):
        stage.broken.append("4: new bytes were signed while a block past the expiry was the newest")
    stage.devnet.control("faults", method="DELETE")


async def _operator_moves_outputs(stage: Stage) -> None:
    await stage.open()
    await _burn_lost(stage)
    stage.mining = True
    hand = operator(stage)
    raw = await hand.made(await utxos(stage, hand.address), [])
    stage.devnet.control("faults", method="DELETE")
    answer = stage.devnet.submit(raw)
    if answer.status_code != 200:  # the burn was handed in again just now
        await stage.until(lambda: stage.count("burn_batch", "confirmed"), "a confirmed burn")


async def _script_as_a_gift(stage: Stage) -> None:
    await stage.open()
    stranger = hand_of(stage, SigningKey.generate())
    stage.devnet.faucet(stranger.address, 900 * ADA)
    stage.devnet.blocks()
    await send_away(stage, stranger, [(POOR, SUPPLY), (5 * ADA, 0)])
    gift = with_script(operator(stage).address, 100 * ADA)
    await stranger.send(await utxos(stage, stranger.address), [gift])
    stage.buy()


async def _tokens_as_a_gift(stage: Stage) -> None:
    """More kinds than an output can hold beside the wallet's own; what the burn lacks comes later."""
    await stage.open()
    stranger = hand_of(stage, SigningKey.generate())
    stage.devnet.faucet(stranger.address, 900 * ADA)
    stage.devnet.blocks()
    await send_away(stage, stranger, [(POOR, SUPPLY)])
    names = {f"junk {n:018}".encode(): 1 for n in range(KINDS)}
    junk = {stranger.policy_id + name.hex(): 1 for name in names}
    gift = output(operator(stage).address, 50 * ADA, junk)
    await stranger.send(await utxos(stage, stranger.address), [gift], mint=names)
    stage.buy()
    await stage.until(lambda: stage.count("redemption", "captured"), "a use")
    await asyncio.sleep(LOOKS_SECONDS * 2)
    stage.devnet.faucet(operator(stage).address, 5 * ADA)


async def _fewer_tokens_than_burns(stage: Stage) -> None:
    """What there is is burned, and the rest when there are tokens again."""
    await stage.open(PAYWALL_BATCH_SECONDS="3600")
    keeper = hand_of(stage, SigningKey.generate())
    stage.buy()
    await stage.until(lambda: stage.count("redemption", "captured") >= IMAGES, "two burns that wait")
    stage.world.kill_all()
    await send_away(stage, keeper, [(20 * ADA, 1)])
    await stage.world.start_all()
    try:
        await stage.until(lambda: stage.count("burn_batch", "confirmed"), "a burn")
    except AssertionError:
        stage.broken.append("9: nothing is burned as long as there is too little for all")
    await bring_back(stage, keeper)


STORIES: dict[str, Story] = {
    "a burn is hidden past its expiry": _hidden_past_its_expiry,
    "a burn is hidden while tokens come": _hidden_while_tokens_come,
    "many slots in few blocks": _many_slots_in_few_blocks,
    "another program moves the wallet's outputs": _operator_moves_outputs,
    "a stranger gives a script": _script_as_a_gift,
    "a stranger gives tokens of many kinds": _tokens_as_a_gift,
    "fewer tokens are left than burns wait": _fewer_tokens_than_burns,
}

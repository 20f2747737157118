"""The policy of a fixed supply under the ledger rules: what it allows, and everything else that somebody may try."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from shared.cardano.addresses import to_bytes
from shared.cardano.draft import Draft
from shared.cardano.fixed_supply import BURN_UNITS, MINT_UNITS
from shared.cardano.make.build import mint_fixed
from shared.cardano.policy import ExecutionUnits
from shared.cardano.read.transaction import parse
from shared.chain.base import SubmitRefused
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.fixed_wallet import QUANTITY, FixedWallet, change_tokens, run

PHASE_2 = "Plutus script validation failed"
Attempt = Callable[[FixedWallet], Awaitable[bytes]]


async def refusal(wallet: FixedWallet, raw: bytes) -> str:
    """The ledger's reason; asserts that there is one and that nothing changed."""
    before = (await wallet.chain.events(wallet.asset), await wallet.chain.utxos(wallet.address))
    with pytest.raises(SubmitRefused) as refused:
        await wallet.chain.submit(raw)
    wallet.devnet.blocks()
    assert (await wallet.chain.events(wallet.asset), await wallet.chain.utxos(wallet.address)) == before
    reason = refused.value.reason
    assert "Out of budget" not in reason  # that would say nothing of the policy
    print(reason)
    return reason


def test_the_whole_supply_is_minted_once_and_burned_by_the_script_on_chain(devnet: DevnetProcess) -> None:
    async def story(wallet: FixedWallet) -> None:
        await wallet.mint_all()
        burn = await wallet.burn_some(1000)
        await wallet.chain.submit(burn.raw)
        wallet.devnet.blocks()
        assert await wallet.chain.supply(wallet.asset) == (QUANTITY, 1000)
        assert parse(burn.raw).mint == {wallet.asset.unit: -1000}
        last = await wallet.burn_some(QUANTITY - 1000)
        await wallet.chain.submit(last.raw)
        wallet.devnet.blocks()
        assert await wallet.chain.circulating(wallet.asset) == 0

    run(devnet, story)


async def _referring_to_the_seed(wallet: FixedWallet) -> bytes:
    tx_hash, index = wallet.supply.seed

    def surgery(body: dict[int, Any]) -> None:
        body[18] = [[bytes.fromhex(tx_hash), index]]

    return await wallet.attempt(QUANTITY, avoid=[wallet.supply.seed], surgery=surgery)


async def _mint_with_another(wallet: FixedWallet) -> bytes:
    def surgery(body: dict[int, Any]) -> None:
        change_tokens(body, wallet.supply.policy_id, {b"OTHER": 1})

    return await wallet.attempt(QUANTITY, spend=[wallet.supply.seed], surgery=surgery)


BEFORE: dict[str, Attempt] = {
    "without the seed": lambda w: w.attempt(QUANTITY, avoid=[w.supply.seed]),
    "with a look at the seed": _referring_to_the_seed,
    "one more": lambda w: w.attempt(QUANTITY + 1, spend=[w.supply.seed]),
    "one less": lambda w: w.attempt(QUANTITY - 1, spend=[w.supply.seed]),
    "one": lambda w: w.attempt(1, spend=[w.supply.seed]),
    "another name": lambda w: w.attempt(QUANTITY, name=b"OTHER", spend=[w.supply.seed]),
    "no name": lambda w: w.attempt(QUANTITY, name=b"", spend=[w.supply.seed]),
    "another name beside it": _mint_with_another,
}


@pytest.mark.parametrize("attempt", BEFORE.values(), ids=BEFORE.keys())
def test_a_mint_of_anything_else_is_refused_by_the_script(devnet: DevnetProcess, attempt: Attempt) -> None:
    async def story(wallet: FixedWallet) -> None:
        assert PHASE_2 in await refusal(wallet, await attempt(wallet))
        await wallet.mint_all()  # which the refused attempt did not prevent

    run(devnet, story)


async def _mixed(wallet: FixedWallet, burned: int, names: dict[bytes, int]) -> bytes:
    def surgery(body: dict[int, Any]) -> None:
        change_tokens(body, wallet.supply.policy_id, names)

    return await wallet.attempt(-burned, referring=True, surgery=surgery)


async def _without_required_signer(wallet: FixedWallet) -> bytes:
    return await wallet.attempt(-5, referring=True, surgery=lambda body: body.pop(14))


AFTER: dict[str, Attempt] = {
    "a second mint": lambda w: w.attempt(QUANTITY),
    "a second mint by the script on chain": lambda w: w.attempt(QUANTITY, referring=True),
    "one more": lambda w: w.attempt(1),
    "another name": lambda w: w.attempt(QUANTITY, name=b"OTHER"),
    "a burn with a mint of another name": lambda w: _mixed(w, 5, {b"OTHER": 1}),
    "a mint with a burn of another name": lambda w: _mixed(w, 5, {b"CREATE": 10, b"OTHER": 1}),
    "a burn that nobody answers for": _without_required_signer,
}


@pytest.mark.parametrize("attempt", AFTER.values(), ids=AFTER.keys())
def test_once_minted_nothing_but_the_custodians_burn_passes_the_script(
    devnet: DevnetProcess, attempt: Attempt
) -> None:
    async def story(wallet: FixedWallet) -> None:
        await wallet.mint_all()
        assert PHASE_2 in await refusal(wallet, await attempt(wallet))
        await wallet.chain.submit((await wallet.burn_some(1)).raw)

    run(devnet, story)


def test_a_second_mint_cannot_name_the_seed_again(devnet: DevnetProcess) -> None:
    async def story(wallet: FixedWallet) -> None:
        facts = await wallet._facts(None, None)
        seed = next(utxo for utxo in facts.pop("utxos") if utxo.reference == wallet.supply.seed)
        again: Draft = mint_fixed(seed=seed, supply=wallet.supply, **{**facts, "expiry_slot": 10_000_000})
        await wallet.mint_all()
        assert "All inputs are spent" in await refusal(wallet, wallet._signed(again).raw)

    run(devnet, story)


def test_a_burn_of_a_name_that_nobody_holds_is_refused(devnet: DevnetProcess) -> None:
    """The ledger's own rule comes first: value is conserved (phase 1)."""

    async def story(wallet: FixedWallet) -> None:
        await wallet.mint_all()

        def surgery(body: dict[int, Any]) -> None:
            policy = bytes.fromhex(wallet.supply.policy_id)
            body[9] = {policy: {b"OTHER": -5}}
            body[1][-1][1][1][policy][b"CREATE"] += 5

        reason = await refusal(wallet, await wallet.attempt(-5, referring=True, surgery=surgery))
        assert PHASE_2 not in reason
        assert "OTHER" in reason or "alue" in reason, reason

    run(devnet, story)


def test_a_stranger_who_holds_tokens_cannot_burn_them(devnet: DevnetProcess) -> None:
    """Neither with a signature of its own (phase 2), nor by naming the custodian as signer (phase 1)."""

    async def story(wallet: FixedWallet) -> None:
        await wallet.mint_all()
        stranger = FixedWallet(devnet, wallet.chain)
        await stranger.found()
        stranger.supply, stranger.asset = wallet.supply, wallet.asset
        stranger.reference = wallet.reference

        def give(body: dict[int, Any]) -> None:
            """All of the change to the stranger, tokens and all."""
            body[1][-1][0] = to_bytes(stranger.address)

        gift = await wallet.attempt(-1, referring=True, surgery=give)
        await wallet.chain.submit(gift)
        wallet.devnet.blocks()
        held = sum(u.tokens.get(wallet.asset.unit, 0) for u in await stranger.spendable())
        assert held == QUANTITY - 1
        assert PHASE_2 in await refusal(stranger, await stranger.attempt(-5, referring=True))

        def name_the_custodian(body: dict[int, Any]) -> None:
            body[14] = [wallet.supply.custodian]

        reason = await refusal(
            stranger, await stranger.attempt(-5, referring=True, surgery=name_the_custodian)
        )
        assert PHASE_2 not in reason
        assert f'missing required signers key hashes: TreeSet("{wallet.supply.custodian.hex()}")' in reason

    run(devnet, story)


def test_a_fixed_burn_of_a_thousand_costs_little_more_than_a_native_one(devnet: DevnetProcess) -> None:
    async def story(wallet: FixedWallet) -> None:
        await wallet.mint_all()
        fixed = await wallet.burn_some(1000)
        await wallet.chain.submit(fixed.raw)
        wallet.devnet.blocks()
        native = wallet_of_one_key(wallet)
        native.fund()
        await native.chain.submit((await native.mint(QUANTITY)).raw)
        wallet.devnet.blocks()
        plain = await native.burn(1000)
        await native.chain.submit(plain.raw)
        wallet.devnet.blocks()
        print(f"a burn of 1000: fixed {fixed.fee} lovelace, native {plain.fee}")
        assert plain.fee < fixed.fee <= 202_000

    run(devnet, story)


def wallet_of_one_key(wallet: FixedWallet) -> Any:
    from tests.support.world.wallets.chain_wallet import Wallet

    return Wallet(wallet.devnet, wallet.chain)


def test_the_units_that_we_pay_for_are_what_the_ledger_counts_and_a_tenth(devnet: DevnetProcess) -> None:
    async def story(wallet: FixedWallet) -> None:
        facts = await wallet._facts(None, None)
        seed = next(utxo for utxo in facts.pop("utxos") if utxo.reference == wallet.supply.seed)
        check_units(wallet, mint_fixed(seed=seed, supply=wallet.supply, **facts).unsigned, MINT_UNITS)
        await wallet.mint_all()
        check_units(wallet, (await wallet.burn_some(1)).raw, BURN_UNITS)
        check_units(wallet, (await wallet.burn_some(9999)).raw, BURN_UNITS)

    run(devnet, story)


def check_units(wallet: FixedWallet, raw: bytes, paid: ExecutionUnits) -> None:
    answer = httpx.post(f"{wallet.devnet.url}/utils/txs/evaluate", content=raw.hex()).json()
    counted = answer["result"]["EvaluationResult"]["mint:0"]
    for ours, needed in ((paid.memory, counted["memory"]), (paid.steps, counted["steps"])):
        assert 1.09 < ours / needed < 1.13, (counted, paid)

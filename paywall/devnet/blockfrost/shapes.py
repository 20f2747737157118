"""Blockfrost's JSON for what the chain holds (docs.blockfrost.io, Cardano API 0.1)."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from paywall.devnet.blockfrost.transactions import IndexedOutput, IndexedTransaction, Ref
from paywall.devnet.chain import Block, BlockPlace, DevnetChain
from shared.cardano import bech32
from shared.cardano.assets import Asset

Json = dict[str, Any]
EPOCH_SLOTS = 432_000
MAX_SUPPLY = "45000000000000000"


def block(chain: DevnetChain, found: Block, genesis_time: int) -> Json:
    """`/blocks/{hash_or_number}`; `confirmations` counts the blocks above it."""
    above = chain.tip.height - found.height
    sent = sum(output.output.lovelace for held in found.transactions for output in held.outputs)
    return {
        "time": genesis_time + found.slot,
        "height": found.height,
        "hash": found.hash,
        "slot": found.slot,
        "epoch": found.slot // EPOCH_SLOTS,
        "epoch_slot": found.slot % EPOCH_SLOTS,
        "slot_leader": "paywall-devnet",
        "size": sum(len(held.raw) for held in found.transactions),
        "tx_count": len(found.transactions),
        "output": str(sent) if found.transactions else None,
        "fees": str(sum(held.parsed.fee for held in found.transactions)) if found.transactions else None,
        "block_vrf": None,
        "op_cert": None,
        "op_cert_counter": None,
        "previous_block": found.previous,
        "next_block": chain.blocks[found.height + 1].hash if above else None,
        "confirmations": above,
    }


def transaction(place: BlockPlace, genesis_time: int) -> Json:
    """`/txs/{hash}`."""
    return {
        **content(place.transaction),
        "block": place.block.hash,
        "block_height": place.block.height,
        "block_time": genesis_time + place.block.slot,
        "slot": place.block.slot,
        "index": place.index,
        "treasury_donation": "0",
    }


def content(found: IndexedTransaction) -> Json:
    """What `/txs/{hash}` and `/mempool/{hash}` both say of a transaction."""
    parsed = found.parsed
    totals: dict[str, int] = {}
    for output in parsed.outputs:
        for unit, quantity in output.tokens.items():
            totals[unit] = totals.get(unit, 0) + quantity
    return {
        "hash": parsed.id,
        "output_amount": amount(sum(output.lovelace for output in parsed.outputs), totals),
        "fees": str(parsed.fee),
        "deposit": "0",
        "size": parsed.size,
        "invalid_before": _text(parsed.valid_from),
        "invalid_hereafter": _text(parsed.expiry_slot),
        "utxo_count": len(parsed.inputs) + len(parsed.outputs),
        "withdrawal_count": 0,
        "mir_cert_count": 0,
        "delegation_count": 0,
        "stake_cert_count": 0,
        "pool_update_count": 0,
        "pool_retire_count": 0,
        "asset_mint_or_burn_count": len(parsed.mint),
        "redeemer_count": found.redeemers,
        "valid_contract": True,
    }


def transaction_utxos(
    chain: DevnetChain, found: IndexedTransaction, view: Mapping[Ref, IndexedOutput]
) -> Json:
    """`/txs/{hash}/utxos`. `view` knows the outputs that the transaction names."""
    kinds = [
        (found.parsed.inputs, False, False),
        (found.collateral, True, False),
        (found.references, False, True),
    ]
    inputs = [
        {**_output(view[ref], ref[1]), "tx_hash": ref[0], "collateral": collateral, "reference": reference}
        for refs, collateral, reference in kinds
        for ref in refs
    ]
    outputs = [
        {**_output(output, ref[1]), "collateral": False, "consumed_by_tx": chain.spent_by.get(ref)}
        for ref, output in found.created()
    ]
    return {"hash": found.id, "inputs": inputs, "outputs": outputs}


def mempool(chain: DevnetChain, found: IndexedTransaction) -> Json:
    """`/mempool/{hash}`."""
    view = {
        **chain.outputs,
        **{ref: output for held in chain.mempool.values() for ref, output in held.created()},
    }
    utxos = transaction_utxos(chain, found, view)
    return {"tx": content(found), "inputs": utxos["inputs"], "outputs": utxos["outputs"], "redeemers": []}


def address_utxo(chain: DevnetChain, ref: Ref, output: IndexedOutput) -> Json:
    """One entry of `/addresses/{address}/utxos`."""
    place = chain.places.get(ref[0])  # None for genesis
    return {
        **_output(output, ref[1]),
        "tx_hash": ref[0],
        "tx_index": ref[1],
        "block": (place.block if place else chain.blocks[0]).hash,
    }


def address_transaction(place: BlockPlace, genesis_time: int) -> Json:
    """One entry of `/addresses/{address}/transactions`."""
    return {
        "tx_hash": place.transaction.id,
        "tx_index": place.index,
        "block_height": place.block.height,
        "block_time": genesis_time + place.block.slot,
    }


def address(text: str, unspent: Iterable[IndexedOutput], *, script: bool) -> Json:
    """`/addresses/{address}`."""
    lovelace, tokens = 0, dict[str, int]()
    for output in unspent:
        lovelace += output.output.lovelace
        for unit, quantity in output.output.tokens.items():
            tokens[unit] = tokens.get(unit, 0) + quantity
    return {
        "address": text,
        "amount": amount(lovelace, tokens),
        "stake_address": None,
        "type": "shelley",
        "script": script,
    }


def asset(found: Asset, mints: list[tuple[str, int]]) -> Json:
    """`/assets/{unit}`: `quantity` is what was minted less what was burned."""
    return {
        "asset": found.unit,
        "policy_id": found.policy_id,
        "asset_name": found.name.hex() or None,
        "fingerprint": fingerprint(found),
        "quantity": str(sum(quantity for _, quantity in mints)),
        "initial_mint_tx_hash": mints[0][0],
        "mint_or_burn_count": len(mints),
        "onchain_metadata": None,
        "onchain_metadata_standard": None,
        "onchain_metadata_extra": None,
        "metadata": None,
    }


def asset_event(tx_hash: str, quantity: int) -> Json:
    """One entry of `/assets/{unit}/history`; like Blockfrost's, the amount of a burn is negative."""
    return {"tx_hash": tx_hash, "amount": str(quantity), "action": "minted" if quantity > 0 else "burned"}


def fingerprint(found: Asset) -> str:
    """CIP-14."""
    return bech32.encode(
        "asset", blake2b(bytes.fromhex(found.policy_id) + found.name, digest_size=20).digest()
    )


def amount(lovelace: int, tokens: Mapping[str, int]) -> list[Json]:
    """Quantities by unit, lovelace first; quantities are decimal strings."""
    units = [("lovelace", lovelace), *sorted(tokens.items())]
    return [{"unit": unit, "quantity": str(quantity)} for unit, quantity in units]


def _output(found: IndexedOutput, place: int) -> Json:
    return {
        "address": found.output.address,
        "amount": amount(found.output.lovelace, found.output.tokens),
        "output_index": place,
        "data_hash": found.datum_hash or _datum_hash(found.inline_datum),
        "inline_datum": found.inline_datum,
        "reference_script_hash": found.script.hash if found.script else None,
    }


def _datum_hash(inline: str | None) -> str | None:
    return blake2b(bytes.fromhex(inline), digest_size=32).hexdigest() if inline else None


def _text(slot: int | None) -> str | None:
    return None if slot is None else str(slot)

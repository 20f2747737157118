"""Whether a transaction that was signed is still what today's protocol parameters ask for."""

from math import ceil

from shared.cardano import fees
from shared.cardano.coins import Parameters
from shared.cardano.make import parts
from shared.cardano.policy import PlutusScript
from shared.cardano.read.cbor import Reader
from shared.cardano.read.cddl import Field
from shared.cardano.read.transaction import parse


def is_outdated(transaction: bytes, parameters: Parameters, script: PlutusScript | None = None) -> bool:
    """One of ours, with the Plutus `script` that its mint was made with: it pays too little by now, an output
    holds too little, or it commits to another cost model."""
    parsed = parse(transaction)
    needed = fees.least_fee(parsed.size, parameters)
    if script is not None and parameters.plutus is not None:
        body = Reader(transaction).item()[0]
        needed += script.fee(parameters.plutus)
        if body.get(Field.SCRIPT_DATA_HASH) != parts.script_data_hash(script, parameters.plutus).payload:
            return True
        if body[Field.TOTAL_COLLATERAL] < ceil(parsed.fee * parameters.plutus.collateral_percent / 100):
            return True
    least = (
        fees.least_lovelace(parts.output(one.address, one.lovelace, one.tokens).to_cbor(), parameters)
        for one in parsed.outputs
    )
    return parsed.fee < needed or any(
        one.lovelace < asked for one, asked in zip(parsed.outputs, least, strict=True)
    )

"""Our plain values as pycardano's objects, each in the smallest form that every wallet can read.

Outputs have the legacy form; inputs, scripts and signers are plain lists: tag 258 would add three bytes to
each and say nothing more. pycardano orders the names of tokens canonically (RFC 7049 section 3.9).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pycardano  # type: ignore[import-untyped]  # it ships no types

from shared.cardano import fees
from shared.cardano.addresses import to_bytes
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, PlutusParameters
from shared.cardano.policy import NativeScript, PlutusScript, PolicyScript

_V3 = 2  # Plutus V3 among the cost models
_MILLIONS = 1_000_000  # is written in as many bytes as what an output of a script must hold


def output(address: str, lovelace: int, tokens: Mapping[str, int]) -> pycardano.TransactionOutput:
    """`tokens` maps Blockfrost's unit → quantity. Errors: InvalidAddressError, InvalidAssetError."""
    # The text is read by our own decoder: pycardano's takes other spellings of an address too.
    owner = pycardano.Address.from_primitive(to_bytes(address))
    return pycardano.TransactionOutput(owner, pycardano.Value(lovelace, bundle(tokens)))


def output_with_script(address: str, script: bytes, parameters: Parameters) -> pycardano.TransactionOutput:
    """The smallest output that holds a Plutus V3 script for others to refer to (CIP-33)."""
    held = output(address, _MILLIONS, {})
    held.script = pycardano.PlutusV3Script(script)
    held.amount = pycardano.Value(fees.least_lovelace(held.to_cbor(), parameters))
    return held


def bundle(tokens: Mapping[str, int]) -> pycardano.MultiAsset:
    """Quantities by unit; below zero they are burned. Errors: InvalidAssetError."""
    policies: dict[bytes, dict[bytes, int]] = {}
    for unit, quantity in tokens.items():
        asset = Asset.parse(unit)
        policies.setdefault(bytes.fromhex(asset.policy_id), {})[asset.name] = quantity
    return pycardano.MultiAsset.from_primitive(policies)


def references(*references: tuple[str, int]) -> list[pycardano.TransactionInput]:
    return [
        pycardano.TransactionInput(pycardano.TransactionId(bytes.fromhex(tx_hash)), index)
        for tx_hash, index in references
    ]


def auxiliary(metadata: Mapping[int, Any] | None) -> pycardano.AuxiliaryData | None:
    return None if metadata is None else pycardano.AuxiliaryData(pycardano.Metadata(metadata))


# A wallet burns under the same script again and again.
@lru_cache(maxsize=8)
def witnesses(script: PolicyScript | None) -> bytes:
    """The witness set of a mint or burn under `script`, but for the signature."""
    found = pycardano.TransactionWitnessSet()
    if isinstance(script, NativeScript):
        holder = pycardano.VerificationKeyHash(script.key_hash)
        found.native_scripts = [pycardano.ScriptPubkey(holder)]
    elif script is not None:
        found.redeemer = redeemers(script)
        if script.reference is None:
            found.plutus_v3_script = [pycardano.PlutusV3Script(script.raw)]
    return bytes(found.to_cbor())


def redeemers(script: PlutusScript) -> pycardano.RedeemerMap:
    """One, for the only policy of the mint: constructor 0 without fields, which the policy never looks at."""
    units = pycardano.ExecutionUnits(script.units.memory, script.units.steps)
    key = pycardano.RedeemerKey(pycardano.RedeemerTag.MINT, 0)
    return pycardano.RedeemerMap({key: pycardano.RedeemerValue(pycardano.Unit(), units)})


@lru_cache(maxsize=8)
def script_data_hash(script: PlutusScript, parameters: PlutusParameters) -> pycardano.ScriptDataHash:
    """Of the redeemers, no datums, and the chain's own cost model: pycardano knows none for Plutus V3."""
    return pycardano.script_data_hash(redeemers(script), None, {_V3: list(parameters.cost_model)})

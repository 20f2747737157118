"""Compiles the policy of a fixed supply with opshin; run as a module it writes the result anew."""

import json
from functools import cache
from typing import Any

import cbor2

from shared.cardano.fixed_supply import FixedSupply
from tests.architecture.modules import ROOT

SOURCE = ROOT / "shared" / "cardano" / "policies" / "fixed_supply.py"
COMPILED = SOURCE.with_suffix(".plutus")


@cache
def _program() -> Any:
    """Without its parameters. A few seconds."""
    from opshin.builder import _static_compile  # type: ignore[import-untyped]  # opshin has none
    from opshin.compiler_config import DEFAULT_CONFIG, OPT_O3_CONFIG  # type: ignore[import-untyped]  # opshin has none

    config = DEFAULT_CONFIG.update(OPT_O3_CONFIG)
    return _static_compile(SOURCE.read_text("utf-8"), SOURCE.name, config=config)


def parameterised(supply: FixedSupply) -> bytes:
    """The script by opshin's own hand: what `FixedSupply.script` must equal."""
    from opshin.builder import _apply_parameters, _build
    from opshin.prelude import TxOutRef  # type: ignore[import-untyped]  # opshin has none

    seed = TxOutRef(bytes.fromhex(supply.seed[0]), supply.seed[1])
    applied = _apply_parameters(_program(), seed, supply.name, supply.quantity, supply.custodian)
    return bytes(_build(applied))


def opening() -> bytes:
    """The script up to its first parameter, which begins with its length and its constructor."""
    supply = FixedSupply(("00" * 32, 0), b"", 1, bytes(28))
    first = bytes([39, 0xD8, 0x79, 0x9F])
    flat: bytes = cbor2.loads(parameterised(supply))
    before, _, after = flat.rpartition(first)
    assert before, "opshin writes parameters in another way now"
    assert first not in before + after
    return before


if __name__ == "__main__":
    COMPILED.write_text(
        json.dumps(
            {
                "type": "PlutusScriptV3",
                "description": "fixed_supply.py by opshin 0.28.0, -O3, as flat bytes up to its first parameter",
                "opening": opening().hex(),
            },
            indent=2,
        )
        + "\n"
    )

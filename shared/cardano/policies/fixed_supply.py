"""A minting policy (Plutus V3) in opshin: a supply that is made once and can only shrink.

Never imported: it is compiled to `fixed_supply.plutus` beside it (a test compiles it anew and compares).
An output can be spent once, so what needs `seed` can happen once; who wants to burn needs the custodian's key.
"""
# opshin takes no other form of import, and has no types for a checker of ordinary Python.
# ruff: noqa: F403, F405
# mypy: ignore-errors

from opshin.prelude import *


def validator(seed: TxOutRef, name: bytes, quantity: int, custodian: bytes, context: ScriptContext) -> None:
    purpose = context.purpose
    assert isinstance(purpose, Minting)
    transaction = context.transaction
    tokens = transaction.mint[purpose.policy_id]
    # One name only: otherwise a burn of this one could carry a mint of another, or the mint could.
    assert len(tokens) == 1
    amount = tokens[name]
    if amount < 0:
        assert custodian in transaction.signatories
    else:
        assert amount == quantity
        assert seed in [entry.out_ref for entry in transaction.inputs]

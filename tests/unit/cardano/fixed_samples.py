"""A fixed supply, its mint and its burns, without a chain."""

from dataclasses import replace
from fractions import Fraction

from shared.cardano.addresses import key_hash
from shared.cardano.coins import PlutusParameters, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.fixed_supply import FixedSupply
from shared.cardano.make import build
from shared.cardano.metadata import BatchCommitment
from tests.unit.cardano.cardano_samples import EXPIRY, HASH, KEY, NETWORK, OURS, PARAMETERS

SEED = Utxo("11" * 32, 0, OURS, 50_000_000)
SUPPLY = FixedSupply(SEED.reference, b"CREATE", 10_000, key_hash(KEY.public))
REFERENCE = ("22" * 32, 0)
PRICES = PlutusParameters(Fraction("0.0577"), Fraction("0.0000721"), Fraction(15), 150, tuple(range(297)))
PRICED = replace(PARAMETERS, plutus=PRICES)
HELD = Utxo("22" * 32, 1, OURS, 40_000_000, {SUPPLY.asset.unit: 10_000})


def mint(*, supply: FixedSupply = SUPPLY, seed: Utxo = SEED) -> Draft:
    return build.mint_fixed(
        seed=seed,
        change_address=OURS,
        supply=supply,
        parameters=PRICED,
        expiry_slot=EXPIRY,
        key=KEY.public,
        network=NETWORK,
    )


def burn(*utxos: Utxo, count: int = 4) -> Draft:
    return build.burn(
        utxos=utxos or [HELD],
        change_address=OURS,
        asset=SUPPLY.asset,
        batch=BatchCommitment(HASH, count, count),
        parameters=PRICED,
        expiry_slot=EXPIRY,
        key=KEY.public,
        network=NETWORK,
        script=SUPPLY.burning(REFERENCE),
    )


def signed(draft: Draft) -> Built:
    return draft.sign(KEY.public, KEY.sign(bytes.fromhex(draft.id)))

"""The minting policies that a custodial wallet can be under: what differs between them in a mint and a burn.

native   one signature decides: cheap, and its holder could mint more at any time
fixed    a Plutus script: the supply was made once, the custodian can only burn (shared/cardano/fixed_supply.py)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

from shared.cardano.addresses import key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import OutputReference, Parameters, Shortage, Utxo
from shared.cardano.draft import Draft
from shared.cardano.fixed_supply import BURN_UNITS, MINT_UNITS, FixedSupply
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import ExecutionUnits, NativeScript, PlutusScript
from shared.cardano.read.fixed_guard import guard_fixed_burn, guard_fixed_mint, script_use
from shared.cardano.read.guard import guard_burn, guard_mint
from shared.chain.base import ChainUnavailable
from shared.keys import PublicKey

TOKEN_NAME = b"CREATE"


class BuildTerms(TypedDict):
    """What every transaction of the wallet is built with."""

    change_address: str
    parameters: Parameters
    expiry_slot: int
    key: PublicKey
    network: str


class Policy(Protocol):
    """One minting policy: drafts its mints and burns, and guards their bytes before the custodial key signs.

    Drafts take milliseconds of pure Python, and the first imports pycardano: make them in a thread.

    They may raise `Shortage` and `ChainUnavailable`.

    The guards look at the unsigned bytes alone, whatever built them: `UnsafeMintError`, `UnsafeBurnError`.
    """

    @property
    def asset(self) -> Asset: ...

    def mint(self, utxos: Sequence[Utxo], quantity: int, terms: BuildTerms) -> Draft: ...

    def burn(
        self,
        utxos: Sequence[Utxo],
        batch: BatchCommitment,
        must_spend: Sequence[OutputReference],
        terms: BuildTerms,
    ) -> Draft: ...

    def script_at(self, transaction: bytes) -> OutputReference | None:
        """The output in which a burn of ours finds its script; None for one that brings it along."""

    def is_outdated(self, transaction: bytes, parameters: Parameters) -> bool:
        """Whether a burn that was signed pays or commits to other than these parameters ask for."""

    def guard_mint(self, unsigned: bytes, quantity: int, address: str, max_fee: int) -> None: ...

    def guard_burn(self, unsigned: bytes, address: str, max_fee: int) -> None: ...


@dataclass(frozen=True, slots=True)
class NativePolicy:
    """The holder of `key` mints and burns."""

    key: PublicKey

    @property
    def asset(self) -> Asset:
        return Asset(NativeScript(key_hash(self.key)).policy_id, TOKEN_NAME)

    def mint(self, utxos: Sequence[Utxo], quantity: int, terms: BuildTerms) -> Draft:
        from shared.cardano.make.build import mint

        return mint(utxos=utxos, asset=self.asset, quantity=quantity, **terms)

    def burn(
        self,
        utxos: Sequence[Utxo],
        batch: BatchCommitment,
        must_spend: Sequence[OutputReference],
        terms: BuildTerms,
    ) -> Draft:
        from shared.cardano.make.build import burn

        return burn(utxos=utxos, asset=self.asset, batch=batch, must_spend=must_spend, **terms)

    def script_at(self, _transaction: bytes) -> OutputReference | None:
        return None

    def is_outdated(self, transaction: bytes, parameters: Parameters) -> bool:
        from shared.cardano.make.outdated import is_outdated

        return is_outdated(transaction, parameters)

    def guard_mint(self, unsigned: bytes, quantity: int, address: str, max_fee: int) -> None:
        guard_mint(unsigned, self.asset, quantity, address, max_fee)

    def guard_burn(self, unsigned: bytes, address: str, max_fee: int) -> None:
        guard_burn(unsigned, self.asset, address, max_fee)


@dataclass(frozen=True, slots=True)
class FixedPolicy:
    """`reference` is the output that holds the script; None until the supply is minted, and no use before.

    `comes_along`: once that output is spent, each burn brings the script. `units` are what the chain said that
    the script uses, and some more; None while it has not said.
    """

    supply: FixedSupply
    reference: OutputReference | None = None
    comes_along: bool = False
    units: ExecutionUnits | None = None

    @property
    def asset(self) -> Asset:
        return self.supply.asset

    def mint(self, utxos: Sequence[Utxo], quantity: int, terms: BuildTerms) -> Draft:
        from shared.cardano.make.build import mint_fixed

        if quantity != self.supply.quantity:
            raise ValueError("a fixed supply is minted whole")
        seed = next((utxo for utxo in utxos if utxo.reference == self.supply.seed), None)
        if seed is None:
            raise Shortage("the output that this supply is minted from is spent")
        _check_prices(terms)
        return mint_fixed(seed=seed, supply=self.supply, units=self.units or MINT_UNITS, **terms)

    def burn(
        self,
        utxos: Sequence[Utxo],
        batch: BatchCommitment,
        must_spend: Sequence[OutputReference],
        terms: BuildTerms,
    ) -> Draft:
        from shared.cardano.make.build import burn

        _check_prices(terms)
        # Spent, the script would be gone, and with it the cheap way of every burn to come.
        ours = [utxo for utxo in utxos if utxo.reference != self._reference]
        return burn(
            utxos=ours,
            asset=self.asset,
            batch=batch,
            must_spend=must_spend,
            script=self._burning,
            **terms,
        )

    def script_at(self, transaction: bytes) -> OutputReference | None:
        return script_use(transaction)[0]

    def is_outdated(self, transaction: bytes, parameters: Parameters) -> bool:
        from shared.cardano.make.outdated import is_outdated

        return is_outdated(transaction, parameters, self.supply.burning(*script_use(transaction)))

    def guard_mint(self, unsigned: bytes, quantity: int, address: str, max_fee: int) -> None:
        assert quantity == self.supply.quantity
        guard_fixed_mint(unsigned, self.supply, address, max_fee, units=self.units or MINT_UNITS)

    def guard_burn(self, unsigned: bytes, address: str, max_fee: int) -> None:
        script = self._burning
        guard_fixed_burn(unsigned, self.supply, script.reference, address, max_fee, units=script.units)

    @property
    def _burning(self) -> PlutusScript:
        reference = self._reference
        return self.supply.burning(None if self.comes_along else reference, self.units or BURN_UNITS)

    @property
    def _reference(self) -> OutputReference:
        if self.reference is None:
            raise ValueError("nothing can be burned before the supply is minted")
        return self.reference


def _check_prices(terms: BuildTerms) -> None:
    if terms["parameters"].plutus is None:
        raise ChainUnavailable("the chain service does not tell what Plutus scripts cost")

"""The custodial wallet: its key, its address, the token it holds, and the guard before every signature."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from paywall.burns.policies import BuildTerms, NativePolicy, Policy
from paywall.burns.wallet.base import WalletChain
from paywall.burns.wallet.tuning import tuned
from paywall.errors import SetupError
from paywall.keys.signers.base import Signer
from shared.cardano.addresses import enterprise_address
from shared.cardano.assets import Asset
from shared.cardano.coins import OutputReference, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.metadata import BatchCommitment
from shared.cardano.read.transaction import parse
from shared.chain.base import Chain, ChainUnavailable, spender_of
from shared.keys import PublicKey

#: a few hundred batches' fees
LOW_LOVELACE = 50_000_000


def custody_note(tokens: int, lovelace: int, low_water: int) -> str:
    """For the operator: "ok", or what runs low. Low is no fault yet: sales go on up to the backlog."""
    low = [
        text
        for is_low, text in (
            (tokens <= low_water, f"{tokens} tokens left"),
            (lovelace <= LOW_LOVELACE, f"{lovelace / 1_000_000:.6f} ADA left"),
        )
        if is_low
    ]
    return f"ok, but low: {', '.join(low)}" if low else "ok"


@dataclass(frozen=True, slots=True)
class BurnOrder:
    """What one attempt is to burn. `must_spend` are its anchors: earlier attempts spend one of them each."""

    batch: BatchCommitment
    must_spend: Sequence[OutputReference]


class Custody:
    """The custodial key with its policy: signs mints and burns that the policy's guard has passed, nothing else."""

    def __init__(
        self,
        signer: Signer,
        network: str,
        *,
        max_fee: int,
        expiry_slots: int,
        policy: Callable[[PublicKey], Policy | None] = NativePolicy,
    ) -> None:
        """`policy` gives None while nobody knows it: a fixed supply's depends on what the mint will spend."""
        self._signer = signer
        self._network = network
        self._policy = policy(signer.public)
        self._max_fee = max_fee
        self._expiry_slots = expiry_slots
        self.address = enterprise_address(signer.public, network)

    @property
    def has_policy(self) -> bool:
        """False before a fixed supply is minted."""
        return self._policy is not None

    @property
    def policy(self) -> Policy:
        """Errors: SetupError before a fixed supply is minted."""
        if self._policy is None:
            raise SetupError(
                "The fixed supply is not minted yet; run: paywall token mint --supply N --policy fixed"
            )
        return self._policy

    @property
    def asset(self) -> Asset:
        """Errors: SetupError before a fixed supply is minted."""
        return self.policy.asset

    def under(self, policy: Policy) -> "Custody":
        """The same wallet, for a supply that is to be minted under `policy`."""
        return Custody(
            self._signer,
            self._network,
            max_fee=self._max_fee,
            expiry_slots=self._expiry_slots,
            policy=lambda _: policy,
        )

    @staticmethod
    async def prepare() -> None:
        """Import what drafts are made with: 0.7 s of Python and 30 MB, which no request is to wait for later."""
        await asyncio.to_thread(import_module, "shared.cardano.make.build")

    async def sign_burn(self, chain: WalletChain, utxos: Sequence[Utxo], order: BurnOrder) -> Built:
        """A signed burn of `order`. Errors: Shortage (tokens or ADA), ChainUnavailable, UnsafeBurnError."""
        terms = await self._terms(chain)

        def drafted(policy: Policy) -> Draft:
            return policy.burn(utxos, order.batch, order.must_spend, terms)

        self._policy = policy = await tuned(self.policy, chain, drafted)
        # In a thread: each draft is 5 to 50 ms of pure Python, and the first imports pycardano where nobody prepared.
        draft = await asyncio.to_thread(drafted, policy)
        unsigned = draft.unsigned
        # A fault above must not become a signature on anything but a burn of ours.
        policy.guard_burn(unsigned, self.address, self._max_fee)
        return await self._sign(draft, unsigned)

    async def sign_mint(self, chain: WalletChain, quantity: int) -> Built:
        """A signed mint of the supply to our own address. Errors: Shortage, ChainUnavailable, UnsafeMintError."""
        utxos, terms = await chain.utxos(self.address), await self._terms(chain)

        def drafted(policy: Policy) -> Draft:
            return policy.mint(utxos, quantity, terms)

        policy = await tuned(self.policy, chain, drafted)
        draft = await asyncio.to_thread(drafted, policy)
        unsigned = draft.unsigned
        policy.guard_mint(unsigned, quantity, self.address, self._max_fee)
        return await self._sign(draft, unsigned)

    async def is_outdated(self, chain: WalletChain, transaction: bytes) -> bool:
        """Whether a burn of ours that the ledger refused asks for other than the chain does by now.

        Errors: ChainUnavailable.
        """
        script_at = self.policy.script_at(transaction)
        if script_at is not None and await spender_of(chain, script_at) is not None:
            return True
        parameters = await chain.parameters()
        return await asyncio.to_thread(self.policy.is_outdated, transaction, parameters)

    async def _terms(self, chain: Chain) -> BuildTerms:
        parameters, tip = await asyncio.gather(chain.parameters(), chain.tip())
        return BuildTerms(
            change_address=self.address,
            parameters=parameters,
            expiry_slot=tip.slot + self._expiry_slots,
            key=self._signer.public,
            network=self._network,
        )

    async def _sign(self, draft: Draft, looked_at: bytes) -> Built:
        # The id of the bytes that the guard saw, whatever the draft says of itself.
        signature = await self._signer.sign(bytes.fromhex(parse(looked_at).id))
        return draft.sign(self._signer.public, signature)

    async def shown(self, chain: Chain) -> list[Utxo]:
        """The outputs at our address; those that hold our token alone when there are more than can be read.

        Strangers' junk, however much of it, must not hide what is ours. Errors: ChainUnavailable.
        """
        try:
            return await chain.utxos(self.address)
        except ChainUnavailable:
            return await chain.utxos(self.address, self.asset)

    async def holdings(self, chain: Chain) -> tuple[int, int]:
        """(lovelace, tokens) at our address, by the chain."""
        utxos = await self.shown(chain)
        return sum(u.lovelace for u in utxos), sum(u.tokens.get(self.asset.unit, 0) for u in utxos)

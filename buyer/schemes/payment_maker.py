"""Makes a signed payment, in ADA or a token, that nobody has submitted: for the clients of others."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from buyer.errors import PaymentRefused, WalletError
from shared.cardano.addresses import enterprise_address
from shared.cardano.coins import OutputReference, Parameters, Shortage, Utxo
from shared.cardano.draft import Draft
from shared.cardano.read.guard import ExpectedPayment, guard_payment
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from shared.x402_cardano.requirements import LOVELACE

LONGEST_LIFE = 3600
MAX_FEE = 2_000_000
#: lovelace that go with tokens: a chain service that says more is needed would give them away
MAX_ALONG = 3_000_000


@dataclass(frozen=True, slots=True)
class WantedPayment:
    """`asset` is Blockfrost's unit of a token, or lovelace; it may land for `seconds`, and names `commitment`."""

    pay_to: str
    asset: str
    amount: int
    seconds: int
    commitment: bytes | None = None


class PaymentMaker:
    """Pays from the enterprise address of one key. `chain_url` is Blockfrost's, or the devnet's, to `/api/v0`."""

    def __init__(
        self,
        key: SigningKey,
        network: str,
        chain_url: str,
        project_id: str = "",
        *,
        now: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self._key = key
        self.network = network
        self._chain_url = chain_url
        self._project_id = project_id
        self._now = now
        self.address = enterprise_address(key.public, network)
        #: outputs that payments of ours spend, with the slot after which those are void: no two spend one
        self._taken: dict[OutputReference, int] = {}

    async def make(self, asked: WantedPayment) -> tuple[bytes, OutputReference]:
        """The signed bytes, and one of the outputs that they spend. One at a time.

        Errors: PaymentRefused for what cannot be paid, WalletError for a draft that does something else, ChainError.
        """
        chain = Blockfrost(self._chain_url, self._project_id)
        try:
            tip, parameters = await chain.tip(), await chain.parameters()
            slot = tip.slot + max(0, self._now() - tip.time)
            utxos = [utxo for utxo in await chain.utxos(self.address) if self._is_free(utxo, slot)]
        finally:
            await chain.aclose()
        # A quarter to spare: clocks differ.
        expiry = slot + min(asked.seconds, LONGEST_LIFE) * 3 // 4
        try:
            draft, expected = await asyncio.to_thread(self._drafted, asked, utxos, parameters, expiry)
        except Shortage as shortage:
            raise PaymentRefused("funds_short", f"{self.address} holds too little: {shortage}") from shortage
        except ValueError as error:
            raise PaymentRefused("payment_impossible", f"it cannot be paid: {error}") from error
        self._look_at(draft, expected)
        built = draft.sign(self._key.public, self._key.sign(bytes.fromhex(draft.id)))
        self._taken |= {utxo.reference: expiry for utxo in built.inputs}
        return built.raw, built.inputs[0].reference

    def _is_free(self, utxo: Utxo, slot: int) -> bool:
        return self._taken.get(utxo.reference, -1) < slot

    def _drafted(
        self, asked: WantedPayment, utxos: Sequence[Utxo], parameters: Parameters, expiry_slot: int
    ) -> tuple[Draft, ExpectedPayment]:
        """In a thread: pycardano's import takes 0.7 s, a draft some milliseconds."""
        from shared.cardano.make.build import payment
        from shared.cardano.make.token_payment import token_payment

        facts = {
            "utxos": utxos,
            "change_address": self.address,
            "recipient": asked.pay_to,
            "token_hash": asked.commitment,
            "parameters": parameters,
            "expiry_slot": expiry_slot,
            "key": self._key.public,
            "network": self.network,
        }
        if asked.asset == LOVELACE:
            draft = payment(lovelace=asked.amount, **facts)  # type: ignore[arg-type]  # named once for both
            return draft, ExpectedPayment(asked.pay_to, asked.amount, asked.commitment)
        draft, along = token_payment(unit=asked.asset, quantity=asked.amount, **facts)  # type: ignore[arg-type]
        tokens = {asked.asset: asked.amount}
        return draft, ExpectedPayment(asked.pay_to, along, asked.commitment, tokens)

    def _look_at(self, draft: Draft, expected: ExpectedPayment) -> None:
        """Read the bytes before they can be signed: whatever made them may be wrong or have been taken over."""
        if expected.tokens and expected.lovelace > MAX_ALONG:
            message = f"the chain service asks for {expected.lovelace} lovelace beside the tokens"
            raise WalletError("payment_unsafe", message)
        try:
            guard_payment(draft.unsigned, expected, self.address, MAX_FEE)
        except ValueError as error:
            raise WalletError(
                "payment_unsafe", f"a payment was drafted wrongly and is not signed: {error}"
            ) from error

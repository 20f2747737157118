"""The scheme `exact` on Cardano for PyPI `x402`'s clients: `x402Client().register("cardano:preprod", scheme)`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

from buyer.schemes.payment_maker import PaymentMaker, WantedPayment
from shared.x402_cardano.reasons import ExactReason, ExactRefusal
from shared.x402_cardano.requirements import read_requirements
from shared.x402_cardano.shown_payment import payload_of

if TYPE_CHECKING:
    from x402.schemas import PaymentRequirements


class CardanoClientScheme:
    """A `SchemeNetworkClient`. What may be spent is for the client's own spend controls to say."""

    scheme = "exact"

    def __init__(self, maker: PaymentMaker) -> None:
        self._maker = maker
        self._turn = Lock()

    def create_payment_payload(self, requirements: "PaymentRequirements") -> dict[str, Any]:
        """`{"transaction", "nonce"}`: signed and not submitted.

        The package calls it without awaiting: it asks the chain from a thread and blocks meanwhile.
        Errors: ExactRefusal, PaymentRefused, WalletError, ChainError.
        """
        with self._turn, ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(asyncio.run, self._paid(requirements)).result()

    async def _paid(self, requirements: "PaymentRequirements") -> dict[str, Any]:
        asked = read_requirements(requirements.model_dump(by_alias=True, exclude_none=True))
        if asked.network != self._maker.network:
            raise ExactRefusal(ExactReason.NETWORK, f"this wallet pays on {self._maker.network}")
        wanted = WantedPayment(asked.pay_to, asked.asset, asked.amount, asked.seconds)
        return dict(payload_of(*await self._maker.make(wanted)))

"""Paying in ACK-Pay what a 402 asks: an option and its payer, and then the receipt that the call is repeated with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from buyer.budget import Budget
from buyer.payers import registry
from buyer.payers.base import Payer
from buyer.paying.ack import ack_asked
from buyer.paying.ack.ack_asked import AckAsked
from buyer.paying.ack.judging import Judging
from buyer.paying.ack.receipting import Receipting
from buyer.paying.calls import Header
from buyer.paying.signing import ChosenCall
from buyer.purchase.record import Purchase
from buyer.seller.session import Context, Session
from buyer.wallet.file import Wallet
from shared.chain.base import Chain

OpensChain = Callable[[], Awaitable[Chain]]


class PayingAck:
    """From one wallet within one budget; `wait` (seconds) bounds how long a receipt is waited for."""

    def __init__(self, wallet: Wallet, budget: Budget, context: Context, *, wait: float) -> None:
        self._wallet = wallet
        self._budget = budget
        self._context = context
        self._wait = wait

    async def choose(self, wanted: AckAsked, path: str, chain: OpensChain) -> ChosenCall:
        """See `Judging`."""
        async with self._seller(wanted.seat) as session:
            return await Judging(session, self._budget, self._payers(chain)).choose(wanted, path)

    async def receipt(self, purchase: Purchase, chain: OpensChain) -> Header:
        """See `Receipting`."""
        seat = ack_asked.read(purchase.payment_request_token or "", purchase.kind.origin).seat
        async with self._seller(seat) as session:
            return await Receipting(session, purchase, self._payers(chain), wait=self._wait).header()

    def _payers(self, chain: OpensChain) -> tuple[Payer, ...]:
        return registry.of_any_make(self._wallet, self._context, chain)

    @asynccontextmanager
    async def _seller(self, seat: str) -> AsyncIterator[Session]:
        session = Session(seat, self._wallet, self._context, any_network=True)
        try:
            yield session
        finally:
            await session.aclose()

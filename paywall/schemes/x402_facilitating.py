"""Our facilitator for PyPI `x402`: as the facilitator client of its servers, and as a scheme of its facilitators."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.verdicts import SettleAnswer
from shared.x402_cardano.reasons import ExactReason

try:
    from x402.schemas import (
        PaymentPayload,
        PaymentRequirements,
        SettleResponse,
        SupportedResponse,
        VerifyResponse,
    )
except ImportError as error:
    raise ImportError("Cardano for PyPI x402 needs the extra x402: pip install 'paywall[x402]'") from error

A = TypeVar("A")


class InProcessFacilitator:
    """A `FacilitatorClient`: `x402ResourceServer(InProcessFacilitator(facilitator))`.

    "Settled" is said once for each transaction, since no answer is lost within a process: the package runs the handler
    for every copy of a payment that it gets, and all copies but one are to be answered without what it made.
    """

    def __init__(self, facilitator: CardanoFacilitator) -> None:
        self._facilitator = facilitator

    async def verify(self, payload: PaymentPayload, requirements: PaymentRequirements) -> VerifyResponse:
        answer = await self._facilitator.verify(_json(payload), _json(requirements))
        return VerifyResponse.model_validate(answer.document())

    async def settle(self, payload: PaymentPayload, requirements: PaymentRequirements) -> SettleResponse:
        answer = await self._facilitator.settle(_json(payload), _json(requirements))
        return SettleResponse.model_validate(_once(answer).document())

    def get_supported(self) -> SupportedResponse:
        return SupportedResponse.model_validate(self._facilitator.supported())


def _once(answer: SettleAnswer) -> SettleAnswer:
    if not answer.repeated:
        return answer
    message = "the transaction has paid for an answer already"
    return SettleAnswer(
        answer.network, answer.transaction, answer.payer, ExactReason.DUPLICATE, message, answer.extra
    )


class CardanoFacilitatorScheme:
    """A `SchemeNetworkFacilitator`, whose methods the package calls without awaiting: it has a loop in a thread.

    `opening` makes the facilitator inside that loop, such as `lambda: open_facilitator(options)`. Use it in a
    facilitator that answers from threads (`x402FacilitatorSync`): a settlement blocks its caller for up to a minute.
    """

    scheme = "exact"
    caip_family = "cardano:*"

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[CardanoFacilitator]]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._context = opening()
        try:
            self._facilitator = self._run(self._context.__aenter__())
        except BaseException:
            self._stop()
            raise

    def get_extra(self, network: str) -> dict[str, Any] | None:
        kind = self._facilitator.supported()["kinds"][0]
        extra: dict[str, Any] | None = kind["extra"] if kind["network"] == network else None
        return extra

    def get_signers(self, network: str) -> list[str]:  # noqa: ARG002  it signs nowhere
        return []

    def verify(
        self, payload: PaymentPayload, requirements: PaymentRequirements, _context: object = None
    ) -> VerifyResponse:
        answer = self._run(self._facilitator.verify(_json(payload), _json(requirements)))
        return VerifyResponse.model_validate(answer.document())

    def settle(
        self, payload: PaymentPayload, requirements: PaymentRequirements, _context: object = None
    ) -> SettleResponse:
        answer = self._run(self._facilitator.settle(_json(payload), _json(requirements)))
        return SettleResponse.model_validate(answer.document())

    def close(self) -> None:
        """Waits for what is being settled."""
        self._run(self._context.__aexit__(None, None, None))
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, A]) -> A:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _json(model: PaymentPayload | PaymentRequirements) -> dict[str, Any]:
    document: dict[str, Any] = model.model_dump(by_alias=True, exclude_none=True)
    return document

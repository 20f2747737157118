"""ACK Lab's calls over HTTP, each sent once: one that is not answered may have been carried out."""

import httpx

from shared import acklab, acklab_service
from shared.acklab import AckLabClient, AckLabUnreadable
from shared.chain.transport import NoAnswer, Transport
from shared.tokens import fields
from shared.tokens.jws import TokenError

_TIMED_OUT, _SERVER_ERROR = 408, 500


class AckLabCalls:
    """The calls of one agent of `client`. Keeps its connections, in one event loop; to be closed."""

    def __init__(
        self,
        url: str,
        client: AckLabClient,
        agent: str,
        seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`url` as `acklab_service.is_service` takes it. Errors: ValueError."""
        self._client = client
        self._agent = agent
        self._transport = Transport(url.rstrip("/"), "", seconds, transport)

    async def create_payment_request(self, request_id: str, amount: int, description: str) -> tuple[str, str]:
        """Its token, and the URL of its page, empty for none; `amount` in cents. Errors: those of `_post`."""
        members: dict[str, str | int] = {
            "id": request_id,
            "amount": amount,
            "currencyCode": acklab_service.CURRENCY,
            "description": description,
        }
        return await self._post("payment-requests", members, "paymentRequestToken")

    async def execute_payment(self, payment_request_token: str) -> str:
        """Pay; the receipt. Nothing shows that a second call does not pay twice. Errors: those of `_post`."""
        receipt, _ = await self._post("payments", {"paymentRequestToken": payment_request_token}, "receipt")
        return receipt

    async def _post(self, kind: str, members: dict[str, str | int], wanted: str) -> tuple[str, str]:
        """Errors: NotSent; AckLabRefused, and nothing happened; NoAnswer, when that is not known."""
        path, body = f"/v1/agents/{self._agent}/{kind}", acklab.body_of(members)
        headers = {
            "authorization": self._client.authorization("POST", path, body),
            "content-type": "application/json",
        }
        answer = await self._transport.send("POST", path, content=body, headers=headers)
        if answer.status >= _SERVER_ERROR or answer.status == _TIMED_OUT:
            raise NoAnswer(f"status {answer.status}")  # whatever it says: it may have failed half way
        try:
            data = acklab.data_of(answer.body)
            return fields.text(data, wanted), fields.optional_text(data, "url") or ""
        except (AckLabUnreadable, TokenError) as error:
            raise NoAnswer(f"status {answer.status}, and no answer that can be read") from error

    async def aclose(self) -> None:
        await self._transport.aclose()

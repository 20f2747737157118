"""The image maker that asks a model, over OpenAI's Images API or a server compatible with it.

https://platform.openai.com/docs/api-reference/images/create. `openai` takes most of a second to import, so it
is imported when the maker is built. Requests are never repeated here: the API has no idempotency key for
images, and each repetition may be charged. Neither prompts nor keys nor the server's own words are logged.
"""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from paywall.products.images.answer import MAX_ANSWER_BYTES, read_answer
from paywall.products.images.maker import MakerFailed, MakerRefused, Picture, Subject

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAIError

DEFAULT_MODEL = "gpt-image-2.5-flare"
DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_TIMEOUT = 180.0
SIZE = "1024x1024"

_REFUSALS = {"moderation_blocked", "content_policy_violation"}
_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached"}
_NOT_ALLOWED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_RETRYABLE = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}


class OpenAIImageMaker:
    """Makes pictures with a model."""

    id = "openai"

    def __init__(
        self,
        api_key: str,
        *,
        model: str = DEFAULT_MODEL,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Open no connection yet. `timeout` in seconds is for one whole picture, first byte to last."""
        from openai import AsyncOpenAI

        self._model = model
        self._timeout = timeout
        self._client = AsyncOpenAI(api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0)

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        """Ask the model once. Raises MakerRefused or MakerFailed."""
        from httpx2 import HTTPError
        from openai import OpenAIError

        # The causes are cut off (`from None`): they hold the prompt, the key and the server's words.
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._ask(subject.prompt, redemption_id, safety_identifier)
        except OpenAIError as error:
            raise _translate(error) from None
        except HTTPError:
            raise MakerFailed("the model's answer broke off", retryable=True) from None
        except TimeoutError:
            raise MakerFailed(f"no picture within {self._timeout:g} s", retryable=True) from None
        picture = await asyncio.to_thread(read_answer, answer)
        return Picture(picture.data, picture.media_type, {"model": self._model, **picture.usage})

    async def _ask(self, prompt: str, redemption_id: str, safety_identifier: str) -> bytes:
        """The raw answer, read piece by piece so that an endless one is given up."""
        request = self._client.images.with_streaming_response.generate(
            model=self._model,
            prompt=prompt,
            n=1,
            size=SIZE,
            safety_identifier=safety_identifier,
            extra_headers={"X-Client-Request-Id": redemption_id},
        )
        answer = bytearray()
        async with request as response:
            async for piece in response.iter_bytes():
                answer += piece
                if len(answer) > MAX_ANSWER_BYTES:
                    raise MakerFailed("the model's answer is too long", retryable=False)
        return bytes(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()


def _translate(error: "OpenAIError") -> Exception:
    from openai import APIStatusError, APITimeoutError

    if isinstance(error, APIStatusError):
        return _translate_status(error)
    if isinstance(error, APITimeoutError):
        return MakerFailed("the model did not answer in time", retryable=True)
    return MakerFailed("the model's server cannot be reached", retryable=True)


def _translate_status(error: "APIStatusError") -> Exception:
    status = error.status_code
    if error.code in _REFUSALS:
        return MakerRefused("the model's content policy refuses this prompt")
    if error.code in _NO_MONEY:
        return MakerFailed("the account at the model's provider has no quota left", retryable=False)
    if status in _NOT_ALLOWED:
        return MakerFailed("the model's server refuses our key: check OPENAI_API_KEY", retryable=False)
    if status == HTTPStatus.NOT_FOUND:
        return MakerFailed("the model's server does not know this model or address", retryable=False)
    retryable = status in _RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return MakerFailed(f"the model's server answered {status}", retryable=retryable)

"""The devnet's ledger as the judge: it holds every rule of phase 1, and takes nothing that it is only asked about."""

import httpx

from paywall.facilitator.judge import JudgedInvalid
from shared.chain.base import ChainUnavailable
from shared.text import clean

_OK, _REFUSED = 200, 400
_SECONDS = 20


class DevnetJudge:
    """A `Judge`. `chain_url` ends in `/api/v0`, as the chain's own."""

    def __init__(self, chain_url: str) -> None:
        self._url = chain_url.removesuffix("/api/v0") + "/devnet/judge"
        self._http = httpx.AsyncClient(timeout=_SECONDS, trust_env=False)

    async def judge(self, raw: bytes) -> None:
        try:
            answer = await self._http.post(self._url, content=raw)
        except httpx.HTTPError as error:
            raise ChainUnavailable("the devnet does not judge at the moment") from error
        if answer.status_code == _REFUSED:
            raise JudgedInvalid(clean(answer.text))
        if answer.status_code != _OK:
            raise ChainUnavailable(f"the devnet answered {answer.status_code} to what it was to judge")

    async def aclose(self) -> None:
        await self._http.aclose()

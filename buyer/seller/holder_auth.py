"""Showing a receipt with proof that its key is held: DPoP (RFC 9449) as an httpx.Auth without I/O."""

from collections.abc import Callable, Generator

import httpx

from shared.keys import SigningKey
from shared.tokens import dpop


class HolderAuth(httpx.Auth):
    """Signs every attempt anew: a proof's `jti` counts once. Without a token it proves the key alone."""

    def __init__(
        self, key: SigningKey, *, now: Callable[[], int], new_jti: Callable[[], str], token: str | None = None
    ) -> None:
        self._key = key
        self._now = now
        self._new_jti = new_jti
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token is not None:
            request.headers["Authorization"] = f"DPoP {self._token}"
        request.headers["DPoP"] = dpop.make(
            self._key,
            method=request.method,
            url=str(request.url),
            now=self._now(),
            jti=self._new_jti(),
            token=self._token,
        )
        yield request

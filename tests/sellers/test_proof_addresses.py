"""The address that a holder proof names, for a seller at a path: mounted, or behind a proxy that takes it off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from paywall import Paywall, Settings
from shared.keys import SigningKey
from shared.tokens import dpop
from tests.support.outside.dialect import ASK, SHOW, PlainDialect
from tests.support.outside.rail import VoucherRail
from tests.support.outside.resource import PRODUCT, weather
from tests.support.world.loop import in_loop

HOLDER = SigningKey.generate()
PUBLIC, LOCAL = "https://shop.example/north", "http://127.0.0.1:8402"

#: where it sells → (its public URL, the path that it is mounted at, what its clients put before "/api")
PLACES = {
    "mounted": (PUBLIC, "/north", PUBLIC),
    "mounted without a public URL": ("", "/north", f"{LOCAL}/north"),
    "behind a proxy that takes the path off": (PUBLIC, "", PUBLIC),
}


@asynccontextmanager
async def selling(folder: Path, public_url: str, mount: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose paths are those that the app's server sees."""
    settings = Settings(data_dir=str(folder), rails="voucher", policy="none", public_url=public_url)
    paywall = Paywall(
        settings,
        resources=[weather(folder / "reports")],
        products=[PRODUCT],
        rails=[VoucherRail({"code": 90}, 0)],
        dialects=[PlainDialect()],
    )
    app: Any = Starlette(routes=[Mount(mount, paywall)]) if mount else paywall
    transport = httpx.ASGITransport(app)
    async with paywall.running(), httpx.AsyncClient(transport=transport, base_url=LOCAL + mount) as http:
        yield http


async def bought(http: httpx.AsyncClient) -> str:
    """A receipt that is bound to the holder."""
    body = {"credits": 6, "holder": HOLDER.public.did}
    asked = (await http.post("/api/weather/buy", json=body)).headers[ASK].partition("token=")[2]
    paid = await http.post("/api/payments", headers={SHOW: f"{HOLDER.public.did} code {asked}"})
    return str(paid.json()["ours"])


@pytest.mark.parametrize(("public_url", "mount", "outside"), PLACES.values(), ids=PLACES)
@in_loop
async def test_a_holder_proof_names_the_address_with_the_sellers_path_in_it_once(
    tmp_path: Path, public_url: str, mount: str, outside: str
) -> None:
    async with selling(tmp_path, public_url, mount) as http:
        receipt = await bought(http)

        async def told(base: str) -> str:
            """The code of the answer to a proof for this address."""
            url = f"{base}/api/credits"
            proof = dpop.make(HOLDER, method="GET", url=url, now=int(time()), jti=base, token=receipt)
            shown = {"Authorization": f"DPoP {receipt}", "DPoP": proof}
            answer = await http.get("/api/credits", headers=shown)
            return "ok" if answer.status_code == 200 else str(answer.json()["code"])

        assert await told(outside) == "ok"
        origin = outside.removesuffix("/north")
        for wrong in (origin, f"{outside}/north", f"{origin}/south", f"{origin}/south/north"):
            assert await told(wrong) == "holder_proof_invalid", wrong

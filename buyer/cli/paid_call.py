"""What `buyer pay` does: one call with its payment, or what would be paid for it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from buyer.auth import WAIT_SECONDS, PaymentAuth
from buyer.cli.commands import CommandResult, Commands, budget_of
from buyer.errors import PaymentRefused, SellerFault, SellerUnreachable, UsageError
from buyer.outgoing import usable_variables
from buyer.paying.ack import offered
from buyer.paying.calling import Calling, kind_of
from buyer.paying.capped import cap
from buyer.seller.http import Reply
from buyer.seller.origin import is_on_this_machine
from buyer.seller.session import Context
from shared.text import clean

REQUEST_SECONDS = 90.0
#: bytes of an answer; those of one that is printed
LONGEST_ANSWER, LONGEST_PRINTED = 50_000_000, 65_536
PAYMENT_REQUIRED, REFUSED = 402, 400


@dataclass(frozen=True, slots=True)
class PaidCall:
    """A call as the command line names it."""

    method: str
    url: str
    data: str | None
    headers: dict[str, str]
    by: str | None = None

    async def pay(self, commands: Commands, max_price: str | None, out: Path | None) -> CommandResult:
        """Pay if it must be, and give back the answer, or save it. Exit code 4 where the seller refuses the call."""
        with closing(commands.unlock()) as wallet:
            auth = PaymentAuth(
                wallet,
                budget_of(max_price, wallet),
                say=commands.progress.say,
                by=self.by,
                environment=commands.environment,
            )
            request = self._request()
            async with _client(kind_of(request).origin) as http:
                try:
                    response = await http.send(request, auth=auth, stream=True)
                    content = await _within(response, LONGEST_PRINTED if out is None else LONGEST_ANSWER)
                except httpx.HTTPError as error:
                    hint = "What was paid is kept: the same command again shows the same payment."
                    raise SellerUnreachable(
                        "seller_unreachable", f"no answer: {type(error).__name__}", hint=hint
                    ) from error
        document: dict[str, object] = {"status": response.status_code, "bytes": len(content)}
        if out is not None:
            await asyncio.to_thread(out.write_bytes, content)
            shown: dict[str, object] = {"path": str(out)}
            lines = [clean(f"{out}  {len(content)} bytes")]
        else:
            text = content.decode(errors="replace")
            shown, lines = {"body": text}, text.splitlines()
        code = PaymentRefused.exit_code if response.status_code >= REFUSED else 0
        return CommandResult((document | shown, lines), code)

    async def rehearse(self, commands: Commands, max_price: str | None) -> CommandResult:
        """What would be paid: the call is made without a payment, once."""
        with closing(commands.unlock()) as wallet:
            request = self._request()
            kind = kind_of(request)
            try:
                async with _client(kind.origin) as http:
                    response = await http.send(request, stream=True)
                    try:
                        if response.status_code != PAYMENT_REQUIRED:
                            told: dict[str, object] = {
                                "dry_run": True,
                                "status": response.status_code,
                                "pay": None,
                            }
                            return CommandResult((told, [f"status {response.status_code}: nothing to pay"]))
                        body = await cap(response).aread()
                    finally:
                        await response.aclose()
            except httpx.HTTPError as error:
                raise SellerUnreachable("seller_unreachable", f"no answer: {type(error).__name__}") from error
            context = Context(_now, commands.environment, commands.progress.say, commands.progress.trace)
            calling = Calling(wallet, budget_of(max_price, wallet), context, wait=WAIT_SECONDS)
            offer = offered.read(
                Reply(response.status_code, response.headers, body),
                response.headers,
                kind.origin,
                now=_now(),
                own_authorization="authorization" in request.headers,
                by=self.by,
            )
            chosen, asks = await calling.rehearse(kind, offer, request.url.path)
        option, price = chosen.option.option, chosen.cost.money
        told = {
            "dry_run": True,
            "status": PAYMENT_REQUIRED,
            "price": str(price),
            "pay": f"{option.amount} of 10^-{option.decimals} {option.currency}",
            "recipient": option.recipient,
            "network": option.network,
            "dialect": chosen.option.dialect,
            "needs_approval": asks,
            "not_payable": list(offer.reasons),
        }
        lines = [f"would pay {price} to {option.recipient} on {option.network}, by {chosen.option.dialect}"]
        return CommandResult((told, [*lines, *offer.reasons]))

    def _request(self) -> httpx.Request:
        try:
            return httpx.Request(self.method.upper(), self.url, content=self.data, headers=self.headers)
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError("url_invalid", f"that cannot be called: {clean(error)}") from error


def read_headers(given: Sequence[str], data: str | None) -> dict[str, str]:
    """`NAME: VALUE` of each; UsageError for what is none."""
    found = {} if data is None else {"content-type": "application/json"}
    for line in given:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError("header_invalid", f"{clean(line)!r} is no header", hint="Write 'NAME: VALUE'.")
        found[name.strip().lower()] = value.strip()
    return found


def _client(origin: str) -> httpx.AsyncClient:
    # A proxy has no business between two processes of one machine.
    with usable_variables():
        return httpx.AsyncClient(timeout=REQUEST_SECONDS, trust_env=not is_on_this_machine(origin))


async def _within(response: httpx.Response, longest: int) -> bytes:
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes(LONGEST_PRINTED):
            content += chunk
            if len(content) > longest:
                hint = "Longer ones can be saved: --out FILE" if longest == LONGEST_PRINTED else ""
                raise SellerFault("answer_too_large", f"the answer is larger than {longest} bytes", hint=hint)
    finally:
        await response.aclose()
    return bytes(content)


def _now() -> int:
    return int(time.time())

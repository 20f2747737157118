"""Paying from an account at ACK Lab: it moves the money when it is told to, and its receipt is the evidence.

Nothing shows that ACK Lab keeps two payments of one payment request apart, and nothing can be asked of it about one:
so it is told once, and what became of a call that was not answered stays unknown.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from buyer.errors import PaymentRefused, SellerFault, SellerUnreachable, StillPending, UsageError
from buyer.payers.base import Cost, Evidence, Fate, PayerContext, PaymentDraft, PaymentTerms
from buyer.purchase.machine import SHORTEST_LIFE
from shared import acklab_service
from shared.acklab import AckLabClient, AckLabRefused
from shared.chain.acklab_calls import AckLabCalls
from shared.chain.transport import NoAnswer, NotSent
from shared.keys import InvalidKeyError
from shared.money import Money
from shared.tokens import jws, plain_request
from shared.tokens.jws import TokenError
from shared.tokens.plain_request import PlainRequest
from shared.tokens.prt import PaymentOption
from shared.tokens.receipt import DID

PAYS_ON, PAYS_IN = (acklab_service.NETWORK,), (acklab_service.CURRENCY,)
CLIENT_ID, SECRET, AGENT, URL = (
    f"BUYER_ACKLAB_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "AGENT", "URL")
)
#: a payment may take its time: one that is given up is one that nobody knows of
SECONDS = 60.0
#: members of instructions, of drafts and of evidence
TOKEN, RECEIPT = "paymentRequestToken", "receipt"


def configured(environment: Mapping[str, str]) -> bool:
    return bool(environment.get(CLIENT_ID))


def open_payer(context: PayerContext) -> "AckLabPayer":
    """Errors: UsageError for variables that say something else than who pays there."""
    url, agent = context.environment.get(URL) or acklab_service.URL, context.environment.get(AGENT, "")
    try:
        client = AckLabClient.from_secret(
            context.environment.get(CLIENT_ID, ""), context.environment.get(SECRET, "")
        )
    except InvalidKeyError as error:
        raise UsageError("acklab_invalid", f"{SECRET} must be the 64 hex digits of {CLIENT_ID}") from error
    if not acklab_service.AGENT.fullmatch(agent):
        raise UsageError("acklab_invalid", f"{AGENT} must be the id of the agent at ACK Lab that pays")
    if not acklab_service.is_service(url):
        raise UsageError("acklab_invalid", f"{URL} must be an https URL without a path (http on loopback)")
    return AckLabPayer(
        url.rstrip("/"),
        lambda: AckLabCalls(url, client, agent, SECONDS),
        context.instructions,
        did=context.key.public.did,
        now=context.now,
    )


class AckLabPayer:
    """A `Payer`, `Submits`. `did` is the key that claims what was paid, `calls` opens connections."""

    id = "acklab"

    def __init__(
        self,
        service: str,
        calls: Callable[[], AckLabCalls],
        instructions: Callable[[str, str], Awaitable[Mapping[str, Any]]],
        *,
        did: str,
        now: Callable[[], int],
    ) -> None:
        self._service = service
        self._calls = calls
        self._instructions = instructions
        self._did = did
        self._now = now

    def pays(self, option: PaymentOption) -> bool:
        """See the port. What is paid at another service is none of ours."""
        service = (option.payment_service or "").rstrip("/")
        # Its own payment requests name no network.
        return option.network in {acklab_service.NETWORK, None} and service == self._service

    def worth(self, option: PaymentOption) -> Money:
        """See the port. A dollar is a dollar; what is none, `judge` refuses."""
        return Money(option.amount, acklab_service.CURRENCY, acklab_service.DECIMALS)

    def judge(self, option: PaymentOption, price: Money) -> Cost:
        """See the port. A dollar is a dollar."""
        unit = (acklab_service.CURRENCY, acklab_service.DECIMALS)
        if (option.currency, option.decimals) != unit:
            said = {"currency": option.currency, "decimals": option.decimals}
            raise SellerFault(
                "unit_confused",
                "ACK Lab is paid in cents, and the payment option says otherwise",
                seller_says=said,
            )
        if not DID.fullmatch(option.recipient):
            said = {"recipient": option.recipient}
            raise SellerFault("recipient_invalid", "the recipient is no DID", seller_says=said)
        if price.unit != unit:
            raise UsageError("rate_missing", f"what is priced in {price.currency} is not paid in dollars")
        if option.amount > price.amount:
            asked = Money(option.amount, *unit)
            raise SellerFault("amount_inflated", f"the price is {price}, and the payment option asks {asked}")
        return Cost(Money(option.amount, *unit))

    async def prepare(
        self, option: PaymentOption, terms: PaymentTerms, *, taken: Collection[str]
    ) -> PaymentDraft:
        """See the port. The seller is asked for the payment request at ACK Lab, which must be the option's own."""
        token = (await self._instructions(terms.token, option.id)).get(TOKEN)
        try:
            made = plain_request.read(token if isinstance(token, str) else "")
        except TokenError as error:
            raise SellerFault(
                "instructions_malformed", f"the payment request at ACK Lab cannot be read: {error}"
            ) from error
        self._check(made, option, terms)
        if made.name in taken:
            raise SellerFault(
                "request_repeated", "the seller named a payment request that is being paid already"
            )
        return PaymentDraft(terms.token, option.id, made.name, (made.name,), {TOKEN: token})

    def _check(self, made: PlainRequest, option: PaymentOption, terms: PaymentTerms) -> None:
        """Whichever of its options ACK Lab takes, it is what was judged, and no other request's."""
        wanted = (option.amount, option.currency, option.decimals, option.recipient)
        offered = {(one.amount, one.currency, one.decimals, one.recipient) for one in made.options}
        ours = jws.unverified(terms.token)[1].get("id")
        if offered != {wanted} or (made.issuer, made.id) != (option.recipient, ours):
            said = {"id": made.id, "amounts": ", ".join(str(one.amount) for one in made.options)}
            message = "the payment request at ACK Lab asks for something else than the payment option"
            raise SellerFault("instructions_differ", message, hint="Nothing was paid.", seller_says=said)
        if made.expires_at is not None and made.expires_at < self._now() + SHORTEST_LIFE:
            raise SellerFault(
                "expiry_too_soon", "the payment request at ACK Lab expires before it can be paid"
            )

    async def submit(self, draft: PaymentDraft) -> PaymentDraft:
        """See the port."""
        calls = self._calls()
        try:
            receipt = await calls.execute_payment(draft.document[TOKEN])
            jws.read(receipt)
        except NotSent as error:
            hint = "Nothing was paid: nothing was sent. The same command tries again."
            raise SellerUnreachable("acklab_unreachable", "ACK Lab cannot be reached", hint=hint) from error
        except AckLabRefused as refused:
            said = {"error": str(refused), "kinds": ", ".join(refused.kinds)}
            message = "ACK Lab refused the payment"
            raise PaymentRefused(
                "acklab_refused", message, hint="Nothing was paid.", seller_says=said
            ) from refused
        except (NoAnswer, TokenError) as error:
            raise StillPending(
                "payment_unknown", "ACK Lab gave no answer that tells whether it paid"
            ) from error
        finally:
            await calls.aclose()
        return replace(draft, document={**draft.document, RECEIPT: receipt})

    def sign(self, draft: PaymentDraft) -> Evidence:
        """See the port. Who claims signs; what there is to show is ACK Lab's."""
        receipt = draft.document.get(RECEIPT)
        payload = {} if receipt is None else {RECEIPT: receipt}
        return Evidence(
            draft.payment_request_token, draft.option_id, self._did, acklab_service.NETWORK, payload
        )

    async def fate(self, draft: PaymentDraft) -> Fate:
        """See the port. There is nobody to ask."""
        return "landed" if RECEIPT in draft.document else "possible"

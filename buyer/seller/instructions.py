"""Asking a seller what is needed to pay an option, beyond what the option says."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from buyer.errors import SellerFault
from buyer.seller.http import SellerHttp, refusal
from shared.tokens import jws


async def ask(http: SellerHttp, token: str, option_id: str) -> Mapping[str, Any]:
    """The members that the option's payer reads, for the payment request of a `token` that was checked.

    Harmless to repeat. Errors: PaymentRefused, SellerFault, SellerUnreachable.
    """
    request_id = quote(str(jws.unverified(token)[1]["id"]), safe="")
    body = {"payment_request_token": token, "payment_option_id": option_id}
    reply = await http.send("POST", f"/api/payment-requests/{request_id}/instructions", body=body)
    if not reply.ok:
        raise refusal(reply)
    payload = reply.json().get("payload")
    if not isinstance(payload, dict):
        raise SellerFault("instructions_malformed", "the seller's instructions for paying cannot be read")
    return payload


async def itself(token: str, _option_id: str) -> Mapping[str, Any]:
    """For payment requests of sellers of any make: a payment service takes them as they came."""
    return {"paymentRequestToken": token}

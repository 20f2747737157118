"""Giving credits away, and taking up what was given to this wallet's key.

transaction: the gift is stored, with its key
network:     the seller moves the credits to a new receipt; asked again under the same key, it answers the same
transaction: the receiver's receipt is stored

What died in between is finished by the same command.
"""

import secrets
from dataclasses import dataclass

from buyer.errors import SellerFault, UsageError
from buyer.gifts import store
from buyer.gifts.store import ReceivedCredits, WantedGift
from buyer.purchase import balance
from buyer.purchase.receipts import HeldReceipt
from buyer.seller.http import refusal
from buyer.seller.session import Session
from shared.keys import InvalidKeyError, PublicKey
from shared.text import clean
from shared.tokens import prt
from shared.tokens import receipt as receipt_token
from shared.tokens.jws import TokenError
from shared.tokens.receipt import Receipt

TRANSFER_PATH = "/api/receipts/transfer"


@dataclass(frozen=True, slots=True)
class GivenCredits:
    """A gift that the seller has made. `token` is the new receipt: the receiver's, and of no use to anybody else."""

    receipt_id: str
    holder: str
    credits: int
    token: str


async def give(session: Session, held: HeldReceipt, to: str, credits: int | None) -> GivenCredits:
    """So many credits of a receipt, or all that are left, to the holder of a did:key.

    Errors: UsageError, PaymentRefused where the seller says no, SellerFault for a receipt that is not what was asked.
    """
    receiver = _receiver(to)
    begun = session.wallet.transact(lambda db: store.unanswered(db, held.id, to))
    if credits is None:
        credits = begun.credits if begun else (await balance.fetch(session, held)).available
    if credits < 1:
        raise UsageError("credits_invalid", f"{held.id} has no credits to give")
    wanted = WantedGift(secrets.token_urlsafe(16), held.id, to, credits)
    gift = session.wallet.transact(lambda db: store.want(db, wanted))
    reply = await session.http.send(
        "POST",
        TRANSFER_PATH,
        body={"to": to, "credits": gift.credits},
        headers={"Idempotency-Key": gift.idempotency_key},
        auth=session.proof(held),
    )
    if not reply.ok:
        if not reply.refuses_proof:  # that says nothing of an earlier try
            session.wallet.transact(lambda db: store.refused(db, gift))
        raise refusal(reply)
    found = reply.json()
    token = found.get("receipt")
    if not isinstance(token, str) or found.get("credits") != gift.credits:
        raise SellerFault("gift_malformed", "the seller's answer is not about the gift that was asked for")
    new = await _verified(session, token)
    if new.holder_thumbprint != receiver.thumbprint or new.id == held.id:
        raise SellerFault(
            "gift_foreign", "the seller's new receipt is bound to another key than the receiver's"
        )
    session.wallet.transact(lambda db: store.given(db, gift, token))
    return GivenCredits(new.id, to, gift.credits, token)


async def receive(session: Session, token: str) -> HeldReceipt:
    """Keep a receipt that somebody gave to this wallet's key. Errors: UsageError, SellerFault, PaymentRefused."""
    try:
        found = await _verified(session, token)
    except SellerFault as error:
        raise UsageError(
            "receipt_invalid",
            f"that is no receipt of {session.origin}: {error}",
            hint="Another seller's? --seller",
        ) from error
    if found.holder_thumbprint != session.wallet.public.thumbprint:
        raise UsageError("receipt_foreign", "the receipt is bound to another key than this wallet's")
    seller = await session.seller()
    try:
        request = prt.verify(found.payment_request_token, seller.keys, issuer=seller.did, now=None)
    except TokenError as error:
        raise SellerFault(
            "receipt_invalid", f"the receipt's payment request does not hold: {error}"
        ) from error
    counts = await balance.count(session, token)
    if not 0 < counts.granted <= request.order.credits:
        raise SellerFault(
            "credits_malformed", "the seller counts more credits on it than were paid for, or none"
        )
    received = ReceivedCredits(session.origin, found, token, request, counts.granted)
    return session.wallet.transact(lambda db: store.receive(db, received, session.new_id()))


async def _verified(session: Session, token: str) -> Receipt:
    seller = await session.seller()
    try:
        return receipt_token.verify(token, {seller.did: seller.keys}, now=session.context.now())
    except TokenError as error:
        raise SellerFault("receipt_invalid", f"the receipt does not hold: {clean(error)}") from error


def _receiver(did: str) -> PublicKey:
    try:
        return PublicKey.from_did_key(did)
    except InvalidKeyError as error:
        hint = "Its holder's wallet shows it: buyer wallet show"
        raise UsageError(
            "holder_invalid", "a receiver is named by the did:key of its wallet", hint=hint
        ) from error

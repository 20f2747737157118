"""What a restored wallet asks before it may pay: the chain, what left its address; the sellers, what was bought.

A copy does not know what was paid after it was made. Unasked, it would pay for the same order twice, and spend its
owner's limits a second time.
"""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from buyer.errors import BuyerError, SellerFault, WalletError, no_chain
from buyer.purchase import receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase
from buyer.rates import ada_price, own_ada_price
from buyer.seller.holder_auth import HolderAuth
from buyer.seller.session import Session
from buyer.wallet import chains, copies
from buyer.wallet.chains import OfferedChain
from shared.cardano.metadata import read_payment
from shared.cardano.network import DEVNET
from shared.cardano.read.transaction import ParsedTransaction, TransactionError, parse
from shared.chain.base import ChainError
from shared.chain.blockfrost import Blockfrost
from shared.money import Money
from shared.text import clean
from shared.tokens import receipt
from shared.tokens.jws import TokenError
from shared.tokens.prt import token_hash
from shared.tokens.receipt import Receipt

# The longest that a payment which the lost wallet signed just before could still need to land, and to be final.
WAIT_SECONDS = 3600
LOVELACE = 1_000_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9:_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ForeignPayment:
    """A payment on the chain that this key signed and this copy does not know; `paid` in lovelace."""

    tx_hash: str
    paid: int
    token_hash: bytes | None


async def look(session: Session) -> None:
    """Nothing for a wallet that is no copy. Errors: WalletError `wallet_copied` while payments may be under way.

    What was paid is counted at once; every call looks anew until the last payment of the lost wallet must show.
    """
    wallet, now = session.wallet, session.context.now()
    since = wallet.transact(lambda db: copies.first_look(db, now=now))
    if since is None:
        return
    session.context.say("this wallet was restored: asking the chain and the sellers what it has paid since")
    payments = await _payments(session)
    for purchase in wallet.transact(purchase_store.asked_for):
        await _ask(session, purchase, payments)
    rate = await _rate(session) if payments else None
    wallet.transact(lambda db: _count(db, payments, rate, session))
    left = since + WAIT_SECONDS - now
    if wallet.network != DEVNET and left > 0:
        hint = "Nothing was paid. Then the same command looks once more, and goes on."
        message = f"a payment that the lost wallet signed could still land for {left // 60 + 1} minutes"
        raise WalletError("wallet_copied", message, hint=hint)
    wallet.transact(copies.looked)


async def _payments(session: Session) -> list[ForeignPayment]:
    wallet = session.wallet
    known = wallet.transact(lambda db: {row[0] for row in db.execute("SELECT external_id FROM purchases")})
    catalog = (await session.seller()).catalog
    url = catalog.chain_url if catalog.network == wallet.network else None
    chain = chains.connect(OfferedChain(wallet.network, url, session.origin), session.environment)
    try:
        hashes = [tx_hash for tx_hash in await chain.history(wallet.address) if tx_hash not in known]
        found = [await _payment(chain, tx_hash, session) for tx_hash in hashes]
    except ChainError as error:
        raise no_chain(error) from error
    finally:
        await chain.aclose()
    return [payment for payment in found if payment is not None]


async def _payment(chain: Blockfrost, tx_hash: str, session: Session) -> ForeignPayment | None:
    raw = await chain.transaction(tx_hash)
    try:
        transaction = None if raw is None else parse(raw)
    except TransactionError:
        return None  # no transaction that a wallet of ours makes
    if transaction is None or session.wallet.public not in transaction.signers:
        return None
    if transaction.id != tx_hash:
        raise SellerFault(
            "chain_malformed", "the chain service showed another transaction than was asked for"
        )
    return ForeignPayment(
        tx_hash, _left(transaction, session.wallet.address), read_payment(transaction.metadata)
    )


def _left(transaction: ParsedTransaction, address: str) -> int:
    return transaction.fee + sum(o.lovelace for o in transaction.outputs if o.address != address)


async def _ask(session: Session, purchase: Purchase, payments: list[ForeignPayment]) -> None:
    """Take the receipt of a purchase that was paid meanwhile, or count its price."""
    wallet, now = session.wallet, session.context.now()
    try:
        found = await _receipt(session, purchase)
        if found is not None:
            wallet.transact(lambda db: receipts.store_recovered(db, purchase, *found))
            session.context.say(clean(f"{purchase.kind} was paid meanwhile: its receipt is here"))
            return
    except WalletError:
        raise
    except BuyerError as error:
        # One seller that is gone, or repeats itself, keeps the wallet from no other: the chain tells what was paid.
        session.context.say(f"{purchase.kind.origin} gives no receipt that holds: {clean(error)}")
    mark = token_hash(purchase.payment_request_token or "")
    for payment in payments:
        if payment.token_hash == mark:
            wallet.transact(lambda db, one=payment: purchase_store.lost(db, purchase, one.tx_hash, now=now))  # type: ignore[misc]  # bound now
            said = f"{purchase.kind} was paid meanwhile by {payment.tx_hash}, and has no receipt"
            session.context.say(clean(said))


async def _receipt(session: Session, purchase: Purchase) -> tuple[Receipt, str] | None:
    """What the seller gave for it, verified; None when it says that there is none."""
    if not _REQUEST_ID.fullmatch(purchase.payment_request_id or ""):
        return None
    own = purchase.kind.origin == session.origin
    there = (
        session if own else Session(purchase.kind.origin, session.wallet, session.context, any_network=True)
    )
    try:
        seller = await there.seller()
        reply = await there.http.send(
            "GET", f"/api/payments/{purchase.payment_request_id}", auth=_proof(there)
        )
        token = reply.json().get("receipt") if reply.ok else None
        if not isinstance(token, str):
            return None
        found = receipt.verify(token, {seller.did: seller.keys}, now=session.context.now())
    except TokenError as error:
        raise SellerFault("receipt_invalid", f"the receipt does not hold: {clean(error)}") from error
    finally:
        if not own:
            await there.aclose()
    key = session.wallet.public
    if (found.payer, found.holder_thumbprint, found.payment_request_token) != (
        *(key.did, key.thumbprint),
        purchase.payment_request_token,
    ):
        raise SellerFault("receipt_foreign", "the receipt is for another payment or another holder")
    return found, token


def _proof(session: Session) -> HolderAuth:
    return HolderAuth(session.wallet.key, now=session.context.now, new_jti=session.new_id)


async def _rate(session: Session) -> Money:
    rates: Mapping[str, Money] = (await session.seller()).catalog.rates
    own = own_ada_price(session.context.environment)
    return ada_price(rates.get(DEVNET) if session.wallet.network == DEVNET else None, own, session.limits)


def _count(
    db: sqlite3.Connection, payments: list[ForeignPayment], rate: Money | None, session: Session
) -> None:
    """What no purchase of this copy explains is spent all the same."""
    explained = {
        token_hash(token)
        for (token,) in db.execute("SELECT payment_request_token FROM purchases WHERE state = 'paid'")
    }
    for payment in payments:
        if rate is not None and payment.token_hash not in explained:
            cost = _cost(payment.paid, rate, session)
            purchase_store.note_foreign(
                db, payment.tx_hash, cost, new_id=session.new_id(), now=session.context.now()
            )


def _cost(lovelace: int, rate: Money, session: Session) -> Money:
    """In the currency of the owner's limits, which is that of the rate unless they are in ADA."""
    if any(ceiling.currency == "ADA" for ceiling in session.limits.ceilings()):
        return Money(lovelace, "ADA", 6)
    return Money(-(-lovelace * rate.amount // LOVELACE), rate.currency, rate.decimals)

"""Giving credits to another holder.

transaction: the gift is stored, under one key once; its credits leave the giver's account (moved), and open one of
             their own, for a new receipt that is bound to the receiver

Who paid stays who paid: a payment that is undone takes back what was given away as well, and money goes back to its
payer alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

from paywall.clock import Clock, Ids
from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.credits.accounts import BY_OPERATOR, Owner, account_of, receipt_of
from paywall.credits.store import Balance
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    BadRequest,
    GiftTooMuch,
    IdempotencyKeyReused,
    NotFound,
    PaymentPending,
    PaymentReversed,
    PaywallError,
    ReceiptRevoked,
)
from paywall.gifts import store
from paywall.gifts.store import HeldToken
from paywall.gifts.tables import GiftRow
from paywall.ops.failpoints import failpoint
from paywall.payments.receipts import PassedReceipt, Receipts
from paywall.rails.base import Rail, Watched
from paywall.redemptions.access import Credentials, ReceiptVerifier, use_up
from paywall.redemptions.holder_proofs import use_proof
from shared.keys import InvalidKeyError, PublicKey
from shared.tokens.dpop import HolderProof

#: how often the credits of a payment may change hands while it can still be undone: all that would be taken back in
#: one transaction
MOST_UNDOABLE = 100


class Giving:
    """Moves credits to new receipts. `rails` are by id."""

    def __init__(
        self,
        *,
        database: Database,
        receipt_verifier: ReceiptVerifier,
        receipts: Receipts,
        rails: Mapping[str, Rail],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._receipt_verifier = receipt_verifier
        self._receipts = receipts
        self._rails = rails
        self._clock = clock
        self._ids = ids

    async def ask(self, presented: Credentials, to: str, credits: int | None, key: str | None) -> GiftRow:
        """What a receipt's holder asks for: so many credits, or all that are available.

        Errors: ReceiptInvalid, HolderProofRequired, HolderProofInvalid; those of `give`.
        """
        principal = self._receipt_verifier.admit(presented)
        try:
            return await self.give(principal.receipt.id, to, credits, key, proof=principal.proof)
        except PaywallError:
            await use_up(self._database, principal.proof)
            raise

    async def give(
        self,
        receipt_id: str,
        to: str,
        credits: int | None,
        key: str | None,
        *,
        proof: HolderProof | None = None,
    ) -> GiftRow:
        """The gift under this key, made now or before; `to` is the receiver's did:key.

        Errors: BadRequest (`to`), NotFound, GiftTooMuch, PaymentPending, PaymentReversed, ReceiptRevoked,
        IdempotencyKeyReused, HolderProofInvalid.
        """
        gift_id, receiver = self._ids(), _receiver(to)
        key = f"gift {gift_id}" if key is None else key
        # Looked at first, and signed for nobody who has not so many: what is refused leaves nothing behind.
        held = await self._database.read(lambda tx: self._look(tx, account_of(receipt_id), credits, key))
        draft = None
        if held is not None:
            passed = await self._receipts.pass_on(held.token, receiver)
            draft = _Draft(gift_id, receipt_id, key, to, held.payment.id, passed)
        failpoint("gift.signed")

        def once(tx: Transaction) -> GiftRow:
            if proof is not None:
                use_proof(tx, proof)
            found = store.by_key(tx, account_of(receipt_id), key)
            if found is None:
                assert draft is not None, "a gift that was known is known for good"
                found = self._move(tx, draft, credits)
            if found.holder != to or credits not in {None, found.credits}:
                raise IdempotencyKeyReused
            return found

        return await self._database.transact(once)

    def _look(self, tx: Transaction, account_id: str, credits: int | None, key: str) -> HeldToken | None:
        """What is passed on, where it can be; None where it was, under this key."""
        if store.by_key(tx, account_id, key) is not None:
            return None
        held = store.held(tx, receipt_of(account_id))
        if held is None:
            raise NotFound("There is no receipt by this id.")
        self._wanted(tx, account_id, credits)
        undoable = held.payment.final_at is None and isinstance(self._rails.get(held.payment.rail), Watched)
        if undoable and store.count(tx, held.payment.id) >= MOST_UNDOABLE:
            raise PaymentPending(
                "The payment can still be undone; its credits change hands again when it is final."
            )
        return held

    def _wanted(self, tx: Transaction, account_id: str, credits: int | None) -> tuple[int, Balance]:
        """How many credits are given, of which account. Errors: GiftTooMuch, PaymentReversed, ReceiptRevoked."""
        balance = credit_store.balance(tx, account_id)
        assert balance is not None, "a receipt has its account"
        if balance.revoked_by is not None:
            raise ReceiptRevoked if balance.revoked_by == BY_OPERATOR else PaymentReversed
        if balance.expires_at <= self._clock():
            raise GiftTooMuch("The credits of this receipt have expired.")
        wanted = balance.available if credits is None else credits
        if not 0 < wanted <= balance.available:
            raise GiftTooMuch(f"The receipt has {balance.available} credits left.")
        return wanted, balance

    def _move(self, tx: Transaction, draft: "_Draft", credits: int | None) -> GiftRow:
        now, passed = self._clock(), draft.passed
        account_id = account_of(draft.receipt_id)
        wanted, balance = self._wanted(tx, account_id, credits)
        row = GiftRow(
            id=draft.id,
            account_id=account_id,
            idempotency_key=draft.key,
            credits=wanted,
            holder=draft.to,
            receipt_id=passed.id,
            payment_id=draft.payment_id,
            token=passed.token,
            created_at=now,
            expires_at=passed.expires_at,
        )
        # The unique key: of two at once one stores it, and the other finds it there.
        if not store.insert(tx, row):
            known = store.by_key(tx, account_id, draft.key)
            assert known is not None
            return known
        failpoint("gift.storing")
        # The guard: whatever is used meanwhile, no credit is both used and given.
        give = postings.give(row.id, wanted)
        if credit_store.take(tx, account_id, balance.product, give, now) is None:
            raise GiftTooMuch("The credits were used, revoked or expired meanwhile.")
        credit_store.open_account(
            tx,
            account_id=account_of(passed.id),
            owner=Owner.of_receipt(draft.to),
            product=balance.product,
            opening=postings.receive(row.id, wanted),
            expires_at=balance.expires_at,
            now=now,
            status_index=passed.status_index,
        )
        failpoint("gift.opened")
        return row


class _Draft(NamedTuple):
    """A gift that is signed, and not stored."""

    id: str
    receipt_id: str
    key: str
    to: str
    payment_id: str
    passed: PassedReceipt


def _receiver(did: str) -> PublicKey:
    """Errors: BadRequest."""
    try:
        return PublicKey.from_did_key(did)
    except InvalidKeyError as error:
        raise BadRequest("`to` must be the did:key of an Ed25519 key.") from error

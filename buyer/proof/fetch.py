"""Fetching what a proof needs, from the seller and from the chain, for `verify` to judge."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from buyer.errors import SellerFault, UsageError, no_chain
from buyer.proof import redemption, verify
from buyer.proof.burn_checks import ChainEvidence
from buyer.proof.redemption import Redemption
from buyer.proof.report import Report
from buyer.proof.verify import BuyerRecords
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import jobs
from buyer.redemptions.jobs import MadeUse
from buyer.seller import trace, typed
from buyer.seller.session import Session
from shared.cardano.network import DEVNET
from shared.chain.base import ChainError, confirmations

REQUIRED = 20
DEVNET_REQUIRED = 1
LOOK_SECONDS = 10.0
DEVNET_LOOK_SECONDS = 0.5
REDEMPTIONS_PATH = "/api/redemptions/"


class Proving:
    """Fetches and judges the proofs of one wallet's uses at one seller."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._wallet = session.wallet

    async def redemption(self, redemption_id: str, receipt: HeldReceipt | None = None) -> Redemption:
        """What the seller says, with what the leaf binds when the holder's `receipt` is shown.

        UsageError when nobody knows it, SellerFault when the answer is about another redemption.
        """
        try:
            typed.redemption_id(redemption_id)
        except TypeError as error:
            raise UsageError("redemption_unknown", str(error)) from error
        auth = None if receipt is None else self._session.proof(receipt)
        reply = await self._session.http.send(
            "GET", REDEMPTIONS_PATH + redemption_id, auth=auth, explain=trace.burned
        )
        if reply.status == HTTPStatus.NOT_FOUND and receipt is None:
            raise UsageError("redemption_unknown", f"the seller knows no redemption {redemption_id}")
        if not reply.ok:
            message = f"the seller does not know the redemption {redemption_id}"
            raise SellerFault("redemption_missing", message, seller_says=reply.problem())
        found = redemption.read(reply.json())
        if found.id != redemption_id:
            raise SellerFault("redemption_malformed", "the seller answered about another redemption")
        return found

    async def verify(self, redemption_id: str, *, wait: float, look: Callable[[Report], None]) -> Report:
        """The report as it is, or after at most `wait` seconds in which it was still pending.

        Of a redemption that this wallet did not make, the part that anybody can check.
        """
        use = self._wallet.transact(lambda db: jobs.use_of(db, redemption_id))
        report = await self._report(redemption_id, use)
        look(report)
        network = (await self._session.seller()).catalog.network
        pause = DEVNET_LOOK_SECONDS if network == DEVNET else LOOK_SECONDS
        try:
            async with asyncio.timeout(wait):
                while report.outcome == "pending":
                    await asyncio.sleep(pause)
                    report = await self._report(redemption_id, use)
                    look(report)
        except TimeoutError:
            pass
        if report.outcome != "pending":
            self._wallet.transact(lambda db: jobs.note_proof(db, redemption_id, report.outcome))
        return report

    def _receipt(self, redemption_id: str, receipt_id: str) -> HeldReceipt:
        receipt = self._wallet.transact(lambda db: receipts.find(db, receipt_id))
        if receipt.origin != self._session.origin:
            hint = f"Ask that one: --seller {receipt.origin}"
            raise UsageError("seller_differs", f"{redemption_id} was made at another seller", hint=hint)
        return receipt

    async def _report(self, redemption_id: str, use: MadeUse | None) -> Report:
        if use is None:
            seller = await self._session.seller()
            token = seller.catalog.token
            if token is None:
                raise UsageError("nothing_burned", "this seller burns nothing: there is no proof to check")
            found = await self.redemption(redemption_id)
            return verify.judge_public(found, token, await self._evidence(found))
        receipt = self._receipt(redemption_id, use.receipt_id)
        seller = await self._session.seller()
        # An expired receipt is refused; what the leaf binds we know by then.
        running = receipt.expires_at > self._session.context.now()
        found = await self.redemption(redemption_id, receipt if running else None)
        records = BuyerRecords(
            receipt.token, receipt.issued_at, seller.did, seller.keys, self._wallet.key.public, use.own
        )
        report = verify.judge(found, records, await self._evidence(found))
        self._keep_salt(found, report)
        return report

    def _keep_salt(self, found: Redemption, report: Report) -> None:
        """Keep the seller's salt in the wallet once our leaf is shown to be made with it.

        The seller shows it to who sends the receipt along, and the receipt will expire.
        """
        opened = any(check.name == "leaf" and check.outcome == "holds" for check in report.checks)
        if found.burn is not None and (salt := found.burn.salt) is not None and opened:
            self._wallet.transact(lambda db: jobs.keep_salt(db, found.id, salt))

    async def _evidence(self, found: Redemption) -> ChainEvidence:
        tx_hash = None if found.burn is None else found.burn.tx_hash
        # The seller burns on its own network, whichever this wallet pays from.
        network = (await self._session.seller()).catalog.network
        required = DEVNET_REQUIRED if network == DEVNET else REQUIRED
        if tx_hash is None:
            return ChainEvidence(None, 0, required)
        chain = await self._session.chain()
        try:
            inclusion = await chain.inclusion(tx_hash)
            raw = None if inclusion is None else await chain.transaction(tx_hash)
            if inclusion is None or raw is None:
                return ChainEvidence(None, 0, required)
            return ChainEvidence(raw, confirmations(await chain.tip(), inclusion), required)
        except ChainError as error:
            raise no_chain(error) from error

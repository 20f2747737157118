"""What each command does, below the command line: opens the wallet, runs the client, shapes the answer."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from buyer.budget import Budget
from buyer.cli import output
from buyer.cli.any_receipt import AnyReceipt
from buyer.cli.imaging import ImageJobs, ImageOrder
from buyer.cli.output import CommandAnswer
from buyer.cli.progress import Progress
from buyer.client import WAIT_SECONDS, BuyerClient
from buyer.errors import ProofBroken, StillPending, UsageError, WalletError
from buyer.limits import DEFAULT_PER_PURCHASE
from buyer.proof.audit import audit_token
from buyer.proof.receipt_standing import ReceiptStanding
from buyer.proof.report import Report
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.redemptions import jobs
from buyer.seller.origin import seller_origin
from buyer.wallet import funding, owner
from buyer.wallet.file import Wallet, default_path
from buyer.wallet.passphrases import PassphraseSource
from buyer.wallet.secrecy import PURPOSE
from shared.cardano.network import DEVNET, NETWORKS

DEVNET_BURN_SECONDS = 120.0
BURN_SECONDS = 1800.0
DONE = 0
PROMISE_BROKEN = 7


@dataclass(frozen=True, slots=True)
class CommandResult:
    """An answer and the exit code that goes with it: an image may be there although its proof is not."""

    answer: CommandAnswer
    exit_code: int = DONE


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of one call. `wallet` None is the default place, `passphrase_fd` None the terminal."""

    seller: str
    wallet: Path | None
    progress: Progress
    environment: Mapping[str, str]
    passphrase_fd: int | None = None

    async def images(self, order: ImageOrder, max_price: str | None, *, wait_burns: bool) -> CommandResult:
        order.check()
        budget_of(max_price, None)
        with closing(await self._wallet_or_first()) as wallet:
            budget = budget_of(max_price, wallet)
            burns_wait = _burn_seconds(wallet) if wait_burns else 0.0
            async with self.client(wallet, budget) as client:
                image_jobs = ImageJobs(client, wallet, _now, self.progress.say)
                done = await image_jobs.run(order, wait=WAIT_SECONDS, burns_wait=burns_wait)
        return _kept(client, output.images(done), _exit_code(done.reports, pending_fails=wait_burns))

    async def buy(self, credit_count: int, max_price: str | None) -> CommandResult:
        budget_of(max_price, None)
        with closing(await self._wallet_or_first()) as wallet:
            budget = budget_of(max_price, wallet)
            async with self.client(wallet, budget) as client:
                return _kept(client, output.purchase(await client.buy(credit_count)))

    async def rehearse(self, credit_count: int, max_price: str | None) -> CommandResult:
        """What `buy` would do, as far as it can be told without signing anything."""
        with closing(self.unlock()) as wallet:
            async with self.client(wallet, budget_of(max_price, wallet)) as client:
                return CommandResult(output.rehearsed(await client.rehearse(credit_count)))

    async def generate(self, receipt_id: str | None, order: ImageOrder) -> CommandResult:
        with closing(self.unlock()) as wallet:
            receipt = self._receipt(wallet, receipt_id)
            async with self.client(wallet) as client:
                image_jobs = ImageJobs(client, wallet, _now, self.progress.say)
                if receipt_id is None:
                    any_receipt = AnyReceipt(client, wallet, image_jobs, now=_now())
                    done = await any_receipt.use(receipt, order, wait=WAIT_SECONDS)
                else:
                    done = await image_jobs.use(receipt, order, wait=WAIT_SECONDS)
        return _kept(client, output.images(done), _exit_code(done.reports, pending_fails=False))

    async def credits(self, receipt_id: str | None) -> CommandResult:
        with closing(self.unlock()) as wallet:
            receipt = self._receipt(wallet, receipt_id)
            async with self.client(wallet) as client:
                counts = await client.credits(receipt)
            remaining = receipt.granted - wallet.transact(lambda db: jobs.known_cost(db, receipt.id))
            return _kept(client, output.credit_account(receipt, counts, remaining))

    async def refund(self, receipt_id: str | None, credit_count: int | None, key: str) -> CommandResult:
        with closing(self.unlock()) as wallet:
            receipt = self._receipt(wallet, receipt_id)
            async with self.client(wallet) as client:
                found = await client.refund(receipt, credit_count, key=key)
        return CommandResult(output.refund(receipt, found))

    async def receipts(self, *, check: bool = False) -> CommandResult:
        with closing(self.unlock() if check else self.look()) as wallet:
            held = wallet.transact(receipts.every)
            standings = await self._standings(wallet, held) if check else {}
        return CommandResult(output.receipts(held, standings))

    async def _standings(self, wallet: Wallet, held: Sequence[HeldReceipt]) -> dict[str, ReceiptStanding]:
        """By receipt; each seller is met once."""
        found: dict[str, ReceiptStanding] = {}
        for origin in dict.fromkeys(receipt.origin for receipt in held):
            async with self.at(origin).client(wallet) as client:
                for receipt in held:
                    if receipt.origin == origin:
                        found[receipt.id] = await client.standing(receipt)
        return found

    async def verify(self, redemption_id: str, *, wait: bool) -> CommandResult:
        async with self._wallet_or_none() as wallet:
            seconds = _burn_seconds(wallet) if wait else 0.0
            async with self.client(wallet) as client:
                report = await client.verify(redemption_id, wait=seconds, look=self._look)
                use = wallet.transact(lambda db: jobs.use_of(db, redemption_id))
                standing = None
                if use is not None:
                    held = wallet.transact(lambda db: receipts.find(db, use.receipt_id))
                    standing = await client.standing(held)
        return CommandResult(output.proof(report, standing), _exit_code([report], pending_fails=True))

    async def audit(self, token: str | None, service: str | None) -> CommandResult:
        found = await audit_token(self.seller, token, service, self.environment)
        return CommandResult((found.as_json(), found.lines()), DONE if found.holds else ProofBroken.exit_code)

    def look(self) -> Wallet:
        """The wallet for commands that sign nothing: an encrypted one stays locked."""
        return Wallet.open(self.path)

    def unlock(self) -> Wallet:
        """The wallet, its passphrase asked for when it has one."""
        return Wallet.open(self.path, self._passphrase)

    def _passphrase(self) -> str:
        with self.progress.aside():
            return PassphraseSource(self.passphrase_fd, "--passphrase-fd").ask(PURPOSE)

    def recognise(self, wallet: Wallet, owner_fd: int | None) -> None:
        """Ask for the owner's passphrase where there is one; WalletError `passphrase_wrong`."""
        if (known_by := wallet.transact(owner.box)) is not None:
            self.recognise_by(known_by, owner_fd)

    def recognise_by(self, known_by: bytes, owner_fd: int | None) -> None:
        with self.progress.aside():
            owner.check(known_by, PassphraseSource(owner_fd, "--owner-fd").ask(owner.OWNER))

    @property
    def path(self) -> Path:
        return self.wallet or default_path(self.environment)

    async def _wallet_or_first(self) -> Wallet:
        """The wallet; where there is none, and money is play money, a filled one."""
        try:
            return self.unlock()
        except WalletError as error:
            if error.code != "wallet_missing" or await funding.network_of(self.seller) != DEVNET:
                raise
        wallet = Wallet.create(self.path)
        self.progress.say(f"made a devnet wallet at {wallet.path}; the faucet fills it with play money")
        await funding.fund(wallet, self.seller, funding.FILLING, self.environment)
        return wallet

    @asynccontextmanager
    async def _wallet_or_none(self) -> AsyncIterator[Wallet]:
        """The wallet; where there is none, an empty one that is gone afterwards: a stranger can look as well."""
        try:
            wallet = self.unlock()
        except WalletError as error:
            if error.code != "wallet_missing":
                raise
            self.progress.say(f"{error}: what a stranger can check is checked")
        else:
            with closing(wallet):
                yield wallet
            return
        theirs = await funding.network_of(self.seller)
        network = theirs if theirs in NETWORKS else DEVNET  # a strange one is refused when the seller is met
        with (
            TemporaryDirectory() as folder,
            closing(Wallet.create(Path(folder) / "none.db", network=network)) as empty,
        ):
            yield empty

    def at(self, origin: str) -> "Commands":
        """The same at another seller, which the wallet knows."""
        return replace(self, seller=origin)

    def client(self, wallet: Wallet, budget: Budget | None = None) -> BuyerClient:
        """A client of the command's seller that tells the command's display."""
        return BuyerClient(
            self.seller,
            wallet=wallet,
            budget=budget,
            say=self.progress.say,
            trace=self.progress.trace,
            environment=self.environment,
        )

    def _receipt(self, wallet: Wallet, receipt_id: str | None) -> HeldReceipt:
        """The named receipt, by default the newest of this seller."""
        if receipt_id is not None:
            return wallet.transact(lambda db: receipts.find(db, receipt_id))
        origin = seller_origin(self.seller)
        held = wallet.transact(lambda db: receipts.every(db, origin))
        if not held:
            hint = "Buy some credits: buyer buy --credits 3"
            raise UsageError("receipt_missing", f"the wallet holds no receipt of {origin}", hint=hint)
        return held[0]

    def _look(self, report: Report) -> None:
        if report.outcome == "pending":
            self.progress.say(f"burn pending: {report.depth}")


def budget_of(max_price: str | None, wallet: Wallet | None) -> Budget:
    """What a call names; else what the owner allows for one purchase, else DEFAULT_PER_PURCHASE."""
    limits = None if wallet is None else wallet.transact(owner.limits)
    allowed = None if limits is None else limits.per_purchase
    return Budget(per_purchase=max_price or allowed or DEFAULT_PER_PURCHASE)


def _kept(client: BuyerClient, told: CommandAnswer, exit_code: int = DONE) -> CommandResult:
    """Done all the same: but who drives the command must not have to look for what was kept back."""
    broken = client.broken_promises
    return CommandResult(
        output.with_promises(told, broken), exit_code or (PROMISE_BROKEN if broken else DONE)
    )


def _now() -> int:
    return int(time.time())


def _burn_seconds(wallet: Wallet) -> float:
    return DEVNET_BURN_SECONDS if wallet.network == DEVNET else BURN_SECONDS


def _exit_code(reports: Sequence[Report | None], *, pending_fails: bool) -> int:
    outcomes = {report.outcome for report in reports if report is not None}
    if "broken" in outcomes:
        return ProofBroken.exit_code
    return StillPending.exit_code if pending_fails and "pending" in outcomes else DONE

"""`python -m tests.chaos.serve ARGUMENTS`: the command `paywall`, with one failpoint armed and its waits cut short.

CHAOS_FAILPOINT=name:nth   kill -9 itself at the nth passing of that failpoint; `any` stands for all but COMMON
CHAOS_PATIENCE=seconds     after which any failpoint will do
CHAOS_DIED_AT=file         where the name of that failpoint is left
CHAOS_PLANT=name           with that planted fault (`planted.py`)
CHAOS_FAIL_IMAGES=n        every nth image fails
CHAOS_QUICK=1              images are a quick resource
CHAOS_EXPIRY_SLOTS=n       how long a burn may land
CHAOS_UNPAID_SECONDS=n     how long an unpaid request is kept when it has expired
"""

import ctypes
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

PR_SET_PDEATHSIG = 1
#: longer than anything is hidden (`faults/forks.py`)
GONE_SECONDS = 20
ANY = "any"
#: passed all the time, whether anything comes of it or not
COMMON = ("sell.", "pay.tried", "pay.settled", "recover.settling")


def run(arguments: list[str], environment: Mapping[str, str], log: str) -> None:
    """In a forked process: `paywall ARGUMENTS` with that environment, all it says going to `log`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # no seller outlives the harness
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.clear()
    os.environ.update(environment)
    main(arguments)


def main(arguments: list[str]) -> None:
    if plant := os.environ.get("CHAOS_PLANT"):
        from tests.chaos.planted import apply

        apply(plant)
    _hurry()
    _arm(os.environ.get("CHAOS_FAILPOINT", ""))
    _fail_images(int(os.environ.get("CHAOS_FAIL_IMAGES", "0")))
    if os.environ.get("CHAOS_QUICK"):
        _deliver_at_once()
    from paywall.cli.main import main as paywall

    paywall(arguments, prog_name="paywall")


def _hurry() -> None:
    """What waits for minutes in production waits for seconds here; nothing else is changed."""
    from paywall import settings
    from paywall.burns import burn_worker
    from paywall.burns.wallet import looking
    from paywall.ops import worker
    from paywall.payments.settings import PaymentSettings
    from paywall.rails.cardano import rail
    from paywall.redemptions import redeeming
    from paywall.sales.settings import SalesSettings

    redeeming.MARGIN_SECONDS = 0
    rail.NEVER_EXPIRES_SECONDS = GONE_SECONDS
    worker.TIDY_SECONDS = 0.3
    worker.MAX_PAUSE_SECONDS = 1.0
    burn_worker.LEASE_SECONDS = 2
    looking.LOOK_SECONDS = 1
    PaymentSettings.watch_seconds = lambda self, network: 1  # type: ignore[method-assign]
    settings.EXPIRY_SLOTS["devnet"] = int(os.environ.get("CHAOS_EXPIRY_SLOTS", "4"))
    settings.RESUBMIT_SECONDS["devnet"] = 0
    if kept := os.environ.get("CHAOS_UNPAID_SECONDS"):
        SalesSettings.unpaid_seconds = property(lambda self: int(kept))  # type: ignore[assignment]


def _arm(wanted: str) -> None:
    if not wanted:
        return
    from paywall.ops import failpoints

    point, _, nth = wanted.partition(":")
    left = int(nth)
    deadline = time.monotonic() + float(os.environ.get("CHAOS_PATIENCE", "inf"))
    note = os.environ.get("CHAOS_DIED_AT")

    def die(name: str) -> None:
        nonlocal left
        left -= point == name or (point == ANY and not name.startswith(COMMON))
        if left <= 0 or time.monotonic() > deadline:
            if note:
                # Whole or not there: another thread may be at a failpoint too, and kill us in the middle.
                written = Path(f"{note}.{threading.get_ident()}")
                written.write_text(name, "utf-8")
                written.replace(note)
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.arm(die)


def _deliver_at_once() -> None:
    """Images that are a quick resource: a few bytes, which the database keeps."""
    from paywall import compose
    from paywall.products.images.fulfilment import ImageFulfilment, subject_of
    from paywall.redemptions.fulfilment import Delivery, UseOrder
    from paywall.redemptions.resource import Resource
    from paywall.settings import Settings

    class AtOnce(ImageFulfilment):
        def deliver(self, order: UseOrder) -> Delivery:
            return Delivery(b"\x89PNG\r\n\x1a\n" + subject_of(order.document).text.encode(), "image/png")

    real = compose.open_images  # type: ignore[attr-defined]

    def open_images(settings: Settings) -> Resource:
        images = real(settings)
        assert isinstance(images.fulfilment, ImageFulfilment)
        return replace(images, fulfilment=AtOnce(images.fulfilment._maker, secrets.choice), deliveries=None)

    compose.open_images = open_images  # type: ignore[attr-defined, assignment]


def _fail_images(every: int) -> None:
    if not every:
        return
    from paywall.products.images.maker import MakerFailed, Picture, Subject
    from paywall.products.images.offline import OfflineImageMaker

    draw, made = OfflineImageMaker.make, 0

    async def make(
        self: OfflineImageMaker, subject: Subject, *, redemption_id: str, safety_identifier: str
    ) -> Picture:
        nonlocal made
        made += 1
        if made % every == 0:
            raise MakerFailed("failed on request (chaos)", retryable=True)
        return await draw(self, subject, redemption_id=redemption_id, safety_identifier=safety_identifier)

    OfflineImageMaker.make = make  # type: ignore[method-assign] # a fault of the maker's own is what is tested


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main(sys.argv[1:])

"""Faults that are planted in the seller, to see that the harness finds them: lines of its source, replaced.

A plant that no longer fits the source raises, so that it cannot go stale in silence.
"""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plant:
    """`edits` are (old, new) in the module's source; `scenario` (of `scenarios.py`) brings it to light.

    `breaks` is the number of an invariant that the verdict must then name.
    """

    module: str
    edits: tuple[tuple[str, str], ...]
    scenario: str
    breaks: str


PLANTS = {
    "capture and burn in two commits": Plant(
        "paywall.redemptions.redeeming",
        (
            ("        burn_store.insert(tx, reservation.id, salt, bound, quantity=CREDITS, now=now)\n", ""),
            (
                '        failpoint("redeem.captured")\n',
                """\
        failpoint("redeem.captured")
        await self._database.transact(
            lambda tx: burn_store.insert(
                tx, reservation.id, self._salts(), reservation.commitment, quantity=CREDITS, now=self._clock()
            )
        )
""",
            ),
        ),
        "killed at redeem.captured",
        "2",
    ),
    "an idempotency key is not heeded": Plant(
        "paywall.redemptions.store",
        (("        idempotency_key=request.idempotency_key,\n", "        idempotency_key=request.id,\n"),),
        "killed at redeem.captured",
        "8",
    ),
    "what a crash left reserved is never swept": Plant(
        "paywall.ops.worker",
        (("        swept = await self._redeeming.sweep()\n", "        swept = 0\n"),),
        "killed at redeem.reserved",
        "9",
    ),
    "receipt and credits in two commits": Plant(
        "paywall.payments.settlement",
        (
            (
                "            credit_store.open_account(\n",
                """\
        def grant(tx: Transaction) -> None:
            now = self._clock()
            credit_store.open_account(
""",
            ),
            (
                '        failpoint("pay.finished")\n',
                '        failpoint("pay.finished")\n        await self._database.transact(grant)\n',
            ),
        ),
        "killed at pay.finished",
        "7",
    ),
    "a receipt before the payment is final": Plant(
        "paywall.rails.cardano.rail",
        (("        if deep >= self._terms.confirmations:\n", "        if deep >= 1:\n"),),
        "a payment is rolled back",
        "7",
    ),
    "402 before the request is stored": Plant(
        "paywall.sales.selling",
        (
            (
                "        await self._database.transact(insert)\n",
                """\
        import asyncio
        store_it = lambda: asyncio.ensure_future(self._database.transact(insert))
        asyncio.get_running_loop().call_later(5, store_it)
""",
            ),
        ),
        "killed after the 402",
        "7",
    ),
    "burn submitted before it is stored": Plant(
        "paywall.burns.signing",
        (
            (
                '        failpoint("burn.built")\n',
                '        await self._chain.submit(built.raw)\n        failpoint("burn.built")\n',
            ),
        ),
        "killed at burn.built",
        "5",
    ),
    "new bytes without waiting for the expiry": Plant(
        "paywall.burns.states",
        (
            (
                "    if seen.tip_slot <= expiry_slot:\n        return Step(gone, Action.SUBMIT)\n",
                '    return Step("open", Action.SIGN)\n',
            ),
        ),
        "no block for long",
        "9",
    ),
    "what is confirmed is never looked at again": Plant(
        "paywall.burns.store",
        (
            (
                "    confirmed = newest_confirmed(tx, policy_id, 1)\n",
                "    confirmed: list[BurnBatchRow] = []\n",
            ),
        ),
        "a burn is rolled back deep",
        "5",
    ),
    "a burn that was rolled back is not submitted again": Plant(
        "paywall.burns.burning",
        (('        return waited or flight.batch.state != "submitted"\n', "        return last is None\n"),),
        "a burn is rolled back",
        "9",
    ),
    "outputs that were spent are spent again": Plant(
        "paywall.burns.outputs",
        (("            .values(spent_by=built.id)\n", "            .values(spent_by=None)\n"),),
        "no block for long",
        "9",
    ),
    "a capture is not posted": Plant(
        "paywall.credits.store",
        (
            (
                "    post(tx, account_id, transfer, now)\n    return int(rows[0][0])\n\n\ndef balance",
                "    return int(rows[0][0])\n\n\ndef balance",
            ),
        ),
        "nothing goes wrong",
        "1",
    ),
}


def apply(name: str) -> None:
    """Load the patched module in the place of the real one, before anybody imports it."""
    plant = PLANTS[name]
    assert plant.module not in sys.modules, f"{plant.module} was imported before it was patched"
    spec = importlib.util.find_spec(plant.module)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text("utf-8")
    for old, new in plant.edits:
        assert source.count(old) == 1, f"the plant {name!r} no longer fits {plant.module}: {old!r}"
        source = source.replace(old, new)
    module = importlib.util.module_from_spec(spec)
    sys.modules[plant.module] = module
    exec(compile(source, spec.origin, "exec"), module.__dict__)
    parent, _, child = plant.module.rpartition(".")
    setattr(sys.modules[parent], child, module)

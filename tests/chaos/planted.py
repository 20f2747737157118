"""Faults that are planted in the seller, to see that the harness finds them: lines of its functions, replaced.

An edit names its function and quotes lines of it as they would stand if the function began at the margin, so
code may move within its module, or into a class and out of it. A plant that no longer fits the source raises,
so that it cannot go stale in silence; `test_plants_fit.py` asks each of them.
"""

import ast
import importlib.util
import sys
from pathlib import Path
from textwrap import indent

from tests.chaos.plants import burns, edge, payments
from tests.chaos.plants.base import Edit, Plant


class PlantDoesNotFit(Exception):
    """The function that a plant names, or the lines it quotes, are not there once."""


PLANTS = {
    "capture and burn in two commits": Plant(
        "paywall.redemptions.redeeming",
        (
            Edit(
                "owe_burn",
                "    if held.owes_burn:\n",
                "    if held is None:\n",
                module="paywall.redemptions.capturing",
            ),
            Edit(
                "_fulfil",
                '    failpoint("redeem.captured")\n',
                """\
    failpoint("redeem.captured")
    from paywall.burns import store as burn_store
    bound, now = held.commitment, self._clock()
    await self._database.transact(
        lambda tx: burn_store.insert(tx, held.id, self._salts(), bound, quantity=held.quantity, now=now)
    )
""",
            ),
        ),
        "killed at redeem.captured",
        "captured redemptions and burns are one to one",
    ),
    "an idempotency key is not heeded": Plant(
        "paywall.redemptions.store",
        (
            Edit(
                "new_row",
                "    values: Values = _values(request)\n",
                "    values: Values = _values(request._replace(idempotency_key=request.id))\n",
            ),
        ),
        "killed at redeem.captured",
        "8",
    ),
    "what a crash left reserved is never swept": Plant(
        "paywall.ops.worker",
        (Edit("_tidy", "    swept = await self._sweeping.sweep()\n", "    swept = 0\n"),),
        "a use that nobody asks for again",
        "9",
    ),
    "receipt and credits in two commits": Plant(
        "paywall.payments.settlement",
        (
            Edit(
                "_finish",
                "        credit_store.open_account(\n",
                """\
    def grant(tx: Transaction) -> None:
        now = self._clock()
        credit_store.open_account(
""",
            ),
            Edit(
                "_finish",
                '    failpoint("pay.finished")\n',
                '    failpoint("pay.finished")\n    await self._database.transact(grant)\n',
            ),
        ),
        "killed at pay.finished",
        "7",
    ),
    "a receipt before the payment is final": Plant(
        "paywall.rails.cardano.rail",
        (Edit("_seen", "    if deep >= required:\n", "    if deep >= 1:\n"),),
        "a payment is rolled back",
        "7",
    ),
    "402 before the request is stored": Plant(
        "paywall.sales.selling",
        (
            Edit(
                "sell",
                "    await self._database.transact_in_group(self._insert, ToStore(sold, terms))\n",
                """\
    import asyncio
    item = ToStore(sold, terms)
    store_it = lambda: asyncio.ensure_future(self._database.transact_in_group(self._insert, item))
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
            Edit(
                "sign",
                '    failpoint("burn.built")\n',
                '    await self._chain.submit(built.raw)\n    failpoint("burn.built")\n',
            ),
        ),
        "killed at burn.built",
        "5",
    ),
    "new bytes without waiting for the expiry": Plant(
        "paywall.burns.states",
        (
            Edit(
                "next_step",
                "    if seen.tip_slot <= expiry_slot:\n        return BatchStep(gone, BatchAction.SUBMIT)\n",
                '    return BatchStep("open", BatchAction.SIGN)\n',
            ),
        ),
        "the bytes are lost on their way",
        "9",
    ),
    "what is confirmed is never looked at again": Plant(
        "paywall.burns.store",
        (
            Edit(
                "flights",
                "    return [_flight(tx, row) for row in (*_confirmed(tx, policy_id, limit=1), *rows)]\n",
                "    return [_flight(tx, row) for row in rows]\n",
            ),
        ),
        "a burn is rolled back deep",
        "5",
    ),
    "a burn that was rolled back is not submitted again": Plant(
        "paywall.burns.states",
        (
            Edit(
                "submit_is_due",
                '    return state != "submitted" or age is None or age >= resubmit_seconds\n',
                "    return age is None\n",
            ),
        ),
        "a burn is rolled back",
        "9",
    ),
    "a capture is not posted": Plant(
        "paywall.credits.store",
        (Edit("move", "    post(tx, account_id, transfer, now)\n", ""),),
        "nothing goes wrong",
        "postings sum to zero, and to each balance",
    ),
    **burns.PLANTS,
    **payments.PLANTS,
    **edge.PLANTS,
}


def apply(name: str) -> None:
    """Load the patched modules in the place of the real ones, before anybody imports them."""
    for module, source in patched(PLANTS[name]).items():
        _load(module, source)


def _load(name: str, source: str) -> None:
    assert name not in sys.modules, f"{name} was imported before it was patched"
    path = _origin(name)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(source, path, "exec"), module.__dict__)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)


def patched(plant: Plant) -> dict[str, str]:
    """Module → its source with the fault in it. Errors: PlantDoesNotFit."""
    sources = {module: _origin(module).read_text("utf-8") for module in plant.modules}
    for edit in plant.edits:
        module = edit.module or plant.module
        sources[module] = _edited(module, sources[module], edit)
    return sources


def _origin(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise PlantDoesNotFit(f"there is no module {module}")
    return Path(spec.origin)


def _edited(module: str, source: str, edit: Edit) -> str:
    found = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == edit.function
    ]
    if len(found) != 1:
        raise PlantDoesNotFit(f"{module} has {len(found)} functions {edit.function}")
    (function,) = found
    lines, margin = source.splitlines(keepends=True), " " * function.col_offset
    body = "".join(lines[function.lineno - 1 : function.end_lineno])
    old, new = indent(edit.old, margin), indent(edit.new, margin)
    # From the start of a line on, or a deeper line that ends alike would count, too.
    if ("\n" + body).count("\n" + old) != 1:
        raise PlantDoesNotFit(f"{module}.{edit.function} does not have this once: {edit.old!r}")
    changed = ("\n" + body).replace("\n" + old, "\n" + new).removeprefix("\n")
    return "".join([*lines[: function.lineno - 1], changed, *lines[function.end_lineno :]])

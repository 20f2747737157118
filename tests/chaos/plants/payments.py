"""Guards of payments and their claims, taken away."""

from tests.chaos.plants.base import Edit, Plant

PLANTS = {
    "who signed a payment owns it": Plant(
        "paywall.rails.cardano.inputs",
        (
            Edit(
                "_owners",
                "    return frozenset(key.did for key in transaction.signers if key_hash(key) in hashes)\n",
                "    return frozenset(key.did for key in transaction.signers)\n",
            ),
        ),
        "a stranger claims another's payment",
        "6",
    ),
    "inputs that are nowhere are taken": Plant(
        "paywall.rails.cardano.inputs",
        (
            Edit(
                "check_spendable",
                '            raise PaymentPending(f"The input {_named(reference)} of the payment is not on chain.")\n',
                "            continue\n",
            ),
        ),
        "a claim of nothing",
        "6",
    ),
    "one output may be behind two payments": Plant(
        "paywall.payments.claims",
        (
            Edit(
                "_take_up",
                """\
    if not store.hold_inputs(tx, new.rail, new.checked.spends, new.id if row is None else row.id):
        raise PaymentPending("What it spends is behind another payment, which is being settled.")
""",
                "",
            ),
        ),
        "one output is behind two payments",
        "6",
    ),
    "a captured claim counts again": Plant(
        "paywall.payments.settlement",
        (
            Edit(
                "_hand_out",
                "            return store.use_claim(tx, payment, evidence.showing)\n",
                "            return True\n",
            ),
        ),
        "a claim is overheard",
        "6",
    ),
    "a settled payment is looked at no more": Plant(
        "paywall.payments.reversing.reversals",
        (
            Edit(
                "step",
                "    for payment in await self._database.read(due):\n",
                "    for payment in (await self._database.read(due))[:0]:\n",
            ),
        ),
        "a payment is undone",
        "7",
    ),
    "a request that nobody pays is kept": Plant(
        "paywall.payments.forgetting",
        (Edit("_all", "        gone = await self._database.transact(some)\n", "        gone = 0\n"),),
        "requests run out",
        "forgetting",
    ),
    "a request is forgotten although a payment refers to it": Plant(
        "paywall.payments.store",
        (
            Edit(
                "forget_unpaid",
                "    paid = select(PaymentRow.id).where("
                "PaymentRow.payment_request_id == PaymentRequestRow.id).exists()\n",
                "    paid = col(PaymentRequestRow.id).is_(None)\n",
            ),
        ),
        "requests run out",
        "forgetting",
    ),
}

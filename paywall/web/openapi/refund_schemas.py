"""The schemas of the refunds."""

from paywall.web.openapi.json_schema import TOKEN, UUID, one_of, record, text, whole

GIVE_BACK = record(
    {}, {"credits": whole("how many; all that are available where it is left out", 1), "receipt": TOKEN}
)

REFUND = record(
    {
        "refund_id": text(pattern=UUID),
        "state": one_of("due", "sending", "sent", "by_hand"),
        "credits": whole("", 1),
        "amount": whole("what they cost, in minor units of what was paid", 1),
        "currency": text(),
        "decimals": whole(maximum=18),
        "rail": text("that was paid by, and sends it back to its payer"),
    },
    {
        "returned": whole("what arrives: the amount, less what the network takes", 1),
        "transaction": text("the rail's own id of what sends it back"),
    },
)

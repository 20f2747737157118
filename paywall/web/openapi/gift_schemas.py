"""The schemas of the gifts."""

from paywall.web.openapi.json_schema import TOKEN, UNIX_TIME, UUID, record, text, whole

RECEIVER = text("the did:key of an Ed25519 key", pattern="^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$")

GIVE = record(
    {"to": RECEIVER},
    {"credits": whole("how many; all that are available where it is left out", 1), "receipt": TOKEN},
)

GIFT = record(
    {
        "gift_id": text(pattern=UUID),
        "receipt": TOKEN,
        "to": RECEIVER,
        "credits": whole("that are on the new receipt", 1),
        "expires_at": whole(UNIX_TIME),
    }
)

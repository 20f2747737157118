"""The schemas of instructions."""

from paywall.web.openapi.json_schema import TOKEN, UNIX_TIME, record, text, whole

ASK_INSTRUCTIONS = record(
    {"payment_request_token": TOKEN, "payment_option_id": text("of the request")},
    description="who knows the token may pay it",
)

INSTRUCTIONS = record(
    {
        "payment_option_id": text(),
        "payload": {
            "type": "object",
            "additionalProperties": text(),
            "description": "the option's own; for `acklab` ACK Lab's paymentRequestToken, and the url of its page",
        },
    },
    {"expires_at": whole(UNIX_TIME)},
)

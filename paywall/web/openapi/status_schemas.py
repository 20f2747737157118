"""The schemas of the status lists."""

from paywall.web.openapi.json_schema import TOKEN, list_of, record, text

_SUBJECT = record(
    {
        "id": text(),
        "type": {"const": "BitstringStatusList"},
        "statusPurpose": {"const": "revocation"},
        "encodedList": text("base64, with padding, of gzip; index 0 is the first byte's highest bit"),
    }
)

STATUS_LIST = record(
    {
        "@context": list_of(text(format="uri")),
        "id": text("the list's own URL", format="uri"),
        "type": list_of(text()),
        "issuer": record({"id": text("whose receipts these are")}),
        "issuanceDate": text(format="date-time"),
        "expirationDate": text(format="date-time"),
        "credentialSubject": _SUBJECT,
        "proof": record({"type": {"const": "JwtProof2020"}, "jwt": TOKEN}),
    },
    description="A signed BitstringStatusListCredential (VC 1.1), as npm agentcommercekit reads it.",
)

"""What a payer shows: a signed authorization to move his coins (EIP-3009), as x402 and MPP hand it over. Pure.

Nothing here knows who signed it: the facilitator and the token itself say that.
"""

import re
from collections.abc import Mapping
from typing import Any

from paywall.errors import ClaimInvalid, PaymentMismatch
from shared import strict_json
from shared.dialects.base import Evidence
from shared.evm.eip3009 import Authorization
from shared.evm.evm_tokens import ADDRESS
from shared.tokens.prt import PaymentOption

#: a wallet that is a contract signs with more than 65 bytes
SIGNATURE = re.compile(r"0x(?:[0-9a-fA-F]{2}){65,4096}")
NONCE = re.compile(r"0x[0-9a-fA-F]{64}")
#: one spelling a number, of 256 bits at most
NUMBER = re.compile(r"0|[1-9][0-9]{0,77}")
#: a facilitator wants so much time to bring it into a block
SOONEST_SECONDS = 6
#: a payer's clock may run ahead of ours by so much
LEEWAY_SECONDS = 60


def shown(evidence: Evidence) -> Authorization:
    """Errors: ClaimInvalid."""
    payload = evidence.payload
    said: Mapping[str, Any] = payload
    if isinstance(inner := payload.get("authorization"), str):
        try:
            said = strict_json.loads(inner)  # x402's is an object of its own, MPP's stands in the payload
        except ValueError as error:
            raise _invalid("authorization") from error
        if not isinstance(said, dict):
            raise _invalid("authorization")
    return read({**said, "signature": payload.get("signature")})


def read(said: Mapping[str, Any]) -> Authorization:
    """Errors: ClaimInvalid."""
    return Authorization(
        payer=_text(said, "from", ADDRESS),
        to=_text(said, "to", ADDRESS),
        value=int(_text(said, "value", NUMBER)),
        valid_after=int(_text(said, "validAfter", NUMBER)),
        valid_before=int(_text(said, "validBefore", NUMBER)),
        nonce=_text(said, "nonce", NONCE),
        signature=_text(said, "signature", SIGNATURE),
    )


def check_pays(authorization: Authorization, option: PaymentOption) -> None:
    """Errors: PaymentMismatch for another recipient or amount; more is not exact either."""
    if authorization.to.lower() != option.recipient.lower():
        raise PaymentMismatch(f"The authorization pays {authorization.to}; {option.recipient} was asked for.")
    if authorization.value != option.amount:
        raise PaymentMismatch(
            f"The authorization is for {authorization.value}; {option.amount} were asked for."
        )


def check_times(authorization: Authorization, now: int, longest: int) -> None:
    """It can be settled now, and is worthless `longest` seconds from now: until then it binds us both.

    Errors: PaymentMismatch.
    """
    if authorization.valid_after >= now:
        raise PaymentMismatch("The authorization is not valid yet.")
    if authorization.valid_before < now + SOONEST_SECONDS:
        raise PaymentMismatch("The authorization expires too soon to be settled.")
    if authorization.valid_before > now + longest + LEEWAY_SECONDS:
        raise PaymentMismatch(f"The authorization must expire within {longest} seconds.")


def _text(said: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _invalid(name)
    return value


def _invalid(name: str) -> ClaimInvalid:
    return ClaimInvalid(
        f"The claim does not hold: it shows no EIP-3009 authorization, for {name!r} is not one's."
    )

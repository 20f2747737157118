"""What a 402 of any seller asks, in whichever dialect, as options that a payer can judge. Pure.

x402 version 2 and MPP stand in headers, version 1 of x402 in the body; all are read, and what cannot be read of one
takes nothing from another. Why something cannot be paid is kept, in our own words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from buyer.paying.ack.ack_asked import AckAsked
from buyer.paying.words import rail_words
from buyer.purchase.machine import SHORTEST_LIFE
from shared.dialects import mpp_client, x402_client
from shared.dialects.mpp_client import MppChallenge
from shared.dialects.x402_client import X402Entry, X402Required
from shared.dialects.x402_headers import REQUIRED
from shared.text import clean
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption, token_hash

DIALECTS = ("x402", "mpp", "ack")
#: seconds that a payment may live where a challenge names no end
USUAL_LIFE = 600
LONGEST_LIFE = 3600
_SHA256_HEX = 64
NAMED_DOTS = 2


@dataclass(frozen=True, slots=True)
class CallOption:
    """One way of paying for a call.

    `request_id` names the payment request where it has a name of its own, so that it is paid once. `commitment` is what
    the payment has to name. `write` gives the header that shows a payload. `token` is there in ACK-Pay.
    """

    dialect: str
    option: PaymentOption
    request_id: str | None
    commitment: bytes | None
    expires_at: int
    write: Callable[[Mapping[str, Any]], tuple[str, str]] = field(compare=False)
    token: str | None = None


@dataclass(frozen=True, slots=True)
class CallOffer:
    """All ways of paying for one call, and why others are none; `ack` is the payment request of the body."""

    options: tuple[CallOption, ...]
    reasons: tuple[str, ...]
    ack: AckAsked | None = None


class Lines(Protocol):
    """Headers, as httpx has them."""

    def get_list(self, key: str) -> list[str]: ...


def read(
    headers: Lines, body: bytes, *, now: int, own_authorization: bool = False, by: str | None = None
) -> CallOffer:
    """What a 402 asks; `by` leaves one dialect of `DIALECTS`.

    Never an error: what cannot be read is a reason, and so is what the call has no header for.
    """
    options: list[CallOption] = []
    reasons: list[str] = []
    for dialect, reader in (("x402", _x402), ("mpp", _mpp), ("x402 v1", _x402_v1)):
        if by is not None and not dialect.startswith(by):
            continue
        if options and dialect == "x402 v1":
            break  # the body says the same again
        try:
            found, why = reader(headers, body, now)
        except TokenError as error:
            reasons.append(clean(f"{dialect}: {error}"))
            continue
        if found and dialect == "mpp" and own_authorization:
            reasons.append("mpp: the call has an Authorization of its own")
            continue
        options += found
        reasons += [clean(f"{dialect}: {reason}") for reason in why]
    return CallOffer(tuple(options), tuple(reasons))


Found = tuple[Sequence[CallOption], Sequence[str]]


def _x402(headers: Lines, _body: bytes, now: int) -> Found:
    lines = headers.get_list(REQUIRED)
    if len(lines) != 1:
        return (), () if not lines else (f"{len(lines)} lines of {REQUIRED}",)
    return _exact(x402_client.read_required(lines[0]), now)


def _x402_v1(_headers: Lines, body: bytes, now: int) -> Found:
    return _exact(x402_client.read_body(body), now) if b"x402Version" in body else ((), ())


def _exact(asked: X402Required, now: int) -> Found:
    found, reasons = [], [] if asked.entries else ["nothing in the scheme exact that can be read"]
    for position, entry in enumerate(asked.entries):
        network = rail_words.network(entry.network)
        if (why := rail_words.strange(network, entry.asset, entry.method)) or entry.seconds < SHORTEST_LIFE:
            reasons.append(why or "it expires before it could be paid")
            continue
        found.append(_of_entry(asked, entry, network, position, now))
    return found, reasons


def _of_entry(asked: X402Required, entry: X402Entry, network: str, position: int, now: int) -> CallOption:
    token = asked.token_of(entry)
    return CallOption(
        "x402",
        rail_words.option(f"x402-{position}", entry.amount, entry.pay_to, network),
        entry.reference,
        None if token is None else token_hash(token),
        now + min(entry.seconds, LONGEST_LIFE),
        lambda payload: x402_client.write_payment(asked, entry, payload),
    )


def _mpp(headers: Lines, _body: bytes, now: int) -> Found:
    found, reasons = [], []
    for position, challenge in enumerate(mpp_client.read_challenges(headers.get_list(mpp_client.CHALLENGE))):
        network = rail_words.network_of(challenge)
        named = challenge.external_id
        if network is None:
            reasons.append(f"the method {challenge.method} is not known")
        elif why := rail_words.strange(network, challenge.currency):
            reasons.append(why)
        elif challenge.expires_at is not None and challenge.expires_at < now + SHORTEST_LIFE:
            reasons.append("it expires before it could be paid")
        elif named is not None and not _is_hash(named):
            reasons.append("externalId is no SHA-256 in hex")
        else:
            found.append(_of_challenge(challenge, network, position, now))
    return found, reasons


def _of_challenge(challenge: MppChallenge, network: str, position: int, now: int) -> CallOption:
    named, ends = challenge.external_id, challenge.expires_at
    return CallOption(
        "mpp",
        rail_words.option(f"mpp-{position}", challenge.amount, challenge.recipient, network),
        _request_id(challenge.id),
        None if named is None else bytes.fromhex(named),
        min(now + LONGEST_LIFE, now + USUAL_LIFE if ends is None else ends),
        lambda payload: mpp_client.write_credential(challenge, payload),
    )


def _request_id(challenge_id: str) -> str:
    """Our sellers name the option last; what stands before is x402's name of the same payment request."""
    return challenge_id.rpartition(".")[0] if challenge_id.count(".") == NAMED_DOTS else challenge_id


def _is_hash(text: str) -> bool:
    return len(text) == _SHA256_HEX and all(digit in "0123456789abcdef" for digit in text)

"""What every dialect carries, in the words of none."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a payer shows for a payment. `payload` is the rail's: text or bytes by name.

    On Cardano that is {"txHash": 64 hex digits} once it was sent, or {"transaction": signed bytes}.
    """

    payment_request_token: str
    option_id: str
    payer: str
    network: str | None
    payload: Mapping[str, str | bytes]

"""The settings of the rail `acklab`: who we are at ACK Lab, and whose receipts count."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from shared import acklab_service

DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
SECRET = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class AckLabSettings:
    """`acklab_recipient` is our agent's DID there: it asks to be paid, and is paid.

    `acklab_issuers` are the DIDs whose receipts count, with commas between them.
    """

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    acklab_url: str = acklab_service.URL
    acklab_client_id: str = ""
    acklab_client_secret: str = field(default="", repr=False)
    acklab_agent: str = ""
    acklab_recipient: str = ""
    acklab_issuers: str = ""

    @property
    def issuers(self) -> tuple[str, ...]:
        return tuple(one.strip() for one in self.acklab_issuers.split(",") if one.strip())

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield (
            acklab_service.is_service(self.acklab_url),
            "PAYWALL_ACKLAB_URL must be an https URL without a path (http on loopback).",
        )
        agent = acklab_service.AGENT.fullmatch(self.acklab_agent) is not None
        yield agent or not self.acklab_agent, "PAYWALL_ACKLAB_AGENT must be an agent's id at ACK Lab."
        recipient = DID.fullmatch(self.acklab_recipient) is not None
        yield recipient or not self.acklab_recipient, "PAYWALL_ACKLAB_RECIPIENT must be a DID."
        dids = all(DID.fullmatch(issuer) for issuer in self.issuers)
        yield dids, "PAYWALL_ACKLAB_ISSUERS takes DIDs, with commas between them."
        secret = SECRET.fullmatch(self.acklab_client_secret) is not None
        yield secret or not self.acklab_client_secret, "PAYWALL_ACKLAB_CLIENT_SECRET must be 64 hex digits."


SETTINGS = AckLabSettings

"""The settings of the rail `acklab`: who we are at ACK Lab, and whose receipts count."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from shared import acklab
from shared.acklab import AckLabClient
from shared.keys import InvalidKeyError
from shared.tokens.receipt import DID


@dataclass(frozen=True, slots=True)
class AckLabSettings:
    """`acklab_recipient` is our agent's DID there: it asks to be paid, and is paid.

    `acklab_issuers` are the DIDs whose receipts count, with commas between them.
    """

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    acklab_url: str = acklab.URL
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
            acklab.is_service(self.acklab_url),
            "PAYWALL_ACKLAB_URL must be an https URL without a path (http on loopback).",
        )
        agent = acklab.AGENT.fullmatch(self.acklab_agent) is not None
        yield agent or not self.acklab_agent, "PAYWALL_ACKLAB_AGENT must be an agent's id at ACK Lab."
        recipient = DID.fullmatch(self.acklab_recipient) is not None
        yield recipient or not self.acklab_recipient, "PAYWALL_ACKLAB_RECIPIENT must be a DID."
        dids = all(DID.fullmatch(issuer) for issuer in self.issuers)
        yield dids, "PAYWALL_ACKLAB_ISSUERS takes DIDs, with commas between them."
        yield self._is_client(), "PAYWALL_ACKLAB_CLIENT_SECRET must be 64 hex digits, beside the client's id."

    def _is_client(self) -> bool:
        if not self.acklab_client_secret:
            return True
        try:
            AckLabClient.from_secret(self.acklab_client_id, self.acklab_client_secret)
        except InvalidKeyError:
            return False
        return True


SETTINGS = AckLabSettings

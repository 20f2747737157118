"""Opens the rail `acklab` with what the settings say."""

from paywall.errors import SetupError
from paywall.rails.acklab.acklab_option import AckLabTerms
from paywall.rails.acklab.acklab_rail import AckLabRail
from paywall.rails.acklab.issuers import TrustedIssuers
from paywall.rails.acklab.settings import AckLabSettings
from paywall.rails.base import RailContext
from shared.acklab import AckLabClient
from shared.chain.acklab_calls import AckLabCalls
from shared.keys import InvalidKeyError

#: a payer waits for its payment request to be made
SECONDS = 10.0


def open_rail(context: RailContext) -> AckLabRail:
    """Errors: SetupError."""
    own = context.settings.room(AckLabSettings)
    for value, variable, what in (
        (own.acklab_client_id, "CLIENT_ID", "who we are at ACK Lab"),
        (own.acklab_client_secret, "CLIENT_SECRET", "what our calls of ACK Lab are signed with"),
        (own.acklab_agent, "AGENT", "the agent there that payments go to"),
        (own.acklab_recipient, "RECIPIENT", "that agent's DID, which asks for them"),
        (own.issuers, "ISSUERS", "whose receipts count; without a list everybody's own would, so none does"),
    ):
        if not value:
            raise SetupError(f"The rail acklab needs PAYWALL_ACKLAB_{variable}: {what}.")
    terms = AckLabTerms(
        own.acklab_url.rstrip("/"),
        own.acklab_recipient,
        f"{context.settings.service_url}/api/payments",
    )
    client = AckLabClient.from_secret(own.acklab_client_id, own.acklab_client_secret)
    try:
        issuers = TrustedIssuers(own.issuers, context.clock, context.asked)
    except InvalidKeyError as error:
        raise SetupError(f"PAYWALL_ACKLAB_ISSUERS: {error}.") from error
    calls = AckLabCalls(own.acklab_url, client, own.acklab_agent, SECONDS)
    return AckLabRail(terms, calls, issuers, context.clock, context.asked)

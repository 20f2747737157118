"""Evidence in the wallet, as one JSON document."""

import json

from shared.dialects.base import Evidence


def write(evidence: Evidence) -> str:
    """Payer, network and payload as JSON; bytes as {"hex": …}. Token and option stand in columns of their own."""
    payload = {
        name: {"hex": value.hex()} if isinstance(value, bytes) else value
        for name, value in evidence.payload.items()
    }
    return json.dumps({"payer": evidence.payer, "network": evidence.network, "payload": payload})


def read(document: str, *, payment_request_token: str, option_id: str) -> Evidence:
    """The evidence that `write` wrote."""
    stored = json.loads(document)
    return Evidence(
        payment_request_token=payment_request_token,
        option_id=option_id,
        payer=stored["payer"],
        network=stored["network"],
        payload={
            name: value if isinstance(value, str) else bytes.fromhex(value["hex"])
            for name, value in stored["payload"].items()
        },
    )

"""Evidence in the wallet, as one JSON document, and in the claim that shows it to the seller."""

import json

from shared.dialects.ack import PaymentClaim
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


def claim_of(evidence: Evidence) -> PaymentClaim:
    """The evidence as ACK-Pay claims it."""
    tx_hash, transaction = evidence.payload.get("txHash"), evidence.payload.get("transaction")
    return PaymentClaim(
        payment_request_token=evidence.payment_request_token,
        option_id=evidence.option_id,
        payer=evidence.payer,
        network=evidence.network or "",
        tx_hash=tx_hash if isinstance(tx_hash, str) else None,
        transaction=transaction if isinstance(transaction, bytes) else None,
    )

"""A payment in a native token, which takes the least lovelace along that its output must hold."""

from collections.abc import Sequence

from shared.cardano import coins, fees
from shared.cardano.addresses import check_address
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.draft import Draft
from shared.cardano.make.drafting import Plan, drafted
from shared.cardano.make.parts import output
from shared.cardano.metadata import payment_metadata
from shared.keys import PublicKey

_MILLIONS = 1_000_000  # is written in as many bytes as what such an output must hold


def token_payment(
    *,
    utxos: Sequence[Utxo],
    change_address: str,
    recipient: str,
    unit: str,
    quantity: int,
    token_hash: bytes | None,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
) -> tuple[Draft, int]:
    """Pay `quantity` of the token `unit` to `recipient`; the draft, and the lovelace that go with it.

    The payment is output 0, the change output 1. Errors: as of `build.payment`.
    """
    check_address(recipient, network)
    tokens = {unit: quantity}
    along = fees.least_lovelace(output(recipient, _MILLIONS, tokens).to_cbor(), parameters)
    plan = Plan(
        change_address,
        parameters,
        expiry_slot,
        key,
        network,
        sent=(output(recipient, along, tokens),),
        metadata=None if token_hash is None else payment_metadata(token_hash),
        sent_tokens=tokens,
    )
    return drafted(plan, coins.selections(utxos, unit, quantity)), along

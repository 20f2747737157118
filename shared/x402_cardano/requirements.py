"""What a seller asks for by the scheme: x402 v2's `PaymentRequirements`, read strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shared import strict_json
from shared.cardano.addresses import InvalidAddressError, check_address, payment_key_hash
from shared.cardano.assets import Asset
from shared.cardano.network import NETWORKS
from shared.x402_cardano.reasons import ExactReason, ExactRefusal

SCHEME = "exact"
LOVELACE = "lovelace"
#: the only transfer method here: from address to address. `masumi` and `script` are other contracts
METHOD = "default"
#: by CIP-34; what they stand for is the same network
ALIASES = {
    "cip34:1-764824073": "cardano:mainnet",
    "cip34:0-1": "cardano:preprod",
    "cip34:0-2": "cardano:preview",
}
#: newer blocks than the one with the payment; fewer than none would be the mempool, which may forget it
LEAST_CONFIRMATIONS, MOST_CONFIRMATIONS, USUAL_CONFIRMATIONS = 0, 20, 1
#: of `extra`, and ours: the scheme leaves it open
EXTERNAL_ID = "externalId"
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_SECONDS = 2**31
_MOST_AMOUNT = 2**64 - 1
_AMOUNT = re.compile(r"[1-9][0-9]{0,19}")
_ASSET = re.compile(r"[0-9a-f]{56}\.(?:[0-9a-f]{2}){0,32}")


@dataclass(frozen=True, slots=True)
class ExactRequirements:
    """`asset` is Blockfrost's unit of a token, or lovelace; `digest` names all of it but `seconds`, and `extra` too.

    `commitment` is what the transaction's metadata are to name (docs/mpp-cardano.md), 32 bytes; None for nothing.
    """

    network: str
    asset: str
    amount: int
    pay_to: str
    seconds: int
    confirmations: int
    commitment: bytes | None
    digest: str

    @property
    def is_lovelace(self) -> bool:
        return self.asset == LOVELACE


def canonical_network(name: str) -> str:
    """The name that is advertised; what is no alias stays as it is."""
    return ALIASES.get(name, name)


def read_requirements(document: object) -> ExactRequirements:
    """Errors: ExactRefusal."""
    if not isinstance(document, Mapping):
        raise ExactRefusal(ExactReason.REQUIREMENTS, "the payment requirements are an object")
    if document.get("scheme") != SCHEME:
        raise ExactRefusal(ExactReason.SCHEME, f"the scheme is {SCHEME} here")
    network = canonical_network(_text(document, "network"))
    if network not in NETWORKS:
        raise ExactRefusal(ExactReason.NETWORK, "the network is none of Cardano's")
    extra = document.get("extra") or {}
    if not isinstance(extra, Mapping):
        raise ExactRefusal(ExactReason.REQUIREMENTS, "extra is an object")
    if extra.get("assetTransferMethod", METHOD) != METHOD:
        raise ExactRefusal(ExactReason.SCHEME, f"the assetTransferMethod is {METHOD} here")
    return ExactRequirements(
        network=network,
        asset=read_asset(_text(document, "asset")),
        amount=read_amount(_text(document, "amount")),
        pay_to=_recipient(_text(document, "payTo"), network),
        seconds=_seconds(document.get("maxTimeoutSeconds")),
        confirmations=_confirmations(extra),
        commitment=_commitment(extra.get(EXTERNAL_ID)),
        digest=_digest(document, network),
    )


def read_asset(text: str) -> str:
    """`<policyId>.<nameHex>` as Blockfrost's unit; lovelace as it is. Errors: ExactRefusal."""
    if text == LOVELACE:
        return LOVELACE
    if not _ASSET.fullmatch(text):
        message = "the asset is lovelace or <policyId>.<nameHex>, in lower case"
        raise ExactRefusal(ExactReason.REQUIREMENTS, message)
    return Asset.parse(text).unit


def read_amount(text: str) -> int:
    """Errors: ExactRefusal."""
    if not _AMOUNT.fullmatch(text) or int(text) > _MOST_AMOUNT:
        raise ExactRefusal(
            ExactReason.REQUIREMENTS, "the amount is a whole number above zero, in decimal digits"
        )
    return int(text)


def _recipient(address: str, network: str) -> str:
    try:
        check_address(address, network)
        held_by_key = payment_key_hash(address) is not None
    except InvalidAddressError as error:
        raise ExactRefusal(ExactReason.REQUIREMENTS, f"payTo is no address of {network}") from error
    if address != address.lower() or not held_by_key:
        # Without its datum, what is paid to a script may be lost for ever.
        raise ExactRefusal(ExactReason.REQUIREMENTS, "payTo is an address of a key, in lower case")
    return address


def _seconds(value: object) -> int:
    if type(value) is not int or not 0 < value < _MOST_SECONDS:
        raise ExactRefusal(ExactReason.REQUIREMENTS, "maxTimeoutSeconds is a whole number above zero")
    return value


def _confirmations(extra: Mapping[str, Any]) -> int:
    policy = extra.get("confirmationPolicy", {"l1Confirmations": USUAL_CONFIRMATIONS})
    if not isinstance(policy, Mapping) or policy.keys() != {"l1Confirmations"}:
        raise ExactRefusal(ExactReason.POLICY, "confirmationPolicy holds l1Confirmations alone")
    value = policy["l1Confirmations"]
    if type(value) is not int or not LEAST_CONFIRMATIONS <= value <= MOST_CONFIRMATIONS:
        message = f"l1Confirmations is a whole number from {LEAST_CONFIRMATIONS} to {MOST_CONFIRMATIONS} here"
        raise ExactRefusal(ExactReason.POLICY, message)
    return value


def _commitment(value: object) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ExactRefusal(ExactReason.REQUIREMENTS, f"{EXTERNAL_ID} is 64 hex digits in lower case")
    return bytes.fromhex(value)


def _digest(document: Mapping[str, Any], network: str) -> str:
    named = {name: value for name, value in document.items() if name != "maxTimeoutSeconds"}
    try:
        return sha256(strict_json.canonical({**named, "network": network})).hexdigest()
    except (ValueError, RecursionError) as error:
        message = "the payment requirements hold what has no canonical JSON"
        raise ExactRefusal(ExactReason.REQUIREMENTS, message) from error


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise ExactRefusal(ExactReason.REQUIREMENTS, f"{name} is text")
    return value

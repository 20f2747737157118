"""What a payer, or a stranger, does with an authorization past everybody: use it, sign it anew, take it back."""

from collections.abc import Mapping
from typing import Any

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from tests.support.evm.evm_node import CHAIN_ID, USDC, EvmNode

DOMAIN = {"name": "USDC", "version": "2", "chainId": CHAIN_ID, "verifyingContract": USDC}
CANCEL = {
    "CancelAuthorization": [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}]
}
MEMBERS = (
    *(("from", "address"), ("to", "address"), ("value", "uint256")),
    *(("validAfter", "uint256"), ("validBefore", "uint256"), ("nonce", "bytes32")),
)
MOVE = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"
TRANSFER = {"TransferWithAuthorization": [{"name": name, "type": kind} for name, kind in MEMBERS]}


def cancel(node: EvmNode, payer: LocalAccount, payload: Mapping[str, Any]) -> None:
    """Takes it back, on chain."""
    nonce = bytes.fromhex(payload["authorization"]["nonce"][2:])
    message = {"authorizer": payer.address, "nonce": nonce}
    signed = payer.sign_message(encode_typed_data(DOMAIN, CANCEL, message))
    node.send(
        "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
        *(payer.address, nonce, signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)),
    )


def use(node: EvmNode, payload: Mapping[str, Any], signer: LocalAccount | None = None) -> str:
    """Settles it, as anybody may who sees it; `signer` signs it anew where it was changed."""
    return node.send(MOVE, *_arguments(payload, signer))


def is_usable(node: EvmNode, payload: Mapping[str, Any]) -> bool:
    """Whether the token would take it now."""
    return node.takes(MOVE, *_arguments(payload, None))


def _arguments(payload: Mapping[str, Any], signer: LocalAccount | None) -> list[Any]:
    said, signature = payload["authorization"], bytes.fromhex(payload["signature"][2:])
    values = [_value(said[name], kind) for name, kind in MEMBERS]
    if signer is not None:
        message = dict(zip((name for name, _ in MEMBERS), values, strict=True))
        signature = bytes(signer.sign_message(encode_typed_data(DOMAIN, TRANSFER, message)).signature)
    return [*values, signature[64], signature[:32], signature[32:64]]


def _value(text: str, kind: str) -> str | int | bytes:
    if kind == "address":
        return text
    return int(text) if kind == "uint256" else bytes.fromhex(text[2:])

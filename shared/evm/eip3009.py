"""EIP-3009: an authorization to move coins, which its payer signs (EIP-712) and anybody may bring into a block."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from shared.evm.evm_tokens import Token, chain_id

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

_FIELDS = {
    "from": "address",
    "to": "address",
    "value": "uint256",
    "validAfter": "uint256",
    "validBefore": "uint256",
    "nonce": "bytes32",
}


@dataclass(frozen=True, slots=True)
class Authorization:
    """As its payer spells it; times in Unix seconds, nonce and signature in hex behind 0x."""

    payer: str
    to: str
    value: int
    valid_after: int
    valid_before: int
    nonce: str
    signature: str

    def members(self) -> dict[str, str]:
        """By the names that x402 and MPP have for them."""
        return {
            "from": self.payer,
            "to": self.to,
            "value": str(self.value),
            "validAfter": str(self.valid_after),
            "validBefore": str(self.valid_before),
            "nonce": self.nonce,
        }

    def payload(self) -> dict[str, Any]:
        """As x402 has it."""
        return {"signature": self.signature, "authorization": self.members()}


def external_id(network: str, asset: str, payer: str, nonce: str) -> str:
    """The payment's one name: a nonce is its payer's own, and used once for a token."""
    return f"{network}:{asset}:{payer}:{nonce}".lower()


def open_account(key: str) -> "LocalAccount":
    """The account of a private key, 64 hex digits. Errors: ImportError without the extra `evm`."""
    from eth_account import Account

    account: LocalAccount = Account.from_key(key)
    return account


def signed(
    authorization: Authorization, account: "LocalAccount", token: Token, network: str
) -> Authorization:
    """The same, signed by its payer's `account` for `token` on `network` (CAIP-2); the same bytes each time."""
    message: dict[str, Any] = {
        "from": authorization.payer,
        "to": authorization.to,
        "value": authorization.value,
        "validAfter": authorization.valid_after,
        "validBefore": authorization.valid_before,
        "nonce": bytes.fromhex(authorization.nonce[2:]),
    }
    domain = {
        "name": token.name,
        "version": token.version,
        "chainId": chain_id(network),
        "verifyingContract": token.address,
    }
    types = {"TransferWithAuthorization": [{"name": name, "type": kind} for name, kind in _FIELDS.items()]}
    signature = account.sign_typed_data(domain, types, message).signature
    return replace(authorization, signature="0x" + bytes(signature).hex())

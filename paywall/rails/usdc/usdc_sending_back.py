"""USDC back to who paid it, where the key of the address that is paid is configured.

The seller signs an authorization (EIP-3009) as his payers do, and a facilitator brings it into a block: so nothing but
the coins is needed here, and what came of it is told by the network as of any payment.
"""

import hashlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from paywall.clock import Clock
from paywall.errors import SetupError, Unavailable
from paywall.rails.base import RailOutcome, RefundDraft, RefundImpossible, StoredPayment
from paywall.rails.usdc.authorizations import Authorization
from paywall.rails.usdc.evm_chain import EvmChain
from paywall.rails.usdc.facilitator import Facilitator
from paywall.rails.usdc.json_calls import Unanswered
from paywall.rails.usdc.state import UsdcState
from paywall.rails.usdc.usdc_option import UsdcTerms
from paywall.rails.usdc.usdc_rail import UsdcRail

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

#: how long an authorization to send money back is good for; behind it, it is drafted anew
VALID_SECONDS = 3600
_FIELDS = {
    "from": "address",
    "to": "address",
    "value": "uint256",
    "validAfter": "uint256",
    "validBefore": "uint256",
    "nonce": "bytes32",
}


def open_account(key: str, address: str) -> "LocalAccount":
    """Errors: SetupError for a key that is none, or another address's."""
    try:
        from eth_account import Account
    except ImportError as error:
        raise SetupError(
            "PAYWALL_USDC_REFUND_KEY needs the extra evm: pip install 'paywall[evm]'."
        ) from error
    account: LocalAccount = Account.from_key(key)
    if account.address.lower() != address.lower():
        raise SetupError("PAYWALL_USDC_REFUND_KEY is not the key of PAYWALL_USDC_ADDRESS.")
    return account


class RefundingUsdcRail(UsdcRail):
    """The rail with the key of the address that it is paid at: `Refundable`."""

    least_refund = 1

    def __init__(
        self,
        terms: UsdcTerms,
        facilitator: Facilitator,
        chain: EvmChain,
        clock: Clock,
        account: "LocalAccount",
    ) -> None:
        super().__init__(terms, facilitator, chain, clock)
        self._account = account

    async def draft_refund(
        self,
        payment: StoredPayment,
        amount: int,
        key: str,
        held: frozenset[str],  # noqa: ARG002  a balance has no parts
    ) -> RefundDraft:
        paid = UsdcState.read(payment.state)
        if not self.is_ours(paid):
            raise RefundImpossible(
                f"it was paid in {paid.asset} on {paid.network}, which is not looked at any more"
            )
        try:
            newest = await self._chain.newest()
        except Unanswered as error:
            raise Unavailable("The network cannot be asked at the moment.") from error
        signed = self._signed(paid, amount, key)
        state = replace(
            paid,
            authorization=signed,
            pay_to=signed.to,
            amount=amount,
            seconds=VALID_SECONDS,
            block=newest.number,
        )
        parts = (paid.network, paid.asset, signed.payer, signed.nonce)
        return RefundDraft(":".join(parts).lower(), amount, state.document())

    async def refund(self, draft: StoredPayment) -> RailOutcome:
        return await self.settle(draft)

    def _signed(self, paid: UsdcState, amount: int, key: str) -> Authorization:
        until = self._clock() + VALID_SECONDS
        # Known to us alone: a nonce that others can compute could be used up by nobody, and tells nothing either.
        nonce = hashlib.sha256(f"{key} {secrets.token_hex(16)}".encode()).digest()
        payer = paid.authorization.payer
        message: dict[str, Any] = {
            "from": self._account.address,
            "to": payer,
            "value": amount,
            "validAfter": 0,
            "validBefore": until,
            "nonce": nonce,
        }
        domain = {
            "name": paid.name,
            "version": paid.version,
            "chainId": int(paid.network.rpartition(":")[2]),
            "verifyingContract": paid.asset,
        }
        types = {
            "TransferWithAuthorization": [{"name": name, "type": kind} for name, kind in _FIELDS.items()]
        }
        signature = self._account.sign_typed_data(domain, types, message).signature
        return Authorization(
            payer=self._account.address,
            to=payer,
            value=amount,
            valid_after=0,
            valid_before=until,
            nonce="0x" + nonce.hex(),
            signature="0x" + bytes(signature).hex(),
        )

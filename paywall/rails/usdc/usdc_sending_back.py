"""USDC back to who paid it, where the key of the address that is paid is configured.

The seller signs an authorization (EIP-3009) as his payers do, and a facilitator brings it into a block: so nothing but
the coins is needed here, and what came of it is told by the network as of any payment.
"""

import hashlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from paywall.clock import Clock
from paywall.errors import SetupError, Unavailable
from paywall.rails.base import RailOutcome, RefundDraft, RefundImpossible, StoredPayment
from paywall.rails.usdc.facilitator import Facilitator
from paywall.rails.usdc.state import UsdcState
from paywall.rails.usdc.usdc_option import UsdcTerms
from paywall.rails.usdc.usdc_rail import UsdcRail
from shared.chain.evm_chain import EvmChain
from shared.chain.json_calls import Unanswered
from shared.evm.eip3009 import Authorization, open_account, signed
from shared.evm.evm_tokens import Token

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

#: how long an authorization to send money back is good for; behind it, it is drafted anew
VALID_SECONDS = 3600


def refunding_account(key: str, address: str) -> "LocalAccount":
    """Errors: SetupError for a key that is none, or another address's."""
    try:
        account = open_account(key)
    except ImportError as error:
        raise SetupError(
            "PAYWALL_USDC_REFUND_KEY needs the extra evm: pip install 'paywall[evm]'."
        ) from error
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
        sent = self._signed(paid, amount, key)
        state = replace(
            paid,
            authorization=sent,
            pay_to=sent.to,
            amount=amount,
            seconds=VALID_SECONDS,
            block=newest.number,
        )
        parts = (paid.network, paid.asset, sent.payer, sent.nonce)
        return RefundDraft(":".join(parts).lower(), amount, state.document())

    async def refund(self, draft: StoredPayment) -> RailOutcome:
        return await self.settle(draft)

    def _signed(self, paid: UsdcState, amount: int, key: str) -> Authorization:
        # Known to us alone: a nonce that others can compute could be used up by nobody, and tells nothing either.
        nonce = hashlib.sha256(f"{key} {secrets.token_hex(16)}".encode()).digest()
        unsigned = Authorization(
            payer=self._account.address,
            to=paid.authorization.payer,
            value=amount,
            valid_after=0,
            valid_before=self._clock() + VALID_SECONDS,
            nonce="0x" + nonce.hex(),
            signature="",
        )
        return signed(unsigned, self._account, Token(paid.asset, paid.name, paid.version), paid.network)

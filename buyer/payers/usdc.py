"""Paying in USDC on an EVM network: a signed authorization (EIP-3009) that the seller brings into a block.

The key is an account's of its own, beside the wallet's. What was signed can be used until it expires, by anybody who
saw it, and only once: its nonce is new each time, and stored before anybody sees it.
"""

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from buyer.errors import PaymentRefused, SellerFault, UsageError, no_chain
from buyer.payers.base import Cost, Evidence, Fate, PayerContext, PaymentDraft, PaymentTerms
from shared import strict_json
from shared.chain.evm_chain import EvmChain
from shared.chain.json_calls import Unanswered
from shared.evm import eip3009
from shared.evm.eip3009 import Authorization
from shared.evm.evm_tokens import ADDRESS, CURRENCY, DECIMALS, KEY, KNOWN, NOWHERE
from shared.loopback import is_secure
from shared.money import Money
from shared.tokens.prt import PaymentOption

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

PAYS_ON, PAYS_IN = tuple(KNOWN), (CURRENCY,)
KEY_VARIABLE, NETWORK_VARIABLE, RPC_VARIABLE = "BUYER_USDC_KEY", "BUYER_USDC_NETWORK", "BUYER_USDC_RPC_URL"
USUAL_NETWORK = "eip155:8453"
LONGEST_LIFE = 3600
#: a chain's clock may be behind the buyer's; x402's own clients let an authorization begin so long ago
BEHIND = 600
#: blocks that must have passed an authorization's end, unused: a fork takes back fewer
DEPTH = 12
#: of a cent
COINS = 10 ** (DECIMALS - 2)
T = TypeVar("T")


def configured(environment: Mapping[str, str]) -> bool:
    return bool(environment.get(KEY_VARIABLE))


def open_payer(context: PayerContext) -> "UsdcPayer":
    """Errors: UsageError for variables that name no account, no network that is known, or no URL."""
    key = context.environment.get(KEY_VARIABLE, "")
    network = context.environment.get(NETWORK_VARIABLE) or USUAL_NETWORK
    if not KEY.fullmatch(key):
        raise UsageError("usdc_invalid", f"{KEY_VARIABLE} must be a private key: 64 hex digits")
    if network not in KNOWN:
        raise UsageError("usdc_invalid", f"{NETWORK_VARIABLE} must be one of {', '.join(KNOWN)}")
    try:
        account = eip3009.open_account(key)
    except ImportError as error:
        hint = "Install it: pip install 'paywall[evm]'"
        raise UsageError("extra_missing", f"{KEY_VARIABLE} needs the extra evm", hint=hint) from error
    except ValueError as error:
        raise UsageError("usdc_invalid", f"{KEY_VARIABLE} is no private key") from error
    url = context.environment.get(RPC_VARIABLE, "")
    if url and not is_secure(url):
        raise UsageError("usdc_invalid", f"{RPC_VARIABLE} must be an https URL (http on loopback)")
    chain = partial(EvmChain, url, KNOWN[network].address) if url else None
    return UsdcPayer(account, network, chain, did=context.key.public.did, now=context.now)


class UsdcPayer:
    """A `Payer`. `chain` opens connections to the network's own service, None where none is named."""

    id = "usdc"

    def __init__(
        self,
        account: "LocalAccount",
        network: str,
        chain: Callable[[], EvmChain] | None,
        *,
        did: str,
        now: Callable[[], int],
    ) -> None:
        self._account = account
        self._network = network
        self._chain = chain
        self._did = did
        self._now = now

    @property
    def address(self) -> str:
        return str(self._account.address)

    def pays(self, option: PaymentOption) -> bool:
        """See the port."""
        return option.network == self._network

    def judge(self, option: PaymentOption, price: Money) -> Cost:
        """See the port. A dollar is a coin."""
        if (option.currency, option.decimals) != (CURRENCY, DECIMALS):
            said = {"currency": option.currency, "decimals": option.decimals}
            message = (
                f"{self._network} is paid in USDC with 6 decimals, and the payment option says otherwise"
            )
            raise SellerFault("unit_confused", message, seller_says=said)
        recipient = option.recipient
        own = recipient.lower() in {NOWHERE, self.address.lower()}
        if not ADDRESS.fullmatch(recipient) or own:
            message = f"the recipient is no address on {self._network} that could be paid"
            raise SellerFault("recipient_invalid", message, seller_says={"recipient": recipient})
        if price.unit != ("USD", 2):
            raise UsageError("rate_missing", f"what is priced in {price.currency} is not paid in dollars")
        if option.amount > price.amount * COINS:
            asked = Money(option.amount, CURRENCY, DECIMALS)
            raise SellerFault("amount_inflated", f"the price is {price}, and the payment option asks {asked}")
        return Cost(price)

    def worth(self, option: PaymentOption) -> Money:
        """See the port. Up to the next cent: budgets know no smaller coin."""
        return Money(-(-option.amount // COINS), "USD", 2)

    async def prepare(
        self,
        option: PaymentOption,
        terms: PaymentTerms,
        *,
        taken: Collection[str],  # noqa: ARG002  a balance has no parts, and each nonce is new
    ) -> PaymentDraft:
        """See the port. What the account holds is looked at where the network can be asked."""
        now = self._now()
        authorization = Authorization(
            payer=self.address,
            to=option.recipient,
            value=option.amount,
            valid_after=now - BEHIND,
            valid_before=min(terms.deadline, now + LONGEST_LIFE),
            nonce="0x" + secrets.token_hex(32),
            signature="",
        )
        if self._chain is not None:
            held = await self._asked(lambda chain: chain.balance(self.address))
            if held < option.amount:
                missing = Money(option.amount - held, CURRENCY, DECIMALS)
                hint = f"Nothing was paid. Send USDC on {self._network} to {self.address}"
                raise PaymentRefused("funds_short", f"the account lacks {missing}", hint=hint)
        document = {"network": self._network, "authorization": authorization.members()}
        token = KNOWN[self._network].address
        name = eip3009.external_id(self._network, token, self.address, authorization.nonce)
        return PaymentDraft(terms.token, option.id, name, (authorization.nonce,), document)

    def sign(self, draft: PaymentDraft) -> Evidence:
        """See the port. The same draft gives the same bytes (RFC 6979)."""
        network, signed = draft.document["network"], _read(draft)
        if signed.payer != self.address:
            raise UsageError(
                "usdc_other_account", f"the payment is of {signed.payer}, and {KEY_VARIABLE} is not"
            )
        signed = eip3009.signed(signed, self._account, KNOWN[network], network)
        payload = {
            "authorization": strict_json.canonical(signed.members()).decode(),
            "signature": signed.signature,
        }
        return Evidence(draft.payment_request_token, draft.option_id, self._did, network, payload)

    async def fate(self, draft: PaymentDraft) -> Fate:
        """See the port. Where nobody can be asked, what has expired may have been used before: it counts as lost."""
        authorization = _read(draft)
        if self._chain is None or draft.document["network"] != self._network:
            return "possible" if self._now() <= authorization.valid_before + BEHIND else "denied"
        return await self._asked(lambda chain: _fate(chain, authorization))

    async def _asked(self, question: Callable[[EvmChain], Awaitable[T]]) -> T:
        assert self._chain is not None
        chain = self._chain()
        try:
            return await question(chain)
        except Unanswered as error:
            raise no_chain(error) from error
        finally:
            await chain.aclose()


async def _fate(chain: EvmChain, authorization: Authorization) -> Fate:
    # The newest block first: what is unused at it, and past its end at one that no fork takes back, is dead.
    newest = await chain.newest()
    if await chain.is_used(authorization, newest.number):
        return "landed"
    deep = await chain.block(max(newest.number - DEPTH, 0))
    return "impossible" if deep.time >= authorization.valid_before else "possible"


def _read(draft: PaymentDraft) -> Authorization:
    said = draft.document["authorization"]
    return Authorization(
        payer=said["from"],
        to=said["to"],
        value=int(said["value"]),
        valid_after=int(said["validAfter"]),
        valid_before=int(said["validBefore"]),
        nonce=said["nonce"],
        signature="",
    )

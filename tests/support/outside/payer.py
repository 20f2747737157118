"""A payer with a wallet of vouchers."""

from collections.abc import Collection

from buyer.errors import PaymentRefused, SellerFault
from buyer.payers.base import Cost, Fate, PaymentDraft, PaymentTerms
from shared.dialects.base import Evidence
from shared.money import Money
from shared.tokens.prt import PaymentOption

from .rail import NETWORK


class VoucherPayer:
    id = "voucher"

    def __init__(self, did: str, codes: Collection[str]) -> None:
        self._did = did
        self._codes = codes

    def pays(self, option: PaymentOption) -> bool:
        return option.network == NETWORK

    def judge(self, option: PaymentOption, price: Money) -> Cost:
        if (option.currency, option.decimals) != (price.currency, price.decimals):
            raise SellerFault("unit_confused", "vouchers are worth what is written on them")
        if option.amount > price.amount:
            raise SellerFault("amount_inflated", "more is asked for than the price")
        return Cost(Money(option.amount, option.currency, option.decimals))

    async def prepare(
        self, option: PaymentOption, terms: PaymentTerms, *, taken: Collection[str]
    ) -> PaymentDraft:
        code = next((code for code in self._codes if code not in taken), None)
        if code is None:
            raise PaymentRefused("funds_short", "there is no voucher left")
        return PaymentDraft(terms.token, option.id, code, (code,), {})

    def sign(self, draft: PaymentDraft) -> Evidence:
        return Evidence(
            draft.payment_request_token, draft.option_id, self._did, NETWORK, {"voucher": draft.external_id}
        )

    async def fate(self, draft: PaymentDraft) -> Fate:
        """The shop tells nobody which vouchers it took, and none of them ever expires."""
        return "possible"

"""A payer with a wallet of vouchers."""

from collections.abc import Collection

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
        return Cost(Money(option.amount, option.currency, option.decimals))

    async def prepare(
        self, option: PaymentOption, terms: PaymentTerms, *, taken: Collection[str]
    ) -> PaymentDraft:
        code = next(code for code in self._codes if code not in taken)
        return PaymentDraft(terms.token, option.id, code, (code,), {})

    def sign(self, draft: PaymentDraft) -> Evidence:
        return Evidence(
            draft.payment_request_token, draft.option_id, self._did, NETWORK, {"voucher": draft.external_id}
        )

    async def fate(self, draft: PaymentDraft) -> Fate:
        return "possible"

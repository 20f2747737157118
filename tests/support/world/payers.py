"""Payers that touch no rail."""

from collections.abc import Collection

from buyer.errors import BuyerError
from buyer.payers.base import Cost, Fate, PaymentDraft, PaymentTerms
from shared.dialects.base import Evidence
from shared.money import Money
from shared.tokens.prt import PaymentOption


class PlainPayer:
    """Pays options of `network` at their price, or for `cost`; signs by naming the draft."""

    id = "plain"

    def __init__(
        self,
        network: str | None = "plain:net",
        *,
        cost: Money | None = None,
        refuses: BuyerError | None = None,
        fate: Fate = "possible",
    ) -> None:
        self._network = network
        self._cost = cost
        self._refuses = refuses
        self._fate: Fate = fate

    def pays(self, option: PaymentOption) -> bool:
        return option.network == self._network

    def judge(self, option: PaymentOption, price: Money) -> Cost:
        if self._refuses is not None:
            raise self._refuses
        return Cost(self._cost or price)

    async def prepare(
        self, option: PaymentOption, terms: PaymentTerms, *, taken: Collection[str]
    ) -> PaymentDraft:
        number = len(taken)
        return PaymentDraft(terms.token, option.id, f"payment {number}", (f"coin {number}",), {})

    def sign(self, draft: PaymentDraft) -> Evidence:
        payload: dict[str, str | bytes] = {
            "note": draft.external_id,
            "bytes": b"signed " + draft.external_id.encode(),
        }
        return Evidence(
            draft.payment_request_token, draft.option_id, "did:example:payer", self._network, payload
        )

    async def fate(self, draft: PaymentDraft) -> Fate:
        return self._fate

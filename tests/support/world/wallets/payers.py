"""Payers that touch no rail."""

from collections.abc import Collection, Mapping

from buyer.errors import BuyerError
from buyer.payers.base import Cost, Fate, PaymentDraft, PaymentTerms
from shared.dialects.base import Evidence
from shared.money import Money
from shared.tokens.prt import PaymentOption


class PlainPayer:
    """Pays options of `network` at their price, or for `cost`; shows `payload`, or else names the draft."""

    id = "plain"

    def __init__(
        self,
        network: str | None = "plain:net",
        *,
        cost: Money | None = None,
        refuses: BuyerError | None = None,
        fate: Fate = "possible",
        did: str = "did:example:payer",
        payload: Mapping[str, str | bytes] | None = None,
    ) -> None:
        self._network = network
        self._cost = cost
        self._refuses = refuses
        self._fate: Fate = fate
        self._did = did
        self._payload = payload

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
        name = draft.external_id
        payload = self._payload or {"note": name, "bytes": b"signed " + name.encode()}
        return Evidence(draft.payment_request_token, draft.option_id, self._did, self._network or "", payload)

    async def fate(self, draft: PaymentDraft) -> Fate:
        return self._fate

"""What payment requests of one order and second share: all but their ids, their holders and their signatures.

It is stored once for all of them: of a payment request's 1.2 KB nine bytes in ten are in its neighbours, too.
"""

from shared.tokens import prt
from shared.tokens.prt import Order, PaymentRequest


class Terms:
    """The terms of an order; `id` is their own, within their `expires_at`."""

    def __init__(self, terms_id: bytes, template: PaymentRequest) -> None:
        """`terms_id`: random bytes; `template`: a payment request, whatever its id and holder."""
        self.id = terms_id
        self.expires_at = template.expires_at
        self.price, self.options = template.price, template.options
        #: for `prt.fill`
        self.claims = prt.claims_template(template)
        #: whether a transaction that stored them has been committed
        self.stored = False
        self._template = template

    def claims_json(self, request_id: str, holder: str | None) -> str:
        """The claims of a payment request, to be signed."""
        return prt.fill(self.claims, request_id, holder)

    def request(self, request_id: str, holder: str | None) -> PaymentRequest:
        template = self._template
        order = template.order
        return PaymentRequest(
            request_id,
            template.issuer,
            template.description,
            template.issued_at,
            template.expires_at,
            template.service_callback,
            template.price,
            order if holder is None else Order(order.product, order.credits, order.token, holder),
            template.options,
        )

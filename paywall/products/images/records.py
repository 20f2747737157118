"""What the images keep of their own: which picture shows what."""

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion
from paywall.products.images.tables import ImageRow
from paywall.redemptions.fulfilment import StoredDelivery, UseOrder

_INSERT = Insertion(ImageRow, ["redemption_id", "subject_kind", "subject_text"])


def record(tx: Transaction, order: UseOrder, delivery: StoredDelivery) -> None:
    """In the capture's own transaction; the primary key refuses a second picture of one redemption."""
    del delivery  # the redemption's own row says where it is
    ((kind, text),) = order.document.items()
    _INSERT.one(tx, (order.redemption_id, kind, text))

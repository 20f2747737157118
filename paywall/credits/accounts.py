"""Which credit account is whose: the one place that says so."""


def account_of(receipt_id: str) -> str:
    """The id of the credit account that a receipt opened: the receipt's own (its jti, a urn:uuid).

    So a receipt finds its credits without a look-up, and cannot open two accounts: the key is taken.
    """
    return receipt_id

"""What an HTTP step said, in a few words for --verbose. For the eye alone: nothing here was checked yet."""

from typing import Any

from buyer.seller import dialect
from buyer.seller.http import Reply
from shared.money import Money
from shared.text import clean
from shared.tokens import jws


def asked(reply: Reply) -> str:
    """A 402's price and what is to be paid."""
    claims = jws.read(dialect.offered(reply)).payload
    option = claims["paymentOptions"][0]
    return f"price {_money(claims['price'])}, pay {_money(option)} to {clean(option['recipient'])}"


def settled(reply: Reply) -> str:
    """A claim's receipt, or how far the payment is."""
    answer = reply.json()
    if "receipt" in answer:
        named, granted = jws.read(answer["receipt"]).payload["jti"], answer["credits"]["granted"]
        return f"receipt {clean(named)}, {clean(granted)} credits"
    return f"{clean(answer['state'])}, {clean(answer['confirmations'])} of {clean(answer['required'])} confirmations"


def delivered(reply: Reply) -> str:
    """A redemption and what it left."""
    answer = reply.json()
    return f"redemption {clean(answer['redemption_id'])}, credits left: {clean(answer['credits_remaining'])}"


def burned(reply: Reply) -> str:
    """A redemption's burn."""
    burn = reply.json()["burn"]
    return f"burn {clean(burn['state'])}" + (f" in {clean(burn['tx_hash'])}" if burn.get("tx_hash") else "")


def _money(value: dict[str, Any]) -> Money:
    return Money(int(value["amount"]), clean(value["currency"]), value["decimals"])

"""What a fake seller gets wrong, and ways to say so in a table."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from starlette.responses import Response

from shared.keys import SigningKey
from shared.problem import Problem
from shared.tokens.prt import PaymentRequest
from shared.tokens.receipt import Receipt

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 8

T = TypeVar("T")


def same(value: T) -> T:
    return value


@dataclass
class Lies:
    """What this seller does wrong; as it stands, nothing. `instead` answers a path with something else."""

    catalog: Callable[[dict[str, Any]], dict[str, Any]] = same
    request: Callable[[PaymentRequest], PaymentRequest] = same
    request_signer: SigningKey | None = None
    receipt: Callable[[Receipt], Receipt] = same
    receipt_signer: SigningKey | None = None
    burn: Callable[[dict[str, Any]], dict[str, Any]] = same
    counts: Callable[[dict[str, int]], dict[str, int]] = same
    instead: dict[str, Callable[[], Response]] = field(default_factory=dict)
    settle: bool = True
    refuse_claims: Problem | None = None
    image: bytes = PNG
    subject: str = "Abraham Lincoln"
    redemption_id: str | None = None


def with_option(request: PaymentRequest, **changes: Any) -> PaymentRequest:
    """The request with another payment option."""
    return replace(request, options=(replace(request.options[0], **changes),))


def with_order(request: PaymentRequest, **changes: Any) -> PaymentRequest:
    """The request with another order."""
    return replace(request, order=replace(request.order, **changes))

"""What every refusal is, and the branches that the families stand on."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.problem import Problem
from shared.text import clean

LONGEST_DETAIL = 2000  # characters; some quote a claim, or the chain's own words


class PaywallError(Exception):
    """A refusal. `detail` is one sentence for the caller; `extra` are ids and figures, never secrets."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_fault"
    title: ClassVar[str] = "Internal fault"
    retryable: ClassVar[bool] = False
    retry_after: int | None = None  # seconds

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra: Mapping[str, Any] = extra

    def problem(self) -> Problem:
        """The refusal as problem details (RFC 9457)."""
        detail = clean(self.detail, LONGEST_DETAIL)
        return Problem(self.status, self.code, self.title, detail, self.retryable, self.extra)


class SetupError(PaywallError):
    """The operator must change something before the program can run."""

    code, title = "setup_error", "The set-up is not complete"


class InternalFault(PaywallError):
    retryable = True


class Unauthorized(PaywallError):
    status = 401


class Conflict(PaywallError):
    status = 409


class Unavailable(PaywallError):
    status, code, title, retryable = 503, "unavailable", "Not available at the moment", True
    retry_after = 2

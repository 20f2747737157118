"""Refusals of a request for what it is as HTTP, or for how often it comes; nobody has looked at what it asks."""

from typing import Any

from paywall.errors.base import PaywallError


class BadRequest(PaywallError):
    status, code, title = 400, "bad_request", "The request is not well-formed"


class NotJson(BadRequest):
    code, title = "not_json", "The body is not acceptable JSON"


class NotFound(PaywallError):
    status, code, title = 404, "not_found", "Nothing is here"


class MethodNotAllowed(PaywallError):
    status, code, title = 405, "method_not_allowed", "This method is not offered here"


class RequestTimeout(PaywallError):
    status, code, title, retryable = 408, "request_timeout", "The request did not arrive in time", True


class BodyTooLarge(PaywallError):
    status, code, title = 413, "body_too_large", "The body is too large"


class RangeNotSatisfiable(PaywallError):
    status, code, title = 416, "range_not_satisfiable", "The delivery has no such bytes"


class TooManyRequests(PaywallError):
    """One client asked too often for what is expensive; nothing was done."""

    status, code, title, retryable = 429, "too_many_requests", "Too many requests", True

    def __init__(self, seconds: int, **extra: Any) -> None:
        """`seconds` until one more is answered."""
        super().__init__(f"Too many requests of this kind in a minute; ask again in {seconds} s.", **extra)
        self.retry_after = seconds


class HeadersTooLarge(PaywallError):
    status, code, title = 431, "headers_too_large", "A header is too large"

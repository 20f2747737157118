"""Connections to the outside, as the variables of the process want them made."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from buyer.errors import UsageError


@contextmanager
def usable_variables() -> Iterator[None]:
    """UsageError `variables_unusable` where no client can be made by them. Their values may be secret: not told."""
    try:
        yield
    except (httpx.InvalidURL, ImportError, ValueError) as error:
        message = "one of HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, BLOCKFROST_PROJECT_ID cannot be used"
        raise UsageError(
            "variables_unusable", message, hint="Nothing was sent. Correct it, or unset it."
        ) from error

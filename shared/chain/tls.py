"""Whom our HTTP clients trust."""

import ssl
from functools import cache

import httpx


@cache
def trusted(trust_env: bool) -> ssl.SSLContext:
    """httpx's own verifying context; the same for every client, as reading the authorities takes longer than a sale.

    `trust_env`: whether SSL_CERT_FILE and SSL_CERT_DIR name other authorities.
    """
    return httpx.create_ssl_context(trust_env=trust_env)

"""Whom our HTTP clients trust, and what they keep of a stranger's."""

import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx


@cache
def trusted(trust_env: bool) -> ssl.SSLContext:
    """httpx's own verifying context; the same for every client, as reading the authorities takes longer than a sale.

    `trust_env`: whether SSL_CERT_FILE and SSL_CERT_DIR name other authorities.
    """
    return httpx.create_ssl_context(trust_env=trust_env)


def no_cookies() -> CookieJar:
    """A jar that takes nothing: one cookie that is not ASCII would break every later request to its host."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))

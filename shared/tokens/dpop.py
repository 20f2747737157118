"""DPoP proofs (RFC 9449): whoever presents a receipt shows that it holds the receipt's key."""

from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from shared.keys import InvalidKeyError, PublicKey, SigningKey
from shared.tokens import base64url, fields, jws
from shared.tokens.jws import PROOF_TYPE, TokenError

MAX_BYTES = 2048
MAX_JTI = 128


class HolderProof(NamedTuple):
    """A proof that verified: `jti` is new each time, `thumbprint` is what a receipt's `cnf.jkt` must say."""

    jti: str
    thumbprint: str
    key: PublicKey
    issued_at: int


def make(key: SigningKey, *, method: str, url: str, now: int, jti: str, token: str | None = None) -> str:
    """Return a proof for one request (section 4.2); `token` is the receipt that goes with it."""
    payload = {"jti": jti, "htm": method, "htu": url.partition("#")[0].partition("?")[0], "iat": now}
    if token is not None:
        payload["ath"] = token_hash(token)
    return jws.sign(payload, key, typ=PROOF_TYPE, header={"jwk": key.public.jwk})


def verify(
    proof: str,
    *,
    method: str,
    url_ok: Callable[[str], bool],
    now: int,
    token: str | None = None,
    leeway: int = 60,
) -> HolderProof:
    """Check a proof as section 4.3 says, for a request of `method` with the receipt `token`; or TokenError.

    `url_ok` judges `htu`; `leeway` is in seconds, to both sides of `now`. The caller remembers each `jti`
    and compares the thumbprint with the receipt's.
    """
    unverified = jws.read(proof, max_bytes=MAX_BYTES)
    try:
        key = _holder(proof.partition(".")[0])
    except InvalidKeyError as error:
        raise TokenError("bad_key", str(error)) from error
    payload = unverified.verified_by((key,), typ=PROOF_TYPE)
    issued_at, jti = fields.whole(payload, "iat"), fields.text(payload, "jti")
    if payload.get("htm") != method or not url_ok(fields.text(payload, "htu")):
        raise TokenError("wrong_request", "the proof was made for another request")
    if abs(now - issued_at) > leeway:
        raise TokenError("stale", "the proof is too old, or comes from the future")
    if len(jti) > MAX_JTI:
        raise fields.bad("jti", f"is longer than {MAX_JTI} characters")
    if payload.get("ath") != (None if token is None else token_hash(token)):
        raise TokenError("wrong_token", "the proof was made for another receipt")
    return HolderProof(jti, key.thumbprint, key, issued_at)


@lru_cache(maxsize=1024)
def _holder(head: str) -> PublicKey:
    """The key in a proof's header. A holder sends the same header with every proof."""
    return PublicKey.from_jwk(jws.read_header(head).get("jwk"))


@lru_cache(maxsize=256)
def token_hash(token: str) -> str:
    """Return the proof's `ath`. Who uses a receipt does so again and again."""
    return base64url.encode(sha256(token.encode("utf-8", "surrogatepass")).digest())

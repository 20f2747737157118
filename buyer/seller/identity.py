"""Who the seller is: its DID, held to from the first meeting, and the keys that speak for it."""

import sqlite3
from collections.abc import Sequence
from urllib.parse import urlsplit

from buyer.errors import SellerFault
from buyer.seller.http import SellerHttp
from shared import keys
from shared.keys import InvalidKeyError, PublicKey
from shared.text import clean

DOCUMENT_BYTES = 65_536


async def keys_of(did: str, http: SellerHttp) -> Sequence[PublicKey]:
    """The keys of a seller's DID: out of a did:key itself, or from did.json of exactly this origin.

    SellerFault for another host's did:web (a lookalike speaking in its name), or a document that fails.
    """
    try:
        if did.startswith("did:key:"):
            return [PublicKey.from_did_key(did)]
        if did not in {keys.did_web(http.origin), keys.did_web(_with_port(http.origin))}:
            raise SellerFault(
                "identity_foreign", f"{http.origin} claims to be {clean(did)}, which is another host"
            )
        # A did:web with a path has its document below that path, any other below .well-known.
        place = "/did.json" if http.mount else "/.well-known/did.json"
        reply = await http.send("GET", place, cap=DOCUMENT_BYTES)
        if not reply.ok:
            raise SellerFault(
                "identity_missing", f"{http.origin} has no DID document (status {reply.status})"
            )
        return keys.keys_of_document(reply.json(), did)
    except InvalidKeyError as error:
        raise SellerFault(
            "identity_invalid", f"the identity of {http.origin} does not hold: {error}"
        ) from error


def pin(db: sqlite3.Connection, origin: str, did: str, now: int) -> None:
    """Believe an origin's first identity and no later one: SellerFault `identity_changed`."""
    db.execute("INSERT INTO sellers VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (origin, did, now))
    (pinned,) = db.execute("SELECT did FROM sellers WHERE origin = ?", (origin,)).fetchone()
    if pinned != did:
        raise SellerFault(
            "identity_changed",
            f"{origin} was {pinned} when this wallet first met it, and says now that it is {clean(did)}",
            hint="Nothing was paid. Ask the seller why; if its new key is genuine, buy with a new wallet.",
        )


def pinned(db: sqlite3.Connection, origin: str) -> str | None:
    row = db.execute("SELECT did FROM sellers WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else str(row[0])


def _with_port(origin: str) -> str:
    """The origin as a seller writes it that names its default port."""
    parts = urlsplit(origin)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(f':{port}')}:{port}{parts.path}"

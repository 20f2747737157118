"""Who the seller is: its DID, held to from the first meeting, and the keys that speak for it."""

import json
import re
import sqlite3
from collections.abc import Sequence
from urllib.parse import urlsplit

from buyer.errors import SellerFault
from buyer.seller.http import SellerHttp
from buyer.seller.origin import DEFAULT_PORTS
from shared import keys
from shared.keys import InvalidKeyError, PublicKey

DOCUMENT_BYTES = 65_536
LONGEST_HOST = 260
_WEB_HOST = re.compile(r"[A-Za-z0-9.-]+(?:%3A[0-9]{1,5})?", re.ASCII)
TRUST_HINT = (
    "Nothing was paid. Ask the seller why; whether it is genuine is yours to say: buyer sellers trust"
)


async def keys_of(did: str, http: SellerHttp) -> Sequence[PublicKey]:
    """The keys of a seller's DID: out of a did:key itself, or from did.json of exactly this origin.

    SellerFault for another host's did:web (a lookalike speaking in its name), or a document that fails.
    """
    try:
        if did.startswith("did:key:"):
            return [PublicKey.from_did_key(did)]
        if did not in {keys.did_web(http.origin), keys.did_web(_with_port(http.origin))}:
            raise SellerFault(
                "identity_foreign",
                f"{http.origin} says that it is {_named_by(did)}",
                hint="Nothing was paid. A seller is asked at its own address; where you trust that one: --seller",
                seller_says={"did": did},
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
            f"{origin} was {pinned} when this wallet first met it, and says now that it is another",
            hint=TRUST_HINT,
            seller_says={"did": did},
        )


def hold(db: sqlite3.Connection, origin: str, thumbprints: Sequence[str]) -> None:
    """Remember the keys that speak for an origin: SellerFault `identity_keys_replaced` when none of them is left.

    A rotation lists the old key beside the new one for a while. All of them replaced at once is what somebody does
    who has taken the host over.
    """
    present = sorted(thumbprints)
    name = f"keys of {origin}"
    row = db.execute("SELECT value FROM settings WHERE key = ?", (name,)).fetchone()
    if row is not None and not set(json.loads(row[0])) & set(present):
        raise SellerFault(
            "identity_keys_replaced",
            f"{origin} speaks with none of the keys that this wallet knows it by",
            hint=TRUST_HINT,
        )
    db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(present).encode()))


def forget(db: sqlite3.Connection, origin: str) -> None:
    """What the origin was known by; what it is next is then believed as at a first meeting."""
    db.execute("DELETE FROM sellers WHERE origin = ?", (origin,))
    db.execute("DELETE FROM settings WHERE key = ?", (f"keys of {origin}",))


def pinned(db: sqlite3.Connection, origin: str) -> str | None:
    row = db.execute("SELECT did FROM sellers WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else str(row[0])


def _named_by(did: str) -> str:
    """The host of a did:web, which is a stranger's text."""
    host = did.removeprefix("did:web:").partition(":")[0]
    return (
        host.replace("%3A", ":")
        if len(host) <= LONGEST_HOST and _WEB_HOST.fullmatch(host)
        else "another host"
    )


def _with_port(origin: str) -> str:
    """The origin as a seller writes it that names its default port."""
    parts = urlsplit(origin)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(f':{port}')}:{port}{parts.path}"

"""ACK Lab's signed calls and their answers: pure, nothing here asks the network.

Each call carries `Authorization: Bearer <JWS>`, signed with the client's secret. Source: `src/core/api-client.ts` and
`src/utils/sha-256.ts` of github.com/catena-labs/ack-lab-sdk, read and not run; no answer of the live service was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from shared import strict_json
from shared.keys import InvalidKeyError, SigningKey
from shared.strict_json import StrictJsonError
from shared.text import clean
from shared.tokens import base64url

_MAX_ANSWER = 65536
_SEED_TEXT = 64
_HEX = frozenset("0123456789abcdefABCDEF")


class AckLabRefused(ValueError):
    """ACK Lab said no; `kinds` are the kinds of its issues, such as "policy"."""

    def __init__(self, why: str, kinds: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.kinds = kinds


class AckLabUnreadable(ValueError):
    """The answer is not ACK Lab's envelope: what became of the call is unknown."""


@dataclass(frozen=True, slots=True)
class AckLabClient:
    """Who calls: the client's id and the key that its secret is the seed of, which is never shown."""

    client_id: str
    key: SigningKey = field(repr=False)

    @classmethod
    def from_secret(cls, client_id: str, secret: str) -> "AckLabClient":
        """Read a secret of 32 bytes in hex; InvalidKeyError otherwise, which does not repeat it."""
        if not client_id or len(secret) != _SEED_TEXT or not _HEX.issuperset(secret):
            raise InvalidKeyError("an ACK Lab client has an id and a secret of 64 hex digits")
        return cls(client_id, SigningKey.from_seed(bytes.fromhex(secret)))

    def authorization(self, method: str, path: str, body: bytes) -> str:
        """Return the header's value for a call of `path` with `body`; GET has none, and the hash of no bytes."""
        claims = {"method": method, "path": path, "bodyHash": sha256(body).hexdigest()}
        head = _part({"alg": "EdDSA", "kid": self.client_id})
        signed = f"{head}.{_part(claims)}"
        return f"Bearer {signed}.{base64url.encode(self.key.sign(signed.encode('ascii')))}"


def body_of(members: Mapping[str, Any]) -> bytes:
    """Return the call's body with its members sorted by name: these very bytes are hashed and sent."""
    return strict_json.canonical(dict(members))


def data_of(raw: bytes) -> dict[str, Any]:
    """Return an answer's `data`. Errors: AckLabRefused, AckLabUnreadable."""
    try:
        answer = strict_json.loads(raw, max_bytes=_MAX_ANSWER)
    except StrictJsonError as error:
        raise AckLabUnreadable("ACK Lab's answer cannot be read") from error
    if isinstance(answer, dict) and answer.get("ok") is False and isinstance(answer.get("error"), str):
        raise AckLabRefused(clean(answer["error"]), _kinds(answer.get("issues")))
    if (
        not isinstance(answer, dict)
        or answer.get("ok") is not True
        or not isinstance(answer.get("data"), dict)
    ):
        raise AckLabUnreadable("ACK Lab's answer is not its envelope")
    return dict(answer["data"])


def _kinds(issues: object) -> tuple[str, ...]:
    found = (
        [issue.get("kind") for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    )
    return tuple(clean(kind) for kind in found if isinstance(kind, str))


def _part(value: Mapping[str, Any]) -> str:
    return base64url.encode(strict_json.dumps(value).encode())

"""A native token's name in its three spellings."""

import re
from dataclasses import dataclass

MAX_NAME = 32
_POLICY = re.compile(r"[0-9a-f]{56}")
_TEXT = re.compile(r"([0-9a-f]{56})\.?((?:[0-9a-f]{2}){0,32})")


class InvalidAssetError(ValueError):
    """The text or the parts do not name an asset."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One kind of native token: its policy (56 lower-case hex digits) and its name (0 to 32 bytes)."""

    policy_id: str
    name: bytes

    def __post_init__(self) -> None:
        if not _POLICY.fullmatch(self.policy_id) or len(self.name) > MAX_NAME:
            raise InvalidAssetError(
                "an asset is a 28-byte policy id in lower-case hex and at most 32 bytes of name"
            )

    @property
    def unit(self) -> str:
        """Blockfrost's spelling: policy and name in one hex string."""
        return self.policy_id + self.name.hex()

    @property
    def dotted(self) -> str:
        """Our spelling on the wire: `<policyId>.<nameHex>`."""
        return f"{self.policy_id}.{self.name.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Asset":
        """Read `unit` or `dotted`. Lower case only, so that one asset has one spelling of each kind."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise InvalidAssetError(f"not an asset: {text[:130]!r}")
        return cls(policy_id=match[1], name=bytes.fromhex(match[2]))

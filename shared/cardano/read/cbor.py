"""A CBOR reader (RFC 8949) for bytes that strangers made: it knows where each item began, and it has limits.

Wallets order maps as they like and use indefinite lengths and tagged sets, so hashes must be taken over the
original bytes; a decoder that only returns values cannot give them. Floats, undefined and unassigned simple
values do not occur in Cardano's transactions and are refused, as are duplicate map keys: two readers could
believe different ones.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

UINT, NEGATIVE, OCTETS, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
MAX_DEPTH = 48
SET_TAG = 258
# RFC 8949 section 3: less than 24 stands for itself, 24 to 27 for 1 to 8 bytes that follow.
_FOLLOWS, _LONGEST, _INDEFINITE = 24, 27, 31
_SIMPLE = {20: False, 21: True, 22: None}
_BREAK = 0xFF


class CborError(ValueError):
    """The bytes are not CBOR of the kind that transactions are made of."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tagged item whose tag the reader gives no meaning to."""

    tag: int
    value: Any


class CborMap(Mapping[Any, Any]):
    """A map as it was read, in the order of its bytes.

    Entries are found by their keys' texts, whose hashes are keyed anew in each process. Numbers, and so arrays and
    tags of numbers, hash as anybody can work out: 16 KB of keys that collide would be compared each with each.
    """

    def __init__(self, entries: dict[str, tuple[Any, Any]]) -> None:
        """`entries` maps `key_text` → (key, value)."""
        self._entries = entries

    def __getitem__(self, key: Any) -> Any:
        return self._entries[key_text(key)][1]

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._entries == {key_text(key): (key, value) for key, value in other.items()}

    __hash__ = None  # type: ignore[assignment]  # no map is a key

    def __repr__(self) -> str:
        return f"CborMap({list(self.items())})"


def key_text(key: Any) -> str:
    """A text that no other key has, however either was encoded."""
    return (
        repr(int(key)) if isinstance(key, int) else repr(key)
    )  # an IntEnum is the number that it stands for


class Reader:
    """Reads one item after the other; `at` is the offset of the next one."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0
        self._depth = 0

    def item(self) -> Any:
        """Read one item: int, bytes, str, bool, None, tuple (array), `CborMap` or `Tagged`."""
        major = self.major()
        if major == ARRAY:
            return tuple([self.item() for _ in self.steps(ARRAY)])
        if major == MAP:
            return self._mapping()
        if major in {OCTETS, TEXT}:
            return self._string(major)
        argument = self._argument()
        if major == UINT:
            return argument
        if major == NEGATIVE:
            return -1 - argument
        if major == TAG:
            return self._tagged(argument)
        if argument not in _SIMPLE:
            raise CborError("a simple value that transactions do not have")
        return _SIMPLE[argument]

    def major(self) -> int:
        """The kind of the next item, which stays unread."""
        if self.at >= len(self.raw):
            raise CborError("the bytes end too early")
        return self.raw[self.at] >> 5

    def steps(self, major: int) -> Iterator[None]:
        """Enter an array or a map; the caller reads one element (or key and value) at each step."""
        if self.major() != major:
            raise CborError("an item of another kind than expected")
        self._enter()
        if self.raw[self.at] & 31 == _INDEFINITE:
            self.at += 1
            while not self._break():
                yield
        else:
            for _ in range(self._argument()):
                yield
        self._depth -= 1

    def enter_set(self) -> None:
        """Skip the tag that Conway allows before a set."""
        if self.major() == TAG and self._argument() != SET_TAG:
            raise CborError("a tag other than the set's")

    def key(self, seen: Container[str]) -> tuple[str, Any]:
        """Read a map key, with its text; refuse one whose text was `seen`."""
        key = self.item()
        # None is no key anywhere in the ledger's format, nor is a bool.
        if not isinstance(key, int | bytes | str | tuple | Tagged) or isinstance(key, bool):
            raise CborError("a map key of a kind that transactions do not have")
        try:
            hash(key)
        except TypeError:
            raise CborError("a map inside a map key") from None
        if (text := key_text(key)) in seen:
            raise CborError("a map holds one key twice")
        return text, key

    def _mapping(self) -> CborMap:
        entries: dict[str, tuple[Any, Any]] = {}
        for _ in self.steps(MAP):
            text, key = self.key(entries)
            entries[text] = key, self.item()
        return CborMap(entries)

    def _tagged(self, tag: int) -> Tagged:
        self._enter()
        tagged = Tagged(tag, self.item())
        self._depth -= 1
        return tagged

    def _string(self, major: int) -> bytes | str:
        if self.raw[self.at] & 31 != _INDEFINITE:
            return self._chunk(major)
        self.at += 1
        chunks = []
        while not self._break():
            if self.major() != major or self.raw[self.at] & 31 == _INDEFINITE:
                raise CborError("a string made of something else than strings")
            chunks.append(self._chunk(major))
        return ("" if major == TEXT else b"").join(chunks)  # type: ignore[arg-type]  # all chunks are of one kind

    def _chunk(self, major: int) -> bytes | str:
        octets = self._take(self._argument())
        if major == OCTETS:
            return octets
        try:
            return octets.decode()
        except UnicodeDecodeError:
            raise CborError("a text that is not UTF-8") from None

    def _argument(self) -> int:
        info = self._take(1)[0] & 31
        if info < _FOLLOWS:
            return info
        # Major type 7 with a longer argument is a float, or a simple value that nobody assigned.
        if info > _LONGEST or self.raw[self.at - 1] >> 5 == SIMPLE:
            raise CborError("a length that is not one")
        return int.from_bytes(self._take(1 << info - _FOLLOWS))

    def _take(self, count: int) -> bytes:
        # A length of 2^60 costs nothing: it is compared, never allocated.
        if count > len(self.raw) - self.at:
            raise CborError("the bytes end too early")
        self.at += count
        return self.raw[self.at - count : self.at]

    def _break(self) -> bool:
        if self.at >= len(self.raw):
            raise CborError("the bytes end too early")
        if self.raw[self.at] != _BREAK:
            return False
        self.at += 1
        return True

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CborError("nested too deeply")

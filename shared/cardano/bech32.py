"""Bech32 (BIP 173) with Cardano's longer strings (CIP-19): text ⇄ prefix and bytes."""

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_DIGITS = {letter: digit for digit, letter in enumerate(_ALPHABET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6
_MOST_SPARE_BITS = 4  # five would be a whole digit too many
MAX_LENGTH = 128  # a base address has 103 letters; CIP-19 lifts BIP 173's limit of 90


class Bech32Error(ValueError):
    """The text is not Bech32, or its checksum is wrong."""


def encode(prefix: str, data: bytes) -> str:
    """`prefix`, "1", the data in groups of five bits, and the checksum; always lower case."""
    digits = _regroup(data, 8, 5)
    if len(data) * 8 % 5:
        digits.append(_rest(data))
    checksum = _polymod([*_expand(prefix), *digits, *[0] * _CHECKSUM]) ^ 1
    digits += [checksum >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    return prefix + "1" + "".join(_ALPHABET[digit] for digit in digits)


def decode(text: str) -> tuple[str, bytes]:
    """The prefix and the bytes. Upper case is refused, so that one address has one spelling."""
    prefix, separator, tail = text.rpartition("1")
    if not separator or not prefix or len(text) > MAX_LENGTH or len(tail) < _CHECKSUM:
        raise Bech32Error("not a Bech32 string")
    try:
        digits = [_DIGITS[letter] for letter in tail]
    except KeyError:
        raise Bech32Error("a letter that Bech32 does not have") from None
    if not (prefix.isascii() and prefix.islower()) or _polymod([*_expand(prefix), *digits]) != 1:
        raise Bech32Error("the Bech32 checksum is wrong")
    return prefix, _octets(digits[:-_CHECKSUM])


def _octets(digits: list[int]) -> bytes:
    spare = len(digits) * 5 % 8
    # Too many spare bits, or a set one, would give one address a second spelling.
    if spare > _MOST_SPARE_BITS or (digits and digits[-1] & ((1 << spare) - 1)):
        raise Bech32Error("the Bech32 padding is wrong")
    return bytes(_regroup(digits, 5, 8))


def _regroup(groups: bytes | list[int], width: int, into: int) -> list[int]:
    number, bits, out = 0, 0, []
    for group in groups:
        number = (number << width | group) & 0xFFFF
        bits += width
        while bits >= into:
            bits -= into
            out.append(number >> bits & ((1 << into) - 1))
    return out


def _rest(data: bytes) -> int:
    bits = len(data) * 8 % 5
    return data[-1] << 5 - bits & 31


def _expand(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _polymod(digits: list[int]) -> int:
    check = 1
    for digit in digits:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ digit
        for place, factor in enumerate(_GENERATOR):
            if top >> place & 1:
                check ^= factor
    return check

import base58
import pycardano  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.cardano import bech32
from shared.cardano.addresses import (
    InvalidAddressError,
    check_address,
    enterprise_address,
    from_bytes,
    key_hash,
    payment_key_hash,
    to_bytes,
)
from shared.cardano.network import UnknownNetworkError, ledger_id
from tests.unit.cardano.cardano_samples import KEY, OURS

# Test vectors of CIP-19, all made from the same payment and staking keys.
_STAKED = "3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs"
CIP_19 = {
    "base": "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer" + _STAKED + "e35a3x",
    "base test": "addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer" + _STAKED + "68faae",
    "enterprise": "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8",
    "enterprise script": "addr1w8phkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gtcyjy7wx",
    "pointer": "addr1gx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer5pnz75xxcrzqf96k",
    "stake": "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw",
}
KEY_HASH = "9493315cd92eb5d8c4304e67b7e16ae36d61d34502694657811a2c8e"


def pycardano_key_hash() -> pycardano.VerificationKeyHash:
    return pycardano.PaymentVerificationKey.from_primitive(KEY.public.raw).hash()


@pytest.mark.parametrize("network", ["cardano:mainnet", "cardano:preprod"])
def test_our_enterprise_address_is_the_one_that_pycardano_makes(network: str) -> None:
    peer = pycardano.Address(pycardano_key_hash(), network=pycardano.Network(ledger_id(network)))
    assert enterprise_address(KEY.public, network) == peer.encode()
    assert key_hash(KEY.public) == peer.payment_part.payload


@pytest.mark.parametrize("kind", ["base", "base test", "enterprise"])
def test_the_key_that_spends_is_read_from_an_address(kind: str) -> None:
    hashed = payment_key_hash(CIP_19[kind])
    assert hashed is not None
    assert hashed.hex() == KEY_HASH


def test_an_address_that_a_script_guards_has_no_key() -> None:
    assert payment_key_hash(CIP_19["enterprise script"]) is None


@pytest.mark.parametrize("kind", ["base", "enterprise", "enterprise script"])
def test_an_address_of_the_network_passes(kind: str) -> None:
    check_address(CIP_19[kind], "cardano:mainnet")


CANNOT_BE_PAID = {
    "mainnet's on a test network": (CIP_19["base"], "cardano:preprod"),
    "test on mainnet": (OURS, "cardano:mainnet"),
    "staking": (CIP_19["stake"], "cardano:mainnet"),
    "pointer": (CIP_19["pointer"], "cardano:mainnet"),
    "upper case": (CIP_19["enterprise"].upper(), "cardano:mainnet"),
    "typo": (CIP_19["enterprise"][:-1] + "9", "cardano:mainnet"),
    "prefix of another network": (bech32.encode("addr", b"\x60" + bytes(28)), "cardano:preprod"),
    "a byte too long": (bech32.encode("addr", b"\x61" + bytes(29)), "cardano:mainnet"),
    "no bytes": (bech32.encode("addr", b""), "cardano:mainnet"),
    "Byron": ("Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi", "cardano:mainnet"),
    "empty": ("", "cardano:mainnet"),
    "only a one": ("1", "cardano:mainnet"),
    "not ASCII": ("addr1é", "cardano:mainnet"),
}


@pytest.mark.parametrize(("text", "network"), CANNOT_BE_PAID.values(), ids=CANNOT_BE_PAID.keys())
def test_an_address_that_cannot_be_paid_to_is_refused(text: str, network: str) -> None:
    with pytest.raises(InvalidAddressError):
        check_address(text, network)


def test_a_network_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownNetworkError, match="cardano:preprod"):
        check_address(OURS, "cardano:testnet")


@settings(deadline=None)
@given(st.sampled_from(["addr", "addr_test", "x"]), st.binary(max_size=60))
def test_bech32_reads_back_what_it_wrote(prefix: str, data: bytes) -> None:
    assert bech32.decode(bech32.encode(prefix, data)) == (prefix, data)


@settings(deadline=None)
@given(st.integers(0, len(OURS) - 1), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l1"))
def test_one_wrong_letter_never_gives_another_address(place: int, letter: str) -> None:
    changed = OURS[:place] + letter + OURS[place + 1 :]
    if changed != OURS:
        with pytest.raises(InvalidAddressError):
            to_bytes(changed)


@settings(deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddressError):
        to_bytes(text)


def spelled(digits: list[int]) -> str:
    checksum = bech32._polymod([*bech32._expand("x"), *digits, *[0] * 6]) ^ 1
    tail = [*digits, *(checksum >> 5 * (5 - place) & 31 for place in range(6))]
    return "x1" + "".join(bech32._ALPHABET[digit] for digit in tail)


def test_spare_bits_cannot_spell_the_same_bytes_twice() -> None:
    assert bech32.decode(spelled([31, 28])) == ("x", b"\xff")
    for digits in ([31, 29], [31, 28, 0]):
        with pytest.raises(bech32.Bech32Error, match="padding"):
            bech32.decode(spelled(digits))


def test_outputs_to_old_kinds_of_addresses_can_still_be_named() -> None:
    byron = "Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi"
    assert from_bytes(base58.b58decode(byron)) == byron
    assert from_bytes(bech32.decode(CIP_19["pointer"])[1]) == CIP_19["pointer"]
    with pytest.raises(InvalidAddressError):
        from_bytes(bech32.decode(CIP_19["stake"])[1])

"""Whom the buyer asks about the chain: nobody whom a seller elsewhere names, and one reading of every URL."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.errors import SellerFault, UsageError
from buyer.wallet import chains
from buyer.wallet.chain_address import ChainAddress, ChainAddressError
from buyer.wallet.chains import OfferedChain

HERE, ELSEWHERE = "http://localhost:8402", "https://seller.example"
DEVNET, LOCAL = "cardano:devnet", "http://127.0.0.1:8403/api/v0"

TRICKS = [
    "http://127.0.0.1:8403:80/api/v0",
    "http://user@127.0.0.1/api/v0",
    "http://user:word@127.0.0.1:8403/api/v0",
    "http://127.0.0.1@evil.example/api/v0",
    "http://127.0.0.1#@evil.example/api/v0",
    "http://127.0.0.1\\@evil.example/api/v0",
    "http://127.0.0.1/api/v0?to=evil",
    "http://127.0.0.1/api/v0#evil",
    "http://127.0.0.1/../admin/api/v0",
    "http://127.0.0.1/./api/v0",
    "http://127.0.0.1//evil.example/api/v0",
    "http://127.0.0.1/%2e%2e/api/v0",
    "http://127.0.0.1:99999/api/v0",
    "http://127.0.0.1:/api/v0",
    "http://127.0.0.1:0/api/v0",
    "http://127.0.0.1:\uff1803/api/v0",
    " http://127.0.0.1/api/v0",
    "http://127.0.0.1/api/v0\n",
    "http://127.0.0.1\r\nHost: evil.example/api/v0",
    "//127.0.0.1/api/v0",
    "file:///etc/passwd",
    "http:///api/v0",
    "http://[::1/api/v0",
    "",
]


@pytest.mark.parametrize("text", TRICKS)
def test_a_url_with_tricks_is_no_chains_whoever_says_it(text: str) -> None:
    with pytest.raises(ChainAddressError):
        ChainAddress.parse(text)
    with pytest.raises(SellerFault) as caught:
        chains.locate(OfferedChain(DEVNET, text, HERE), {})
    assert caught.value.code == "devnet_elsewhere"
    if text:
        with pytest.raises(UsageError) as ours:
            chains.locate(OfferedChain(DEVNET, LOCAL, HERE), {"BUYER_CHAIN": text})
        assert ours.value.code == "chain_malformed"


@given(st.from_regex(r"\Ahttps?://[!-~]{1,40}\Z"))
def test_what_is_read_is_what_is_called(text: str) -> None:
    """The HTTP client reads the same host, port and path in what we hand to it."""
    try:
        address = ChainAddress.parse(text)
    except ChainAddressError:
        return
    for url, path in ((address.url, address.path), (address.devnet, None)):
        read = httpx.URL(url)
        assert f"{read.scheme}://{read.host}" in address.root.replace("[", "").replace("]", "")
        assert (read.userinfo, read.query, read.fragment) == (b"", b"", "")
        assert address.on_this_machine == (read.host in {"localhost", "127.0.0.1", "::1"})
        assert path is None or read.path == (path or "/")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (None, HERE),
        ("http://evil.example/api/v0", HERE),
        ("http://127.0.0.1.evil.example/api/v0", HERE),
        ("http://10.0.0.1/api/v0", HERE),
        (LOCAL, ELSEWHERE),
        ("https://chain.seller.example/api/v0", ELSEWHERE),
    ],
    ids=str,
)
def test_a_devnet_is_believed_when_it_and_the_seller_are_on_this_machine(
    url: str | None, origin: str
) -> None:
    """A seller elsewhere that names a port of this machine would have us call our own services."""
    with pytest.raises(SellerFault) as caught:
        chains.locate(OfferedChain(DEVNET, url, origin), {})
    assert caught.value.code == "devnet_elsewhere"
    assert "BUYER_CHAIN" in caught.value.hint
    assert chains.locate(OfferedChain(DEVNET, LOCAL, HERE), {}).url == LOCAL


@pytest.mark.parametrize("network", [DEVNET, "cardano:mainnet"])
def test_a_chain_that_the_user_names_is_asked_whatever_the_seller_says(network: str) -> None:
    named = {"BUYER_CHAIN": "http://chain.lan:9000/api/v0/"}
    for url, origin in ((LOCAL, HERE), (LOCAL, ELSEWHERE), (None, ELSEWHERE)):
        found = chains.locate(OfferedChain(network, url, origin), named)
        assert (found.url, found.devnet) == ("http://chain.lan:9000/api/v0", "http://chain.lan:9000/devnet")


def test_on_a_real_network_the_sellers_chain_is_never_asked() -> None:
    with pytest.raises(UsageError, match="needs a key"):
        chains.locate(OfferedChain("cardano:mainnet", LOCAL, HERE), {})
    found = chains.locate(OfferedChain("cardano:mainnet", LOCAL, HERE), {"BLOCKFROST_PROJECT_ID": "secret"})
    assert found.url == "https://cardano-mainnet.blockfrost.io/api/v0"

import pytest

from shared.cardano.assets import Asset, InvalidAssetError

POLICY = "ab" * 28


@pytest.mark.parametrize("name", [b"", b"CREATE", bytes(32)], ids=["no name", "a word", "the longest"])
def test_an_asset_reads_both_of_its_spellings(name: bytes) -> None:
    asset = Asset(POLICY, name)
    assert asset.unit == POLICY + name.hex()
    assert asset.dotted == f"{POLICY}.{name.hex()}"
    assert Asset.parse(asset.unit) == Asset.parse(asset.dotted) == asset


NOT_ASSETS = {
    "empty": "",
    "lovelace": "lovelace",
    "short policy": POLICY[:-2],
    "upper case": POLICY.upper(),
    "two dots": POLICY + "..00",
    "half a byte": POLICY + ".0",
    "not hex": POLICY + "0g",
    "name too long": POLICY + "00" * 33,
    "line end": POLICY + ".00\n",
    "dot first": "." + POLICY,
}


@pytest.mark.parametrize("text", NOT_ASSETS.values(), ids=NOT_ASSETS.keys())
def test_what_names_no_asset_is_refused(text: str) -> None:
    with pytest.raises(InvalidAssetError):
        Asset.parse(text)


def test_an_asset_cannot_be_made_from_wrong_parts() -> None:
    with pytest.raises(InvalidAssetError):
        Asset("AB" * 28, b"")
    with pytest.raises(InvalidAssetError):
        Asset(POLICY, bytes(33))

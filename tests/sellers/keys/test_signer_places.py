"""Where a key is kept, as a setting says it: read strictly, refused with a sentence."""

import sys

import pytest

from paywall.errors import SetupError
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import open_signer
from paywall.settings import Settings


@pytest.mark.parametrize(
    ("module", "place", "extra"),
    [
        ("boto3", "aws-kms:alias/custody", "paywall[kms]"),
        ("pkcs11", "pkcs11:token=a;object=b?module-path=/c.so", "paywall[pkcs11]"),
    ],
)
def test_a_missing_extra_is_named(
    module: str, place: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SetupError) as refusal:
        open_signer(Settings(custody_key=place), "custody", Passphrases(-1))
    assert f"pip install '{extra}'" in refusal.value.detail


BAD_PLACES = {
    "a PIN in the setting": ("pkcs11:token=a;object=b?module-path=/c&pin-value=1234", "takes no PIN"),
    "no module": ("pkcs11:token=a;object=b", "takes token=LABEL"),
    "an attribute that would be ignored": (
        "pkcs11:token=a;object=b;id=%01?module-path=/c",
        "takes token=LABEL",
    ),
    "an unknown kind": ("vault:a", "takes file:PATH"),
    "a path without its kind": ("/etc/custody.pem", "takes file:PATH"),
    "nothing after the kind": ("aws-kms:", "takes file:PATH"),
}


@pytest.mark.parametrize(("place", "sentence"), BAD_PLACES.values(), ids=BAD_PLACES.keys())
def test_a_place_that_is_not_spelt_right_is_refused(place: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence) as refusal:
        open_signer(Settings(custody_key=place), "custody", Passphrases(-1))
    assert "1234" not in refusal.value.detail

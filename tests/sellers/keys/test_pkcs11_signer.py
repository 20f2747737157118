"""Keys in an HSM, by PKCS#11: they stay there."""

import asyncio

import pytest

from paywall.errors import SetupError
from paywall.keys.signers.pkcs11 import Pkcs11Signer, open_pkcs11
from tests.support.services import softhsm
from tests.support.services.softhsm import SoftHsm

DIGEST = bytes(range(32))


def _opened(hsm: SoftHsm) -> Pkcs11Signer:
    return open_pkcs11(hsm.place().removeprefix("pkcs11:"), lambda _: softhsm.PIN)


def test_the_key_cannot_be_taken_out_of_the_token(hsm: SoftHsm) -> None:
    from pkcs11 import Attribute, AttributeSensitive, KeyType, KeyUnextractable

    private = _opened(hsm)._key
    with pytest.raises(AttributeSensitive):
        private[Attribute.VALUE]
    wrapping = private.session.generate_key(KeyType.AES, 256, store=False)
    with pytest.raises(KeyUnextractable):
        wrapping.wrap_key(private)


def test_a_token_that_forgot_its_sessions_is_opened_anew(hsm: SoftHsm) -> None:
    signer = _opened(hsm)
    signer._key.session.close()
    assert signer.public.verify(asyncio.run(signer.sign(DIGEST)), DIGEST)


UNFIT = {
    "a key that can be copied": ({"key": "copied"}, "can be taken out"),
    "no such key": ({"key": "nobody"}, "not exactly one Ed25519 key pair nobody"),
    "no such token": ({"token": "nothing"}, "not exactly one token nothing"),
}


@pytest.mark.parametrize(("place", "sentence"), UNFIT.values(), ids=UNFIT.keys())
def test_what_an_hsm_does_not_hold_fast_is_refused(
    hsm: SoftHsm, place: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SetupError, match=sentence):
        open_pkcs11(hsm.place(**place).removeprefix("pkcs11:"), lambda _: softhsm.PIN)

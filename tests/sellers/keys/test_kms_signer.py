"""Keys in AWS KMS: what it must not be, and what becomes of its lies and silences."""

import asyncio
from pathlib import Path

import pytest

from paywall.errors import SetupError, SignerUnavailable
from paywall.keys.signers.aws_kms import KmsSigner, open_kms
from shared.keys import SigningKey
from tests.support.services.ministack import Ministack, running_ministack

DIGEST = bytes(range(32))


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_a_kms_key_of_another_kind_is_refused(kms: Ministack, spec: str) -> None:
    with pytest.raises(SetupError, match=f"is {spec} for SIGN_VERIFY; ECC_NIST_EDWARDS25519"):
        open_kms(kms.create_key(spec))


def test_a_kms_key_that_is_not_there_is_refused(kms: Ministack) -> None:
    assert kms
    with pytest.raises(SetupError, match="does not give the key alias/nobody"):
        open_kms("alias/nobody")


def test_an_alias_that_is_pointed_elsewhere_does_not_change_the_key(kms: Ministack) -> None:
    first, second = kms.create_key(), kms.create_key()
    kms.client().create_alias(AliasName="alias/custody", TargetKeyId=first)
    signer = open_kms("alias/custody")
    kms.client().update_alias(AliasName="alias/custody", TargetKeyId=second)
    assert signer.public.verify(asyncio.run(signer.sign(DIGEST)), DIGEST)


class _Liar:
    """A KMS that answers with something else's signature."""

    def sign(self, **_asked: object) -> dict[str, bytes]:
        return {"Signature": SigningKey.generate().sign(DIGEST)}


def test_a_signature_that_does_not_verify_is_never_handed_on() -> None:
    with pytest.raises(SignerUnavailable):
        asyncio.run(KmsSigner(_Liar(), "key", SigningKey.generate().public).sign(DIGEST))


def test_more_than_kms_signs_is_told_without_asking_it(kms: Ministack) -> None:
    with pytest.raises(SignerUnavailable, match="at most 4096 bytes"):
        asyncio.run(open_kms(kms.create_key()).sign(bytes(4097)))


def test_a_kms_that_went_away_is_told_without_its_account(tmp_path: Path) -> None:
    with running_ministack(tmp_path) as mine, pytest.MonkeyPatch.context() as patch:
        for name, value in mine.environment.items():
            patch.setenv(name, value)
        key = mine.create_key()
        signer = open_kms(key)
        mine.stop()
        with pytest.raises(SignerUnavailable) as refusal:
            asyncio.run(signer.sign(DIGEST))
    assert refusal.value.detail == "The signing key cannot be reached"

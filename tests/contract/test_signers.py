"""Every place that a key may be kept at, through the one port: file, AWS KMS and an HSM by PKCS#11."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.policies import NativePolicy
from paywall.errors import SetupError, SignerUnavailable
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import open_signer
from paywall.keys.signers.aws_kms import KmsSigner, open_kms
from paywall.keys.signers.base import Signer
from paywall.keys.signers.file import create
from paywall.keys.signers.pkcs11 import Pkcs11Signer, open_pkcs11
from paywall.settings import Settings
from shared.cardano.metadata import BatchCommitment
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.secret_pipe import descriptor_of
from tests.support.services import softhsm
from tests.support.services.ministack import Ministack, running_ministack
from tests.support.services.softhsm import SoftHsm

pytestmark = pytest.mark.xdist_group("signers")

PASSPHRASE = "correct horse battery staple"
KINDS = ("file", "aws-kms", "pkcs11")
DIGEST = bytes(range(32))


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def kms(environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    with running_ministack(tmp_path_factory.mktemp("kms")) as running:
        for name, value in running.environment.items():
            environment.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def hsm(environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    token = SoftHsm(tmp_path_factory.mktemp("hsm"), softhsm.find_module())
    for name, value in token.environment.items():
        environment.setenv(name, value)
    token.make_keys()
    return token


def _file(request: pytest.FixtureRequest) -> tuple[str, str]:
    path = request.getfixturevalue("tmp_path_factory").mktemp("file") / "key.pem"
    create(path, SigningKey.generate(), PASSPHRASE)
    return f"file:{path}", PASSPHRASE


def _kms(request: pytest.FixtureRequest) -> tuple[str, str]:
    return f"aws-kms:{request.getfixturevalue('kms').create_key()}", "nobody asks"


def _hsm(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.getfixturevalue("hsm").place(), softhsm.PIN


PLACES: dict[str, Callable[[pytest.FixtureRequest], tuple[str, str]]]
PLACES = {"file": _file, "aws-kms": _kms, "pkcs11": _hsm}


@pytest.fixture(scope="module", params=KINDS)
def signer(request: pytest.FixtureRequest) -> Signer:
    """Opened on mainnet: every one of these kinds is good enough there."""
    place, secret = PLACES[request.param](request)
    settings = Settings(network="mainnet", custody_key=place)
    return open_signer(settings, "custody", Passphrases(descriptor_of(secret + "\n")))


@pytest.mark.parametrize("message", [DIGEST, b"x", bytes(4096)], ids=["a digest", "a byte", "4096 bytes"])
def test_a_signature_verifies_with_the_public_key_and_no_other_message(
    signer: Signer, message: bytes
) -> None:
    signature = asyncio.run(signer.sign(message))
    assert len(signature) == 64
    assert signer.public.verify(signature, message)
    assert not signer.public.verify(signature, message + b"!")


def test_two_signatures_of_one_message_are_equal(signer: Signer) -> None:
    """RFC 8032: deterministic, and pure Ed25519, never Ed25519ph."""

    async def story() -> None:
        assert await signer.sign(DIGEST) == await signer.sign(DIGEST)

    asyncio.run(story())


def test_fifty_signatures_at_a_time_are_each_of_their_own_message(signer: Signer) -> None:
    async def story() -> None:
        messages = [bytes([number]) * 32 for number in range(50)]
        signatures = await asyncio.gather(*(signer.sign(message) for message in messages))
        for message, signature in zip(messages, signatures, strict=True):
            assert signer.public.verify(signature, message)

    asyncio.run(story())


def test_the_custodial_wallet_mints_and_burns_with_the_key(signer: Signer, devnet: DevnetProcess) -> None:
    async def story() -> None:
        chain = Blockfrost(devnet.url)
        try:
            custody = Custody(
                signer, "cardano:devnet", policy=NativePolicy, max_fee=300_000, expiry_slots=600
            )
            devnet.faucet(custody.address, 50_000_000)
            devnet.blocks()
            await chain.submit((await custody.sign_mint(chain, 10)).raw)
            devnet.blocks()
            order = BurnOrder(BatchCommitment(DIGEST, 3, 3), must_spend=())
            built = await custody.sign_burn(chain, await chain.utxos(custody.address), order)
            await chain.submit(built.raw)
            devnet.blocks()
            assert await chain.inclusion(built.id) is not None
            assert await chain.supply(custody.asset) == (10, 3)
        finally:
            await chain.aclose()

    asyncio.run(story())


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


def test_a_kms_that_went_away_is_told_without_its_account(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running_ministack(tmp_path) as mine, pytest.MonkeyPatch.context() as patch:
        for name, value in mine.environment.items():
            patch.setenv(name, value)
        key = mine.create_key()
        signer = open_kms(key)
        mine.stop()
        with pytest.raises(SignerUnavailable) as refusal:
            asyncio.run(signer.sign(DIGEST))
    assert refusal.value.detail == "The signing key cannot be reached"


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

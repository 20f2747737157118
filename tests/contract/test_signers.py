"""Every place that a key may be kept at, through the one port: file, AWS KMS and an HSM by PKCS#11."""

import asyncio
from collections.abc import Callable

import pytest

from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.policies import NativePolicy
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import open_signer
from paywall.keys.signers.base import Signer
from paywall.keys.signers.file import create
from paywall.settings import Settings
from shared.cardano.metadata import BatchCommitment
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.secret_pipe import descriptor_of
from tests.support.services import softhsm
from tests.support.world.loop import in_loop

PASSPHRASE = "correct horse battery staple"
KINDS = ("file", "aws-kms", "pkcs11")
DIGEST = bytes(range(32))


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


@in_loop
async def test_two_signatures_of_one_message_are_equal(signer: Signer) -> None:
    """RFC 8032: deterministic, and pure Ed25519, never Ed25519ph."""
    assert await signer.sign(DIGEST) == await signer.sign(DIGEST)


@in_loop
async def test_fifty_signatures_at_a_time_are_each_of_their_own_message(signer: Signer) -> None:
    messages = [bytes([number]) * 32 for number in range(50)]
    signatures = await asyncio.gather(*(signer.sign(message) for message in messages))
    for message, signature in zip(messages, signatures, strict=True):
        assert signer.public.verify(signature, message)


@in_loop
async def test_the_custodial_wallet_mints_and_burns_with_the_key(
    signer: Signer, devnet: DevnetProcess
) -> None:
    chain = Blockfrost(devnet.url)
    try:
        custody = Custody(signer, "cardano:devnet", policy=NativePolicy, max_fee=300_000, expiry_slots=600)
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

"""Key files: encrypted well, readable by their owner alone, never written over; cardano-cli's keys read strictly."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from paywall.errors import SetupError
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import open_signer
from paywall.keys.signers import pkcs8
from paywall.keys.signers.base import Signer
from paywall.keys.signers.file import create, exchange, look_at, open_file
from paywall.settings import Settings
from shared.cardano.envelope import read_signing_key
from shared.keys import InvalidKeyError, SigningKey
from tests.support.processes.secret_pipe import descriptor_of

PASSPHRASE = "correct horse battery staple"
KEY = SigningKey.from_seed(bytes(range(32)))


def say(_what: str) -> str:
    return PASSPHRASE


def nobody(what: str) -> str:
    raise AssertionError(f"asked for {what}")


def write(path: Path, content: bytes | str, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def test_an_encrypted_key_comes_back_with_its_passphrase_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    create(path, KEY, PASSPHRASE)
    assert open_file(path, say).public == KEY.public
    with pytest.raises(SetupError, match="the passphrase is wrong"):
        open_file(path, lambda _: PASSPHRASE + "!")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key.pem"]


def test_neither_the_seed_nor_the_passphrase_is_in_the_file() -> None:
    pem = pkcs8.encrypt(KEY, PASSPHRASE)
    plain = KEY.to_pem().splitlines()[1]
    assert plain not in pem
    assert PASSPHRASE.encode() not in pem
    assert pkcs8.encrypt(KEY, PASSPHRASE) != pem  # salt and vector are fresh


def test_a_guess_costs_600000_rounds() -> None:
    pem = pkcs8.encrypt(KEY, PASSPHRASE).partition(pkcs8.BEGIN)[2].partition(pkcs8.END)[0]
    assert b"\x02\x03" + (600_000).to_bytes(3, "big") in base64.b64decode(pem)


needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the command openssl is not installed"
)


@needs_openssl
def test_openssl_reads_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "key.pem", pkcs8.encrypt(KEY, PASSPHRASE))
    command = ["openssl", "pkey", "-in", str(path), "-passin", f"pass:{PASSPHRASE}", "-outform", "DER"]
    assert subprocess.run(command, capture_output=True, check=True).stdout.endswith(KEY.seed)


@needs_openssl
def test_keys_that_openssl_encrypted_are_read(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.pem", KEY.to_pem())
    path = tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "pkcs8", "-topk8", "-in", str(plain), "-out", str(path)),
            *("-v2", "aes-256-cbc", "-passout", f"pass:{PASSPHRASE}"),
        ],
        check=True,
    )
    path.chmod(0o600)
    assert open_file(path, say).public == KEY.public
    assert look_at(path, say).public == KEY.public  # without a public part, it asks


def test_looking_asks_for_no_passphrase_and_cannot_sign(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    create(path, KEY, PASSPHRASE)
    looking = look_at(path, nobody)
    assert looking.public == KEY.public
    with pytest.raises(SetupError, match="only looks"):
        asyncio.run(looking.sign(bytes(32)))


def test_a_public_part_that_was_exchanged_is_found_out(tmp_path: Path) -> None:
    """Or `token address` would show somebody else's address."""
    private = pkcs8.encrypt(KEY, PASSPHRASE).partition(pkcs8.END)
    other = pkcs8.encrypt(SigningKey.generate(), PASSPHRASE).partition(pkcs8.END)
    path = write(tmp_path / "key.pem", private[0] + private[1] + other[2])
    with pytest.raises(SetupError, match="not that of its private key"):
        open_file(path, say)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    create(path, KEY, PASSPHRASE)
    with pytest.raises(SetupError, match="never written over"):
        create(path, SigningKey.generate(), PASSPHRASE)
    assert open_file(path, say).public == KEY.public


def test_an_exchanged_key_keeps_the_old_one_beside_it(tmp_path: Path) -> None:
    path, new = tmp_path / "seller.pem", SigningKey.generate()
    create(path, KEY, PASSPHRASE)
    kept = exchange(path, new, PASSPHRASE)
    assert open_file(path, say).public == new.public
    assert open_file(kept, say).public == KEY.public
    assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


UNFIT = {
    "readable by others": (KEY.to_pem(), 0o640, "may be read by others"),
    "no key at all": (b"hello", 0o600, "gives no Ed25519 key"),
    "another kind of key": (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        0o600,
        "gives no Ed25519 key",
    ),
}


@pytest.mark.parametrize(("content", "mode", "sentence"), UNFIT.values(), ids=UNFIT.keys())
def test_a_file_that_is_not_fit_is_refused(tmp_path: Path, content: bytes, mode: int, sentence: str) -> None:
    path = write(tmp_path / "key.pem", content, mode)
    with pytest.raises(SetupError, match=sentence):
        open_file(path, say)


def opened(settings: Settings) -> Signer:
    return open_signer(settings, "custody", Passphrases(descriptor_of(PASSPHRASE)))


@pytest.mark.parametrize("network", ["devnet", "preprod", "preview"])
def test_a_missing_key_is_made_where_no_real_money_is(tmp_path: Path, network: str) -> None:
    opened(Settings(network=network, data_dir=str(tmp_path)))
    assert (tmp_path / "custody.pem").stat().st_mode & 0o777 == 0o600


def test_mainnet_takes_an_encrypted_key_file(tmp_path: Path) -> None:
    create(tmp_path / "custody.pem", KEY, PASSPHRASE)
    assert opened(Settings(network="mainnet", data_dir=str(tmp_path))).public == KEY.public


def test_mainnet_refuses_a_key_file_in_clear(tmp_path: Path) -> None:
    write(tmp_path / "custody.pem", KEY.to_pem())
    with pytest.raises(SetupError, match=r"not encrypted, which is refused on mainnet"):
        opened(Settings(network="mainnet", data_dir=str(tmp_path)))
    with pytest.raises(SetupError, match=r"not encrypted, which is refused on mainnet"):
        opened(Settings(network="mainnet", custody_key=f"file:{tmp_path / 'custody.pem'}"))


@pytest.mark.parametrize("network", ["mainnet", "devnet"])
def test_a_named_file_that_is_not_there_is_not_made(tmp_path: Path, network: str) -> None:
    """A misspelt path would be a new identity."""
    with pytest.raises(SetupError, match="There is no key at"):
        opened(Settings(network=network, custody_key=f"file:{tmp_path / 'nothing.pem'}"))
    assert list(tmp_path.iterdir()) == []


def test_mainnet_makes_no_key_by_itself(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="`paywall token keygen` makes one"):
        opened(Settings(network="mainnet", data_dir=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_descriptor_is_read_once_one_line_and_serves_every_key() -> None:
    reading = descriptor_of("first line\r\nsecond line\n")
    passphrases = Passphrases(reading)
    assert passphrases.ask("this") == passphrases.ask("that") == "first line"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


@pytest.mark.parametrize(
    ("content", "sentence"), [("", "an empty line"), ("\nx", "an empty line"), ("\udcff", "not UTF-8")]
)
def test_a_descriptor_without_a_passphrase_is_refused(content: str, sentence: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, content.encode("utf-8", "surrogateescape"))
    os.close(writing)
    with pytest.raises(SetupError, match=sentence):
        Passphrases(reading).ask("key")


def test_a_descriptor_that_is_not_open_is_told() -> None:
    with pytest.raises(SetupError, match="descriptor 999 cannot be read"):
        Passphrases(999).ask("key")


def test_a_new_passphrase_must_be_long() -> None:
    with pytest.raises(SetupError, match="at least 12 characters"):
        Passphrases(descriptor_of("too short\n")).choose("passphrase")


def envelope(**changes: object) -> str:
    """What `cardano-cli address key-gen` writes."""
    plain = {
        "type": "PaymentSigningKeyShelley_ed25519",
        "description": "Payment Signing Key",
        "cborHex": "5820" + KEY.seed.hex(),
    }
    return json.dumps({**plain, **changes}, indent=4)


def test_a_signing_key_of_cardano_cli_is_read() -> None:
    assert read_signing_key(envelope()).public == KEY.public


BAD_ENVELOPES = {
    "an extended key": envelope(
        type="PaymentExtendedSigningKeyShelley_ed25519_bip32", cborHex="5880" + "00" * 128
    ),
    "a stake key": envelope(type="StakeSigningKeyShelley_ed25519"),
    "a verification key": envelope(type="PaymentVerificationKeyShelley_ed25519"),
    "a short key": envelope(cborHex="581f" + "00" * 31),
    "a long key": envelope(cborHex="5821" + "00" * 33),
    "no bytes": envelope(cborHex="01"),
    "no CBOR": envelope(cborHex="ff"),
    "no hex": envelope(cborHex="xyz"),
    "no text": envelope(cborHex=5820),
    "a list": "[]",
    "not JSON": "{",
    "two types": '{"type": "a", "type": "b", "cborHex": "5820"}',
}


@pytest.mark.parametrize("text", BAD_ENVELOPES.values(), ids=BAD_ENVELOPES.keys())
def test_what_is_no_payment_signing_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidKeyError):
        read_signing_key(text)

"""`paywall token keygen|address|import` and `paywall keys`, as an operator runs them."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from paywall.compose import compose, open_ring
from paywall.errors import SetupError
from paywall.keys.signers.file import create
from paywall.products.images.settings import ImageSettings
from paywall.rails.cardano.settings import CardanoSettings
from paywall.settings import Settings
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from tests.support.processes.secret_pipe import descriptor_of
from tests.support.processes.seller import clean_environment
from tests.support.services import softhsm
from tests.support.services.softhsm import SoftHsm

PASSPHRASE = "correct horse battery staple"
KEY = SigningKey.from_seed(bytes(range(32)))
SECONDS = 60


def paywall(
    folder: Path, *arguments: str, secret: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """`secret` comes on a descriptor; without it there is no terminal to ask at."""
    descriptor = None if secret is None else descriptor_of(secret + "\n")
    given = {} if descriptor is None else {"PAYWALL_PASSPHRASE_FD": str(descriptor)}
    try:
        return subprocess.run(
            [sys.executable, "-m", "paywall", *arguments],
            env=clean_environment(PAYWALL_DATA_DIR=str(folder), **given, **settings),
            pass_fds=[] if descriptor is None else [descriptor],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        if descriptor is not None:
            os.close(descriptor)


def test_a_key_is_made_encrypted_and_its_address_shown_without_the_passphrase(tmp_path: Path) -> None:
    made = paywall(tmp_path, "token", "keygen", secret=PASSPHRASE)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("addr_test1")
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "custody.pem").read_bytes()
    assert (tmp_path / "custody.pem").stat().st_mode & 0o777 == 0o600
    assert paywall(tmp_path, "token", "address").stdout == made.stdout
    assert PASSPHRASE not in made.stdout + made.stderr


def test_a_second_key_is_not_made_over_the_first(tmp_path: Path) -> None:
    paywall(tmp_path, "token", "keygen", secret=PASSPHRASE)
    before = (tmp_path / "custody.pem").read_bytes()
    again = paywall(tmp_path, "token", "keygen", secret=PASSPHRASE)
    assert (again.returncode, "never written over" in again.stderr) == (2, True)
    assert (tmp_path / "custody.pem").read_bytes() == before


def test_mainnet_addresses_are_mainnets(tmp_path: Path) -> None:
    settings = {"PAYWALL_NETWORK": "mainnet", "BLOCKFROST_PROJECT_ID": "x", "OPENAI_API_KEY": "x"}
    database = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    made = paywall(tmp_path, "token", "keygen", secret=PASSPHRASE, **settings, **database)
    assert made.stdout.startswith("addr1"), made.stderr


ENVELOPE = json.dumps(
    {
        "type": "PaymentSigningKeyShelley_ed25519",
        "description": "Payment Signing Key",
        "cborHex": "5820" + KEY.seed.hex(),
    }
)
SOURCES = {"cardano-cli": ENVELOPE, "PEM": KEY.to_pem().decode()}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_key_that_is_there_is_taken_into_an_encrypted_file(tmp_path: Path, source: str) -> None:
    path = tmp_path / "payment.skey"
    path.write_text(source)
    taken = paywall(tmp_path / "data", "token", "import", str(path), secret=PASSPHRASE)
    assert taken.stdout.strip() == enterprise_address(KEY.public, "cardano:devnet"), taken.stderr
    pem = (tmp_path / "data" / "custody.pem").read_bytes()
    assert b"ENCRYPTED" in pem
    again = paywall(
        tmp_path / "copy", "token", "import", str(tmp_path / "data" / "custody.pem"), secret=PASSPHRASE
    )
    assert again.stdout == taken.stdout


REFUSALS = {
    "no passphrase and no terminal": (["token", "keygen"], None, "run at a terminal, or name a descriptor"),
    "a short passphrase": (["token", "keygen"], "short", "at least 12 characters"),
    "no such source": (["token", "import", "nowhere.skey"], PASSPHRASE, "nowhere.skey cannot be read"),
    "no seller key yet": (["keys", "rotate"], PASSPHRASE, "no key at"),
    "no database yet": (["keys", "list"], None, "no database at"),
    "no key to show": (["token", "address"], None, "custody.pem yet; `paywall token keygen` makes one"),
    "no supply to show": (["token", "show"], None, "custody.pem yet; `paywall token keygen` makes one"),
    "no supply to audit": (["token", "audit"], None, "custody.pem yet; `paywall token keygen` makes one"),
    "nothing to reconcile": (["reconcile"], None, "no database at"),
}


@pytest.mark.parametrize(("arguments", "secret", "sentence"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_done_is_told_in_a_sentence(
    tmp_path: Path, arguments: list[str], secret: str | None, sentence: str
) -> None:
    done = paywall(tmp_path, *arguments, secret=secret)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_passphrase_stops_the_server_in_a_sentence(tmp_path: Path) -> None:
    paywall(tmp_path, "token", "keygen", secret=PASSPHRASE)
    done = paywall(
        tmp_path, "serve", secret="another passphrase", PAYWALL_BLOCKFROST_URL="http://127.0.0.1:1/api/v0"
    )
    assert done.returncode == 2
    assert "the passphrase is wrong" in done.stderr
    assert "another passphrase" not in done.stderr


def test_on_mainnet_the_server_starts_with_no_key_in_clear(tmp_path: Path) -> None:
    """Each refusal goes when what it names is mended; the last is about the database, which is not there."""
    model = ImageSettings(openai_api_key="sk-secret")
    mainnet = Settings(
        network="mainnet",
        data_dir=str(tmp_path),
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
        room_settings=(model,),
    )

    def refusal(settings: Settings) -> str:
        chosen = replace(settings, passphrase_fd=descriptor_of(PASSPHRASE))
        with pytest.raises(SetupError) as refused:
            compose(chosen, open_ring(chosen))
        return refused.value.detail

    for name in ("seller", "custody"):
        path = tmp_path / f"{name}.pem"
        assert f"There is no key at {path}" in refusal(mainnet)
        path.write_bytes(KEY.to_pem())
        path.chmod(0o600)
        assert f"{path} is not encrypted, which is refused on mainnet" in refusal(mainnet)
        path.unlink()
        create(path, SigningKey.generate(), PASSPHRASE)
    assert "PAYWALL_CARDANO_ADDRESS must say where payments go" in refusal(mainnet)
    assert not (tmp_path / "treasury.pem").exists()
    elsewhere = enterprise_address(SigningKey.generate().public, "cardano:mainnet")
    paid_there = replace(mainnet, room_settings=(model, CardanoSettings(cardano_address=elsewhere)))
    assert "The database cannot be opened" in refusal(paid_there)


def test_a_wrong_pin_is_told_and_not_shown(tmp_path: Path) -> None:
    hsm = SoftHsm(tmp_path, softhsm.find_module())
    done = paywall(
        tmp_path, "token", "address", secret="9999", PAYWALL_CUSTODY_KEY=hsm.place(), **hsm.environment
    )
    assert (done.returncode, "refuses the PIN" in done.stderr, "9999" in done.stderr) == (2, True, False)


def test_an_encrypted_seller_key_is_rotated_and_the_old_one_kept(tmp_path: Path) -> None:
    paywall(tmp_path, "token", "keygen", secret=PASSPHRASE)
    path = tmp_path / "seller.pem"
    (tmp_path / "custody.pem").rename(path)
    before = path.read_bytes()
    done = paywall(tmp_path, "keys", "rotate", secret=PASSPHRASE)
    assert done.returncode == 0, done.stderr
    assert "signs from the next start on" in done.stdout
    assert "new identity" in done.stderr
    (kept,) = set(tmp_path.iterdir()) - {path}
    assert kept.read_bytes() == before
    assert b"ENCRYPTED" in path.read_bytes()
    assert path.read_bytes() != before


def test_at_a_terminal_the_passphrase_is_typed_twice_and_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "paywall", "token", "keygen"],
        env=clean_environment(PAYWALL_DATA_DIR=str(tmp_path)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for _ in range(2):
        while not shown.endswith(b": "):
            shown += os.read(ours, 1024)
        os.write(ours, PASSPHRASE.encode() + b"\n")
        shown += b"\n"
    while process.poll() is None or b"addr_test1" not in shown:
        try:
            shown += os.read(ours, 1024)
        except OSError:
            break
    os.close(ours)
    assert process.wait(SECONDS) == 0, shown
    assert shown.count(b"passphrase of") == 2
    assert PASSPHRASE.encode() not in shown
    assert b"addr_test1" in shown


def test_a_seller_that_burns_nothing_mints_nothing(tmp_path: Path) -> None:
    for command in ("mint", "show", "address"):
        done = paywall(tmp_path, "token", command, PAYWALL_POLICY="none")
        assert (done.returncode, done.stdout) == (2, "")
        assert "This seller burns nothing" in done.stderr
    assert not (tmp_path / "policy.json").exists()

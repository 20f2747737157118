"""What a seller keeps is for its own user alone, whatever the umask that it was started with."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from paywall.database.opening import open_database
from paywall.keys.signers import file as key_file
from paywall.private_files import private_file, private_folder
from paywall.products.files import DeliveryFolder
from paywall.redemptions.fulfilment import Delivery
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.seller import open_seller


@pytest.fixture(params=[0o000, 0o022, 0o277, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    former = os.umask(request.param)
    yield request.param
    os.umask(former)


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in sorted(folder.rglob("*"))
    }


def test_a_seller_at_work_leaves_nothing_for_others_to_read(
    devnet: DevnetProcess, tmp_path: Path, umask: int
) -> None:
    """The whole data folder while it is open: the database with its log, keys, pictures, and all folders."""

    async def story() -> dict[str, int]:
        async with open_seller(devnet, tmp_path / "a" / "b", maker=PlainMaker()) as seller:
            payer = await asyncio.to_thread(seller.payer)
            receipt = await payer.receipt(1)
            assert (await payer.generate(receipt)).status_code == 200
            return modes(tmp_path)

    found = asyncio.run(story())
    assert {"a/b/paywall.db", "a/b/paywall.db-wal", "a/b/seller.pem", "a/b/custody.pem"} <= found.keys()
    assert any(name.startswith("a/b/images/") for name in found)
    kinds = {
        name: 0o700 if (tmp_path / name).is_dir() else 0o600 for name in found if "paywall.db-" not in name
    }
    assert {name: found[name] for name in kinds} == kinds
    assert all(mode == 0o600 for name, mode in found.items() if "paywall.db-" in name)


def test_a_devnets_chain_is_for_one_user_alone(tmp_path: Path, umask: int) -> None:
    with DevnetProcess(tmp_path / "devnet") as devnet:
        devnet.blocks()
        found = modes(tmp_path)
    assert found == {"devnet": 0o700, "devnet/chain.sqlite": 0o600, "devnet/chain.sqlite-wal": 0o600}


def test_what_an_older_version_left_for_others_is_taken_from_them(tmp_path: Path) -> None:
    path = tmp_path / "paywall.db"
    open_database(f"sqlite:///{path}").close()
    left = [path, path.with_name("paywall.db-wal"), path.with_name("paywall.db-shm")]
    for one in left:
        one.touch()
        one.chmod(0o644)
    opened = open_database(f"sqlite:///{path}")
    assert {stat.S_IMODE(one.stat().st_mode) for one in left} == {0o600}
    opened.close()


def test_keys_and_pictures_are_made_for_one_user_alone(tmp_path: Path, umask: int) -> None:
    key_file.create(tmp_path / "keys" / "seller.pem", SigningKey.generate(), "a passphrase")
    DeliveryFolder(tmp_path / "pictures").put("ab" * 16, Delivery(b"a picture", "image/png"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()} == {0o600}


def test_a_folder_that_is_there_is_its_operators(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    private_folder(tmp_path)
    private_folder(tmp_path / "new" / "one")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
    assert modes(tmp_path) == {"new": 0o700, "new/one": 0o700}


def test_a_file_that_others_can_read_keeps_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("kept")
    path.chmod(0o644)
    private_file(path)
    assert (path.read_text(), modes(tmp_path)) == ("kept", {"a": 0o600})

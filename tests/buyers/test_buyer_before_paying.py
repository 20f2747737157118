"""What can be checked without paying is checked before, and what was bought does not depend on where it goes."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from buyer.cli.imaging import ImageJobs, ImageOrder
from buyer.errors import UsageError
from buyer.redemptions import files
from buyer.seller import http as http_module
from buyer.seller import patience
from buyer.wallet.file import Wallet
from tests.support.hostile.shop import Shop
from tests.support.hostile.transport import At
from tests.support.processes.shell import Shell
from tests.support.world.buying import PAYMENTS, PRICE, buy
from tests.support.world.real_shop import AnyShop

IMAGES = ("images", "--credits", "3", "--generate", "2", "--json")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--out", "/proc/nope"),
        ("--out", "taken/images"),
        ("--name", " "),
        ("--name", "x" * 1001),
        ("--prompt", "two\nlines"),
        ("--prompt", "\udcff"),
    ],
    ids=str,
)
def test_what_cannot_be_saved_or_said_is_not_paid_for(filled: Shell, wrong: tuple[str, str]) -> None:
    (filled.folder / "taken").write_bytes(b"")
    done = filled.run(*IMAGES, *wrong)
    assert (done.code, done.told["error"]["exit_code"]) == (2, 2)
    assert "Traceback" not in done.err
    assert filled.seller.transactions == set()


def test_a_disk_without_room_for_the_images_is_found_before_paying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "IMAGE_ROOM", 2**62)
    with pytest.raises(UsageError) as caught:
        files.check_folder(tmp_path, 2)
    assert caught.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []


def test_more_images_than_the_credits_make_at_the_catalogs_cost_are_not_paid_for(filled: Shell) -> None:
    images = {"id": "images", "product": "image-credit", "credits": 2, "use": "/api/images/generate"}
    filled.seller.lies.catalog = lambda catalog: {**catalog, "resources": [images]}
    done = filled.run(*IMAGES)
    assert (done.code, done.told["error"]["code"]) == (2, "generate_invalid")
    assert filled.seller.transactions == set()


@pytest.mark.parametrize("generated", [("3",), ("2",), ("1",)], ids=str)
def test_a_run_with_another_folder_goes_on_without_paying_again(filled: Shell, generated: tuple[str]) -> None:
    """The first folder was taken away after the payment."""
    filled.seller.lies.image = b"no image"
    assert filled.run(*IMAGES, "--out", "first").told["error"]["code"] == "not_an_image"
    filled.seller.lies.image = b"\x89PNG\r\n\x1a\n"
    for use in filled.seller.uses.values():
        use.image = filled.seller.lies.image
    done = filled.run("images", "--credits", "3", "--generate", *generated, "--out", "second", "--json")
    assert done.code == 0, done.err
    assert len(filled.seller.transactions) == 1
    assert len(list((filled.folder / "second").iterdir())) == int(*generated)


def test_an_image_that_was_asked_for_is_saved_although_fewer_are_wanted_now(
    shop: Shop, tmp_path: Path
) -> None:
    def order(generate: int) -> ImageOrder:
        return ImageOrder(3, generate, tmp_path / "out")

    async def run(generate: int, before: Callable[[httpx.Request], None]) -> int:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet, before=before) as client:
                jobs = ImageJobs(client, wallet, shop.now, shop.said.append)
                return len((await jobs.run(order(generate), wait=30, burns_wait=0)).images)

    lost = At(1, httpx.ReadError("lost"), "/api/credits", times=99)
    with pytest.raises(Exception, match="no answer"):
        asyncio.run(run(2, lost))
    assert asyncio.run(run(1, lambda request: None)) == 2
    assert len(shop.seller.transactions) == 1


def test_a_wallet_whose_job_counted_the_folder_in_is_finished_too(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    receipt = buy(shop)
    kind = f'["images", "http://localhost:8402", 3, 2, "{folder}"]'
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        wallet.transact(lambda db: db.execute("INSERT INTO jobs VALUES ('old', ?, 'open', 1)", (kind,)))
        wallet.transact(lambda db: db.execute("UPDATE purchases SET job_id = 'old'"))

    async def run() -> str:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet) as client:
                jobs = ImageJobs(client, wallet, shop.now, shop.said.append)
                return (await jobs.run(ImageOrder(3, 2, folder), wait=30, burns_wait=0)).receipt.id

    assert asyncio.run(run()) == receipt.id


def test_a_seller_that_is_gone_while_it_settles_is_asked_again_until_it_is_back(
    any_shop: AnyShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "GONE_TIMES", 3)
    monkeypatch.setattr(patience, "GONE_FIRST", 0.01)
    away = At(1, httpx.ConnectError("gone"), PAYMENTS, times=3 * http_module.ATTEMPTS)
    assert buy(any_shop, before=away).granted == 3
    assert (any_shop.paid_on_chain(), any_shop.payments()) == (PRICE, 1)
    assert any("asked again" in line for line in any_shop.said)


def test_a_pause_is_never_nothing_and_grows_to_its_limit() -> None:
    backoff = patience.Backoff(1.0, 4.0)
    pauses = [backoff.pause(told) for told in (0.0, None, 0.0, 0.0, 0.0, 0.0)]
    floors = [1.0, 1.5, 2.25, 3.375, 4.0, 4.0]
    assert all(floor <= pause <= floor * 1.25 for floor, pause in zip(floors, pauses, strict=True))
    assert 30 <= backoff.pause(30.0) <= 37.5
    assert len({patience.Backoff(1.0, 4.0).pause() for _ in range(20)}) > 1, "never all at once"

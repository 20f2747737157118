"""The seller dies while it makes an image: the next process that is asked makes it, long before the deadline."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.services.openai_images import KEY, FakeImagesApi, picture
from tests.support.services.pictures import PNG
from tests.support.services.postgres import Postgres
from tests.support.world.loop import in_loop

#: whoever waited for the deadline would wait an hour
IMAGE_SECONDS = "3600"


class FirstNever(FakeImagesApi):
    """Answers every request but the first, which `asked` tells of."""

    def __init__(self) -> None:
        super().__init__(self._second)
        self.asked = asyncio.Event()

    async def _second(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.asked.is_set():
            self.asked.set()
            await reader.read()
            return
        await picture(PNG)(reader, writer)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    postgres: Postgres = request.getfixturevalue("postgres")
    return {"DATABASE_URL": postgres.create()}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
@in_loop
async def test_an_image_whose_maker_died_with_its_seller_is_made_by_the_next_process(
    devnet: DevnetProcess, folder: Path, database: dict[str, str]
) -> None:
    async with FirstNever() as images:
        settings = {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": images.base_url,
            "PAYWALL_IMAGE_SECONDS": IMAGE_SECONDS,
            **database,
        }
        with SellerProcess(devnet, folder / "seller", descriptors=0, **settings) as seller:
            buyer = await asyncio.to_thread(Buyer, seller, folder / "buyer", devnet)
            process = await asyncio.to_thread(
                buyer.start, "images", "--credits", "2", "--generate", "1", "--out", "images", "--json"
            )
            await images.asked.wait()
            await asyncio.to_thread(seller.kill)
            await asyncio.to_thread(seller.start)
            out, err = await asyncio.to_thread(process.communicate, None, 90)
            assert process.returncode == 0, err + seller.log
            assert '"remaining": 1' in out
            reconciled = await asyncio.to_thread(seller.command, "reconcile")
            assert reconciled.returncode == 0, reconciled.stdout
        assert images.complaints == []

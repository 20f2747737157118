"""The main job through the routes: sell, pay, redeem, burn, prove."""

import asyncio
from pathlib import Path

from shared import merkle
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.seller import open_seller


def test_a_credit_is_bought_used_burned_and_proved(tmp_path: Path) -> None:
    async def story() -> None:
        with DevnetProcess() as devnet:
            async with open_seller(devnet, tmp_path) as seller:
                payer = seller.payer()
                receipt = await payer.receipt(3)
                first = await payer.generate(receipt, {"name": "Abraham Lincoln"})
                second = await payer.generate(receipt)
                assert first.status_code == second.status_code == 200, first.text + second.text
                assert second.json()["credits_remaining"] == 1
                await seller.burn()
                for answer in (first, second):
                    redemption = (
                        await seller.http.get(f"/api/redemptions/{answer.json()['redemption_id']}")
                    ).json()
                    burn = redemption["burn"]
                    assert burn["state"] == "confirmed"
                    leaf = merkle.redemption_leaf(redemption["redemption_id"], bytes.fromhex(burn["salt"]))
                    proof = [bytes.fromhex(node) for node in burn["proof"]]
                    root = bytes.fromhex(burn["root"])
                    assert merkle.verify(leaf, burn["leaf_index"], burn["tree_size"], proof, root)
                assert await seller.invariants() == []

    asyncio.run(story())

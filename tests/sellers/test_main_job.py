"""The main job through the routes: sell, pay, redeem, burn, prove."""

from pathlib import Path

from shared import merkle
from shared.merkle import SumNode
from shared.redemption_commitment import commitment, request_hash
from shared.tokens import jws
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.loop import in_loop
from tests.support.world.seller import open_seller


@in_loop
async def test_a_credit_is_bought_used_burned_and_proved(tmp_path: Path) -> None:
    with DevnetProcess() as devnet:
        async with open_seller(devnet, tmp_path) as seller:
            payer = seller.payer()
            receipt = await payer.receipt(3)
            first = await payer.generate(receipt, {"name": "Abraham Lincoln"})
            second = await payer.generate(receipt)
            assert first.status_code == second.status_code == 200, first.text + second.text
            assert second.json()["credits_remaining"] == 1
            await seller.burn()
            for answer, body in ((first, {"name": "Abraham Lincoln"}), (second, {})):
                path = f"/api/redemptions/{answer.json()['redemption_id']}"
                stranger = (await seller.http.get(path)).json()
                assert "preimage" not in stranger["burn"]
                holder = await seller.http.get(path, headers=payer.headers(receipt, path, "GET"))
                burn = holder.json()["burn"]
                assert burn["state"] == "confirmed"
                told = burn["preimage"]
                bound = commitment(
                    jws.unverified(receipt)[1]["jti"],
                    answer.json()["redemption_id"],
                    request_hash(body),
                    told["idempotency_key"],
                )
                leaf = merkle.leaf(bytes.fromhex(told["salt"]), bound, 1)
                assert leaf.hash.hex() == burn["leaf"]
                nodes = [SumNode(bytes.fromhex(one["hash"]), one["sum"]) for one in burn["path"]]
                root = SumNode(bytes.fromhex(burn["root"]), burn["sum"])
                assert merkle.verify(leaf, burn["leaf_index"], burn["tree_size"], nodes, root)
            assert await seller.invariants() == []

"""Who sees what of a redemption's proof: the leaf and its path anybody, what it binds its holder alone."""

import uuid
from typing import Any

import httpx

from tests.support.world.scenes.scene import Scene
from tests.support.world.seller import Payer

PUBLIC = {"version", "state", "token", "quantity", "leaf"}


async def used(scene: Scene, receipt: dict[str, str]) -> str:
    """The path of a redemption that this receipt paid for."""
    headers = {"Accept": "application/json", **receipt}
    answer = await scene.http.post("/api/images/generate", json={"prompt": "a cat"}, headers=headers)
    assert answer.status_code == 200, answer.text
    return f"/api/redemptions/{answer.json()['redemption_id']}"


def shown_by(payer: Payer, receipt: str, path: str) -> dict[str, str]:
    return payer.headers(receipt, path, "GET")


async def burn_at(scene: Scene, path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await scene.http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    burn: dict[str, Any] = answer.json()["burn"]
    return burn


def test_the_holder_sees_what_the_leaf_binds_and_a_stranger_does_not(scene: Scene) -> None:
    async def story() -> None:
        path = await used(scene, scene.payer.headers(scene.bound))
        stranger = await burn_at(scene, path)
        assert set(stranger) == PUBLIC
        holder = await burn_at(scene, path, shown_by(scene.payer, scene.bound, path))
        preimage = holder.pop("preimage")
        assert holder == stranger
        assert set(preimage) == {"salt", "receipt_id", "redemption_id", "request_hash", "idempotency_key"}

    scene.stage.run(story())


def test_nothing_that_a_stranger_sees_leads_to_the_request_or_to_the_picture(scene: Scene) -> None:
    """A proof is handed on; the picture and what was asked for are the holder's to show."""

    async def story() -> None:
        headers = {"Accept": "application/json", **scene.payer.headers(scene.bound)}
        prompt = {"prompt": "a very private cat"}
        used = (await scene.http.post("/api/images/generate", json=prompt, headers=headers)).json()
        path = f"/api/redemptions/{used['redemption_id']}"
        secrets = {prompt["prompt"], used["image"]["url"], used["image"]["sha256"]}
        for shown in ({}, {"Authorization": f"Bearer {scene.bearer}"}):
            answer = await scene.http.get(path, headers=shown)
            assert answer.json().keys() == {"redemption_id", "state", "product", "burn"}
            assert not [secret for secret in secrets if secret in answer.text]
        holder = (await scene.http.get(path, headers=shown_by(scene.payer, scene.bound, path))).json()
        assert holder["request"] == prompt
        assert (holder["subject"], holder["image"]) == (used["subject"], used["image"])

    scene.stage.run(story())


def test_another_holder_is_a_stranger_like_any(scene: Scene) -> None:
    """Not refused: a refusal would tell whose it is not."""

    async def story() -> None:
        path = await used(scene, scene.payer.headers(scene.bound))
        assert set(await burn_at(scene, path, {"Authorization": f"Bearer {scene.bearer}"})) == PUBLIC
        loose = await used(scene, {"Authorization": f"Bearer {scene.bearer}"})
        assert set(await burn_at(scene, loose, shown_by(scene.payer, scene.bound, loose))) == PUBLIC
        own = await burn_at(scene, loose, {"Authorization": f"Bearer {scene.bearer}"})
        assert set(own) == PUBLIC | {"preimage"}

    scene.stage.run(story())


def test_a_bound_receipt_shows_nothing_without_its_key(scene: Scene) -> None:
    path = scene.stage.run(used(scene, scene.payer.headers(scene.bound)))
    stolen = {"Authorization": f"Bearer {scene.bound}"}
    scene.stage.refused(lambda: scene.http.get(path, headers=stolen), 401, "holder_proof_required")


def test_a_holder_proof_counts_once_here_too(scene: Scene) -> None:
    path = scene.stage.run(used(scene, scene.payer.headers(scene.bound)))
    headers = shown_by(scene.payer, scene.bound, path)
    assert scene.stage.run(scene.http.get(path, headers=headers)).status_code == 200
    scene.stage.refused(lambda: scene.http.get(path, headers=headers), 401, "holder_proof_invalid")


def test_a_proof_for_another_redemption_is_refused(scene: Scene) -> None:
    path = scene.stage.run(used(scene, scene.payer.headers(scene.bound)))
    headers = shown_by(scene.payer, scene.bound, f"/api/redemptions/{uuid.uuid4()}")
    scene.stage.refused(lambda: scene.http.get(path, headers=headers), 401, "holder_proof_invalid")


def test_a_redemption_that_is_not_there_is_not_found_for_a_holder_either(scene: Scene) -> None:
    path = f"/api/redemptions/{uuid.uuid4()}"

    def look(headers: dict[str, str]) -> httpx.Response:
        return scene.stage.run(scene.http.get(path, headers=headers))

    assert [look(headers).status_code for headers in ({}, shown_by(scene.payer, scene.bound, path))] == [
        404,
        404,
    ]

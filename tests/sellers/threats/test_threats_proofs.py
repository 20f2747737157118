"""A holder proof of a refused request is used up: who saw it cannot have the request heard by sending it again."""

import uuid

import pytest

from tests.support.world.image_maker import FAILING, REFUSED
from tests.support.world.scenes.scene import GENERATE, Scene

#: what is asked for → the refusal
REFUSALS: dict[str, tuple[dict[str, object], int]] = {
    "a body that names two subjects": ({"name": "Abraham Lincoln", "prompt": "a cat"}, 400),
    "a prompt that the maker refuses": ({"prompt": REFUSED}, 422),
    "a drawing that fails": ({"prompt": FAILING}, 502),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_request_uses_its_proof_up(scene: Scene, name: str) -> None:
    body, status = REFUSALS[name]
    headers = scene.dpop(scene.proof(token=scene.bound))

    async def story() -> list[tuple[int, str]]:
        answers = [await scene.http.post(GENERATE, json=body, headers=headers) for _ in range(2)]
        return [(answer.status_code, answer.json()["code"]) for answer in answers]

    first, second = scene.stage.run(story())
    assert first[0] == status
    assert second == (401, "holder_proof_invalid") or (status, second) == (400, first)
    other = scene.stage.run(scene.http.post(GENERATE, json={"prompt": "a cat"}, headers=headers))
    assert (other.status_code, other.json()["code"]) == (401, "holder_proof_invalid")


def test_a_key_that_was_used_for_another_body_uses_its_proof_up(scene: Scene) -> None:
    async def story() -> list[int]:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        await scene.http.post(
            GENERATE, json={"prompt": "a cat"}, headers={**scene.dpop(scene.proof(token=scene.bound)), **key}
        )
        again = {**scene.dpop(scene.proof(token=scene.bound)), **key}
        return [
            (await scene.http.post(GENERATE, json={"prompt": "a dog"}, headers=again)).status_code
            for _ in range(2)
        ]

    assert scene.stage.run(story()) == [422, 401]


def test_a_look_at_what_is_not_there_uses_its_proof_up(scene: Scene) -> None:
    path = f"/api/redemptions/{uuid.uuid4()}"
    headers = scene.payer.headers(scene.bound, path, "GET")

    def look() -> int:
        return scene.stage.run(scene.http.get(path, headers=headers)).status_code

    assert [look(), look()] == [404, 401]

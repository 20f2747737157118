from typing import Any

import pytest

from shared.problem import Problem

PROBLEM = Problem(
    409, "payment_pending", "Payment pending", "Ask again.", True, {"payment_request_id": "pr_1"}
)
BODY: dict[str, Any] = {
    "type": "urn:paywall:problem:payment_pending",
    "title": "Payment pending",
    "status": 409,
    "detail": "Ask again.",
    "code": "payment_pending",
    "retryable": True,
    "payment_request_id": "pr_1",
}


def test_a_problem_is_written_and_read_back() -> None:
    assert PROBLEM.body() == BODY
    assert Problem.parse(BODY) == PROBLEM


def test_an_extra_member_cannot_stand_over_a_problems_own() -> None:
    body = Problem(402, "payment_required", "Pay", "Please.", extra={"code": "other", "status": 200}).body()
    assert (body["code"], body["status"]) == ("payment_required", 402)


def test_title_detail_and_retryable_may_be_absent() -> None:
    assert Problem.parse({"status": 503, "code": "unavailable"}) == Problem(503, "unavailable", "", "")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "problem",
        {},
        BODY | {"status": "409"},
        BODY | {"status": 200},
        BODY | {"status": True},
        BODY | {"status": 409.0},
        BODY | {"code": None},
        BODY | {"code": ""},
        BODY | {"title": 1},
        BODY | {"detail": None},
        BODY | {"retryable": "yes"},
    ],
    ids=str,
)
def test_anything_else_is_not_a_problem(body: object) -> None:
    with pytest.raises(ValueError, match="problem details"):
        Problem.parse(body)

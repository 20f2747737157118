"""Looks at payments: shared, kept while they are fresh, and no more of them than the budget allows."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from paywall.errors import PaymentMismatch, Unavailable
from paywall.payments.looks import KEPT, Looks
from paywall.payments.turns import QUEUE, Turns
from shared.dialects.base import Paid, Settling
from tests.support.world.loop import in_loop

SETTLING = Settling("request", "transaction", 0, 2)
PAID = Paid("request", "receipt", {}, "payment", "did:key:payer", 1)
FOR_EVER = 1e9


class Chain:
    """Counts the looks, and answers when it is told to."""

    def __init__(self, *answers: Paid | Settling | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0
        self.released = asyncio.Event()

    async def look(self) -> Paid | Settling:
        self.asked += 1
        await self.released.wait()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def started(count: int, ask: Callable[[], Awaitable[object]]) -> list[asyncio.Task[object]]:
    """As many that ask, each as far as it gets by itself."""
    tasks = [asyncio.ensure_future(ask()) for _ in range(count)]
    for _ in range(10):
        await asyncio.sleep(0)
    return tasks


@in_loop
async def test_all_who_ask_at_once_share_one_look_and_its_answer() -> None:
    for answer in (PAID, SETTLING):
        chain, looks = Chain(answer), Looks(Turns(4), 0)
        tasks = await started(50, lambda: looks.for_client("one", chain.look))  # noqa: B023  called at once
        chain.released.set()
        assert await asyncio.gather(*tasks) == [answer] * 50
        assert chain.asked == 1


@in_loop
async def test_all_who_ask_at_once_share_a_refusal_and_the_next_looks_again() -> None:
    chain, looks = Chain(PaymentMismatch("wrong"), PAID), Looks(Turns(4), FOR_EVER)
    tasks = await started(5, lambda: looks.for_client("one", chain.look))
    chain.released.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, PaymentMismatch) for error in told)
    assert await looks.for_client("one", chain.look) == PAID
    assert chain.asked == 2


@in_loop
async def test_that_it_settles_is_good_for_clients_while_it_is_fresh_and_the_worker_looks_anew() -> None:
    chain, looks = Chain(SETTLING, SETTLING, PAID, PAID), Looks(Turns(4), FOR_EVER)
    chain.released.set()
    for _ in range(3):
        assert await looks.for_client("one", chain.look) == SETTLING
    assert chain.asked == 1
    assert await looks.once("one", chain.look) == SETTLING
    assert await looks.once("one", chain.look) == PAID
    assert await looks.for_client("one", chain.look) == PAID  # what was fresh before is known to be past
    assert chain.asked == 4


@in_loop
async def test_answers_are_kept_for_so_many_payments_and_the_oldest_goes() -> None:
    chain, looks = Chain(*[SETTLING] * (KEPT + 2)), Looks(Turns(4), FOR_EVER)
    chain.released.set()
    for payment in range(KEPT + 1):
        await looks.for_client(str(payment), chain.look)
    await looks.for_client(str(KEPT), chain.look)
    assert chain.asked == KEPT + 1
    await looks.for_client("0", chain.look)
    assert chain.asked == KEPT + 2


@in_loop
async def test_a_client_that_goes_away_takes_nobodys_answer_along() -> None:
    chain, looks = Chain(PAID), Looks(Turns(4), 0)
    first, second = await started(2, lambda: looks.for_client("one", chain.look))
    first.cancel()
    await asyncio.wait([first])
    chain.released.set()
    assert await second == PAID
    assert chain.asked == 2


@in_loop
async def test_payments_beyond_the_budget_wait_and_beyond_the_queue_they_are_sent_away() -> None:
    chain, looks = Chain(*[PAID] * 200), Looks(Turns(2), 0)
    names = iter(range(1000))
    tasks = await started(2 * (QUEUE + 1) + 5, lambda: looks.for_client(f"payment {next(names)}", chain.look))
    sent_away = [task for task in tasks if task.done()]
    assert (chain.asked, len(sent_away)) == (2, 5)
    for task in sent_away:
        with pytest.raises(Unavailable) as refused:
            await task
        assert refused.value.retry_after
    chain.released.set()
    assert all([await task == PAID for task in tasks if task not in sent_away])
    assert await looks.for_client("one more", chain.look) == PAID


@in_loop
async def test_one_key_has_one_turn_at_a_time_and_leaves_the_others_to_others() -> None:
    turns, inside, go = Turns(4), list[str](), asyncio.Event()

    async def work(key: str) -> None:
        async with turns.take(key):
            inside.append(key)
            await go.wait()

    greedy = await started(QUEUE + 3, lambda: work("greedy"))
    assert inside == ["greedy"]
    assert sum(task.done() for task in greedy) == 2
    other = await started(1, lambda: work("other"))
    assert inside == ["greedy", "other"]
    go.set()
    told = await asyncio.gather(*greedy, *other, return_exceptions=True)
    assert [type(error) for error in told if error is not None] == [Unavailable, Unavailable]

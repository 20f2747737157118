"""A process that writes to the database of its argument until it is killed, and prints what was acknowledged."""

import asyncio
import itertools
import sys

from paywall.database.opening import open_database
from tests.support.world.rows import write_hot, writing

AT_ONCE = 8


async def write(url: str) -> None:
    database = open_database(url)
    numbers = itertools.count()

    async def one_writer() -> None:
        while True:
            name = await database.transact(writing(write_hot, f"{sys.argv[2]} {next(numbers)}"))
            sys.stdout.write(f"{name}\n")
            sys.stdout.flush()

    await asyncio.gather(*(one_writer() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))

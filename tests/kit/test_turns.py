"""What comes in floods goes a few at a time, in order, and nobody else waits for all of it."""

import asyncio

from oncall.kit.turns import Turns


async def test_a_flood_goes_a_few_a_round_in_order() -> None:
    turns, begun, rounds = Turns(2), list[int](), list[int]()

    async def comes(n: int) -> None:
        await turns.mine()
        begun.append(n)

    flood = [asyncio.create_task(comes(n)) for n in range(9)]
    while len(begun) < len(flood):
        await asyncio.sleep(0)
        rounds.append(len(begun))
    assert begun == list(range(9))
    assert max(after - before for before, after in zip([0, *rounds], rounds, strict=False)) == 2


async def test_one_that_comes_alone_does_not_wait() -> None:
    turns = Turns(1)
    for _ in range(3):
        waits = turns.mine()
        try:
            waits.send(None)
        except StopIteration:
            pass
        else:
            raise AssertionError("it was made to wait")
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_one_that_gives_up_takes_no_turn_from_others() -> None:
    turns = Turns(1)
    tasks = [asyncio.create_task(turns.mine()) for _ in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks[2].cancel()
    await asyncio.wait_for(tasks[3], 1)

"""Whoever is not done in time is told, each in its own, by one timer."""

import asyncio
from collections.abc import Callable

import pytest

from oncall.kit.patience import Patience


async def until(so: Callable[[], bool]) -> None:
    """Fails, and does not hang, where that never is."""
    async with asyncio.timeout(20):
        while not so():
            await asyncio.sleep(0.001)


async def test_each_is_over_in_its_own_time_unless_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, over = asyncio.get_running_loop(), []
    timers: list[float] = []
    call_at = loop.call_at

    def counted(when: float, *args: object) -> asyncio.TimerHandle:
        timers.append(when)
        return call_at(when, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_at", counted)
    patience = Patience[str](over.append)
    patience.keep("later", 60)
    patience.keep("late", 0.02)
    patience.keep("done", 0.01)
    patience.keep("soon", 0)
    patience.done("done")
    patience.done("nobody")
    await until(lambda: len(over) == 2)
    assert sorted(over) == ["late", "soon"]
    patience.done("later")
    assert len(timers) <= 12, "it does not look without pause"


async def test_it_waits_anew_when_all_were_done() -> None:
    over: list[int] = []
    patience = Patience[int](over.append)
    patience.keep(1, 0)
    await until(lambda: over == [1])
    patience.keep(2, 0)
    await until(lambda: over == [1, 2])

"""Whoever is not done in time is told, each in its own, by one timer."""

import asyncio

import pytest

from oncall.kit.patience import Patience


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
    while len(over) < 2:
        await asyncio.sleep(0.001)
    assert sorted(over) == ["late", "soon"]
    patience.done("later")
    assert len(timers) <= 12, "it does not look without pause"


async def test_it_waits_anew_when_all_were_done() -> None:
    over: list[int] = []
    patience = Patience[int](over.append)
    patience.keep(1, 0)
    while over != [1]:
        await asyncio.sleep(0.001)
    patience.keep(2, 0)
    while over != [1, 2]:
        await asyncio.sleep(0.001)

"""What is written in one round of the event loop leaves in one write."""

import asyncio
from typing import Any

from oncall.kit.corked import HELD_AT_MOST, _Cork


class Wire:
    """Stands for the transport: what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("close")

    def get_extra_info(self, name: str) -> str:
        return f"its {name}"


async def test_head_and_body_leave_together_in_the_next_round() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"head ")
    cork.write(b"body")
    assert wire.told == []
    await asyncio.sleep(0)
    assert wire.told == [b"head body"]
    cork.write(b"more")
    await asyncio.sleep(0)
    assert wire.told == [b"head body", b"more"]


async def test_what_is_large_is_not_held_back() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"head ")
    cork.write(b"x" * HELD_AT_MOST)
    assert wire.told == [b"head " + b"x" * HELD_AT_MOST]
    await asyncio.sleep(0)
    assert len(wire.told) == 1


async def test_nothing_is_lost_by_closing() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"goodbye")
    cork.close()
    await asyncio.sleep(0)
    assert wire.told == [b"goodbye", "close"]


async def test_whatever_else_is_asked_the_transport_answers() -> None:
    cork = _Cork(Wire(), asyncio.get_running_loop())  # type: ignore[arg-type]
    assert cork.get_extra_info("peername") == "its peername"

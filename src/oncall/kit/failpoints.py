"""Places where tests may kill, stop, delay, block or fail a process; inert unless ONCALL_FAILPOINTS is set."""

import asyncio
import os
import signal
import time

NAMES = frozenset(
    {
        "intake.pre_commit",
        "intake.post_commit",
        "engine.post_claim",
        "engine.pre_commit",
        "send.post_claim",
        "send.post_wire",
        "send.pre_record",
        "ack.pre_commit",
        "webhook.post_claim",
        "webhook.post_wire",
        "webhook.pre_record",
        "update.post_claim",
        "update.post_wire",
        "update.pre_record",
    }
)

HELD = "held"

_armed: dict[str, str] = {}


class FailpointReached(Exception):
    """Raised by a failpoint whose action is `raise`."""


def parse(spec: str) -> dict[str, str]:
    """`name=kill|stop|raise|hold|delay:seconds|block:seconds`, comma-separated. ValueError says what cannot be meant."""
    armed = {}
    for part in filter(None, (piece.strip() for piece in spec.split(","))):
        name, _, action = part.partition("=")
        if name not in NAMES:
            raise ValueError(f"there is no failpoint {name!r}")
        word, _, seconds = action.partition(":")
        if action not in {"kill", "stop", "raise", "hold"} and not (word in {"delay", "block"} and seconds.replace(".", "", 1).isdecimal()):
            raise ValueError(f"failpoint {name} has no action {action!r}: kill, stop, raise, hold, delay:seconds or block:seconds")
        armed[name] = action
    return armed


def arm(spec: str) -> None:
    """Arm these failpoints and no others."""
    _armed.clear()
    _armed.update(parse(spec))


def is_held(name: str) -> bool:
    """Whether somebody has reached this failpoint, whose action is `hold`, and waits there until failpoints are armed anew."""
    return _armed.get(name) == HELD


async def reach(name: str) -> None:
    """Do what is armed at `name`; usually nothing."""
    if name not in _armed:
        return
    word, _, seconds = _armed[name].partition(":")
    match word:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "delay":
            await asyncio.sleep(float(seconds))
        case "block":
            time.sleep(float(seconds))  # noqa: ASYNC251 — the whole event loop is meant to stand still
        case "hold":
            _armed[name] = HELD
            while is_held(name):  # noqa: ASYNC110 — an event belongs to one loop, and this module to none
                await asyncio.sleep(0.001)
        case "held":
            pass  # somebody else waits there
        case _:
            raise FailpointReached(name)

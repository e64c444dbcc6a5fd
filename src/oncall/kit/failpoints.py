"""Places where tests may kill, stop, delay or fail a process; inert unless ONCALL_FAILPOINTS is set."""

import asyncio
import os
import signal

_armed: dict[str, str] = {}


class FailpointReached(Exception):
    """Raised by a failpoint whose action is `raise`."""


def arm(spec: str) -> None:
    """`name=kill|stop|delay:seconds|raise`, comma-separated; replaces what was armed."""
    _armed.clear()
    for part in filter(None, spec.split(",")):
        name, _, action = part.strip().partition("=")
        _armed[name] = action


async def reach(name: str) -> None:
    """Do what is armed at `name`; usually nothing."""
    if not _armed:
        return
    action = _armed.get(name)
    match action:
        case None:
            return
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise FailpointReached(name)
        case _ if action.startswith("delay:"):
            await asyncio.sleep(float(action.removeprefix("delay:")))
        case _:
            raise ValueError(f"failpoint {name}: unknown action {action!r}")

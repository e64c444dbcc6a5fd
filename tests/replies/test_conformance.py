"""What becomes of every answer that can come, or not come, by every channel on which people answer. A new channel joins by a rig."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.replies.rigs import ANSWER_RIGS, AnswerRig

from oncall.kit.clock import ManualClock
from oncall.kit.db import Database


async def _status(rig: AnswerRig) -> str:
    return str((await rig.system.incident(rig.incident))["status"])


async def _count(rig: AnswerRig, kind: str) -> int:
    return sum(line.startswith(f"{kind}:") for line in await rig.system.reasons(rig.incident))


async def silent(rig: AnswerRig) -> str:
    await rig.system.advance(minutes=6)
    paged = [line for line in await rig.system.reasons(rig.incident) if line.startswith("sent: sent to Ben")]
    return "pages the next" if paged and await _status(rig) == "triggered" else "goes no further"


async def once(rig: AnswerRig) -> str:
    told = await rig.answer("acknowledge")
    by = (await rig.system.incident(rig.incident))["acknowledged_by"]
    if by is None or by["name"] != "Ana":
        return "is not heard"
    return "acknowledged, told so" if "cknowledged" in told else "acknowledged, told nothing"


async def twice(rig: AnswerRig) -> str:
    for _ in range(3):
        await rig.answer("acknowledge")
    return "counts once" if await _count(rig, "acknowledged") == 1 else f"counts {await _count(rig, 'acknowledged')} times"


async def reordered(rig: AnswerRig) -> str:
    """Resolved, and then an acknowledgement from before comes in."""
    await rig.answer("resolve")
    told = await rig.answer("acknowledge")
    if await _status(rig) != "resolved" or await _count(rig, "acknowledged"):
        return "is taken back"
    return "stays resolved, told so" if "esolved" in told else "stays resolved, told nothing"


async def receipts(rig: AnswerRig) -> str:
    """The last comes first, and twice."""
    for word in ("delivered", "sent", "delivered") if rig.name == "sms" else ("completed", "ringing", "completed"):
        await rig.tell(word)
    [shown] = (await rig.system.api.get(f"/api/v1/incidents/{rig.incident}/notifications")).json()["items"]
    if await _status(rig) != "triggered":
        return "acknowledges"
    return "goes forward only" if shown["status"] == "delivered" and len(shown["receipts"]) <= 2 else shown["status"]


async def forged(rig: AnswerRig) -> str:
    statuses = await rig.forge()
    refused = all(status in {403, 404} for status in statuses)
    return "refused" if refused and await _status(rig) == "triggered" and not await _count(rig, "acknowledged") else f"taken: {statuses}"


Behaviour = Callable[[AnswerRig], Awaitable[str]]
ANSWERS: dict[str, tuple[Behaviour, str, str | None]] = {
    "says nothing": (silent, "pages the next", None),
    "answers": (once, "acknowledged, told so", None),
    "answers three times": (twice, "counts once", None),
    "answers in the wrong order": (reordered, "stays resolved, told so", None),
    "tells receipts twice and in the wrong order": (receipts, "goes forward only", "receipts"),
    "is somebody else (forged)": (forged, "refused", "forges"),
}
"""What somebody does, what must come of it, and what a channel must be able to do for it."""

CELLS = [(what, name) for what, (_, _, needs) in ANSWERS.items() for name, rig in ANSWER_RIGS.items() if needs is None or needs in rig.can]


@pytest.fixture
def make_rig(database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path) -> Callable[[str], AnswerRig]:
    return lambda name: ANSWER_RIGS[name](_node_database, clock, tmp_path)


@pytest.mark.parametrize(("what", "name"), CELLS)
async def test_what_becomes_of_it_when_whoever_was_paged(make_rig: Callable[[str], AnswerRig], what: str, name: str) -> None:
    does, expected, _ = ANSWERS[what]
    async with make_rig(name) as rig:
        assert await does(rig) == expected

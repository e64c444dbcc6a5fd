"""How what is done in a room is shown elsewhere, and when it is tried again. Pure."""

from datetime import datetime, timedelta

from oncall.communications.values.mirrors import PAUSES, TOLD_WITHIN, Change, LeaveOut, NextEntry, Remove, Show, Step
from oncall.communications.values.rooms import RoomKind


def plan_step(next: NextEntry, *, now: datetime) -> Step:
    """What was deleted since is not shown first; what never came there is not changed there."""
    entry = next.entry
    if now - entry.at > TOLD_WITHIN:
        return LeaveOut(f"it was said more than {TOLD_WITHIN.days} day ago")
    match entry.kind:
        case RoomKind.POSTED:
            return LeaveOut("it was deleted") if entry.is_deleted else Show(entry.by.name, entry.text)
        case RoomKind.EDITED:
            if entry.is_deleted or next.mirrored_as is None:
                return LeaveOut("it was deleted, or never shown")
            return Change(next.mirrored_as, entry.by.name, entry.text)
        case RoomKind.DELETED:
            return Remove(next.mirrored_as) if next.mirrored_as is not None else LeaveOut("it was never shown")


def pause_after(failures: int, *, asked: timedelta | None) -> timedelta:
    """Before the next try, after so many in a row that failed; longer where the receiver asked for it."""
    pause = PAUSES[min(failures, len(PAUSES)) - 1]
    return max(pause, asked) if asked is not None else pause

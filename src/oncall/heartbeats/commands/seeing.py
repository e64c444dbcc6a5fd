"""How a heartbeat is at an instant, for whoever looks at it."""

from datetime import datetime

from oncall.heartbeats import rules
from oncall.heartbeats.values import Heartbeat, State

__all__ = ["seen"]


def seen(beat: Heartbeat, *, now: datetime) -> tuple[State, datetime | None]:
    """Its state, and when it expires if nothing comes; None for one that has."""
    state = rules.state_of(beat, now=now)
    return state, None if state is State.EXPIRED else rules.expires_at(beat)

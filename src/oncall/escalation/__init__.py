"""Which step comes next, and when.

Promises: who is paged follows from the snapshot, the position and `now` alone; a step that reaches nobody is skipped at once with
its reason; the end of a policy is never silence. May touch: its own policies; schedules and contacts to resolve people.
"""

from oncall.escalation.commands import busy_turns, gather_people, take_snapshots, take_turns
from oncall.escalation.rules import advance
from oncall.escalation.values import Advance, EscalationState, People, Position, Snapshot

__all__ = [
    "Advance",
    "EscalationState",
    "People",
    "Position",
    "Snapshot",
    "advance",
    "busy_turns",
    "gather_people",
    "take_snapshots",
    "take_turns",
]

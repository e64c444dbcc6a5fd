"""Who is on call at t: the one resolver behind paging, look-ups, previews and calendars. Pure: values and instants in, people out."""

from oncall.schedules.rules.definitions import check, layers_of, schedule_of, users_of, with_ids
from oncall.schedules.rules.editing import check_range, decide_override, decide_removal
from oncall.schedules.rules.rendering import coverage, joined, next_handoff, on_call_at, outlook_at, render

__all__ = [
    "check",
    "check_range",
    "coverage",
    "decide_override",
    "decide_removal",
    "joined",
    "layers_of",
    "next_handoff",
    "on_call_at",
    "outlook_at",
    "render",
    "schedule_of",
    "users_of",
    "with_ids",
]

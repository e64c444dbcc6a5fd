"""What can be done with schedules: ask them who is on call, edit them, change single shifts, write down the past."""

from oncall.schedules.commands.lookup import (
    EVERYTHING_KNOWN,
    LOOK_AHEAD,
    changed_schedules,
    get_coverage,
    get_outlook,
    get_shifts,
    load_schedules,
    next_handoff_many,
    next_shift,
    on_call_many,
    rendered,
    schedule_ids,
    schedule_names,
    schedules_with,
    teams_of_schedules,
    with_teams,
)

__all__ = [
    "EVERYTHING_KNOWN",
    "LOOK_AHEAD",
    "changed_schedules",
    "get_coverage",
    "get_outlook",
    "get_shifts",
    "load_schedules",
    "next_handoff_many",
    "next_shift",
    "on_call_many",
    "rendered",
    "schedule_ids",
    "schedule_names",
    "schedules_with",
    "teams_of_schedules",
    "with_teams",
]

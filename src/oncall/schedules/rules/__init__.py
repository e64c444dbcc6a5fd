"""Who is on call at t: the one resolver behind paging, look-ups, previews and calendars. Pure: values and instants in, people out."""

from oncall.schedules.rules.advising import advice_on, new_gaps, not_reached, on_two_at_once
from oncall.schedules.rules.building import layers_of, schedules_of
from oncall.schedules.rules.comparing import differences, gains
from oncall.schedules.rules.continuing import continued, going_on
from oncall.schedules.rules.definitions import check, users_of, with_ids
from oncall.schedules.rules.editing import (
    check_range,
    check_unavailability_goes_on,
    decide_override,
    decide_removal,
    decide_unavailability,
    in_force_from,
    with_version,
)
from oncall.schedules.rules.layers import cover_at, members_of, turns_between
from oncall.schedules.rules.outlooks import next_handoff, next_shift, on_call_at, outlook_at, shifts_between
from oncall.schedules.rules.references import depth_of, find_circle, references_in, references_of
from oncall.schedules.rules.rendering import coverage, current_layers, entries_between, gaps, joined, render
from oncall.schedules.rules.resolving import nested_in
from oncall.schedules.rules.sweeping import users_between
from oncall.schedules.rules.temporaries import check_free, cut_out, decide_temporary, without_user

__all__ = [
    "advice_on",
    "check",
    "check_free",
    "check_range",
    "check_unavailability_goes_on",
    "continued",
    "cover_at",
    "coverage",
    "current_layers",
    "cut_out",
    "decide_override",
    "decide_removal",
    "decide_temporary",
    "decide_unavailability",
    "depth_of",
    "differences",
    "entries_between",
    "find_circle",
    "gains",
    "gaps",
    "going_on",
    "in_force_from",
    "joined",
    "layers_of",
    "members_of",
    "nested_in",
    "new_gaps",
    "next_handoff",
    "next_shift",
    "not_reached",
    "on_call_at",
    "on_two_at_once",
    "outlook_at",
    "references_in",
    "references_of",
    "render",
    "schedules_of",
    "shifts_between",
    "turns_between",
    "users_between",
    "users_of",
    "with_ids",
    "with_version",
    "without_user",
]

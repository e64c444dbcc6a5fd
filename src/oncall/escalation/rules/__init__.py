"""Pure rules of escalation: whom a step means, and which one comes next."""

from oncall.escalation.rules.advancing import (
    advance,
    go_on,
    goes_on_acknowledged,
    in_last_round,
    next_cycle,
    next_unresolved,
    policy_at,
    upcoming,
)
from oncall.escalation.rules.warning import warnings_of
from oncall.escalation.rules.whom import (
    changes_of,
    channels_in,
    is_reachable,
    meant_by,
    on_duty_in,
    policies_of,
    schedules_in,
    targets_of,
    turning,
    unmet,
    ways_to,
)

__all__ = [
    "advance",
    "changes_of",
    "channels_in",
    "go_on",
    "goes_on_acknowledged",
    "in_last_round",
    "is_reachable",
    "meant_by",
    "next_cycle",
    "next_unresolved",
    "on_duty_in",
    "policies_of",
    "policy_at",
    "schedules_in",
    "targets_of",
    "turning",
    "unmet",
    "upcoming",
    "warnings_of",
    "ways_to",
]

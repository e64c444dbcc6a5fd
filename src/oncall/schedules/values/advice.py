"""What a careful colleague would say about what was just written."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AdviceCode(StrEnum):
    GAP = "gap"
    SHORT_OR_LONG_TURN = "short_or_long_turn"
    HANDOFF_IN_CLOCK_CHANGE = "handoff_in_clock_change"
    RESTRICTION_VANISHES = "restriction_vanishes"
    IMBALANCE = "imbalance"
    NO_VERIFIED_CONTACT_METHOD = "no_verified_contact_method"
    UNREACHABLE = "unreachable"
    NOT_PROVEN_ON_SILENT = "not_proven_on_silent"
    ON_TWO_SCHEDULES = "on_two_schedules"
    UNAVAILABLE = "unavailable"
    NOTHING_CHANGES = "nothing_changes"
    USELESS_LAYER = "useless_layer"
    REPLACED_LATER = "replaced_later"


@dataclass(frozen=True, slots=True)
class Advice:
    """One sentence; `at` is the instant it is about, where there is one."""

    code: AdviceCode
    message: str
    at: datetime | None = None

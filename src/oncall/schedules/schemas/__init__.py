"""What the routes about schedules take and show."""

from oncall.schedules.schemas.answers import OnCallShown, Shifts
from oncall.schedules.schemas.layers import LayerShape, WholeSecond
from oncall.schedules.schemas.overrides import OverrideIn, OverrideShown
from oncall.schedules.schemas.schedules import ScheduleEdit, ScheduleIn, ScheduleShown

__all__ = [
    "LayerShape",
    "OnCallShown",
    "OverrideIn",
    "OverrideShown",
    "ScheduleEdit",
    "ScheduleIn",
    "ScheduleShown",
    "Shifts",
    "WholeSecond",
]

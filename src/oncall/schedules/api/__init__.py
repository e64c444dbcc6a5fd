"""REST for schedules: what authors write, what changes single shifts, who is on call, calendars, pictures and fairness."""

from oncall.kit.narrow import together
from oncall.schedules.api import answers, calendars, fairness, overrides, pictures, schedules, unavailability

router = together(
    schedules.router, answers.router, overrides.router, unavailability.router, calendars.router, fairness.router, pictures.router
)

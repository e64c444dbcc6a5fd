"""REST for schedules: what authors write, what changes single shifts, who is on call, calendars, pictures and fairness."""

from fastapi import APIRouter

from oncall.schedules.api import answers, calendars, fairness, overrides, pictures, schedules, unavailability

router = APIRouter()
for part in (schedules, answers, overrides, unavailability, calendars, fairness, pictures):
    router.include_router(part.router)

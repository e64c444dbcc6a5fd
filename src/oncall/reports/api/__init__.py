"""REST for what the past says, and who can be reached in the weeks to come."""

from fastapi import APIRouter

from oncall.reports.api import coverage, measures, trends

router = APIRouter()
for part in (coverage, measures, trends):
    router.include_router(part.router)

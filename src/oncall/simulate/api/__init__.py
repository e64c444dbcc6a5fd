"""REST for what would happen, and would have happened."""

from fastapi import APIRouter

from oncall.simulate.api import advising, previewing, replaying, simulating

router = APIRouter()
for part in (advising, previewing, replaying, simulating):
    router.include_router(part.router)

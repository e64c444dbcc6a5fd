"""REST for what would happen, and would have happened."""

from fastapi import APIRouter

from oncall.simulate.api import previewing, replaying, simulating

router = APIRouter()
for part in (previewing, replaying, simulating):
    router.include_router(part.router)

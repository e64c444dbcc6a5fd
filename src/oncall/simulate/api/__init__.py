"""REST for what would happen, and would have happened."""

from fastapi import APIRouter

from oncall.simulate.api import previewing, replaying

router = APIRouter()
for part in (previewing, replaying):
    router.include_router(part.router)

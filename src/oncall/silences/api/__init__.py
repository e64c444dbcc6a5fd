"""REST for what mutes."""

from fastapi import APIRouter

from oncall.silences.api import inhibitions, silences, windows

router = APIRouter()
for part in (silences.router, windows.router, inhibitions.router):
    router.include_router(part)

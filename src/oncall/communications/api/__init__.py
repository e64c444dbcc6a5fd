"""REST for what is told to everyone else: rooms, bridges, and what happens to incidents as it happens."""

from fastapi import APIRouter

from oncall.communications.api import bridges, rooms, streams

router = APIRouter()
for part in (streams, rooms, bridges):
    router.include_router(part.router)

"""REST for what is told to everyone else: updates and who reads them, feeds, rooms, bridges, and what happens as it happens."""

from fastapi import APIRouter

from oncall.communications.api import bridges, feeds, links, rooms, streams, subscribers, templates, updates

router = APIRouter()
for part in (streams, rooms, bridges, updates, templates, subscribers, feeds, links):
    router.include_router(part.router)

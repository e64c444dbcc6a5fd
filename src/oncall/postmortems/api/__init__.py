"""REST for postmortems, action items, templates and settings."""

from fastapi import APIRouter

from oncall.postmortems.api import action_items, postmortems, settings

router = APIRouter()
for part in (settings.router, postmortems.of_incidents, postmortems.router, action_items.router):
    router.include_router(part)

"""REST for incidents and what they are made of: alerts, events, and the changes beside them."""

from fastapi import APIRouter

from oncall.incidents.api import (
    acting,
    alerts,
    change_events,
    events,
    filing,
    handing_on,
    impact,
    incidents,
    merging,
    pages,
    responders,
    whole_path,
)

router = APIRouter()
for part in (incidents, filing, whole_path, acting, handing_on, merging, pages, responders, alerts, events, change_events, impact):
    router.include_router(part.router)

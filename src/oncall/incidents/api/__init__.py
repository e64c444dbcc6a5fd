"""REST for incidents and what they are made of: alerts, events, and the changes beside them."""

from fastapi import APIRouter

from oncall.incidents.api import (
    acting,
    alerts,
    change_events,
    context,
    events,
    filing,
    handing_on,
    impact,
    incidents,
    leading,
    merging,
    pages,
    responders,
    whole_path,
    workflow,
    working,
)

router = APIRouter()
for part in (incidents, filing, whole_path, acting, handing_on, merging, pages, responders, working, leading, context):
    router.include_router(part.router)
for part in (alerts, events, change_events, impact, workflow):
    router.include_router(part.router)

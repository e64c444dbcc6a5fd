"""Pages for people: the links of messages, the form by which anybody reports that something is broken, and the reference of the API."""

from fastapi import APIRouter

from oncall.console.api import links, reporting

router = APIRouter()
for part in (links, reporting):
    router.include_router(part.router)

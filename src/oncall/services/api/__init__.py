"""REST for services, their integrations and keys, and for the rules that send events to them."""

from fastapi import APIRouter

from oncall.services.api import routing, services

router = APIRouter()
for part in (services, routing):
    router.include_router(part.router)

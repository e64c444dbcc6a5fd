"""REST for services, their integrations and keys, and for the rules that send events to them."""

from fastapi import APIRouter

from oncall.services.api import report_forms, routing, services

router = APIRouter()
for part in (services, report_forms, routing):
    router.include_router(part.router)

"""REST for services: integrations and keys, dependencies, groups, report forms, and the rules that send events to them."""

from fastapi import APIRouter

from oncall.services.api import dependencies, groups, report_forms, routing, services

router = APIRouter()
for part in (services, report_forms, dependencies, groups, routing):
    router.include_router(part.router)

"""REST for what the service desk agrees on: categories, the priority matrix, calendars, SLAs, templates of incidents."""

from fastapi import APIRouter

from oncall.desk.api import calendars, categories, matrix, slas, templates

router = APIRouter()
for part in (categories.router, matrix.router, calendars.router, slas.router, templates.router):
    router.include_router(part)

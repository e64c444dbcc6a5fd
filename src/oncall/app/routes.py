"""Which routes a node answers, by its role; and the document of all of them."""

from enum import StrEnum
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from oncall import __version__
from oncall.access import api as access
from oncall.communications import api as communications
from oncall.communications import hot as status_pages
from oncall.console import api as console
from oncall.contacts import api as contacts
from oncall.desk import api as desk
from oncall.escalation import api as escalation
from oncall.handoffs import api as handoffs
from oncall.health import api as health
from oncall.heartbeats import api as heartbeats
from oncall.heartbeats import hot as check_ins
from oncall.incidents import api as incidents
from oncall.intake import hot as intake
from oncall.intake.api import bodies, explaining, mappings, routing
from oncall.kit.narrow import Narrow, together
from oncall.kit.query import refuse_unknown_query
from oncall.notifications import api as notifications
from oncall.postmortems import api as postmortems
from oncall.problems import api as problem_records
from oncall.replies import api as replies
from oncall.reports import api as reports
from oncall.schedules import api as schedules
from oncall.services import api as services
from oncall.services import hot as lookup
from oncall.silences import api as silences
from oncall.simulate import api as simulate
from oncall.teams import api as teams
from oncall.webhooks import api as webhooks

ROUTERS = [
    access.router,
    teams.router,
    contacts.router,
    desk.router,
    notifications.router,
    schedules.router,
    escalation.router,
    services.router,
    simulate.router,
    silences.router,
    # Before incidents: /incidents/stream is the id of none.
    communications.router,
    incidents.router,
    bodies.router,
    explaining.router,
    handoffs.router,
    mappings.router,
    routing.router,
    heartbeats.router,
    postmortems.router,
    problem_records.router,
    *replies.ROUTERS,
    webhooks.router,
    reports.router,
]
HOT_ROUTES = [*intake.ROUTES, *lookup.ROUTES, *check_ins.ROUTES, *status_pages.ROUTES]
HOT_DOCUMENT = {**intake.DOCUMENT, **lookup.DOCUMENT, **check_ins.DOCUMENT, **status_pages.DOCUMENT}


class Role(StrEnum):
    """What a node does: answer HTTP, do due work, or both."""

    ALL = "all"
    API = "api"
    ENGINE = "engine"


@cache
def routes_of(role: Role) -> tuple[list[BaseRoute], Narrow]:
    """What a node with this role answers beside its hot routes, and the way to all of them. It holds nothing of the node, and is costly to
    make: all nodes of a process share it.
    """
    if role is Role.ENGINE:
        return health.router.routes, Narrow(health.router)
    rest = together(health.router, console.router, *ROUTERS)
    for route in rest.routes:
        refuse_unknown_query(route)
    whole = APIRouter()
    whole.routes.extend([*HOT_ROUTES, *rest.routes])
    return rest.routes, Narrow(whole)


@cache
def openapi_document() -> dict[str, Any]:
    """The whole interface as OpenAPI: FastAPI's own routes and, from the rooms' tables, the plain ones. To make it takes two seconds, which
    a node has for it once.
    """
    app = FastAPI(title="oncall", version=__version__)
    for router in [health.router, console.router, *ROUTERS]:
        app.include_router(router)
    document = app.openapi()
    document["paths"].update(HOT_DOCUMENT)
    return document

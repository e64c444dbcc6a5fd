"""The HTTP side of a node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from fastapi import FastAPI

from oncall import __version__
from oncall.app.leaving import on_contact_removed, on_user_removed
from oncall.app.routes import HOT_ROUTES, Role, openapi_document, routes_of
from oncall.channels.slack_presses import read_slack_app
from oncall.channels.telegram_presses import read_telegram_bot
from oncall.channels.twilio_settings import read_twilio
from oncall.communications.commands.feeds import follow_groups
from oncall.communications.hot.pages import StatusPages
from oncall.contacts.commands.reaching import how_reachable
from oncall.heartbeats.commands.check_ins import CheckIns
from oncall.incidents.commands.holding import wake_for_muting, wake_for_quiet_hours, wake_for_service, wake_for_support_hours
from oncall.intake.commands.mapping import check_mapping
from oncall.intake.commands.sns import Certificates
from oncall.intake.hot.again import Again
from oncall.intake.hot.lately import Lately
from oncall.kit import problems
from oncall.kit.hot import HotApp
from oncall.kit.limits import FailureLimiter
from oncall.kit.strict import StrictBody
from oncall.schedules.commands.editing import check_team_schedule
from oncall.schedules.commands.recording import record_teams
from oncall.silences.commands.muting import check_services
from oncall.simulate.commands.advising import Adviser
from oncall.simulate.commands.replaying import Replays

if TYPE_CHECKING:
    from oncall.app import Node


def make_app(node: "Node") -> FastAPI:
    """The HTTP side of a node; an engine shows only its health."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await node.start()
        yield
        await node.stop()

    hot = [] if node.role is Role.ENGINE else HOT_ROUTES
    app = HotApp(hot=hot, title="oncall", version=__version__, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.settings = node.settings
    app.state.database, app.state.clock = node.database, node.clock
    app.state.channels, app.state.client = node.channels, node.client
    app.state.on_user_removed, app.state.on_contact_removed = on_user_removed, on_contact_removed
    app.state.judging, app.state.on_muting_changed, app.state.on_service_changed = node.judging, wake_for_muting, wake_for_service
    app.state.on_service_group_changed = follow_groups
    app.state.on_calendar_changed = wake_for_support_hours
    app.state.how_reachable, app.state.on_quiet_hours_changed = partial(how_reachable, channels=node.channels), wake_for_quiet_hours
    app.state.on_teams_changing, app.state.check_team_schedule = record_teams, check_team_schedule
    app.state.check_services = check_services
    app.state.check_mapping, app.state.sealing = check_mapping, node.sealing
    app.state.compilation = node.compilation
    app.state.room_streams, app.state.incident_streams = node.room_streams, node.incident_streams
    app.state.integration_keys, app.state.callers, app.state.book = node.keys, node.callers, node.book
    app.state.gate = None if node.role is Role.ENGINE else node.gate
    app.state.ticker, app.state.people, app.state.lately = node.ticker, node.people, Lately()
    app.state.status_pages = StatusPages(
        node.database, node.compilation, node.board, node.maintenance, about=node.clock.about, base_url=node.settings.base_url
    )
    app.state.check_ins = CheckIns(node.database, node.clock, node.judging)
    app.state.prover = node.prover
    app.state.adder = node.adder
    app.state.replays = replays = Replays(node.database, node.clock, node.sealing)
    app.state.adviser = Adviser(node.database, node.clock, replays)
    app.state.certificates, app.state.intake_failures = Certificates(node.client), FailureLimiter()
    app.state.link_keys = [key.encode() for key in node.ring]
    app.state.twilio, app.state.slack = read_twilio(node.settings), read_slack_app(node.settings)
    app.state.telegram = read_telegram_bot(node.settings, node.ring)
    key = node.settings.admin_key
    app.state.admin_key_hash = sha256(key.get_secret_value().encode()).digest() if key else None
    app.state.draining = False
    app.state.again = None if node.role is Role.ENGINE else Again(app.state, app.turns)
    app.openapi = openapi_document  # type: ignore[method-assign]  # FastAPI's own way to replace the document
    problems.install(app)
    rest, narrow = routes_of(node.role)
    app.router.routes.extend(rest)
    app.router.middleware_stack = narrow
    if node.role is not Role.ENGINE:
        app.add_middleware(StrictBody)
    return app

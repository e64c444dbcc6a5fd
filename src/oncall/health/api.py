"""What machines that watch us ask. Public: no secrets, no names."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.responses import JSONResponse

from oncall.health import commands
from oncall.health.values import Red, Yellow
from oncall.kit.compiled import Compilation
from oncall.kit.db import Database
from oncall.kit.errors import Unavailable
from oncall.kit.schema import is_current
from oncall.services.compiled import Book

router = APIRouter(tags=["health"])
UNREACHABLE = (DBAPIError, PoolTimeout, OSError, TimeoutError)
PATIENCE = 3.0
"""Seconds: whoever asks about our health has a time-out of their own, and a database that is silent must not use it up."""


@router.get("/livez")
async def livez() -> dict[str, str]:
    """This process runs its event loop."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """This node can serve: database, schema, its own loop; all of it was started and runs, and it is not draining. 503 with the reasons
    if not.
    """
    state = request.app.state
    database: Database = state.database
    reasons = []
    if state.draining:
        reasons.append("draining")
    elif not state.ticker.runs or (state.gate is not None and not state.gate.runs):
        reasons.append("not_running")
    try:
        async with asyncio.timeout(PATIENCE), database.transaction(read_only=True) as tx:
            if not await is_current(tx):
                reasons.append("schema_version")
    except UNREACHABLE:
        reasons.append("db")
    if state.ticker.stale():
        reasons.append("loop_lag")
    return JSONResponse({"status": "unready" if reasons else "ok", "reasons": reasons}, 503 if reasons else 200)


@router.get("/healthz")
async def healthz(request: Request) -> Response:
    """The pager's health, as any node sees it in the database: 503 with the reasons while something is red; yellow are `warnings`."""
    state = request.app.state
    database: Database = state.database
    try:
        async with asyncio.timeout(PATIENCE):
            book = await _book(request)
            async with database.transaction(read_only=True) as tx:
                now = await state.clock.now(tx)
                red = await commands.audit(tx, now=now)
                yellow = await commands.warn(tx, book, channels=state.channels, now=now) if book else []
                yellow += await commands.warn_of_webhooks(tx)
    except UNREACHABLE:
        gone = {"reason": "db", "count": 1, "detail": "the database cannot be reached"}
        return JSONResponse({"status": "red", "reasons": [gone], "warnings": []}, 503)
    status = "red" if red else "yellow" if yellow else "ok"
    return JSONResponse({"status": status, "reasons": _shown(red), "warnings": _shown(yellow)}, 503 if red else 200)


async def _book(request: Request) -> Book | None:
    """Who is on call; None if it cannot be made ready, which is no reason not to tell the rest."""
    compilation: Compilation = request.app.state.compilation
    try:
        return await compilation.fresh(request.app.state.book)
    except Unavailable:
        return None


def _shown(findings: Sequence[Red | Yellow]) -> list[dict[str, object]]:
    return [{"reason": finding.reason, "count": finding.count, "detail": finding.sentence} for finding in findings]


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

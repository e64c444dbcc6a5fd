"""What machines that watch us ask. Public: no secrets, no names."""

import asyncio

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.responses import JSONResponse

from oncall.health import commands
from oncall.kit.db import Database
from oncall.kit.schema import is_current

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
    """This node can serve: database, schema, its own loop, not draining. 503 with the reasons if not."""
    state = request.app.state
    database: Database = state.database
    reasons = []
    if state.draining:
        reasons.append("draining")
    try:
        async with asyncio.timeout(PATIENCE), database.transaction(read_only=True) as tx:
            if not await is_current(tx):
                reasons.append("schema_version")
    except UNREACHABLE:
        reasons.append("db")
    if state.ticker is not None and state.ticker.stale():
        reasons.append("loop_lag")
    return JSONResponse({"status": "unready" if reasons else "ok", "reasons": reasons}, 503 if reasons else 200)


@router.get("/healthz")
async def healthz(request: Request) -> Response:
    """The pager's health, as any node sees it in the database: 503 with the reasons while something is red."""
    database: Database = request.app.state.database
    try:
        async with asyncio.timeout(PATIENCE), database.transaction(read_only=True) as tx:
            red = await commands.audit(tx, now=await request.app.state.clock.now(tx))
    except UNREACHABLE:
        return JSONResponse({"status": "red", "reasons": [{"reason": "db", "count": 1, "detail": "the database cannot be reached"}]}, 503)
    reasons = [{"reason": finding.reason, "count": finding.count, "detail": finding.sentence} for finding in red]
    return JSONResponse({"status": "red" if red else "ok", "reasons": reasons}, 503 if red else 200)


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

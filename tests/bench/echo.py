"""The other side of every ratio: the least that a FastAPI application can do with the same requests. Run in a process of its own."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field


class Link(BaseModel):
    href: str
    text: str | None = None


class Payload(BaseModel):
    summary: str
    source: str
    severity: Literal["critical", "error", "warning", "info"]
    timestamp: datetime | None = None
    component: str | None = None
    group: str | None = None
    class_: str | None = Field(None, alias="class")
    custom_details: dict[str, Any] | None = None


class PagerDutyEvent(BaseModel):
    routing_key: str
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: str | None = None
    client: str | None = None
    client_url: str | None = None
    links: list[Link] = []
    payload: Payload | None = None


@asynccontextmanager
async def frozen(_: FastAPI) -> AsyncIterator[None]:
    gc.collect()
    gc.freeze()
    yield


app = FastAPI(lifespan=frozen)


@app.post("/v2/enqueue", status_code=202)
async def enqueue(event: PagerDutyEvent):
    return {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key}


@app.get("/api/v1/oncalls")
async def oncalls(service_id: UUID):
    return {"items": [{"service_id": service_id, "user": "Ana", "start": "2026-01-05T09:00:00Z"}], "next_cursor": None}


@app.get("/status/{name}")
async def status(name: str):
    return {"name": name, "state": "operational", "groups": [], "incidents": [], "maintenance": [], "next_cursor": None}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=75,
    )

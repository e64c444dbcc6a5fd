"""The client `pagerduty` from PyPI against a real node: nothing but its base URL is changed."""

import asyncio

import pytest
from pagerduty import EventsApiV2Client, HttpError
from tests.clients.making import incidents, make_service, make_user
from tests.serving import Served, serving

from oncall.kit.db import Database


def client(served: Served, routing_key: str) -> EventsApiV2Client:
    made = EventsApiV2Client(routing_key)
    made.url = served.url
    return made


async def test_it_triggers_acknowledges_and_resolves(database: Database, database_url: str) -> None:
    async with serving(database_url) as served:
        service_id, integration = await make_service(served, await make_user(served), "pagerduty")
        events = client(served, integration["key"])
        details = {"load avg": 0.75, "größe": ["ü", None]}
        links = [{"href": "https://run.example", "text": "runbook"}]
        said = await asyncio.to_thread(
            events.trigger, "CPU high on web-01", "web-01", dedup_key="web-01/cpu", severity="error", custom_details=details, links=links
        )
        assert said == "web-01/cpu"
        (incident,) = await incidents(served, service_id)
        assert (incident["title"], incident["status"], incident["severity"]) == ("CPU high on web-01", "triggered", "error")

        assert await asyncio.to_thread(events.acknowledge, "web-01/cpu") == "web-01/cpu"
        assert (await incidents(served, service_id))[0]["status"] == "acknowledged"
        assert await asyncio.to_thread(events.resolve, "web-01/cpu") == "web-01/cpu"
        assert (await incidents(served, service_id))[0]["status"] == "resolved"

        made_up = await asyncio.to_thread(events.trigger, "Disk full", "db-01")
        assert made_up
        assert await asyncio.to_thread(events.resolve, made_up) == made_up
        assert [i["status"] for i in await incidents(served, service_id)] == ["resolved", "resolved"]

        with pytest.raises(HttpError) as refused:
            await asyncio.to_thread(events.trigger, "x", "y", severity="terrible")
        assert "'payload.severity' is invalid" in refused.value.response.json()["errors"][0]
        with pytest.raises(HttpError) as refused:
            await asyncio.to_thread(client(served, "x" * 32).trigger, "x", "y")
        assert refused.value.response.json()["errors"] == ["Invalid routing key"]

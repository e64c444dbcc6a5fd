"""A node that is killed between claim, wire and record; and pages that are read while no engine runs."""

import asyncio

import pytest
from sqlalchemy import text
from tests.providers.http import WebhookSink
from tests.serving import Served, serving

from oncall.kit.db import Database

pytestmark = pytest.mark.faults
LEFT = text("SELECT count(*) FROM update_deliveries WHERE next_at IS NOT NULL")


async def make(node: Served, path: str, **body: object) -> dict[str, str]:
    answer = await node.api.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def published(api: Served, url: str) -> None:
    """An incident that a program follows, told of once, and a page."""
    user = await make(api, "users", name="Ana", email="ana@example.com")
    steps = [{"delay": "PT30M", "targets": [{"type": "user", "id": user["id"]}]}]
    policy = await make(api, "escalation-policies", name="P", steps=steps)
    service = await make(api, "services", name="S", escalation_policy_id=policy["id"])
    key = (await make(api, f"services/{service['id']}/integrations", name="i", type="generic"))["key"]
    groups = [{"name": "G", "services": [{"service_id": service["id"], "name": "Shop"}]}]
    await make(api, "status-feeds", name="F", slug="f", public=True, groups=groups)
    await make(api, f"services/{service['id']}/subscribers", kind="webhook", address=url)
    event = await api.api.post(f"/intake/{key}", json={"summary": "disk", "dedup_key": "d", "severity": "critical", "action": "trigger"})
    incident = event.json()["events"][0]["incident_id"]
    await make(api, f"incidents/{incident}/status-updates", text="We look.", audience="public", title="Slow")


@pytest.mark.parametrize(("place", "times"), [("update.post_claim", 1), ("update.post_wire", 2), ("update.pre_record", 2)])
async def test_killed_at_any_point_and_started_anew_it_tells(database: Database, database_url: str, place: str, times: int) -> None:
    env = {"ONCALL_OUTBOUND_ALLOW": "127.0.0.1", "ONCALL_SEND_LEASE": "1.5", "ONCALL_TICK": "0.2", "ONCALL_LOG_LEVEL": "ERROR"}
    async with WebhookSink() as sink:
        async with serving(database_url, role="api", env=env) as api:
            await published(api, sink.url)
            async with asyncio.timeout(10):
                while "We look." not in (page := await api.api.get("/status/f")).text:
                    await asyncio.sleep(0.1)
            assert page.status_code == 200, "no engine runs, and the page is read"
        async with serving(database_url, role="engine", env=env | {"ONCALL_FAILPOINTS": f"{place}=kill"}) as dying:
            async with asyncio.timeout(30):
                await dying.process.wait()
        async with serving(database_url, role="engine", env=env), asyncio.timeout(30):
            left = 1
            while left:
                await asyncio.sleep(0.1)
                async with database.transaction(read_only=True) as tx:
                    left = (await tx.execute(LEFT)).scalar_one()
        told = [request.json() for request in sink.requests if request.json()["type"] == "status_update"]
        assert [one["data"]["attempt"] for one in told] == ([2] if times == 1 else [1, 2])
        assert len({one["data"]["notification_id"] for one in told}) == 1, "what comes twice has one id"

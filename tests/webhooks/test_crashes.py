"""A node that dies between claim, wire and record: everything arrives, with the same id, and nothing overtakes."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from tests.providers.http import WebhookSink
from tests.serving import Served, serving

from oncall.kit.db import Database

pytestmark = pytest.mark.faults
LEFT = text("SELECT count(*) FROM webhook_deliveries WHERE next_at IS NOT NULL")


async def make(node: Served, path: str, **body: object) -> dict[str, str]:
    answer = await node.api.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def until_told(database: Database) -> None:
    async with asyncio.timeout(30):
        while True:
            async with database.transaction(read_only=True) as tx:
                if (await tx.execute(LEFT)).scalar_one() == 0:
                    return
            await asyncio.sleep(0.1)


def types(sink: WebhookSink) -> Sequence[str]:
    """Each message once, in the order in which it first arrived."""
    return list({request.headers["webhook-id"]: request.json()["type"] for request in sink.requests}.values())


@pytest.mark.parametrize("place", ["webhook.post_claim", "webhook.post_wire", "webhook.pre_record"])
async def test_killed_at_any_point_and_started_anew_it_tells_everything_in_order(database: Database, database_url: str, place: str) -> None:
    env = {"ONCALL_OUTBOUND_ALLOW": "127.0.0.1", "ONCALL_SEND_LEASE": "1.5", "ONCALL_TICK": "0.2", "ONCALL_LOG_LEVEL": "ERROR"}
    async with WebhookSink() as sink:
        async with serving(database_url, role="api", env=env) as api:
            await make(api, "webhooks", name="board", url=sink.url, event_types=["incident.triggered", "incident.resolved"])
            user = await make(api, "users", name="Ana", email="ana@example.com")
            steps = [{"delay": "PT30M", "targets": [{"type": "user", "id": user["id"]}]}]
            policy = await make(api, "escalation-policies", name="P", steps=steps)
            service = await make(api, "services", name="S", escalation_policy_id=policy["id"])
            key = (await make(api, f"services/{service['id']}/integrations", name="i", type="generic"))["key"]
            for action in ("trigger", "resolve"):
                body = {"summary": "disk", "dedup_key": "disk", "severity": "critical", "action": action}
                assert (await api.api.post(f"/intake/{key}", json=body)).status_code == 202
        async with serving(database_url, role="engine", env=env | {"ONCALL_FAILPOINTS": f"{place}=kill"}) as dying:
            async with asyncio.timeout(30):
                await dying.process.wait()
        async with serving(database_url, role="engine", env=env):
            await until_told(database)
        assert types(sink) == ["incident.triggered", "incident.resolved"]
        first = [request for request in sink.requests if request.json()["type"] == "incident.triggered"]
        assert len({request.body for request in first}) == 1, "what is sent twice is the same, byte for byte"
        assert len(first) == (1 if place == "webhook.post_claim" else 2)

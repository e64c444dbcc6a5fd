"""A webhook whose receiver is a real server of ours, and what is said about both."""

from dataclasses import dataclass
from typing import Any

from httpx import Response
from tests.providers.http import WebhookSink
from tests.system import System

EVERYTHING = ["incident.triggered", "incident.acknowledged", "incident.escalated", "incident.resolved", "incident.reopened"]


@dataclass
class Hooking:
    """`make` a webhook, see what it was `told`, and its log."""

    system: System
    sink: WebhookSink

    async def make(self, **said: Any) -> dict[str, Any]:
        return await self.system.make("webhooks", **{"name": "board", "url": self.sink.url, "event_types": EVERYTHING, **said})

    async def service_of(self, team: dict[str, Any], *targets: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """A service that this team owns, and a key of it."""
        steps = [{"delay": "PT5M", "targets": list(targets)}]
        policy = await self.system.make("escalation-policies", name="P", steps=steps)
        service = await self.system.make("services", name=team["name"], team_id=team["id"], escalation_policy_id=policy["id"])
        integration = await self.system.make(f"services/{service['id']}/integrations", name="prod", type="pagerduty")
        return service, integration["key"]

    def told(self) -> list[str]:
        """The types that arrived since the last call, in order."""
        types = [request.json()["type"] for request in self.sink.requests]
        self.sink.requests.clear()
        return types

    async def get(self, hook: dict[str, Any]) -> dict[str, Any]:
        answer = await self.system.api.get(f"/api/v1/webhooks/{hook['id']}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def edit(self, hook: dict[str, Any], **changes: Any) -> Response:
        path = f"/api/v1/webhooks/{hook['id']}"
        now = await self.system.api.get(path)
        return await self.system.api.put(path, json=now.json() | changes, headers={"If-Match": now.headers["ETag"]})

    async def post(self, hook: dict[str, Any], verb: str, *, status: int = 202) -> dict[str, Any]:
        answer = await self.system.api.post(f"/api/v1/webhooks/{hook['id']}/{verb}")
        assert answer.status_code == status, answer.text
        await self.system.run_due()
        said: dict[str, Any] = answer.json()
        return said

    async def log(self, hook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """Oldest first."""
        answer = await self.system.api.get(f"/api/v1/webhooks/{hook['id']}/deliveries", params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items[::-1]

    async def acknowledge(self, incident_id: str) -> None:
        answer = await self.system.api.post(f"/api/v1/incidents/{incident_id}/acknowledge", json={})
        assert answer.status_code == 200, answer.text
        await self.system.run_due()

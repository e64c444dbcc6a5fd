"""An incident of a service, and what is told of it: to subscribers, and on status pages."""

import re
from dataclasses import dataclass
from typing import Any

from httpx import Response
from sqlalchemy import text
from tests.system import System

from oncall.channels.values import NoticeMessage


@dataclass
class Telling:
    system: System
    ana: dict[str, Any]
    service: dict[str, Any]
    key: str
    incident_id: str

    async def post(self, *, incident: str | None = None, verb: str = "", **said: Any) -> Response:
        return await self.system.api.post(f"/api/v1/incidents/{incident or self.incident_id}/status-updates{verb}", json=said)

    async def tell(self, said: str, *, incident: str | None = None, **more: Any) -> dict[str, Any]:
        answer = await self.post(incident=incident, text=said, **more)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def publish(self, said: str, *, title: str | None = "Checkout is slow", **more: Any) -> dict[str, Any]:
        return await self.tell(said, audience="public", **({"title": title} if title else {}), **more)

    async def updates(self) -> dict[str, Any]:
        answer = await self.system.api.get(f"/api/v1/incidents/{self.incident_id}/status-updates")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def feed(self, *, slug: str = "acme", public: bool = True, **more: Any) -> dict[str, Any]:
        groups = [{"name": "Shop", "services": [{"service_id": self.service["id"], "name": "Checkout"}]}]
        return await self.system.make("status-feeds", **{"name": "Acme", "slug": slug, "public": public, "groups": groups, **more})

    async def page(
        self, form: str = "", *, slug: str = "acme", headers: dict[str, str] | None = None, query: dict[str, str] | None = None
    ) -> Response:
        """As anybody sees it a second later."""
        await self.system.node.compilation.refresh()
        async with self.system.client() as anybody:
            return await anybody.get(f"/status/{slug}{form}", headers=headers, params=query)

    async def seen(self, cursor: str | None = None) -> dict[str, Any]:
        answer = await self.page(".json", query={"cursor": cursor} if cursor else None)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def subscribe(self, kind: str, address: str, *, to: str = "incidents", id: str | None = None, **more: Any) -> Response:
        """To the incident, unless `to` says another thing."""
        whom = id or {"incidents": self.incident_id, "services": self.service["id"]}[to]
        return await self.system.api.post(f"/api/v1/{to}/{whom}/subscribers", json={"kind": kind, "address": address, **more})

    async def notices(self) -> list[NoticeMessage]:
        """What was sent since the last call that is no page, in order, once what is due is done."""
        await self.system.run_due()
        sent = [m for m in [*self.system.email.sent, *self.system.webhook.sent] if isinstance(m, NoticeMessage)]
        self.system.email.sent.clear()
        self.system.webhook.sent.clear()
        return sorted(sent, key=lambda m: m.notification_id.bytes)

    async def told(self) -> list[tuple[str, str]]:
        """(address, subject) of those."""
        return [(m.address, m.subject) for m in await self.notices()]

    async def grade(self, priority: str | None, *, major: bool = False) -> None:
        async with self.system.node.database.transaction() as tx:
            said = {"priority": priority, "major": major, "id": self.incident_id}
            await tx.execute(text("UPDATE incidents SET priority = :priority, is_major = :major WHERE id = :id"), said)


def link_in(message: NoticeMessage, words: str) -> str:
    """The path of its link with these words."""
    [url] = [href for href, said in message.links if said == words]
    found = re.fullmatch(r"http://oncall\.test(/subscriptions/[\w-]+)", url)
    assert found, url
    return found[1]

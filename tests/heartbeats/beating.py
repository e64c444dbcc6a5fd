"""Heartbeats on the whole system, for tests that read like stories."""

from typing import Any

from httpx import Response
from tests.system import System, to


class Beating:
    """A service that pages Ana, and heartbeats in it: `beat = await beating.make("backup")`, `await beating.check_in(beat)`."""

    def __init__(self, system: System, made: dict[str, Any]) -> None:
        self.system, self.made = system, made

    async def make(self, name: str = "backup", interval: str = "PT10M", **more: Any) -> dict[str, Any]:
        fields = {"service_id": self.made["service"]["id"], "grace": "PT1M", **more}
        return await self.system.make("heartbeats", name=name, interval=interval, **fields)

    async def checking_in(self, *args: Any, **more: Any) -> dict[str, Any]:
        """One that has checked in once."""
        made = await self.make(*args, **more)
        assert (await self.check_in(made)).status_code == 202
        return made

    async def check_in(self, made: dict[str, Any], method: str = "POST", **more: Any) -> Response:
        answer = await self.system.api.request(method, f"/heartbeats/{made['key']}", headers={"Authorization": ""}, **more)
        await self.system.run_due()
        return answer

    async def seen(self, made: dict[str, Any]) -> dict[str, Any]:
        answer = await self.system.api.get(f"/api/v1/heartbeats/{made['id']}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def state(self, made: dict[str, Any]) -> str:
        return str((await self.seen(made))["state"])

    async def do(self, made: dict[str, Any], verb: str, *, status: int = 200, **body: Any) -> dict[str, Any]:
        answer = await self.system.api.post(f"/api/v1/heartbeats/{made['id']}/{verb}", json=body or None)
        assert answer.status_code == status, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def history(self, made: dict[str, Any], **query: Any) -> list[tuple[str, str]]:
        """(kind, reason), oldest first."""
        answer = await self.system.api.get(f"/api/v1/heartbeats/{made['id']}/history", params={"limit": 100, **query})
        assert answer.status_code == 200, answer.text
        return [(one["kind"], one["reason"]) for one in reversed(answer.json()["items"])]

    async def kinds(self, made: dict[str, Any]) -> list[str]:
        return [kind for kind, _ in await self.history(made)]

    async def incidents(self) -> list[tuple[str, str]]:
        """(title, status), newest first."""
        return [(one["title"], one["status"]) for one in (await self.system.api.get("/api/v1/incidents")).json()["items"]]

    async def events(self) -> list[tuple[str, str, str]]:
        """(action, decision, reason), newest first."""
        answer = await self.system.api.get("/api/v1/events")
        return [(one["action"], one["decision"], one["reason"]) for one in answer.json()["items"]]


async def beating_in(system: System, **more: Any) -> Beating:
    return Beating(system, await system.service([to(await system.user("Ana"))], **more))

"""What the tests of people's verbs say in few words: a responder with nothing but a key, and what an incident looks like."""

from typing import Any

from httpx import AsyncClient, Response
from tests.incidents.building import Monitor, monitored
from tests.system import System

JSON = dict[str, Any]


class Responder:
    """A person with a responder's key: `await ben.does(id, "snooze", duration="PT1H")`."""

    def __init__(self, system: System, client: AsyncClient) -> None:
        self.system, self.client = system, client

    async def asks(self, id: object, verb: str, **body: Any) -> Response:
        return await self.client.post(f"/api/v1/incidents/{id}/{verb}", **({"json": body} if body else {}))

    async def does(self, id: object, verb: str, **body: Any) -> JSON:
        """And what that makes due at once."""
        answer = await self.asks(id, verb, **body)
        assert answer.status_code == 200, answer.text
        await self.system.run_due()
        done: JSON = answer.json()
        return done

    async def is_refused(self, id: object, verb: str, **body: Any) -> tuple[int, str, str]:
        """Status, code and sentence."""
        answer = await self.asks(id, verb, **body)
        return answer.status_code, answer.json()["code"], answer.json()["detail"]


async def people(system: System) -> dict[str, str]:
    return {one["name"]: one["id"] for one in (await system.api.get("/api/v1/users")).json()["items"]}


async def responder(system: System, name: str) -> Responder:
    user_id = (await people(system))[name]
    key = (await system.make("api-keys", name=f"{name}'s phone", scope="respond", user_id=user_id))["key"]
    return Responder(system, system.client({"Authorization": f"Bearer {key}"}))


async def paged(system: System, **more: Any) -> tuple[Monitor, str]:
    """An incident whose policy has paged Ana, and pages Ben in five minutes; nobody has read her page yet."""
    monitor = await monitored(system, **more)
    [decided] = await monitor.says(monitor.event())
    await system.run_due()
    assert system.pages() == ["Ana"]
    return monitor, f"{decided.incident_id}"


def standing(shown: JSON) -> tuple[str, str, int, int]:
    """Status, escalation state, cycle, level."""
    its = shown["escalation"]
    return shown["status"], its["state"], its["cycle"], its["level"]


def said_next(shown: JSON) -> list[tuple[str, str]]:
    """What happens next, and at what time of day."""
    return [(action["action"], action["at"][11:16]) for action in shown["pending_actions"]]

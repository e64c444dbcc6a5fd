"""What the tests of merging and splitting say in few words: incidents, merge, split, and what is seen of them."""

from typing import Any

from httpx import Response
from tests.incidents.building import Monitor
from tests.system import System

JSON = dict[str, Any]


async def opened(system: System, monitor: Monitor, *keys: str, severity: str = "error", **more: Any) -> list[str]:
    """An incident for each key, all paged; their ids."""
    said = [(await monitor.says(monitor.event(key, severity=severity, summary=f"{key} is broken", **more)))[0] for key in keys]
    await system.run_due()
    return [f"{decided.incident_id}" for decided in said]


async def ask(system: System, id: str, verb: str, **body: Any) -> Response:
    return await system.api.post(f"/api/v1/incidents/{id}/{verb}", json=body)


async def merge(system: System, into: str, *others: object) -> JSON:
    answer = await ask(system, into, "merge", incidents=list(others))
    assert answer.status_code == 200, answer.text
    await system.run_due()
    merged: JSON = answer.json()
    return merged


async def split(system: System, id: str, *alerts: str) -> JSON:
    answer = await ask(system, id, "split", alerts=list(alerts))
    assert answer.status_code == 201, answer.text
    await system.run_due()
    made: JSON = answer.json()
    return made


async def acknowledge(system: System, id: str, name: str = "Ana") -> None:
    people = (await system.api.get("/api/v1/users")).json()["items"]
    answer = await ask(system, id, "acknowledge", user_id=next(one["id"] for one in people if one["name"] == name))
    assert answer.status_code == 200, answer.text


async def alerts_of(system: System, id: str) -> dict[str, str]:
    """The ids of an incident's alerts by their keys."""
    return {one["dedup_key"]: one["id"] for one in (await system.api.get(f"/api/v1/incidents/{id}/alerts")).json()["items"]}


def standing(shown: JSON) -> tuple[str, int, int]:
    """Status, alerts open, alerts resolved."""
    return shown["status"], shown["alert_counts"]["open"], shown["alert_counts"]["resolved"]


def paged(system: System) -> list[str]:
    """Who was paged since the last call, in order."""
    sent, system.email.sent = system.email.sent, []
    return [message.address.partition("@")[0] for message in sent]

"""Bridges open from a priority on, are told in the room, and close with their incident."""

import re
from typing import Any
from uuid import UUID

from httpx import Response
from sqlalchemy import text
from tests.communications.rooming import Rooming
from tests.system import to

from oncall.channels.values import PageMessage
from oncall.kit.db import Database

JITSI = "https://meet.jit.si/oncall-{number}-{random}"


async def put(rooming: Rooming, path: str, *, by: str | None = None, version: str = "*", **body: Any) -> Response:
    api = await rooming.as_(by) if by else rooming.system.api
    answer = await api.put(f"/api/v1/{path}", json=body, headers={"If-Match": version})
    await rooming.followed()
    return answer


async def bridge(rooming: Rooming) -> dict[str, Any]:
    found: dict[str, Any] = (await rooming.system.api.get(f"/api/v1/incidents/{rooming.incident}/bridge")).json()
    return found


async def grade(rooming: Rooming, database: Database, priority: str) -> None:
    """As whoever prioritises does: the incident is written, and something is said of it."""
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE incidents SET priority = :priority WHERE id = :id"), {"priority": priority, "id": rooming.incident})
    await rooming.say(f"this is {priority}")
    await rooming.followed()


async def test_a_bridge_opens_from_p2_on_is_told_in_the_room_and_closes_when_it_is_resolved(rooming: Rooming, database: Database) -> None:
    service = rooming.made["service"]["id"]
    assert (await put(rooming, f"services/{service}/room", bridge=JITSI)).status_code == 200
    await grade(rooming, database, "P3")
    assert (await bridge(rooming))["is_open"] is False
    await grade(rooming, database, "P2")
    opened = await bridge(rooming)
    number = (await rooming.system.incident(rooming.incident))["number"]
    assert opened["is_open"] is True
    assert re.fullmatch(rf"https://meet\.jit\.si/oncall-{number}-[0-9a-f]{{16}}", opened["url"])
    assert opened["opened_by"]["type"] == "engine"
    said = (await rooming.read())["items"][0]
    assert (said["text"], said["posted_by"]["type"]) == (f"A bridge was opened, since it is P2: {opened['url']}", "engine")
    assert f"bridge_opened: A bridge was opened, since it is P2: {opened['url']}" in await rooming.system.reasons(rooming.incident)

    await rooming.system.api.post(f"/api/v1/incidents/{rooming.incident}/resolve")
    await rooming.followed()
    closed = await bridge(rooming)
    assert (closed["is_open"], closed["url"]) == (False, None)
    assert (await rooming.read())["items"][0]["text"] == "The bridge was closed, since the incident is over"

    await rooming.system.api.post(f"/api/v1/incidents/{rooming.incident}/reopen")
    await rooming.followed()
    assert (await bridge(rooming))["url"] == opened["url"]


async def test_a_bridge_is_opened_changed_and_closed_by_hand_and_stays_closed(rooming: Rooming, database: Database) -> None:
    path = f"incidents/{rooming.incident}/bridge"
    none = await rooming.system.api.get(f"/api/v1/{path}")
    assert (none.json()["url"], none.headers["etag"]) == (None, '"0"')
    opened = await put(rooming, path, by="Ana", version='"0"', url="https://meet.example.com/a")
    assert (opened.json()["url"], opened.headers["etag"]) == ("https://meet.example.com/a", '"1"')
    assert (await put(rooming, path, by="Ben", version='"0"', url="https://meet.example.com/b")).status_code == 412
    assert (await put(rooming, path, by="Ben", version='"1"', url="https://meet.example.com/b")).headers["etag"] == '"2"'
    await put(rooming, path, by="Ben", url=None)
    await put(rooming, f"services/{rooming.made['service']['id']}/room", bridge=JITSI)
    await grade(rooming, database, "P1")
    assert (await bridge(rooming))["is_open"] is False
    lines = [line for line in await rooming.system.reasons(rooming.incident) if line.startswith("bridge_")]
    assert lines == [
        "bridge_opened: Ana opened a bridge: https://meet.example.com/a",
        "bridge_opened: Ben opened a bridge: https://meet.example.com/b",
        "bridge_closed: Ben closed the bridge",
    ]


async def test_no_bridge_for_what_is_over_and_none_that_is_no_link(rooming: Rooming) -> None:
    path = f"incidents/{rooming.incident}/bridge"
    assert (await put(rooming, path, url="http://meet.example.com/a")).json()["errors"][0]["loc"] == "body.url"
    assert (await put(rooming, path, url="https://meet.example.com/{number}")).status_code == 422
    await rooming.system.api.post(f"/api/v1/incidents/{rooming.incident}/resolve")
    refused = await put(rooming, path, url="https://meet.example.com/a")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_open")


async def test_a_service_leaves_to_its_team_what_it_does_not_say(rooming: Rooming, database: Database) -> None:
    team = await rooming.system.make("teams", name="Payments")
    service = rooming.made["service"]
    now = await rooming.system.api.get(f"/api/v1/services/{service['id']}")
    await rooming.system.api.put(
        f"/api/v1/services/{service['id']}", json=now.json() | {"team_id": team["id"]}, headers={"If-Match": now.headers["etag"]}
    )
    assert (await put(rooming, f"teams/{team['id']}/room", bridge="https://meet.example.com/team", bridge_from="P1")).status_code == 200
    assert (await put(rooming, f"services/{service['id']}/room", bridge_from="P5")).status_code == 200
    await grade(rooming, database, "P5")
    assert (await bridge(rooming))["url"] == "https://meet.example.com/team"


async def test_settings_are_for_admins_and_managers_of_the_team(rooming: Rooming) -> None:
    team = await rooming.system.make("teams", name="Payments")
    path = f"teams/{team['id']}/room"
    assert (await put(rooming, path, by="Ana", bridge=JITSI)).status_code == 403
    made = await rooming.system.api.put(f"/api/v1/teams/{team['id']}/members/{rooming.people['Ana']['id']}", json={"role": "manager"})
    assert made.is_success, made.text
    saved = await put(rooming, path, by="Ana", version='"0"', bridge=JITSI, slack_channel="C0123456789")
    assert (saved.status_code, saved.headers["etag"]) == (200, '"1"')
    assert (await put(rooming, path, by="Ana", version='"0"', bridge=JITSI)).status_code == 412
    assert (await put(rooming, path, by="Ben", bridge=JITSI)).status_code == 403
    read = await rooming.system.api.get(f"/api/v1/{path}")
    assert read.json() == {"bridge": JITSI, "bridge_from": None, "slack_channel": "C0123456789"}
    assert (await put(rooming, path, **read.json(), version=read.headers["etag"])).headers["etag"] == '"2"'
    assert (await put(rooming, path, bridge="https://{number}.example.com")).status_code == 422
    assert (await put(rooming, path, slack_channel="#general")).status_code == 422


async def test_a_service_with_settings_can_still_be_deleted(rooming: Rooming) -> None:
    service = await rooming.system.make("services", name="spare", escalation_policy_id=rooming.made["policy"]["id"])
    await put(rooming, f"services/{service['id']}/room", bridge=JITSI)
    gone = await rooming.system.api.delete(f"/api/v1/services/{service['id']}")
    assert gone.status_code == 204, gone.text
    assert (await rooming.system.api.get(f"/api/v1/services/{service['id']}/room")).status_code == 404


async def test_an_open_bridge_is_shown_in_the_incident_and_pages_say_where_to_join(rooming: Rooming) -> None:
    path = f"incidents/{rooming.incident}/bridge"
    assert (await rooming.system.incident(rooming.incident))["bridge_url"] is None
    await put(rooming, path, url="https://meet.example.com/a")
    assert (await rooming.system.incident(rooming.incident))["bridge_url"] == "https://meet.example.com/a"
    rooming.system.email.sent.clear()
    await rooming.say("@ben@example.com join us")
    [page] = [message for message in rooming.system.email.sent if isinstance(message, PageMessage)]
    assert (page.recipient, page.links) == ("Ben", (("https://meet.example.com/a", "join the bridge"),))
    await put(rooming, path, url=None)
    assert (await rooming.system.incident(rooming.incident))["bridge_url"] is None


async def test_a_step_that_fires_later_says_where_to_join(rooming: Rooming) -> None:
    made = await rooming.system.service([to(rooming.people["Ana"])], [to(rooming.people["Ben"])])
    incident = (await rooming.system.event(made["key"], "web"))["incident_id"]
    await put(rooming, f"incidents/{incident}/bridge", url="https://meet.example.com/a")
    rooming.system.email.sent.clear()
    await rooming.system.advance(minutes=6)
    [page] = [one for one in rooming.system.email.sent if isinstance(one, PageMessage) and one.incident_id == UUID(incident)]
    assert (page.recipient, page.links[0]) == ("Ben", ("https://meet.example.com/a", "join the bridge"))

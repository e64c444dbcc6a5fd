"""The story of `docs/tutorial/major-incident.md`: nobody can pay, from the monitor's alert to the last action item."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import feedparser
from tests.communications.telling import link_in
from tests.incidents.acting import Responder, responder
from tests.system import System, to

from oncall.channels.values import NoticeMessage

JSON = dict[str, Any]
TITLE = "Card payments fail"
ZOE = "zoe@customer.example"
HALF_A_DAY = timedelta(hours=12)
NOT_FOR_READERS = ["checkout 5xx", "db-1", "Ana", "Ben", "Cleo", "Dan", "payments-api", "connection pool", "meet.example.com"]


@dataclass
class Story:
    system: System
    id: str = ""

    async def post(self, by: Responder, path: str, *, status: int = 201, **body: Any) -> JSON:
        return await self._said(by, "POST", path, status, body)

    async def put(self, by: Responder, path: str, *, status: int = 200, **body: Any) -> JSON:
        return await self._said(by, "PUT", path, status, body)

    async def get(self, path: str, **query: Any) -> JSON:
        answer = await self.system.api.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found

    async def _said(self, by: Responder, method: str, path: str, status: int, body: JSON) -> JSON:
        answer = await by.client.request(method, f"/api/v1/{path}", json=body)
        assert answer.status_code == status, answer.text
        await self.system.run_due()
        said: JSON = answer.json()
        return said

    async def comes(self, kind: str) -> None:
        """Wait until what follows the timeline has come this far: it waits for older transactions, such as a vacuum's."""
        told = await self.system.reasons(self.id)
        for _ in range(1000):
            if any(line.startswith(f"{kind}: ") for line in told):
                return
            await asyncio.sleep(0.01)
            await self.system.run_due()
            told = await self.system.reasons(self.id)
        raise AssertionError(f"{kind} does not come: {told}")

    def notices(self) -> list[tuple[str, str]]:
        """(address, subject) of what was sent since the last call that is no page."""
        found = [(m.address, m.subject) for m in self.system.email.sent if isinstance(m, NoticeMessage)]
        self.system.email.sent = [m for m in self.system.email.sent if not isinstance(m, NoticeMessage)]
        return found

    async def update(self, by: Responder, text: str, **more: Any) -> JSON:
        return await self.post(by, f"incidents/{self.id}/status-updates", text=text, **more)

    async def read_outside(self) -> tuple[str, JSON, Any]:
        """The status page, its JSON and its feed, as somebody without a key sees them."""
        await self.system.node.compilation.refresh()
        async with self.system.client() as anybody:
            page, data, atom = [await anybody.get(f"/status/acme{form}") for form in ("", ".json", ".atom")]
        assert [answer.status_code for answer in (page, data, atom)] == [200, 200, 200]
        for answer in (page, data, atom):
            assert [word for word in NOT_FOR_READERS if word.lower() in answer.text.lower()] == []
        return page.text, data.json(), feedparser.parse(atom.text)


async def test_a_team_takes_a_major_incident_from_its_alert_to_the_last_action_item(system: System) -> None:
    story = Story(system)
    ana, ben, cleo, dan = [await system.user(name) for name in ("Ana", "Ben", "Cleo", "Dan")]
    team = await system.make("teams", name="Payments")
    for user, role in ((ana, "responder"), (ben, "manager"), (cleo, "responder")):
        joined = await system.api.put(f"/api/v1/teams/{team['id']}/members/{user['id']}", json={"role": role})
        assert joined.status_code == 200, joined.text
    steps = [{"delay": "PT5M", "targets": [to(ana)]}, {"delay": "PT10M", "targets": [to(ben)]}]
    policy = await system.make("escalation-policies", name="Payments", team_id=team["id"], steps=steps)
    made = await system.make("services", name="payments-api", team_id=team["id"], escalation_policy_id=policy["id"], ack_timeout="PT2H")
    service = made["id"]
    key = (await system.make(f"services/{service}/integrations", name="prod", type="pagerduty"))["key"]
    anas, bens, cleos, dans = [await responder(system, name) for name in ("Ana", "Ben", "Cleo", "Dan")]

    # What is said beforehand: where to meet, what to do at a P1, who reads what.
    room = {"bridge": "https://meet.example.com/oncall-{number}-{random}", "bridge_from": "P1"}
    answer = await system.api.put(f"/api/v1/teams/{team['id']}/room", json=room, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    await system.make(
        "workflow-rules",
        name="P1",
        triggers=["logged", "priority_changed"],
        conditions={"priorities": ["P1"]},
        actions=[{"type": "add_tasks", "tasks": [{"title": "Tell the board", "due_in": "PT30M"}]}],
    )
    groups = [{"name": "Shop", "services": [{"service_id": service, "name": "Checkout"}]}]
    await system.make("status-feeds", name="Acme", slug="acme", public=True, groups=groups)
    await system.make(f"services/{service}/subscribers", kind="email", address=ZOE)
    await system.run_due()
    [asked] = [m for m in system.email.sent if isinstance(m, NoticeMessage)]
    system.pages()
    async with system.client() as anybody:
        assert (await anybody.post(link_in(asked, "Confirm"))).status_code == 200

    # The monitor says it, Ana is paged and takes it.
    opened = await system.event(key, "checkout", summary="checkout 5xx on db-1")
    story.id = opened["incident_id"]
    assert (opened["decision"], system.pages()) == ("opened", ["Ana"])
    await system.advance(minutes=3)
    taken = await anas.does(story.id, "acknowledge")
    assert (taken["status"], taken["owner"]["name"], taken["priority"]) == ("acknowledged", "Ana", None)

    # Nobody can pay: P1. It is major by itself; task and bridge come by themselves.
    graded = await anas.does(story.id, "priority", priority="P1", reason="nobody can pay")
    assert (graded["priority"], graded["is_major"]) == ("P1", True)
    assert (await story.get(f"incidents/{story.id}/roles"))["owed"] == ["commander"]
    await story.comes("bridge_opened")
    await story.comes("task_added")
    number = (await system.incident(story.id))["number"]
    bridge_url = (await system.incident(story.id))["bridge_url"]
    assert re.fullmatch(rf"https://meet\.example\.com/oncall-{number}-[0-9a-f]{{16}}", bridge_url)
    [task] = (await story.get(f"incidents/{story.id}/tasks"))["items"]
    assert (task["title"], task["due_at"], task["state"]) == ("Tell the board", "2026-03-02T12:33:00Z", "open")
    told = (await story.get(f"incidents/{story.id}/timeline"))["items"]
    assert [entry["by"]["name"] for entry in told if entry["kind"] == "task_added"] == ["workflow rule P1"]

    # Ben leads, Cleo tells the world, Dan is called in by a word in the room.
    story.notices()
    await story.put(anas, f"incidents/{story.id}/roles/commander", user_id=ben["id"])
    await story.put(bens, f"incidents/{story.id}/roles/communications", user_id=cleo["id"])
    assert story.notices() == [
        ("ben@example.com", f"#{number} You are commander"),
        ("cleo@example.com", f"#{number} You are communications"),
    ]
    assert (await story.get(f"incidents/{story.id}/roles"))["owed"] == []
    words = "The connection pool is empty. @dan@example.com, can you look?"
    await story.post(anas, f"incidents/{story.id}/messages", text=words)
    assert system.pages() == ["Dan"]
    assert (await story.get(f"incidents/{story.id}/responders"))["items"][0]["user"]["name"] == "Dan"
    await story.post(dans, f"incidents/{story.id}/messages", text="On it: the pool leaks after the failover.")
    said = [one["text"] for one in (await story.get(f"incidents/{story.id}/messages"))["items"]]
    assert said == ["On it: the pool leaks after the failover.", words, f"A bridge was opened, since it is P1: {bridge_url}"]
    await story.post(anas, f"incidents/{story.id}/notes", text="Card payments fail since **11:58**.")
    done = await story.post(bens, f"incidents/{story.id}/tasks/{task['id']}/done", status=200)
    assert done["state"] == "done"

    # Four updates on the cadence of a P1; Cleo forgets the third, and is reminded.
    system.pages()
    first = await story.update(cleos, "We are looking into it.", audience="public", title=TITLE)
    assert first["next_update_due_at"] == "2026-03-02T12:33:00Z"
    assert story.notices() == [(ZOE, f"[Investigating] {TITLE}")]
    page, data, feed = await story.read_outside()
    assert (TITLE in page, "We are looking into it." in page) == (True, True)
    assert [(one["name"], one["state"]) for one in data["groups"][0]["services"]] == [("Checkout", "investigating")]
    assert [TITLE in entry.title for entry in feed.entries] == [True]
    await story.update(bens, "Dan restarts the connection pool on db-1.")
    assert story.notices() == [], "what is internal goes to nobody outside"
    await story.read_outside()

    await system.advance(minutes=20)
    await story.update(cleos, "We know why, and are mending it.", audience="public", state="identified")
    assert story.notices() == [(ZOE, f"[Identified] {TITLE}")]
    await system.advance(minutes=26)
    assert story.notices() == [("cleo@example.com", f"Status update due: #{number} checkout 5xx on db-1")]
    assert (await story.get(f"incidents/{story.id}/status-updates"))["owed_by"]["name"] == "Cleo"
    await system.advance(minutes=2)
    await story.update(cleos, "Payments work again; we are watching.", audience="public", state="monitoring")
    assert story.notices() == [(ZOE, f"[Monitoring] {TITLE}")]

    # It is well again: said to the world, and resolved.
    await system.advance(minutes=10)
    last = await story.update(cleos, "All payments work.", audience="public", state="resolved")
    assert (last["next_update_due_at"], story.notices()) == (None, [(ZOE, f"[Resolved] {TITLE}")])
    page, data, feed = await story.read_outside()
    [shown] = data["incidents"]
    assert shown["state"] == "resolved"
    told = ["All payments work.", "Payments work again; we are watching.", "We know why, and are mending it.", "We are looking into it."]
    assert [update["text"] for update in shown["updates"]] == told
    assert data["groups"][0]["services"][0]["state"] == "operational"
    assert [text for text in told if text not in page] == []
    resolved = await anas.does(story.id, "resolve", resolution_code="fixed", resolution_text="Restarted the pool; the driver is pinned.")
    assert (resolved["status"], resolved["is_major"]) == ("resolved", True)
    await story.comes("bridge_closed")
    assert (await system.incident(story.id))["bridge_url"] is None
    story.notices()
    await system.advance(hours=1)
    assert [subject for who, subject in story.notices() if who == "ana@example.com"] == [
        f"A postmortem is owed of #{number}: checkout 5xx on db-1"
    ]

    # What was learned. A draft that has gaps is not published.
    draft = await story.post(bens, f"incidents/{story.id}/postmortem")
    path = f"postmortems/{draft['id']}"
    assert "checkout 5xx on db-1" in draft["body"]
    assert "nobody can pay" in draft["body"]
    refused = await bens.client.post(f"/api/v1/{path}/publish")
    assert (refused.status_code, "[to fill in]" in refused.text) == (422, True)
    read = await bens.client.get(f"/api/v1/{path}")
    filled = {
        "title": "Nobody could pay for an hour",
        "body": draft["body"].replace("[to fill in]", "The pool leaked after a failover."),
        "contributing_factors": draft["contributing_factors"],
    }
    edited = await bens.client.put(f"/api/v1/{path}", json=filled, headers={"If-Match": read.headers["ETag"]})
    assert edited.status_code == 200, edited.text
    pin = await story.post(bens, f"{path}/action-items", title="Alert on empty pools", owner_id=dan["id"], priority="P1")
    write = await story.post(bens, f"{path}/action-items", title="Write the runbook", owner_id=ana["id"], priority="P3")
    assert [item["due_at"][:10] for item in (pin, write)] == ["2026-03-09", "2026-04-01"]
    published = await story.post(bens, f"{path}/publish", status=200)
    assert published["status"] == "published"
    assert (await story.get("postmortems/owed"))["items"] == []
    text = (await system.api.get(f"/api/v1/{path}.md")).text
    assert [word for word in ("Alert on empty pools", "Write the runbook", "The pool leaked after a failover.") if word not in text] == []

    # Dan is reminded once, then does it; nothing is asked for any more.
    story.notices()
    await system.advance(days=6, step=HALF_A_DAY)
    assert [told for told in story.notices() if "Action item" in told[1]] == [
        ("dan@example.com", "Action item due 2026-03-09: Alert on empty pools")
    ]
    for who, item in ((dans, pin), (anas, write)):
        assert (await story.post(who, f"action-items/{item['id']}/done", status=200))["status"] == "done"
    await system.advance(days=40, step=HALF_A_DAY)
    assert [told for told in story.notices() if "Action item" in told[1] or "owed" in told[1]] == []
    assert (await story.get("action-items", status="open"))["items"] == []

    # What the numbers say a month later, and the whole story in its order.
    since = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-08T00:00:00Z"}
    report = await story.get("reports/incidents", by="priority", **since)
    assert [(row["key"], row["incidents"], row["open"], row["acknowledge"]["median"]) for row in report["items"]] == [("P1", 1, 0, 180)]
    assert report["total"]["resolve"]["median"] == 61 * 60
    assert report["total"]["no_action"] == 0
    people = await story.get("reports/people", **since)
    assert {row["name"]: row["pages"] for row in people["items"]} == {"Ana": 1, "Dan": 1}
    kinds = [line.partition(":")[0] for line in await system.reasons(story.id)]
    in_order = ["opened", "step_fired", "acknowledged", "priority_changed", "bridge_opened", "role_set", "note_added"]
    in_order += ["task_done", "status_update", "update_reminded", "resolved", "bridge_closed"]
    places = [kinds.index(kind) for kind in in_order]
    assert places == sorted(places), kinds
    assert (await system.incident(story.id))["status"] == "resolved", "what is major is closed by a person"
    closed = await bens.does(story.id, "close")
    assert (closed["status"], system.pages()) == ("closed", [])

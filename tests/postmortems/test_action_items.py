"""What was promised is asked for until it is done; what is owed is asked for until it is published. Never by a call."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from tests.postmortems.writing import House, make_house, said
from tests.system import FakeChannel, System

from oncall.channels.values import NoticeMessage
from oncall.postmortems.commands import action_items as commands
from oncall.postmortems.values import PostmortemId

HALF_A_DAY = timedelta(hours=12)


def told(system: System) -> list[tuple[str, str]]:
    """(who, subject) of the notices since the last call."""
    found = [(m.recipient, m.subject) for m in system.email.sent + system.webhook.sent if isinstance(m, NoticeMessage)]
    system.email.sent, system.webhook.sent = [], []
    return found


async def promised(house: House, **more: Any) -> dict[str, Any]:
    made = await house.draft(await house.over(more.pop("dedup_key", "disk")))
    told(house.system)
    body = {"title": "Add a disk alert", "owner_id": house.ben["id"], "priority": "P1", **more}
    return await house.post(f"postmortems/{made['id']}/action-items", body, status=201)


async def test_its_owner_is_told_two_days_before_when_it_is_due_and_weekly_until_it_is_done(house: House) -> None:
    item = await promised(house)
    assert (item["due_at"][:10], item["owner"], item["next_reminder_at"][:10]) == ("2026-03-09", "Ben", "2026-03-07")
    days = []
    for _ in range(22):
        await house.system.advance(days=1, step=HALF_A_DAY)
        days.append([subject for who, subject in told(house.system) if who == "Ben"])
    assert [(n, said) for n, said in enumerate(days, 1) if said] == [
        (5, ["Action item due 2026-03-09: Add a disk alert"]),
        (7, ["Action item due now: Add a disk alert"]),
        (14, ["Action item 7 days overdue: Add a disk alert"]),
        (21, ["Action item 14 days overdue: Add a disk alert"]),
    ]
    async with house.as_("ben") as ben:
        done = said(await ben.post(f"/api/v1/action-items/{item['id']}/done"))
    assert (done["status"], done["finished_by"], done["next_reminder_at"]) == ("done", "Ben", None)
    await house.system.advance(days=30, step=HALF_A_DAY)
    assert told(house.system) == []


async def test_after_a_long_outage_one_reminder_comes(house: House) -> None:
    await promised(house)
    house.system.clock.advance(timedelta(days=60))
    await house.system.run_due()
    assert [who for who, subject in told(house.system) if "Add a disk alert" in subject] == ["Ben"]


async def test_nobody_is_called_for_it(system: System, tmp_path: Path) -> None:
    """Whose rule for low urgency is a call gets a mail; one whose rule is a mail gets that."""
    voice = FakeChannel("voice")
    system = System(system.node.database, system.clock, tmp_path, lambda _: [voice])
    await system.start()
    house = await make_house(system)
    dora = await system.user("Dora")
    path = f"users/{dora['id']}"
    method = await system.make(f"{path}/contact-methods", channel="voice", address="+4930901820", verified=True)
    await system.make(f"{path}/notification-rules", urgency="low", delay="PT0S", contact_method_id=method["id"])
    await promised(house, owner_id=dora["id"])
    await system.advance(days=6, step=HALF_A_DAY)
    assert [who for who, _ in told(system)] == ["Dora"]
    assert voice.sent == []
    await system.stop()


async def test_a_dropped_one_says_why_and_can_be_opened_again(house: House) -> None:
    item = await promised(house)
    path = f"/api/v1/action-items/{item['id']}"
    assert (await house.system.api.post(f"{path}/drop", json={})).status_code == 422
    dropped = said(await house.system.api.post(f"{path}/drop", json={"reason": "The disk is gone."}))
    assert (dropped["status"], dropped["reason"]) == ("dropped", "The disk is gone.")
    refused = await house.system.api.post(f"{path}/done")
    assert (refused.status_code, refused.json()["code"]) == (409, "action_item_status")
    assert "POST …/reopen" in refused.json()["detail"]
    again = said(await house.system.api.post(f"{path}/reopen"))
    assert (again["status"], again["reason"], again["due_at"]) == ("open", None, item["due_at"])


async def test_lists_across_postmortems_and_how_they_stand(house: House) -> None:
    first = await promised(house)
    second = await promised(house, dedup_key="cpu", owner_id=house.ana["id"], priority="P4", title="Write it down")

    async def ids(**query: Any) -> list[str]:
        return [found["id"] for found in (await house.get("action-items", **query))["items"]]

    assert await ids() == [first["id"], second["id"]]
    assert await ids(owner=house.ana["id"]) == [second["id"]]
    assert await ids(overdue=True) == []
    await house.system.advance(days=8, step=HALF_A_DAY)
    assert await ids(overdue=True) == [first["id"]]
    assert await ids(overdue=False) == [second["id"]]
    assert await ids(postmortem_id=second["postmortem_id"]) == [second["id"]]
    assert await ids(team_id=house.team["id"], status="open") == [first["id"], second["id"]]
    await house.post(f"action-items/{first['id']}/done", {})
    counts = await house.get("action-items/counts")
    assert {name: counts[name] for name in ("open", "overdue", "done", "done_late", "dropped")} == {
        "open": 1, "overdue": 0, "done": 1, "done_late": 1, "dropped": 0,
    }  # fmt: skip
    assert [one["priority"] for one in counts["by_priority"] if one["open"]] == ["P4"]
    assert (await house.get("action-items/counts", owner=house.ben["id"]))["open"] == 0


async def edit(house: House, item: dict[str, Any], **changes: Any) -> Response:
    return await house.edit(f"action-items/{item['id']}", **changes)


async def test_edits(house: House) -> None:
    item = await promised(house)
    edited = said(await edit(house, item, title="Other", due_at="2026-04-01T00:00:00Z"))
    assert (edited["title"], edited["next_reminder_at"]) == ("Other", "2026-03-30T00:00:00Z")
    assert said(await edit(house, item, due_at=None, priority="P2"))["due_at"] > "2026-03-16"
    for changes, field in (
        ({"owner_id": "01960000-0000-7000-8000-000000000009"}, "owner_id"),
        ({"due_at": "2026-01-01T00:00:00Z"}, "due_at"),
        ({"priority": "P9"}, "priority"),
    ):
        refused = await edit(house, item, **changes)
        assert (refused.status_code, field in str(refused.json()["errors"])) == (422, True), refused.text
    path = f"/api/v1/action-items/{item['id']}"
    assert (await house.system.api.put(path, json={"title": "x", "owner_id": house.ben["id"]})).status_code == 428


async def test_whose_account_is_gone_is_told_nothing_and_the_promise_stays(house: House) -> None:
    item = await promised(house)
    assert (await house.system.api.delete(f"/api/v1/users/{house.ben['id']}")).status_code == 204
    await house.system.advance(days=8, step=HALF_A_DAY)
    assert [who for who, _ in told(house.system)] == []
    found = await house.get(f"action-items/{item['id']}")
    assert (found["owner"], found["owner_id"], found["status"], found["is_overdue"]) == (None, None, "open", True)


async def test_exports_have_action_items_and_factors_as_they_are_now(house: House) -> None:
    item = await promised(house)
    path = f"/api/v1/postmortems/{item['postmortem_id']}"
    said(await house.edit(f"postmortems/{item['postmortem_id']}", contributing_factors=["capacity"]))
    assert "| Add a disk alert | Ben | P1 | 2026-03-09 | open |" in (await house.system.api.get(f"{path}.md")).text
    await house.post(f"action-items/{item['id']}/done", {})
    text = (await house.system.api.get(f"{path}.md")).text
    assert "| Add a disk alert | Ben | P1 | 2026-03-09 | done |" in text
    assert "- capacity" in text


# --- owed -------------------------------------------------------------------------------------------------------------------


async def test_a_major_incident_that_is_over_owes_a_postmortem_until_one_is_published(house: House) -> None:
    minor, major = await house.over("a"), await house.over("b", major=True)
    assert (await house.get(f"incidents/{minor}/postmortem"))["status"] == "none"
    shown = await house.get(f"incidents/{major}/postmortem")
    assert (shown["status"], shown["owed"]["owed_by"]["name"], shown["owed"]["is_overdue"]) == ("owed", "Ana", False)
    assert shown["owed"]["says"].startswith("owed by Ana until 2026-03-07 12:20 UTC; nobody has begun it")
    owed = await house.get("postmortems/owed")
    assert [one["incident"]["id"] for one in owed["items"]] == [major]
    made = await house.written(major)
    shown = await house.get(f"incidents/{major}/postmortem")
    assert (shown["status"], shown["owed"]["postmortem_id"]) == ("draft", made["id"]), "a draft is not enough"
    await house.post(f"postmortems/{made['id']}/publish", {})
    shown = await house.get(f"incidents/{major}/postmortem")
    assert (shown["status"], shown["owed"]) == ("published", None)
    assert (await house.get("postmortems/owed"))["items"] == []


async def test_whoever_owes_it_is_told_at_the_end_when_it_is_due_and_weekly(house: House) -> None:
    told(house.system)
    id = await house.over("b", major=True)
    days = []
    for _ in range(14):
        await house.system.advance(days=1, step=HALF_A_DAY)
        days.append([(who, subject.split(" of ")[0]) for who, subject in told(house.system) if "postmortem" in subject])
    assert [n for n, said in enumerate(days, 1) if said] == [1, 6, 13]
    assert days[0] == [("Ana", "A postmortem is owed")]
    made = await house.written(id)
    await house.post(f"postmortems/{made['id']}/publish", {})
    await house.system.advance(days=10, step=HALF_A_DAY)
    assert told(house.system) == []


async def test_one_that_is_open_again_owes_nothing_yet(house: House) -> None:
    id = await house.over("b", major=True)
    await house.system.event(house.key, "b")
    assert (await house.system.incident(id))["status"] == "triggered"
    assert (await house.get(f"incidents/{id}/postmortem"))["status"] == "none"
    assert (await house.get("postmortems/owed"))["items"] == []


async def test_a_postmortem_promises_no_more_than_it_shows(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_OF_ONE", 2)
    made = await house.draft(await house.over())
    path = f"postmortems/{made['id']}/action-items"
    body = {"title": "Alert sooner", "owner_id": house.ana["id"], "priority": "P2"}
    for _ in range(2):
        await house.post(path, body, status=201)
    refused = await house.system.api.post(f"/api/v1/{path}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_action_items")
    async with house.system.node.database.transaction(read_only=True) as tx:
        items, _ = await commands.of_postmortem(tx, PostmortemId(UUID(made["id"])), now=house.system.clock.at)
    assert len(items) == 2

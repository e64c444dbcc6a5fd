"""One verb for many incidents at once, by people with nothing but a key."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.incidents.acting import JSON, Responder, people, responder
from tests.incidents.building import HOUR, NOW, monitored
from tests.incidents.merging import opened
from tests.system import System

from oncall.incidents.rules.bulk import check_said
from oncall.incidents.values.acting import BulkVerb, CannotAct
from oncall.kit.ids import new_id


async def on_all(who: Responder, ids: list[Any], action: str, **more: Any) -> list[JSON]:
    answer = await who.client.post("/api/v1/incidents/bulk", json={"ids": ids, "action": action, **more})
    assert answer.status_code == 200, answer.text
    await who.system.run_due()
    found: list[JSON] = answer.json()["items"]
    return found


@pytest.mark.parametrize(
    ("verb", "duration", "until", "reason", "field"),
    [
        (BulkVerb.SNOOZE, HOUR, None, "later", None),
        (BulkVerb.REOPEN, None, None, "still slow", None),
        (BulkVerb.ACKNOWLEDGE, None, None, None, None),
        (BulkVerb.ACKNOWLEDGE, HOUR, None, None, "duration"),
        (BulkVerb.REOPEN, None, NOW, None, "until"),
        (BulkVerb.RESOLVE, None, None, "done", "reason"),
    ],
)
def test_what_is_said_with_a_verb(
    verb: BulkVerb, duration: timedelta | None, until: datetime | None, reason: str | None, field: str | None
) -> None:
    if field is None:
        check_said(verb, duration=duration, until=until, reason=reason)
        return
    with pytest.raises(CannotAct) as refused:
        check_said(verb, duration=duration, until=until, reason=reason)
    assert refused.value.field == field


async def test_each_by_itself_and_what_cannot_be_done_of_one_undoes_nothing(system: System) -> None:
    monitor = await monitored(system)
    one, two, over = await opened(system, monitor, "a", "b", "c")
    number = (await system.incident(two))["number"]
    ben = await responder(system, "Ben")
    await ben.does(over, "resolve")
    unknown = str(new_id())
    done = await on_all(ben, [one, unknown, over, number, one], "snooze", duration="PT1H", reason="deploying")
    assert [(each["id"], each["changed"], each["status"], each["escalation_state"]) for each in done] == [
        (one, True, "acknowledged", "snoozed"),
        (unknown, False, None, None),
        (over, False, None, None),
        (number, True, "acknowledged", "snoozed"),
        (one, False, "acknowledged", "snoozed"),
    ]
    assert [each["problem"] and each["problem"]["code"] for each in done] == [None, "not_found", "not_open", None, None]
    assert done[1]["problem"]["detail"] == "There is no incident with this id or number."
    assert done[2]["problem"]["detail"].endswith("reopen it first.")
    assert (done[3]["incident_id"], done[3]["number"]) == (two, number)
    assert {(await system.incident(id))["escalation"]["until"] for id in (one, two)} == {"2026-03-02T13:00:00Z"}


async def test_every_verb(system: System) -> None:
    monitor = await monitored(system)
    ids = await opened(system, monitor, *(f"k{n}" for n in range(3)))
    ben = await responder(system, "Ben")
    for action, status in (
        ("acknowledge", "acknowledged"),
        ("unacknowledge", "triggered"),
        ("resolve", "resolved"),
        ("reopen", "triggered"),
    ):
        done = await on_all(ben, ids, action)
        assert [(each["changed"], each["status"]) for each in done] == [(True, status)] * 3, action
    for id in ids:
        assert [line.split(":")[0] for line in await system.reasons(id) if "by Ben" in line] == [
            "acknowledged", "unacknowledged", "resolved", "reopened",
        ]  # fmt: skip


async def test_what_is_pending_is_cancelled_and_of_what_was_merged_the_other_is_had(system: System) -> None:
    monitor = await monitored(system)
    one, other = await opened(system, monitor, "a", "b")
    ben = await responder(system, "Ben")
    await ben.does(one, "merge", incidents=[other])
    [pending] = await monitor.says(monitor.event("c"))
    done = await on_all(ben, [other, f"{pending.incident_id}"], "acknowledge")
    assert [(each["incident_id"], each["changed"], each["cancelled_pages"]) for each in done] == [
        (one, True, 0),
        (f"{pending.incident_id}", True, 1),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"ids": []},
        {"ids": list(range(1, 252))},
        {"ids": ["nonsense"]},
        {"action": "close"},
        {"action": "acknowledge", "duration": "PT1H"},
        {"action": "snooze"},
        {"action": "snooze", "duration": "P8D"},
        {"action": "acknowledge", "user_id": "01900000-0000-7000-8000-000000000000"},
    ],
    ids=str,
)
async def test_what_is_wrong_with_all_of_them_is_refused_before_anything_is_done(system: System, more: JSON) -> None:
    monitor = await monitored(system)
    [id] = await opened(system, monitor, "a")
    answer = await system.api.post("/api/v1/incidents/bulk", json={"ids": [id], "action": "acknowledge", **more})
    assert answer.status_code == 422, answer.text
    assert (await system.incident(id))["status"] == "triggered"


async def test_only_an_admins_key_acts_for_somebody_else(system: System) -> None:
    monitor = await monitored(system)
    [id] = await opened(system, monitor, "a")
    ben, names = await responder(system, "Ben"), await people(system)
    body = {"ids": [id], "action": "acknowledge", "user_id": names["Ana"]}
    assert (await ben.client.post("/api/v1/incidents/bulk", json=body)).status_code == 403
    [done] = (await system.api.post("/api/v1/incidents/bulk", json=body)).json()["items"]
    assert (done["changed"], (await system.incident(id))["owner"]["name"]) == (True, "Ana")

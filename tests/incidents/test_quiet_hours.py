"""`semantics.md` §5: "Quiet hours (low urgency only) hold the *incident* until the first end of quiet hours among the step's targets; no
later step fires meanwhile; a rise to high releases at once".
"""

from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.acting import responder, said_next, standing
from tests.incidents.building import rows
from tests.incidents.test_paging import page
from tests.system import System, to

NIGHT = {"start_time": "11:00", "end_time": "14:00"}
LONGER = NIGHT | {"end_time": "15:00"}


async def quiet(system: System, user: dict[str, Any], hours: dict[str, Any] = NIGHT) -> None:
    answer = await system.api.put(f"/api/v1/users/{user['id']}/quiet-hours", json=hours)
    assert answer.status_code == 200, answer.text
    await system.run_due()


async def test_the_incident_is_held_until_they_end_and_says_why_and_until_when(system: System) -> None:
    ana = await system.user("Ana")
    await quiet(system, ana)
    made = await system.service([to(ana)], urgency="low")
    event = await system.event(made["key"])
    assert event["decision"] == "opened"
    shown = await system.incident(event["incident_id"])
    assert system.pages() == []
    assert (shown["escalation"]["state"], shown["escalation"]["reason"]) == ("held", "quiet hours of Ana until 14:00 UTC")
    assert shown["escalation"]["until"] == "2026-03-02T14:00:00Z"
    assert said_next(shown) == [("release", "14:00")]
    await system.advance(minutes=119)
    assert system.pages() == []
    await system.advance(minutes=1)
    [message] = system.email.sent
    assert system.pages() == ["Ana"]
    assert "held since 2026-03-02T12:00:00Z (quiet hours of Ana until 14:00 UTC)" in message.reason  # type: ignore[union-attr]
    shown = await system.incident(event["incident_id"])
    assert (standing(shown)[:2], said_next(shown)) == (("triggered", "low_urgency"), [("remind", "14:00")])
    assert await system.reasons(event["incident_id"]) == [
        "opened: alert disk: Disk full",
        "held: quiet hours of Ana until 14:00 UTC",
        "released: nothing holds it any more: it was held since 2026-03-02T12:00:00Z (quiet hours of Ana until 14:00 UTC)",
        "step_fired: step 1 of policy Payments fired",
        (
            "paged: Ana is paged: step 1 of policy Payments: named in the step; "
            "held since 2026-03-02T12:00:00Z (quiet hours of Ana until 14:00 UTC)"
        ),
        *[line for line in await system.reasons(event["incident_id"]) if line.startswith("sent")],
    ]


async def test_high_urgency_knows_no_quiet_hours(system: System) -> None:
    ana = await system.user("Ana")
    await quiet(system, ana)
    made = await system.service([to(ana)])
    await system.event(made["key"])
    assert system.pages() == ["Ana"]


async def test_a_rise_to_high_releases_at_once(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    await quiet(system, ana)
    made = await system.service([to(ana)], [to(ben)])
    held = await system.event(made["key"], severity="warning")
    assert (system.pages(), standing(await system.incident(held["incident_id"]))[1]) == ([], "held")
    await system.event(made["key"], severity="critical")
    assert system.pages() == ["Ana"]
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"], "and it climbs"


async def test_whoever_is_awake_is_paged_and_the_other_at_the_end_of_their_own(system: System) -> None:
    ana, ben, cai = await system.user("Ana"), await system.user("Ben"), await system.user("Cai")
    await quiet(system, ana)
    await quiet(system, ben, LONGER)
    made = await system.service([to(ana), to(ben), to(cai)], urgency="low")
    event = await system.event(made["key"])
    assert system.pages() == ["Cai"], "the step fires for those who may be paged now"
    assert any(
        "Ana is paged" in line and "held by their quiet hours until 14:00 UTC" in line
        for line in await system.reasons(event["incident_id"])
    )
    await system.advance(hours=2)
    assert system.pages() == ["Ana"]
    await (await responder(system, "Cai")).does(event["incident_id"], "acknowledge")
    await system.advance(hours=3)
    assert system.pages() == [], "it was acknowledged before Ben's ended"


async def test_all_of_them_asleep_it_is_the_first_end_that_counts(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    await quiet(system, ana, LONGER)
    await quiet(system, ben)
    made = await system.service([to(ana), to(ben)], urgency="low")
    event = await system.event(made["key"])
    shown = await system.incident(event["incident_id"])
    assert shown["escalation"]["reason"] == "quiet hours of Ben until 14:00 UTC; those of 1 more end no earlier"
    await system.advance(hours=2)
    assert system.pages() == ["Ben"]
    await system.advance(hours=1)
    assert system.pages() == ["Ana"]


async def test_no_later_step_fires_meanwhile(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    await quiet(system, ana)
    made = await system.service([to(ana)], [to(ben)], urgency="low", escalate_low=True)
    await system.event(made["key"])
    await system.advance(minutes=119)
    assert system.pages() == []
    await system.advance(minutes=1)
    assert system.pages() == ["Ana"]
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]


async def test_a_later_step_waits_too_and_what_an_earlier_one_is_still_to_send_is_sent(system: System) -> None:
    ana, ben = await system.user("Ana", rules=(("low", "PT0S"), ("low", "PT10M"))), await system.user("Ben")
    await quiet(system, ben)
    made = await system.service([to(ana)], [to(ben)], urgency="low", escalate_low=True)
    event = await system.event(made["key"])
    await system.advance(minutes=6)
    assert (system.pages(), standing(await system.incident(event["incident_id"]))) == (["Ana"], ("triggered", "held", 1, 2))
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"]
    await system.advance(minutes=109)
    assert system.pages() == ["Ben"]


async def test_a_silence_over_a_hold_keeps_all_back(system: System) -> None:
    ana, ben = await system.user("Ana", rules=(("low", "PT0S"), ("low", "PT10M"))), await system.user("Ben")
    await quiet(system, ben)
    made = await system.service([to(ana)], [to(ben)], urgency="low", escalate_low=True)
    event = await system.event(made["key"])
    await system.advance(minutes=6)
    system.pages()
    ends = "2026-03-02T16:00:00Z"
    await system.make("silences", comment="known", ends_at=ends, matchers=[{"name": "service", "value": "payments-api"}])
    await system.run_due()
    assert (await system.incident(event["incident_id"]))["escalation"]["until"] == ends
    await system.advance(hours=3)
    assert system.pages() == []


async def test_the_daily_reminder_waits_for_them_as_well(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)], urgency="low")
    event = await system.event(made["key"])
    assert system.pages() == ["Ana"]
    await quiet(system, ana)
    await system.advance(hours=25, step=timedelta(minutes=30))
    assert (system.pages(), said_next(await system.incident(event["incident_id"]))) == ([], [("release", "14:00")])
    await system.advance(hours=1)
    assert system.pages() == ["Ana"]


@pytest.mark.parametrize("change", ["shorter", "none", "zone", "gone"])
async def test_a_change_of_them_is_heard_at_once(system: System, change: str) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    await quiet(system, ana)
    made = await system.service([to(ana)], [to(ben)], urgency="low")
    await system.event(made["key"])
    assert system.pages() == []
    path = f"/api/v1/users/{ana['id']}"
    match change:
        case "shorter":
            await quiet(system, ana, NIGHT | {"end_time": "11:30"})
        case "none":
            assert (await system.api.delete(f"{path}/quiet-hours")).status_code == 204
        case "zone":
            etag = (await system.api.get(path)).headers["etag"]
            moved = await system.api.patch(path, json={"time_zone": "Asia/Tokyo"}, headers={"If-Match": etag})
            assert moved.status_code == 200
        case _:
            policy = f"/api/v1/escalation-policies/{made['policy']['id']}"
            shown = await system.api.get(policy)
            edit = shown.json() | {"steps": shown.json()["steps"][1:]}
            assert (await system.api.put(policy, json=edit, headers={"If-Match": shown.headers["etag"]})).status_code == 200
            assert (await system.api.delete(path)).status_code == 204, "the open incident has its snapshot"
    await system.run_due()
    assert system.pages() == (["Ben"] if change == "gone" else ["Ana"])


async def test_several_released_to_one_person_at_once_travel_together(system: System) -> None:
    ana = await system.user("Ana")
    await quiet(system, ana)
    made = await system.service([to(ana)], urgency="low")
    for key in ("disk", "memory"):
        await system.event(made["key"], key)
    await system.advance(hours=2)
    await system.event(made["key"], "load")
    its = await rows(system, "SELECT n.status FROM notifications n JOIN incidents i ON i.id = n.incident_id ORDER BY i.id")
    assert (sorted(its[:2]), its[2]) == ([("bundled",), ("sent",)], ("sent",)), "two that were due at one instant have no order"


async def test_acknowledged_meanwhile_nobody_is_woken(system: System) -> None:
    ana = await system.user("Ana")
    await quiet(system, ana)
    made = await system.service([to(ana)], urgency="low")
    event = await system.event(made["key"])
    await (await responder(system, "Ana")).does(event["incident_id"], "acknowledge")
    await system.advance(hours=4)
    assert system.pages() == []


async def test_news_of_low_urgency_waits_for_whoever_has_it(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)], urgency="low", grouping={"type": "all"})
    event = await system.event(made["key"])
    await (await responder(system, "Ana")).does(event["incident_id"], "acknowledge")
    system.pages()
    await quiet(system, ana)
    await system.event(made["key"], "another")
    assert (system.pages(), said_next(await system.incident(event["incident_id"]))) == ([], [("break_through", "14:00")])
    await system.advance(hours=2)
    assert system.pages() == ["Ana"]


async def test_explain_and_simulate_say_so(system: System) -> None:
    ana = await system.user("Ana")
    await quiet(system, ana)
    made = await system.service([to(ana)], urgency="low")
    asked = {"service_id": made["service"]["id"], "at": "2026-03-02T12:00:00Z", "until": "2026-03-02T15:00:00Z"}
    told = (await system.api.post("/api/v1/simulate", json=asked)).json()
    assert [(step["at"][11:16], step["kind"]) for step in told["steps"]] == [("12:00", "held"), ("14:00", "paged")]
    assert told["steps"][0]["text"] == "Quiet hours of Ana until 14:00 UTC."
    [page] = told["steps"][1]["pages"]
    assert page["messages"][0]["at"] == "2026-03-02T14:00:00Z"
    event = await system.event(made["key"])
    explained = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/explain")).json()
    assert any("uiet hours of Ana until 14:00 UTC" in one["text"] for one in explained["sentences"])
    assert explained["next"][0]["at"] == "2026-03-02T14:00:00Z"
    assert "Ana would be paged" in explained["next"][0]["text"]


async def test_who_is_paged_directly_at_low_urgency_is_said_to_be_paged_later(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    await quiet(system, ben)
    made = await system.service([to(ana)])
    done = await page(system, user_id=ben["id"], service_id=made["service"]["id"], urgency="low")
    assert (done["paged"], done["says"]) == ([], ["nothing is sent yet: quiet hours of Ben until 14:00 UTC"])
    assert system.pages() == []
    await system.advance(hours=2)
    assert system.pages() == ["Ben"]


async def test_so_is_who_is_asked_to_join_and_the_timeline_says_why(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    await quiet(system, ben)
    made = await system.service([to(ana)], urgency="low")
    id = (await system.event(made["key"]))["incident_id"]
    system.pages()
    done = await page(system, user_id=ben["id"], incident_id=id, title="a look, please")
    assert (done["paged"], done["says"]) == ([], ["the page to Ben is held by their quiet hours until 14:00 UTC"])
    assert system.pages() == []
    [line] = [line for line in await system.reasons(id) if line.startswith("paged: Ben")]
    assert line.endswith("a look, please; held by their quiet hours until 14:00 UTC")
    await system.advance(hours=2)
    assert system.pages() == ["Ben"]

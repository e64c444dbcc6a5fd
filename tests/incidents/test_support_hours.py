"""Support hours, over HTTP with real pages: what is low outside them rises when they begin, and steps that are for within or outside."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.counting import counting
from tests.incidents.building import Monitor, blocked
from tests.system import System, to

from oncall.incidents.commands.accept import accept_events
from oncall.kit.db import Pool

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)  # a Tuesday
MORNING = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOURS = {day: [{"from": "09:00", "until": "17:00"}] for day in WEEKDAYS}


async def office(system: System, **more: Any) -> str:
    made = await system.make("calendars", name="Office", time_zone="UTC", hours=HOURS, **more)
    id: str = made["id"]
    return id


async def by_hours(system: System, *names: str, **more: Any) -> dict[str, Any]:
    """A service that goes by support hours, whose policy pages these people, one after the other; and it is night."""
    people = [[to(await system.user(name))] for name in names or ("Ana", "Ben")]
    made = await system.service(*people, urgency="by_support_hours", support_hours=await office(system), **more)
    system.clock.at = NIGHT
    return made


def rises(incident: dict[str, Any]) -> list[str]:
    return [action["at"] for action in incident["pending_actions"] if action["action"] == "rise"]


async def edit(system: System, path: str, **changes: Any) -> dict[str, Any]:
    there = (await system.api.get(f"/api/v1/{path}")).json()
    answer = await system.api.put(f"/api/v1/{path}", json=there | changes, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    edited: dict[str, Any] = answer.json()
    return edited


async def test_what_opened_in_the_night_rises_in_the_morning_and_climbs(system: System) -> None:
    made = await by_hours(system)
    id = (await system.event(made["key"], severity="critical"))["incident_id"]
    incident = await system.incident(id)
    assert (incident["urgency"], system.pages(), incident["escalation"]["state"]) == ("low", ["Ana"], "low_urgency")
    assert rises(incident) == ["2026-03-03T09:00:00Z"]
    told = [entry async for entry in entries(system, id) if entry["kind"] == "opened"]
    assert told[0]["detail"]["urgency_because"] == "its service goes by support hours, and they do not run"
    system.clock.at = MORNING - timedelta(seconds=1)
    await system.run_due()
    assert (system.pages(), (await system.incident(id))["urgency"]) == ([], "low")
    await system.advance(seconds=1)
    incident = await system.incident(id)
    assert (system.pages(), incident["urgency"], rises(incident)) == (["Ana"], "high", []), "at the very second"
    assert "urgency_raised: the support hours of its service run, and in them it is of high urgency" in await system.reasons(id)
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]


async def entries(system: System, id: str) -> Any:
    for entry in (await system.api.get(f"/api/v1/incidents/{id}/timeline")).json()["items"]:
        yield entry


async def test_what_opens_while_they_run_is_high_whatever_its_severity(system: System) -> None:
    made = await by_hours(system)
    system.clock.at = MORNING
    id = (await system.event(made["key"], severity="info"))["incident_id"]
    incident = await system.incident(id)
    assert (incident["urgency"], rises(incident), system.pages()) == ("high", [], ["Ana"])
    system.clock.at = MORNING + timedelta(hours=8)  # they end
    await system.run_due()
    assert (await system.incident(id))["urgency"] == "high", "what has risen does not fall"


async def test_acknowledged_in_the_night_it_is_given_back_in_the_morning(system: System) -> None:
    made = await by_hours(system)
    id = (await system.event(made["key"]))["incident_id"]
    ana = (await system.api.get("/api/v1/users")).json()["items"][0]
    await system.api.post(f"/api/v1/incidents/{id}/acknowledge", json={"user_id": ana["id"]})
    system.pages()
    system.clock.at = MORNING
    await system.run_due()
    incident = await system.incident(id)
    assert (incident["status"], incident["urgency"], system.pages()) == ("triggered", "high", ["Ana"]), "older than its time-out"


async def test_resolved_before_they_begin_it_wakes_nobody_and_rises_if_it_comes_back(system: System) -> None:
    made = await by_hours(system, reopen_window="PT1H")
    system.clock.at = MORNING - timedelta(minutes=30)
    id = (await system.event(made["key"]))["incident_id"]
    await system.event(made["key"], action="resolve")
    system.pages()
    system.clock.at = MORNING + timedelta(minutes=10)
    await system.run_due()
    assert (system.pages(), (await system.incident(id))["urgency"]) == ([], "low")
    await system.event(made["key"])
    assert ((await system.incident(id))["urgency"], system.pages()) == ("high", ["Ana"])


async def test_a_routing_rule_that_says_low_is_obeyed_in_the_morning_too(system: System) -> None:
    made = await by_hours(system)
    await system.make("routing-rules", name="quiet", matchers=[], matches_everything=True, urgency="low")
    id = (await system.event(made["key"]))["incident_id"]
    assert rises(await system.incident(id)) == []
    system.pages()
    system.clock.at = MORNING
    await system.run_due()
    assert (system.pages(), (await system.incident(id))["urgency"]) == ([], "low")


async def test_a_calendar_that_opens_earlier_now_raises_at_once_and_one_that_opens_later_waits(system: System) -> None:
    made = await by_hours(system)
    id = (await system.event(made["key"]))["incident_id"]
    system.pages()
    calendar = f"calendars/{made['service']['support_hours']}"
    later = {day: [{"from": "10:00", "until": "17:00"}] for day in WEEKDAYS}
    await edit(system, calendar, hours=later)
    await system.run_due()
    assert (system.pages(), rises(await system.incident(id))) == ([], ["2026-03-03T10:00:00Z"])
    await edit(system, calendar, hours=HOURS, holidays={"dates": ["2026-03-03"]})
    await system.run_due()
    assert rises(await system.incident(id)) == ["2026-03-04T09:00:00Z"], "a holiday is outside"
    await edit(system, calendar, hours={day: [{"from": "00:00", "until": "24:00"}] for day in WEEKDAYS}, holidays={"dates": []})
    await system.run_due()
    assert (system.pages(), (await system.incident(id))["urgency"]) == (["Ana"], "high")


async def test_whoever_edits_a_calendar_finds_what_was_just_being_opened_by_it(system: System) -> None:
    made = await by_hours(system)
    monitor = Monitor(system, made)
    async with system.node.database.transaction(Pool.INTAKE) as tx:
        [opened] = await accept_events(tx, [monitor.event("disk")], system.node.judging, now=system.clock.at)
        all_day = {day: [{"from": "00:00", "until": "24:00"}] for day in WEEKDAYS}
        editing = asyncio.create_task(edit(system, f"calendars/{made['service']['support_hours']}", hours=all_day))
        await blocked(system)
    await editing
    await system.run_due()
    assert (await system.incident(str(opened.incident_id)))["urgency"] == "high", "not when the hours begin that there were"


async def test_a_service_that_is_supported_round_the_clock_from_now_on_raises_what_waits(system: System) -> None:
    made = await by_hours(system)
    id = (await system.event(made["key"]))["incident_id"]
    system.pages()
    await edit(system, f"services/{made['service']['id']}", urgency="high", support_hours=None)
    await system.run_due()
    assert (system.pages(), (await system.incident(id))["urgency"]) == (["Ana"], "high")


async def test_steps_for_within_and_outside_support_hours(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    steps = [
        {"delay": "PT5M", "targets": [to(ana)], "in_support_hours": True},
        {"delay": "PT5M", "targets": [to(ben)], "in_support_hours": False},
    ]
    policy = await system.make("escalation-policies", name="P", steps=steps)
    service = await system.make("services", name="shop", escalation_policy_id=policy["id"], support_hours=await office(system))
    key = (await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty"))["key"]
    system.clock.at = MORNING
    await system.event(key, "day")
    assert system.pages() == ["Ana"]
    await system.event(key, action="resolve")
    system.clock.at = NIGHT
    id = (await system.event(key, "night"))["incident_id"]
    assert system.pages() == ["Ben"]
    why = "it is only for the service's support hours, and they do not run now"
    assert f"step_skipped: step 1 of policy P reached nobody: {why}" in await system.reasons(id)
    told = (await system.api.get(f"/api/v1/incidents/{id}/explain", headers={"Accept": "text/plain"})).text
    assert why in " ".join(told.split())
    bare = await system.make("services", name="mail", escalation_policy_id=policy["id"])
    key = (await system.make(f"services/{bare['id']}/integrations", name="i", type="pagerduty"))["key"]
    await system.event(key, "mail")
    assert system.pages() == ["Ana"], "a service without support hours is always within them"


async def test_a_simulation_rises_and_says_which_steps_are_not_for_it(system: System) -> None:
    made = await by_hours(system)
    first, second = made["policy"]["steps"]
    steps = [first | {"priorities": ["P1"]}, second | {"in_support_hours": True}]
    await edit(system, f"escalation-policies/{made['policy']['id']}", steps=steps)
    asked = {"service_id": made["service"]["id"], "at": "2026-03-03T08:58:00Z", "until": "2026-03-03T09:01:00Z"}
    answer = await system.api.post("/api/v1/simulate", json=asked)
    assert answer.status_code == 200, answer.text
    told = {step["at"][11:19]: step["text"] for step in answer.json()["steps"]}
    assert "it is only for P1, and this has no priority" in told["08:58:00"]
    assert "it is only for the service's support hours, and they do not run now" in told["08:58:00"]
    assert told["09:00:00"].startswith("The support hours of its service run, and in them it is of high urgency. Step 1"), told
    assert "Ben is paged" in told["09:00:00"]


async def test_only_a_priority_that_it_has_by_its_service_pages_a_step_for_it(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    steps = [{"delay": "PT5M", "targets": [to(ana)], "priorities": ["P1"]}, {"delay": "PT5M", "targets": [to(ben)]}]
    policy = await system.make("escalation-policies", name="P", steps=steps)
    grading = {"default_impact": "widespread", "default_business_urgency": "critical"}
    for name, more, paged in (("core", grading, ["Ana"]), ("other", {}, ["Ben"])):
        service = await system.make("services", name=name, escalation_policy_id=policy["id"], **more)
        key = (await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty"))["key"]
        await system.event(key)
        assert system.pages() == paged, name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"urgency": "by_support_hours"}, "support_hours"),
        ({"support_hours": "01900000-0000-7000-8000-000000000000"}, "support_hours"),
        ({"support_hours": "office"}, "support_hours"),
    ],
)
async def test_support_hours_that_are_none(system: System, change: dict[str, Any], field: str) -> None:
    made = await system.service([to(await system.user("Ana"))])
    for answer in (
        await system.api.post("/api/v1/services", json={"name": "x", "escalation_policy_id": made["policy"]["id"]} | change),
        await system.api.put(f"/api/v1/services/{made['service']['id']}", json=made["service"] | change, headers={"If-Match": "*"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
        assert answer.json()["errors"][0]["loc"] == f"body.{field}"


async def test_a_calendar_by_which_a_service_goes_is_not_deleted(system: System) -> None:
    made = await by_hours(system)
    refused = await system.api.delete(f"/api/v1/calendars/{made['service']['support_hours']}")
    assert (refused.status_code, refused.json()["used_by"][0]["name"]) == (409, "payments-api")


async def test_only_a_service_with_support_hours_costs_a_statement_and_it_is_one(system: System) -> None:
    made = await by_hours(system)
    plain = await system.make("services", name="plain", escalation_policy_id=made["policy"]["id"])
    integration = await system.make(f"services/{plain['id']}/integrations", name="i", type="pagerduty")
    for monitor, reads in (
        (Monitor(system, {"service": plain, "integration": integration}), 0),
        (Monitor(system, made), 1),
    ):
        async with system.node.database.transaction(Pool.INTAKE) as tx, counting(tx) as statements:
            await accept_events(tx, [monitor.event("a"), monitor.event("b")], system.node.judging, now=system.clock.at)
        assert len([one for one in statements if "FROM calendars" in one]) == reads

"""Promises of an SLA through the whole system: who is paged, what is told, and what runs on."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from tests.conftest import START
from tests.counting import counting
from tests.incidents.acting import responder
from tests.system import System, to

from oncall import timeline
from oncall.kit.actors import ENGINE
from oncall.kit.compiled import READ
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId

JSON = dict[str, Any]
P2 = {"acknowledge": "PT20M", "resolve": "PT2H"}


async def promised(system: System, *, targets: JSON | None = None, policy: str | None = None, **more: Any) -> tuple[JSON, JSON]:
    """A service whose incidents are P2, with an SLA that Mia, then Max, manage; Ana is on call and is paged once."""
    mia, max_ = await system.user("Mia"), await system.user("Max")
    steps = [{"delay": "PT5M", "targets": [to(mia)]}, {"delay": "PT5M", "targets": [to(max_)]}]
    managers = await system.make("escalation-policies", name="Managers", steps=steps)
    sla = await system.make("slas", name="Gold", targets=targets or {"P2": P2}, manager_policy_id=policy or managers["id"], **more)
    made = await system.service(
        [to(await system.user("Ana"))],
        step_delay="PT8H",
        sla_id=sla["id"],
        ack_timeout=None,
        default_impact="large",
        default_business_urgency="high",
    )
    return made, sla


async def test_a_warning_pages_the_manager_and_a_breach_the_next_one(system: System) -> None:
    made, sla = await promised(system)
    id = (await system.event(made["key"]))["incident_id"]
    assert system.pages() == ["Ana"]
    shown = (await system.incident(id))["sla"]
    assert shown == {
        "id": sla["id"], "acknowledge_by": "2026-03-02T12:20:00Z", "resolve_by": "2026-03-02T14:00:00Z", "update_by": None,
        "at_risk": [], "breached": [],
    }  # fmt: skip
    await system.advance(minutes=14, seconds=30)
    assert system.pages() == []
    await system.advance(seconds=30)
    assert system.pages() == ["Mia"]
    assert (await system.incident(id))["sla"]["at_risk"] == ["acknowledge"]
    await system.advance(minutes=5)
    assert system.pages() == ["Max"]
    assert ((await system.incident(id))["sla"]["at_risk"], (await system.incident(id))["sla"]["breached"]) == ([], ["acknowledge"])
    told = await system.reasons(id)
    assert "sla_at_risk: SLA Gold: its SLA is at risk: to be acknowledged by 2026-03-02 12:20 UTC, 5 min left" in told
    assert "sla_breached: SLA Gold: its SLA is broken: to be acknowledged by 2026-03-02 12:20 UTC, which is now" in told
    assert (await system.incident(id))["status"] == "triggered", "the escalation is not disturbed"


async def test_one_that_is_acknowledged_and_resolved_in_time_stays_silent(system: System) -> None:
    made, _ = await promised(system)
    id = (await system.event(made["key"]))["incident_id"]
    ana = await responder(system, "Ana")
    await system.advance(minutes=10)
    await ana.does(id, "acknowledge")
    await system.advance(minutes=60)
    assert (await system.incident(id))["pending_actions"] == [{"action": "sla_warning", "at": "2026-03-02T13:30:00Z"}]
    await ana.does(id, "resolve")
    assert (await system.incident(id))["sla"]["resolve_by"] is None
    await system.advance(hours=3)
    assert system.pages() == ["Ana"]
    assert not [line for line in await system.reasons(id) if line.startswith("sla_")]


async def test_reports_count_what_was_kept_and_what_was_not(system: System) -> None:
    made, _ = await promised(system)
    kept, late = [(await system.event(made["key"], dedup_key=key))["incident_id"] for key in ("kept", "late")]
    ana = await responder(system, "Ana")
    await ana.does(kept, "acknowledge")
    await ana.does(kept, "resolve")
    await system.advance(minutes=30)
    await ana.does(late, "acknowledge")
    await system.advance(hours=2)
    await ana.does(late, "resolve")
    await system.advance(minutes=5)
    [group] = (await system.api.get("/api/v1/reports/incidents", params={"by": "priority"})).json()["items"]
    names = ("acknowledged_met", "resolved_met", "acknowledged_late", "resolved_late")
    assert [group[name] for name in names] == [1, 1, 1, 1]


async def test_an_acknowledgement_takes_back_that_the_manager_was_asked_for_one(system: System) -> None:
    made, _ = await promised(system)
    id = (await system.event(made["key"]))["incident_id"]
    await system.advance(minutes=15)
    assert system.pages() == ["Ana", "Mia"]
    await (await responder(system, "Ana")).does(id, "acknowledge")
    asked = (await system.api.get(f"/api/v1/incidents/{id}/responders")).json()["items"]
    assert [(one["user"]["name"], one["state"], one["answer"]) for one in asked] == [("Mia", "cancelled", "somebody has acknowledged it")]
    await system.advance(minutes=75)
    assert system.pages() == ["Mia"], "the time to resolve it is running out as well"


async def test_a_manager_who_has_not_answered_is_paged_anew_by_the_breach_if_there_is_no_other(system: System) -> None:
    mia = await system.user("Una")
    alone = await system.make("escalation-policies", name="One", steps=[{"delay": "PT5M", "targets": [to(mia)]}])
    made, _ = await promised(system, policy=alone["id"])
    id = (await system.event(made["key"]))["incident_id"]
    await system.advance(minutes=20)
    assert system.pages() == ["Ana", "Una", "Una"]
    asked = (await system.api.get(f"/api/v1/incidents/{id}/responders")).json()["items"]
    assert [one["state"] for one in asked] == ["cancelled", "requested"]


async def test_a_policy_that_reaches_nobody_is_told(system: System) -> None:
    schedule = await system.make("schedules", name="Empty", time_zone="UTC", layers=[])
    empty = await system.make(
        "escalation-policies", name="Nobody", steps=[{"delay": "PT5M", "targets": [{"type": "schedule", "id": schedule["id"]}]}]
    )
    made, _ = await promised(system, policy=empty["id"])
    id = (await system.event(made["key"]))["incident_id"]
    await system.advance(minutes=15)
    [told] = [line for line in await system.reasons(id) if line.startswith("unreachable: nobody of policy Nobody")]
    assert "is told that its SLA suffers" in told
    assert system.pages() == ["Ana"]


async def test_reopened_it_has_as_long_as_was_left(system: System) -> None:
    made, _ = await promised(system)
    id = (await system.event(made["key"]))["incident_id"]
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    await system.advance(minutes=30)
    await ana.does(id, "resolve")
    await system.advance(minutes=10)
    await ana.does(id, "reopen")
    sla = (await system.incident(id))["sla"]
    assert (sla["acknowledge_by"], sla["resolve_by"]) == ("2026-03-02T13:00:00Z", "2026-03-02T14:10:00Z")


async def test_another_priority_is_another_promise(system: System) -> None:
    made, _ = await promised(system, targets={"P2": P2, "P3": {"acknowledge": "PT1H"}})
    id = (await system.event(made["key"]))["incident_id"]
    ana = await responder(system, "Ana")
    await ana.does(id, "priority", priority="P3", reason="nobody notices")
    sla = (await system.incident(id))["sla"]
    assert (sla["acknowledge_by"], sla["resolve_by"]) == ("2026-03-02T13:00:00Z", None)
    await ana.does(id, "priority", priority="P5", reason="nothing at all")
    assert (await system.incident(id))["sla"]["acknowledge_by"] is None
    await system.advance(hours=2)
    assert system.pages() == ["Ana"]


async def test_incidents_are_found_by_how_their_promises_stand(system: System) -> None:
    made, _ = await promised(system)
    first = (await system.event(made["key"], "one"))["incident_id"]
    await system.advance(minutes=10)
    second = (await system.event(made["key"], "two"))["incident_id"]
    await system.advance(minutes=15)

    async def found(mark: str) -> list[str]:
        return [one["id"] for one in (await system.api.get("/api/v1/incidents", params={"sla": mark})).json()["items"]]

    assert (await found("at_risk"), await found("breached")) == ([second], [first])
    await (await responder(system, "Ana")).does(second, "acknowledge")
    assert (await found("at_risk"), await found("breached")) == ([], [first])
    assert 'oncall_sla_marks_total{mark="breached",target="acknowledge"}' in (await system.api.get("/metrics")).text


async def test_it_is_named_at_logging_and_one_that_does_not_exist_is_refused(system: System) -> None:
    made, sla = await promised(system)
    other = await system.make("slas", name="Platinum", targets={"P1": {"acknowledge": "PT5M"}})
    body = {"title": "Down", "service_id": made["service"]["id"], "priority": "P1", "priority_reason": "the shop is closed"}
    logged = await system.api.post("/api/v1/incidents", json=body | {"sla_id": other["id"]})
    assert logged.status_code == 201, logged.text
    assert (logged.json()["sla"]["id"], logged.json()["sla"]["acknowledge_by"]) == (other["id"], "2026-03-02T12:05:00Z")
    refused = await system.api.post("/api/v1/incidents", json=body | {"sla_id": made["service"]["id"]})
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, "body.sla_id")
    usual = (await system.api.post("/api/v1/incidents", json=body)).json()
    assert usual["sla"] == {"id": sla["id"], "acknowledge_by": None, "resolve_by": None, "update_by": None, "at_risk": [], "breached": []}


async def test_one_poisoned_record_is_postponed_and_the_others_are_told(system: System) -> None:
    made, _ = await promised(system)
    bad, good = [(await system.event(made["key"], key))["incident_id"] for key in ("one", "two")]
    async with system.node.database.transaction(Pool.API) as tx:
        poison = f"ADD CONSTRAINT poison CHECK (incident_id <> '{bad}' OR marks = '{{}}') NOT VALID"
        await tx.execute(text(f"ALTER TABLE incident_records {poison}"))
    try:
        await system.advance(minutes=15)
    finally:
        async with system.node.database.transaction(Pool.API) as tx:
            await tx.execute(text("ALTER TABLE incident_records DROP CONSTRAINT poison"))
            row = (await tx.execute(text("SELECT failures, last_error FROM incident_records WHERE incident_id = :id"), {"id": bad})).one()
    assert row.failures >= 1
    assert "poison" in row.last_error
    assert (await system.incident(good))["sla"]["at_risk"] == ["acknowledge"]
    assert (await system.incident(bad))["sla"]["at_risk"] == []
    await system.advance(minutes=1)
    assert (await system.incident(bad))["sla"]["at_risk"] == ["acknowledge"], "it is told once it can be"


async def costs(system: System, id: str, kind: timeline.Kind) -> list[str]:
    async with system.node.database.transaction(Pool.ENGINE) as tx, counting(tx) as sent:
        await timeline.add(tx, [timeline.Entry(IncidentId(UUID(id)), START, kind, ENGINE, "what happened")])
    return [statement for statement in sent if statement != READ.text]


async def test_services_without_an_sla_pay_nothing_also_where_others_have_one(system: System) -> None:
    made, _ = await promised(system)
    followed = (await system.event(made["key"]))["incident_id"]
    plain = await system.make("services", name="plain", escalation_policy_id=made["policy"]["id"])
    key = (await system.make(f"services/{plain['id']}/integrations", name="prod", type="pagerduty"))["key"]
    other = (await system.event(key, "other"))["incident_id"]
    for kind in (timeline.Kind.ACKNOWLEDGED, timeline.Kind.RESOLVED, timeline.Kind.REOPENED, timeline.Kind.SENT):
        assert len(await costs(system, other, kind)) == 1, kind
    assert len(await costs(system, followed, timeline.Kind.SENT)) == 1, "what changes no promise costs nothing either"
    assert len(await costs(system, followed, timeline.Kind.ACKNOWLEDGED)) > 1


async def test_managers_who_take_turns_are_paged_in_turn(system: System) -> None:
    two = [to(await system.user("Uma")), to(await system.user("Uli"))]
    turns = await system.make("escalation-policies", name="Turns", steps=[{"delay": "PT5M", "targets": two, "strategy": "round_robin"}])
    made, _ = await promised(system, policy=turns["id"], targets={"P2": {"acknowledge": "PT20M"}})
    await system.event(made["key"], "one")
    await system.advance(minutes=2)
    await system.event(made["key"], "two")
    system.pages()
    await system.advance(minutes=16)
    assert system.pages() == ["Uma", "Uli"]


async def test_news_that_are_overdue_page_the_first_step_and_stop_when_told(system: System) -> None:
    made, _ = await promised(system, targets={"P2": {"update": "PT40M"}})
    id = (await system.event(made["key"]))["incident_id"]
    await (await responder(system, "Ana")).does(id, "acknowledge")
    system.pages()
    await system.advance(minutes=30)
    assert (system.pages(), (await system.incident(id))["sla"]["at_risk"]) == ([], ["update"]), "nobody who manages it"
    await system.advance(minutes=10)
    assert (system.pages(), (await system.incident(id))["sla"]["breached"]) == (["Mia"], ["update"])


async def test_both_marks_of_one_instant_page_a_manager_once(system: System) -> None:
    made, _ = await promised(system, targets={"P2": {"acknowledge": "PT20M", "resolve": "PT20M"}})
    id = (await system.event(made["key"]))["incident_id"]
    system.pages()
    await system.advance(minutes=15)
    assert (system.pages(), (await system.incident(id))["sla"]["at_risk"]) == (["Mia"], ["acknowledge", "resolve"])


async def test_a_channel_of_the_managers_is_told_once_by_each_mark(system: System) -> None:
    team = await system.make("teams", name="Managers")
    channel = await system.make(
        f"teams/{team['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/m", verified=True
    )
    steps = [{"delay": "PT5M", "targets": [{"type": "channel", "id": channel["id"]}]}]
    policy = await system.make("escalation-policies", name="Room", steps=steps)
    made, _ = await promised(system, policy=policy["id"])
    await system.event(made["key"])
    system.pages()
    await system.advance(minutes=15)
    assert len(system.pages()) == 1
    await system.advance(minutes=5)
    assert len(system.pages()) == 1


async def test_a_status_update_begins_the_time_to_the_next_one(system: System) -> None:
    made, _ = await promised(system, targets={"P2": {"update": "PT40M"}})
    id = (await system.event(made["key"]))["incident_id"]
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    system.pages()
    await system.advance(minutes=35)
    told = await system.api.post(f"/api/v1/incidents/{id}/status-updates", json={"text": "We look into it."})
    assert told.status_code == 201, told.text
    sla = (await system.incident(id))["sla"]
    assert (sla["update_by"], sla["at_risk"]) == ("2026-03-02T13:15:00Z", [])
    await system.advance(minutes=39)
    assert "Mia" not in system.pages()
    await system.advance(minutes=1)
    assert "Mia" in system.pages()

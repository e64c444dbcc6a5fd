"""Time and incidents on a real database: each step once however many engines run, nobody stops the others, nothing is early."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from tests.incidents.building import MINUTE, blocked, monitored, rows
from tests.system import System, to

from oncall.engine import SetSource
from oncall.incidents.due import BACK_OFF, DueIncidents
from oncall.incidents.rules import life
from oncall.incidents.store import incidents as store

SECOND, FIVE = timedelta(seconds=1), timedelta(minutes=5)
STEPS = "SELECT incident_id, detail->>'cycle', detail->>'round', detail->>'step' FROM timeline_entries WHERE kind = 'step_fired'"


def engine(system: System) -> SetSource[life.Incident]:
    return SetSource(DueIncidents(system.node.judging), database=system.node.database, clock=system.clock, every=SECOND)


async def test_two_engines_at_once_fire_each_step_exactly_once(system: System) -> None:
    monitor = await monitored(system, repeat=0)
    await monitor.says(*(monitor.event(f"key {n}") for n in range(30)))
    for _ in range(2):
        await system.run_due()  # what is not sent is no reason to be quiet
        system.clock.advance(5 * MINUTE)
        passes = await asyncio.gather(*(source.run() for _ in range(3) for source in (engine(system), engine(system))))
        assert sum(done.handled for done in passes) == 30
    fired = await rows(system, STEPS)
    assert len(fired) == len(set(fired)) == 60
    assert await rows(system, "SELECT count(*), count(DISTINCT (incident_id, step)) FROM pages") == [(60, 60)]
    assert await rows(system, "SELECT DISTINCT escalation_state FROM incidents") == [("exhausted",)]


async def test_a_locked_row_is_skipped_while_it_is_hardly_due_and_waited_for_once_it_is_overdue(system: System) -> None:
    monitor = await monitored(system)
    [held, free] = await monitor.says(monitor.event("held"), monitor.event("free"))
    system.clock.advance(5 * MINUTE)
    assert held.incident_id is not None
    async with system.node.database.transaction() as tx:
        await store.lock_incidents(tx, [held.incident_id])
        done = await engine(system).run()
        assert (done.handled, done.next_at) == (1, system.clock.at), "the other one; this one is still due"
        system.clock.advance(3 * SECOND)
        waiting = asyncio.create_task(engine(system).run())
        await blocked(system)
    assert (await waiting).handled == 1
    fired = await rows(system, STEPS)
    assert sorted(fired) == sorted((i, "1", "1", step) for i in (held.incident_id, free.incident_id) for step in "01")


async def test_whatever_fails_is_looked_at_again_after_ever_longer_times_and_says_why(system: System) -> None:
    monitor = await monitored(system)
    [decided] = await monitor.says(monitor.event())
    source, id = DueIncidents(system.node.judging), decided.incident_id
    assert id is not None
    waits = []
    for _ in range(5):
        async with system.node.database.transaction() as tx:
            row = (await store.lock_incidents(tx, [id]))[id]
            await source.postpone(tx, row, RuntimeError("boom"), now=system.clock.at)
            after = (await store.lock_incidents(tx, [id]))[id]
            assert (after.failures, after.last_error) == (row.failures + 1, "RuntimeError: boom")
            assert after.next_at is not None
            waits.append(after.next_at - system.clock.at)
    assert waits == [*BACK_OFF, BACK_OFF[-1]]
    await system.run_due()
    system.pages()
    await system.advance(minutes=5, step=FIVE)
    assert system.pages() == ["Ben"]
    assert await rows(system, "SELECT failures, last_error FROM incidents") == [(0, None)], "once it worked that is forgotten"


async def test_one_row_that_raises_does_not_stop_hundreds(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = await monitored(system)
    await monitor.says(*(monitor.event(f"key {n}", summary="poison" if n == 70 else "fine") for n in range(200)))
    decide = life.decide_due

    def poisoned(incident: life.Incident, *rest: object, **more: object) -> life.Outcome:
        if incident.title == "poison":
            raise RuntimeError("poisoned")
        return decide(incident, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(life, "decide_due", poisoned)
    system.clock.advance(5 * MINUTE)
    assert (await engine(system).run()).handled == 200
    stepped = "SELECT step, failures, count(*) FROM incidents GROUP BY step, failures ORDER BY step"
    assert await rows(system, stepped) == [(1, 1, 1), (2, 0, 199)]


async def test_after_an_outage_of_two_hours_one_step_fires_says_that_it_is_late_and_then_all_goes_on_as_usual(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event())
    await system.run_due()
    system.email.sent.clear()
    system.clock.advance(timedelta(hours=2, minutes=3))
    await system.run_due()
    assert [(m.recipient, m.late_by) for m in system.email.sent] == [("Ben", timedelta(hours=1, minutes=58))]
    system.email.sent.clear()
    await system.advance(minutes=4, seconds=30)
    assert system.email.sent == []
    await system.advance(seconds=30)
    assert [(m.recipient, m.late_by) for m in system.email.sent] == [("Ana", None)]


async def test_a_gap_in_the_schedule_goes_to_the_next_step_at_once_and_says_why(system: System) -> None:
    ben = await system.user("Ben")
    layer = {
        "name": "weekly",
        "participants": [{"type": "vacant"}, {"type": "user", "id": ben["id"]}],
        "rotation": {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"},
    }
    gap = await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])
    made = await system.service([{"type": "schedule", "id": gap["id"]}], [to(await system.user("Ana"))])
    event = await system.event(made["key"])
    assert system.pages() == ["Ana"]
    reason = "step_skipped: step 1 of policy Payments reached nobody: nobody is on call in schedule Primary"
    assert reason in await system.reasons(event["incident_id"])


async def test_nobody_anywhere_is_unroutable_red_and_tried_again_at_the_handoff(system: System) -> None:
    ben = await system.user("Ben")
    layer = {
        "name": "weekly",
        "participants": [{"type": "user", "id": ben["id"]}],
        "rotation": {"unit": "week", "count": 1, "starts_at": "2026-03-02T12:07:00"},
        "effective_from": "2026-03-02T12:07:00Z",
    }
    later = await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])
    made = await system.service([{"type": "schedule", "id": later["id"]}])
    event = await system.event(made["key"])
    incident = await system.incident(event["incident_id"])
    assert (incident["escalation"]["state"], incident["pending_actions"]) == (
        "unroutable",
        [{"action": "retry", "at": "2026-03-02T12:05:00Z"}],
    )
    assert [r["reason"] for r in (await system.api.get("/healthz")).json()["reasons"]] == ["unroutable"]
    await system.advance(minutes=5, step=FIVE)
    incident = await system.incident(event["incident_id"])
    assert incident["pending_actions"] == [{"action": "retry", "at": "2026-03-02T12:07:00Z"}], "the handoff is sooner than five minutes"
    await system.advance(minutes=2)
    assert system.pages() == ["Ben"]
    assert (await system.api.get("/healthz")).json()["status"] == "ok"


async def test_a_flapping_incident_that_was_exhausted_is_tried_again_when_it_would_have_been(system: System) -> None:
    monitor = await monitored(system, repeat=0)
    await monitor.says(monitor.event())
    await system.advance(minutes=11)
    system.pages()
    await monitor.says(monitor.event(action="resolve"), monitor.event())
    await system.advance(minutes=28, seconds=30, step=FIVE)
    assert system.pages() == []
    await system.advance(seconds=30)
    assert system.pages() == ["Ana"], "half an hour after it was exhausted"


async def test_exhausted_with_its_retry_switched_off_waits_for_a_human_in_the_open(system: System) -> None:
    monitor = await monitored(system, repeat=0, exhausted_retry=None)
    [decided] = await monitor.says(monitor.event())
    await system.advance(minutes=10, step=FIVE)
    incident = await system.incident(str(decided.incident_id))
    assert (incident["escalation"]["state"], incident["pending_actions"]) == ("exhausted", [])
    assert [r["reason"] for r in (await system.api.get("/healthz")).json()["reasons"]] == ["exhausted"]
    system.pages()
    await system.advance(days=1, step=timedelta(hours=1))
    assert system.pages() == []


async def test_exhausted_goes_to_the_teams_fallback_policy(system: System) -> None:
    ana, ben, eve = await system.user("Ana"), await system.user("Ben"), await system.user("Eve")
    last = await system.make("escalation-policies", name="Last", steps=[{"delay": "PT5M", "targets": [to(eve)]}], repeat=0)
    team = await system.make("teams", name="Payments", fallback_policy_id=last["id"])
    made = await system.service([to(ana)], [to(ben)], repeat=0)
    service = made["service"]
    body = {"name": "payments-api", "escalation_policy_id": made["policy"]["id"], "team_id": team["id"]}
    edited = await system.api.put(f"/api/v1/services/{service['id']}", json=body, headers={"If-Match": "*"})
    assert edited.status_code == 200
    event = await system.event(made["key"])
    await system.advance(minutes=10, step=FIVE)
    assert system.pages() == ["Ana", "Ben", "Eve"]
    assert "fallback: goes to the team's fallback policy Last" in await system.reasons(event["incident_id"])
    await system.advance(minutes=5, step=FIVE)
    assert (await system.incident(event["incident_id"]))["escalation"]["state"] == "exhausted"
    await system.advance(minutes=30, step=FIVE)
    assert system.pages() == ["Ana"], "the retry begins with the policy itself"


@pytest.mark.parametrize(
    ("what", "statement", "name"),
    [
        ("triggered with nothing planned", "UPDATE incidents SET next_at = NULL", "incidents_a_triggered_one_has_next_at"),
        ("an unknown status", "UPDATE incidents SET status = 'snoozed'", "incidents_status_is_known"),
        ("an unknown urgency", "UPDATE incidents SET urgency = 'medium'", "incidents_urgency_is_known"),
        (
            "acknowledged, but nobody knows since when",
            "UPDATE incidents SET status = 'acknowledged'",
            "incidents_an_acknowledged_one_says_since_when",
        ),
        ("an alert that is resolved, but nobody knows when", "UPDATE alerts SET state = 'resolved'", "alerts_a_resolved_one_says_when"),
        (
            "two open alerts of one key",
            "INSERT INTO alerts SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid()))).* FROM alerts a",
            "alerts_one_open_per_key",
        ),
        (
            "a pending message nobody will look at",
            "UPDATE notifications SET next_at = NULL",
            "notifications_only_unfinished_ones_have_next_at",
        ),
        (
            "a sent message that is looked at again",
            "UPDATE notifications SET status = 'sent'",
            "notifications_only_unfinished_ones_have_next_at",
        ),
        ("an unknown status of a message", "UPDATE notifications SET status = 'lost', next_at = NULL", "notifications_status_is_known"),
        (
            "the same message of one position twice",
            "INSERT INTO notifications SELECT (jsonb_populate_record(n, jsonb_build_object('id', page_id))).* FROM notifications n",
            "notifications_once_per_position_and_contact_method",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x and not x.isupper() else "",
)
async def test_the_database_refuses(system: System, what: str, statement: str, name: str) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event())
    with pytest.raises(IntegrityError, match=name):
        async with system.node.database.transaction() as tx:
            await tx.execute(text(statement))

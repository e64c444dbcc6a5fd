"""`semantics.md` §4: "Condition of a step: `unacknowledged` (default) or `unresolved`. Acknowledging cancels the pending pages of
unacknowledged steps in the same transaction; a policy with unresolved steps goes on through only those."
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.escalation.test_rules import ANA, FIVE, MINUTE, NOW, policy, user
from tests.system import System, to

from oncall.contacts.values import Urgency
from oncall.escalation.rules import next_unresolved
from oncall.escalation.values import Condition, Policy, Position, Snapshot

JSON = dict[str, Any]


def of(conditions: str, repeat: int = 0) -> Policy:
    """A step of five minutes for each letter: a until acknowledged, r until resolved."""
    its = policy(*([user(ANA)] for _ in conditions), repeat=repeat)
    meant = {"a": Condition.UNACKNOWLEDGED, "r": Condition.UNRESOLVED}
    return replace(its, steps=tuple(replace(step, condition=meant[c]) for step, c in zip(its.steps, conditions, strict=True)))


@pytest.mark.parametrize(
    ("what", "its", "position", "expected"),
    [
        ("nothing goes on", of("aaa"), Position(), None),
        ("the next step", of("ar"), Position(step=1), (Position(step=1), NOW)),
        ("steps between wait as long as they would have", of("aaar"), Position(step=1), (Position(step=3), NOW + 2 * FIVE)),
        ("it has fired, and there is no other round", of("ara"), Position(step=2), None),
        ("in the next round", of("ara", 1), Position(step=2), (Position(round=2, step=1), NOW + 2 * FIVE)),
        ("past the last step", of("ra", 1), Position(step=2), (Position(round=2, step=0), NOW)),
        ("all rounds are over", of("ra", 1), Position(round=2, step=2), None),
    ],
)
def test_what_goes_on(what: str, its: Policy, position: Position, expected: tuple[Position, datetime] | None) -> None:
    assert next_unresolved(Snapshot(its), position, NOW, Urgency.HIGH) == expected, what


@pytest.mark.parametrize(("climbs", "goes_on"), [(False, False), (True, True)])
def test_at_low_urgency_only_where_the_policy_climbs(climbs: bool, goes_on: bool) -> None:
    its = replace(of("ar"), escalate_low=climbs)
    assert (next_unresolved(Snapshot(its), Position(step=1), NOW, Urgency.LOW) is not None) is goes_on


async def paging(system: System, **more: Any) -> JSON:
    """Ana; after five minutes Ben; after ten more the manager, unless it is resolved."""
    ana, ben, boss = [await system.user(name) for name in ("Ana", "Ben", "Boss")]
    steps = [
        {"delay": "PT5M", "targets": [to(ana)]},
        {"delay": "PT10M", "targets": [to(ben)]},
        {"delay": "PT5M", "targets": [to(boss)], "condition": "unresolved"},
    ]
    made = await system.make("escalation-policies", name="P", steps=steps, repeat=0, **more)
    service = await system.make("services", name="payments-api", escalation_policy_id=made["id"])
    integration = await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty")
    return {"key": integration["key"], "ana": ana, "boss": boss, "service": service}


async def acknowledged(system: System, id: str, user: JSON) -> JSON:
    answer = await system.api.post(f"/api/v1/incidents/{id}/acknowledge", json={"user_id": user["id"]})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_manager_hears_of_what_is_acknowledged_and_not_resolved_and_when_is_told(system: System) -> None:
    made = await paging(system)
    event = await system.event(made["key"])
    await system.advance(minutes=2)
    shown = await acknowledged(system, event["incident_id"], made["ana"])
    assert shown["escalation"]["state"] == "running"
    assert shown["pending_actions"] == [{"action": "escalate", "at": "2026-03-02T12:15:00Z"}]
    system.pages()
    await system.advance(minutes=12, seconds=30)
    assert system.pages() == [], "Ben's step is passed over, and takes its time"
    await system.advance(minutes=1)
    assert system.pages() == ["Boss"]
    shown = await system.incident(event["incident_id"])
    assert (shown["status"], shown["escalation"]["state"]) == ("acknowledged", "stopped")
    assert [one["action"] for one in shown["pending_actions"]] == ["retrigger"], "the acknowledgement times out as ever"
    await system.advance(minutes=10)
    assert system.pages() == []


async def test_resolved_in_time_nobody_else_hears_of_it(system: System) -> None:
    made = await paging(system)
    event = await system.event(made["key"])
    await acknowledged(system, event["incident_id"], made["ana"])
    system.pages()
    await system.advance(minutes=10)
    assert (await system.api.post(f"/api/v1/incidents/{event['incident_id']}/resolve", json={})).status_code == 200
    await system.advance(minutes=30)
    assert system.pages() == []


async def test_an_acknowledgement_leaves_pending_what_only_a_resolve_stops(system: System) -> None:
    made = await paging(system)
    email = (await system.api.get(f"/api/v1/users/{made['boss']['id']}/contact-methods")).json()["items"][0]
    for delay in ("PT0S", "PT2M"):
        rule = {"urgency": "high", "delay": delay, "contact_method_id": email["id"]}
        await system.make(f"users/{made['boss']['id']}/notification-rules", **rule)
    event = await system.event(made["key"])
    await system.advance(minutes=15)
    assert system.pages() == ["Ana", "Ben", "Boss"]
    shown = await acknowledged(system, event["incident_id"], made["ana"])
    assert shown["cancelled_pages"] == 0
    await system.advance(minutes=2)
    assert system.pages() == ["Boss"], "the second message of the manager's own rules"


async def test_the_monitors_own_acknowledgement_is_no_other(system: System) -> None:
    made = await paging(system)
    event = await system.event(made["key"])
    await system.event(made["key"], action="acknowledge")
    system.pages()
    await system.advance(minutes=15, seconds=30)
    assert system.pages() == ["Boss"]
    assert (await system.incident(event["incident_id"]))["status"] == "acknowledged"


async def test_a_silence_holds_a_step_that_goes_on_until_it_ends(system: System) -> None:
    made = await paging(system)
    event = await system.event(made["key"])
    await acknowledged(system, event["incident_id"], made["ana"])
    ends = (system.clock.at + 20 * MINUTE).isoformat()
    await system.make("silences", matchers=['service="payments-api"'], ends_at=ends, comment="known")
    system.pages()
    await system.advance(minutes=19)
    assert system.pages() == []
    await system.advance(minutes=2)
    assert system.pages() == ["Boss"]


async def test_the_time_out_begins_a_new_cycle_whatever_was_still_to_come(system: System) -> None:
    made = await paging(system)
    await system.api.put(
        f"/api/v1/services/{made['service']['id']}", json=made["service"] | {"ack_timeout": "PT10M"}, headers={"If-Match": "*"}
    )
    event = await system.event(made["key"])
    await acknowledged(system, event["incident_id"], made["ana"])
    system.pages()
    await system.advance(minutes=11)
    assert system.pages() == ["Ana"]
    await system.advance(minutes=16)
    assert system.pages() == ["Ben", "Boss"], "all of them again: nobody has it"

"""Steps that page one after the other, only some severities, only in some hours, and teams: over HTTP, with real pages."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.escalation.test_commands import schedule
from tests.system import System, to

from oncall.escalation import store
from oncall.kit.ids import PolicyId

JSON = dict[str, Any]


async def serviced(system: System, *steps: JSON, name: str = "payments-api", **more: Any) -> str:
    """A service with a policy of these steps; the key of an integration of it."""
    policy = await system.make("escalation-policies", name="P", steps=[{"delay": "PT5M", **step} for step in steps], **more)
    return await of_policy(system, policy["id"], name)


async def of_policy(system: System, policy: str, name: str) -> str:
    service = await system.make("services", name=name, escalation_policy_id=policy)
    return str((await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty"))["key"])


async def test_a_step_is_shown_as_it_was_written_with_every_default(system: System) -> None:
    ana = await system.user("Ana")
    team = await system.make("teams", name="Payments")
    plain = {"delay": "PT5M", "targets": [to(ana)]}
    team_target = {"type": "team", "id": team["id"]}
    special = {
        "delay": "PT5M",
        "targets": [to(ana), team_target],
        "strategy": "round_robin",
        "condition": "unresolved",
        "severities": ["critical", "error"],
        "hours": {"start_time": "22:00:00", "end_time": "06:00:00", "days": ["monday", "friday"]},
        "priorities": ["P1", "P2"],
        "in_support_hours": True,
    }
    made = await system.make("escalation-policies", name="P", steps=[plain, special])
    assert made["steps"] == [
        plain
        | {
            "strategy": "everyone",
            "condition": "unacknowledged",
            "severities": [],
            "hours": None,
            "priorities": [],
            "in_support_hours": None,
        },
        special,
    ]
    refused = await system.api.delete(f"/api/v1/teams/{team['id']}")
    assert (refused.status_code, refused.json()["used_by"][0]["name"]) == (409, "P")


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a strategy that does not exist", {"strategy": "random"}),
        ("a severity that does not exist", {"severities": ["P1"]}),
        ("a priority that does not exist", {"priorities": ["P0"]}),
        ("a condition on support hours that is none", {"in_support_hours": "sometimes"}),
        ("a day that does not exist", {"hours": {"start_time": "09:00", "end_time": "17:00", "days": ["someday"]}}),
        ("no day at all", {"hours": {"start_time": "09:00", "end_time": "17:00", "days": []}}),
        ("a time of another clock", {"hours": {"start_time": "09:00+02:00", "end_time": "17:00"}}),
        ("half of the hours", {"hours": {"start_time": "09:00"}}),
        ("a team that does not exist", {"targets": [{"type": "team", "id": "01900000-0000-7000-8000-000000000000"}]}),
    ],
)
async def test_refused(system: System, what: str, change: JSON) -> None:
    step = {"delay": "PT5M", "targets": [to(await system.user("Ana"))]} | change
    answer = await system.api.post("/api/v1/escalation-policies", json={"name": "P", "steps": [step]})
    assert answer.status_code == 422, what


async def test_turns_go_round_across_incidents_and_services_and_rounds(system: System) -> None:
    people = [to(await system.user(name)) for name in ("Ana", "Ben", "Eve")]
    key = await serviced(system, {"targets": people, "strategy": "round_robin"})
    policy = (await system.api.get("/api/v1/escalation-policies")).json()["items"][0]["id"]
    other = await of_policy(system, policy, "ledger")
    for dedup_key, of in (("a", key), ("b", other), ("c", key), ("d", key)):
        await system.event(of, dedup_key)
    assert system.pages() == ["Ana", "Ben", "Eve", "Ana"], "whose last turn is the longest ago, whatever the incident"
    await system.advance(minutes=5)
    assert sorted(system.pages()) == ["Ana", "Ben", "Ben", "Eve"], "the next round of all four, each somebody else's turn"


async def test_many_incidents_at_once_are_shared_out_evenly(system: System) -> None:
    people = [to(await system.user(name)) for name in ("Ana", "Ben", "Eve")]
    key = await serviced(system, {"targets": people, "strategy": "round_robin"})

    async def one(n: int) -> None:
        body = {"event_action": "trigger", "dedup_key": f"k{n}", "payload": {"summary": "s", "source": "db", "severity": "critical"}}
        assert (await system.api.post(f"/intake/{key}", json=body)).status_code == 202

    await asyncio.gather(*(one(n) for n in range(30)))
    await system.advance(minutes=1)  # so long those may wait that travel together
    pages = system.pages()
    assert {name: pages.count(name) for name in ("Ana", "Ben", "Eve")} == {"Ana": 10, "Ben": 10, "Eve": 10}


async def test_nobody_waits_for_whoever_decides_whose_turn_it_is(system: System) -> None:
    people = [to(await system.user(name)) for name in ("Ana", "Ben")]
    key = await serviced(system, {"targets": people, "strategy": "round_robin"}, repeat=1)
    policy = PolicyId(UUID((await system.api.get("/api/v1/escalation-policies")).json()["items"][0]["id"]))
    await system.event(key, "before")
    async with system.node.database.transaction() as tx:
        assert await store.lock_turns(tx, [policy]) == {policy}
        await system.event(key, "meanwhile")
        system.clock.advance(timedelta(minutes=5))
        await system.run_due()
        assert system.pages() == ["Ana"], "what opens is accepted, what falls due is left due, and no transaction holds rows and waits"
    await system.run_due()
    assert sorted(system.pages()) == ["Ana", "Ben"]


async def test_a_team_means_whoever_is_on_call_for_it_now(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    weekly = await schedule(system, ana, ben)
    team = await system.make("teams", name="Payments", schedule_id=weekly["id"])
    target = {"type": "team", "id": team["id"]}
    key = await serviced(system, {"targets": [target]})
    await system.event(key, "now")
    assert system.pages() == ["Ana"]
    services = (await system.api.get("/api/v1/services")).json()["items"]
    asked = (await system.api.get("/api/v1/oncalls", params={"service_id": services[0]["id"]})).json()["items"]
    assert [(row["user"]["name"], row["schedule"]["name"], row["level"]) for row in asked] == [("Ana", "Primary", 1)]


async def test_a_team_without_a_schedule_is_said_so_and_the_next_step_is_taken_at_once(system: System) -> None:
    ben = await system.user("Ben")
    team = await system.make("teams", name="Payments")
    key = await serviced(system, {"targets": [{"type": "team", "id": team["id"]}]}, {"targets": [to(ben)]})
    event = await system.event(key)
    assert system.pages() == ["Ben"]
    said = "step_skipped: step 1 of policy P reached nobody: team Payments has no schedule that says who is on call"
    assert said in await system.reasons(event["incident_id"])


async def test_whoever_is_outside_of_the_hours_there_is_left_out_and_the_record_says_why(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    zone = await system.api.patch(f"/api/v1/users/{ana['id']}", json={"time_zone": "Asia/Tokyo"}, headers={"If-Match": "*"})
    assert zone.status_code == 200, zone.text
    key = await serviced(system, {"targets": [to(ana), to(ben)], "hours": {"start_time": "09:00", "end_time": "17:00"}})
    event = await system.event(key)
    assert system.pages() == ["Ben"]
    said = "unreachable: step 1 of policy P: Ana's clock says Monday 21:00, and this step is for 09:00 to 17:00 there"
    assert said in await system.reasons(event["incident_id"])

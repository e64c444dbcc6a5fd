"""Coverage over REST, at the terminal and as gauges, on a real database."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.cli.test_daily import Terminal, make
from tests.schedules.asking import always, scheduled
from tests.serving import serving
from tests.system import System, to

from oncall.channels.twilio import NOT_CONFIGURED
from oncall.kit.db import Database

JSON = dict[str, Any]
NOTHING = "PT0S"


async def ask(system: System, **params: object) -> JSON:
    answer = await system.api.get("/api/v1/reports/coverage", params={name: str(value) for name, value in params.items()})
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


def gauge(name: str, urgency: str) -> float | None:
    return REGISTRY.get_sample_value(f"oncall_coverage_{name}", {"urgency": urgency})


async def on_call(system: System, **hole: str) -> JSON:
    """A service that pages whoever is on call in a schedule: Ana, but for the time of an override that clears it."""
    ana = await system.user("Ana")
    schedule = await scheduled(system, always(ana))
    if hole:
        await system.make(f"{schedule.removeprefix('/api/v1/').strip('/')}/overrides", kind="clear", **hole)
    its = await system.service([{"type": "schedule", "id": schedule.rstrip("/").rsplit("/", 1)[-1]}], repeat=0)
    return {**its, "ana": ana}


async def test_a_service_that_always_reaches_somebody_has_no_hole(system: System) -> None:
    await on_call(system)
    found = await ask(system)
    since = system.clock.at.replace(microsecond=0)
    assert (found["services"], found["holes"], found["uncovered"], found["waiting"], found["items"]) == (1, 0, NOTHING, 0, [])
    assert [found[end] for end in ("since", "until")] == [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (since, since + timedelta(days=30))]


async def test_a_hole_is_told_with_service_urgency_and_reason(system: System) -> None:
    start = (system.clock.at + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    start_at, end_at = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (start, start + timedelta(hours=1)))
    its = await on_call(system, start=start_at, end=end_at)
    found = await ask(system, days=7, service_id=its["service"]["id"])
    hole = {
        "kind": "nobody",
        "start": start_at,
        "end": end_at,
        "length": "PT1H",
        "service": {"id": its["service"]["id"], "name": "payments-api"},
    }
    why = {"why": ["step 1 of policy Payments reached nobody: nobody is on call in schedule Payments"]}
    assert found["items"] == [
        {"urgency": "high", "severities": ["critical", "error", "unknown"], **hole, **why},
        {"urgency": "low", "severities": ["warning", "info"], **hole, **why},
    ]
    assert (found["holes"], found["uncovered"], found["is_cut"]) == (2, "PT2H", False)
    assert (await ask(system, days=1))["holes"] == 0, "it is the day after tomorrow"
    first = await ask(system, days=7, limit=1)
    assert (len(first["items"]), first["holes"], first["is_cut"]) == (1, 2, True)


async def test_whoever_cannot_be_reached_by_any_way_of_theirs_is_nobody(system: System) -> None:
    ben = await system.user("Ben", channel=None)
    await system.service([to(ben)])
    found = await ask(system, days=1)
    assert [(hole["urgency"], hole["length"]) for hole in found["items"]] == [("high", "P1D")], "low urgency goes to the account e-mail"
    assert "Ben has no verified contact method" in found["items"][0]["why"][0]
    system.email.lacks = NOT_CONFIGURED
    assert [hole["urgency"] for hole in (await ask(system, days=1))["items"]] == ["high", "low"]


async def test_a_channel_that_is_not_set_up_here_reaches_nobody(system: System) -> None:
    await on_call(system)
    assert (await ask(system, days=1))["holes"] == 0
    system.email.lacks = "e-mail is not configured"
    found = await ask(system, days=1)
    assert {sentence for hole in found["items"] for sentence in hole["why"]} == {
        "step 1 of policy Payments reached nobody: Ana gets no message: e-mail is not configured"
    }


async def test_low_urgency_that_waits_for_quiet_hours_is_counted_apart_and_listed_if_asked_for(system: System) -> None:
    its = await on_call(system)
    answer = await system.api.put(f"/api/v1/users/{its['ana']['id']}/quiet-hours", json={"start_time": "22:00", "end_time": "07:00"})
    assert answer.is_success, answer.text
    found = await ask(system, days=2)
    assert (found["holes"], found["items"], found["waiting"]) == (0, [], 3 if system.clock.at.hour >= 22 or system.clock.at.hour < 7 else 2)
    listed = (await ask(system, days=2, quiet_hours="true"))["items"]
    assert {(hole["urgency"], hole["kind"]) for hole in listed} == {("low", "quiet_hours")}
    assert "Ana: held by their quiet hours until 07:00 UTC" in listed[0]["why"]


@pytest.mark.parametrize(("params", "field"), [({"days": 0}, "days"), ({"days": 91}, "days"), ({"limit": 10_001}, "limit")])
async def test_what_cannot_be_asked_is_said(system: System, params: dict[str, int], field: str) -> None:
    answer = await system.api.get("/api/v1/reports/coverage", params=params)
    assert answer.status_code == 422
    assert field in answer.text


async def test_a_service_that_is_not_there_and_a_stranger(system: System) -> None:
    answer = await system.api.get("/api/v1/reports/coverage", params={"service_id": "00000000-0000-0000-0000-000000000001"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no service with this id.")
    async with system.client() as stranger:
        assert (await stranger.get("/api/v1/reports/coverage")).status_code == 401


async def test_one_is_worked_out_at_a_time(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.node.prover, "_is_running", True)
    answer = await system.api.get("/api/v1/reports/coverage")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


async def test_the_gauges_are_of_the_next_seven_days_and_at_most_a_quarter_of_an_hour_old(system: System) -> None:
    its = await on_call(system)
    await system.run_due()
    assert [gauge(name, "high") for name in ("holes", "services", "uncovered_seconds")] == [0, 0, 0]
    start = system.clock.at + timedelta(days=1)
    times = {"start": f"{start:%Y-%m-%dT%H:00:00Z}", "end": f"{start + timedelta(hours=2):%Y-%m-%dT%H:00:00Z}"}
    schedule = its["policy"]["steps"][0]["targets"][0]["id"]
    await system.make(f"schedules/{schedule}/overrides", kind="clear", **times)
    await system.advance(minutes=14)
    assert gauge("holes", "high") == 0, "nothing is worked out before its time"
    await system.advance(minutes=1)
    for urgency in ("high", "low"):
        assert [gauge(name, urgency) for name in ("holes", "services", "uncovered_seconds")] == [1, 1, 7200]


async def test_a_pipeline_stops_where_somebody_would_reach_nobody(database: Database, database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, wait=False) as node:
        await node.ready(within=60)
        api, at = node.api, Terminal(node.url)
        ben = await make(api, "users", name="Ben", email="ben@example.com")
        policy = await make(api, "escalation-policies", name="P", steps=[{"delay": "PT5M", "targets": [{"type": "user", "id": ben["id"]}]}])
        await make(api, "services", name="payments-api", escalation_policy_id=policy["id"], urgency="high")
        code, out, err = await at("coverage", "--days", "2", "--service", "payments-api")
        assert (code, err) == (1, "")
        lines = out.splitlines()
        assert lines[0].endswith("payments-api, high urgency (critical, error, warning, info, unknown) reaches nobody:")
        assert lines[1].startswith("    step 1 of policy P reached nobody: Ben has no verified contact method")
        assert lines[2].startswith("1 service, 2 days from ")
        assert lines[2].endswith(": 1 hole, P2D together.")
        code, out, _ = await at("coverage", "--json", "--service", "payments-api")
        assert (code, json.loads(out)["holes"]) == (1, 1)
        assert (await at("coverage", "--service", "nothing"))[0] == 1
        assert (await at("coverage", "--days", "91"))[0] == 2
        await make(api, f"users/{ben['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/ben", verified=True)
        code, out, _ = await at("coverage", "--service", "payments-api")
        assert (code, out.rpartition(": ")[2]) == (0, "somebody is reached at every instant.\n")

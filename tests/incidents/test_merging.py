"""Two incidents that are one, and one that is two: alerts move, nothing is lost, and whoever should be paged is."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from tests.incidents.building import Monitor, monitored, rows
from tests.system import System, to

from oncall.incidents.commands.accept import accept_events
from oncall.incidents.values import Decided

JSON = dict[str, Any]
COUNTS = "SELECT i.number, count(a.id) FROM incidents i LEFT JOIN alerts a ON a.incident_id = i.id GROUP BY i.number ORDER BY i.number"


@pytest.fixture(autouse=True)
async def _numbers_from_one(system: System) -> None:
    async with system.node.database.transaction() as tx:
        await tx.execute(text("ALTER TABLE incidents ALTER COLUMN number RESTART WITH 1"))


async def opened(system: System, monitor: Monitor, *keys: str, **more: Any) -> list[str]:
    """The ids of the incidents of these keys, whose first pages have been sent."""
    decided = [(await monitor.says(monitor.event(key, **more)))[0] for key in keys]
    await system.run_due()
    return [f"{d.incident_id}" for d in decided]


async def post(system: System, id: object, verb: str, expect: int = 200, **body: Any) -> JSON:
    answer = await system.api.post(f"/api/v1/incidents/{id}/{verb}", json=body)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def alerts_of(system: System, id: object) -> dict[str, str]:
    """The ids of an incident's alerts by their keys."""
    items = (await system.api.get(f"/api/v1/incidents/{id}/alerts")).json()["items"]
    return {alert["dedup_key"]: alert["id"] for alert in items}


def paged(system: System) -> list[str]:
    return [f"{message.address.partition('@')[0]} of #{message.number}" for message in system.email.sent]


async def databases(system: System, who: JSON) -> Monitor:
    """Another service."""
    made = await system.service([to(who)])
    body = {"name": "databases", "escalation_policy_id": made["policy"]["id"]}
    answer = await system.api.put(f"/api/v1/services/{made['service']['id']}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return Monitor(system, made)


async def says(monitor: Monitor, key: str, action: str = "trigger", **more: Any) -> Decided:
    return (await monitor.says(monitor.event(key, action, **more)))[0]


async def test_the_alerts_of_those_merged_are_this_ones_and_those_are_over(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu, net = await opened(system, monitor, "disk", "cpu", "net")
    done = await post(system, disk, "merge", incidents=[cpu, 3])
    assert [one["number"] for one in done["merged"]] == [2, 3]
    assert done["incident"]["alert_counts"] == {"open": 3, "resolved": 0}
    shown = await system.incident(cpu)
    assert (shown["status"], shown["merged_into_id"], shown["alert_counts"]["open"]) == ("resolved", disk, 0)
    assert "merged into #1 by" in (await system.reasons(cpu))[-1]
    assert (await system.reasons(disk))[-1] == "took_in: took in #2 (Disk full), #3 (Disk full) with 2 alerts"
    await system.advance(hours=1)
    assert {line.partition(" of ")[2] for line in paged(system)[3:]} == {"#1"}, "only what took in the others goes on"
    assert net


async def test_a_second_time_is_no_error(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu, net = await opened(system, monitor, "disk", "cpu", "net")
    await post(system, disk, "merge", incidents=[cpu])
    again = await post(system, disk, "merge", incidents=[cpu])
    assert (again["merged"], again["incident"]["alert_counts"]["open"]) == ([], 2)
    assert [one["number"] for one in (await post(system, disk, "merge", incidents=[cpu, net, net]))["merged"]] == [3]


async def test_the_last_alert_resolves_it_and_one_that_comes_back_reopens_it(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu = await opened(system, monitor, "disk", "cpu")
    await post(system, disk, "merge", incidents=[cpu])
    assert (await says(monitor, "cpu")).decision == "deduplicated"
    await says(monitor, "disk", "resolve")
    assert (await system.incident(disk))["status"] == "triggered"
    await says(monitor, "cpu", "resolve")
    assert (await system.incident(disk))["status"] == "resolved"
    back = await says(monitor, "cpu")
    assert (back.decision, f"{back.incident_id}") == ("reopened", disk)
    assert (await system.incident(cpu))["status"] == "resolved"


async def test_what_nobody_had_acknowledged_breaks_through(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    disk, cpu, net = await opened(system, monitor, "disk", "cpu", "net")
    await post(system, disk, "acknowledge")
    await post(system, net, "acknowledge")
    await post(system, disk, "merge", incidents=[net])
    await system.run_due()
    assert len(paged(system)) == 3, "somebody had both"
    shown = (await post(system, disk, "merge", incidents=[cpu]))["incident"]
    assert (shown["status"], shown["pending_actions"][0]["action"]) == ("acknowledged", "break_through")
    await system.run_due()
    assert paged(system)[3:] == ["ana of #1"]
    assert "1 more alert since" in system.email.sent[-1].reason
    await system.advance(minutes=6)
    assert (await system.incident(disk))["status"] == "triggered", "nobody confirmed it within the step's delay"


async def test_one_that_nobody_has_goes_on_though_what_it_takes_in_was_acknowledged(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu = await opened(system, monitor, "disk", "cpu")
    await post(system, cpu, "acknowledge")
    assert (await post(system, disk, "merge", incidents=[cpu]))["incident"]["status"] == "triggered"
    await system.advance(minutes=5)
    assert paged(system)[2:] == ["ben of #1"]


async def test_the_sooner_step_counts_and_the_higher_urgency_pages_at_once(system: System) -> None:
    monitor = await monitored(system)
    (old,) = await opened(system, monitor, "old")
    await system.advance(minutes=4)
    (young,) = await opened(system, monitor, "young")
    await post(system, young, "merge", incidents=[old])
    await system.advance(minutes=1)
    assert paged(system) == ["ana of #1", "ana of #2", "ben of #2"], "as soon as the older one would have been"
    (low,) = await opened(system, monitor, "low", severity="info")
    (high,) = await opened(system, monitor, "high")
    done = await post(system, low, "merge", incidents=[high])
    assert (done["incident"]["urgency"], done["incident"]["severity"]) == ("high", "critical")
    before = len(paged(system))
    await system.run_due()
    assert paged(system)[before:] == ["ana of #3"]


async def test_what_is_muted_pages_once_an_alert_that_is_not_joins_it(system: System) -> None:
    monitor = await monitored(system)
    body = {"matchers": ['dedup_key="quiet"'], "ends_at": "2026-03-03T12:00:00Z", "comment": "deploy"}
    await system.make("silences", **body)
    quiet, loud = await opened(system, monitor, "quiet", "loud")
    assert paged(system) == ["ana of #2"]
    await post(system, quiet, "merge", incidents=[loud])
    await system.run_due()
    assert paged(system)[1:] == ["ana of #1"]


async def test_incidents_of_several_services_may_be_one(system: System) -> None:
    """Its alerts stay of their services: their ends, silences and repeats find them, and it follows all of them."""
    monitor = await monitored(system, flapping={"changes": 3, "within": "PT10M", "settle": "PT5M"})
    ana = (await system.api.get("/api/v1/users")).json()["items"][0]
    other = await databases(system, ana)
    await system.make("silences", matchers=['service="databases"'], ends_at="2026-03-02T13:00:00Z", comment="deploy")
    (disk,), (db,) = await opened(system, monitor, "disk"), await opened(system, other, "db")
    assert paged(system) == ["ana of #1"]
    await post(system, db, "merge", incidents=[disk])
    await system.run_due()
    assert paged(system)[1:] == ["ana of #2"], "the alert of the first service is not muted"
    assert (await says(other, "db", severity="error")).decision == "deduplicated"
    assert (await says(monitor, "disk", "resolve")).decision == "resolved"
    shown = await system.incident(db)
    assert (shown["status"], shown["alert_counts"]) == ("triggered", {"open": 1, "resolved": 1})
    for action in ("trigger", "resolve"):
        assert f"{(await says(monitor, 'disk', action)).incident_id}" == db
    await says(other, "db", "resolve")
    await system.advance(minutes=20)
    assert (await system.incident(db))["status"] in {"resolved", "closed"}


async def test_whoever_acknowledges_one_that_was_merged_has_what_it_became(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu = await opened(system, monitor, "disk", "cpu")
    (net,) = await opened(system, monitor, "net")
    told = next(message for message in system.email.sent if f"{message.incident_id}" == cpu)
    await post(system, disk, "merge", incidents=[cpu])
    await post(system, net, "merge", incidents=[disk])
    stranger = system.client()
    seen = (await stranger.get(f"{told.acknowledge_url}")).text
    assert "#3" in seen
    assert "#2, which you were told of, was merged into this incident" in seen
    assert "<button" in seen
    resolving = await stranger.post(f"{told.resolve_url}")
    assert (resolving.status_code, "this link does not resolve it" in resolving.text) == (410, True)
    assert (await system.incident(net))["status"] == "triggered"
    assert "you have it" in (await stranger.post(f"{told.acknowledge_url}")).text
    assert ((await system.incident(net))["status"], (await system.incident(net))["acknowledged_by"]["name"]) == ("acknowledged", "Ana")
    assert (await post(system, cpu, "acknowledge"))["id"] == net


@pytest.mark.parametrize(
    ("into", "sources", "status", "says"),
    [
        ("disk", ["disk"], 409, "#1 cannot be merged into itself"),
        ("disk", ["over"], 409, "#3 is resolved, so nothing of it is left to merge"),
        ("over", ["disk"], 409, "#3 is resolved: only one that is open takes in others"),
        ("gone", ["disk"], 409, "#4 was merged into another incident; merge into that one instead"),
        ("disk", ["gone"], 409, "#4 was merged into another incident already"),
        ("disk", ["00000000-0000-0000-0000-000000000000"], 404, "no incident with this id or number"),
        ("disk", [99], 404, "no incident with this id or number"),
        ("disk", [], 422, "at least 1"),
        ("disk", ["x"], 422, "incidents"),
        ("disk", [0], 422, "greater than or equal to 1"),
        ("disk", [True], 422, "incidents"),
    ],
)
async def test_what_cannot_be_merged_is_refused(system: System, into: str, sources: list[Any], status: int, says: str) -> None:
    monitor = await monitored(system)
    names = dict(zip(("disk", "cpu", "over", "gone"), await opened(system, monitor, "disk", "cpu", "over", "gone"), strict=True))
    await post(system, names["over"], "resolve")
    await post(system, names["cpu"], "merge", incidents=[names["gone"]])
    body = {"incidents": [names.get(one, one) for one in sources]}
    answer = await system.api.post(f"/api/v1/incidents/{names[into]}/merge", json=body)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert await rows(system, COUNTS) == [(1, 1), (2, 2), (3, 1), (4, 0)]


async def test_two_that_are_merged_into_each_other_at_once_lose_no_alert(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu = await opened(system, monitor, "disk", "cpu")
    answers = await asyncio.gather(
        *(system.api.post(f"/api/v1/incidents/{a}/merge", json={"incidents": [b]}) for a, b in ((disk, cpu), (cpu, disk)))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert sorted(count for _, count in await rows(system, COUNTS)) == [0, 2]
    statuses = {(await system.incident(id))["status"] for id in (disk, cpu)}
    assert statuses == {"triggered", "resolved"}


async def test_what_comes_while_its_incident_is_being_merged_finds_its_alert(system: System) -> None:
    monitor = await monitored(system)
    disk, cpu = await opened(system, monitor, "disk", "cpu")
    async with system.node.database.transaction() as tx:
        (over,) = await accept_events(tx, [monitor.event("cpu", "resolve")], system.node.judging, now=system.clock.at)
        merging = asyncio.create_task(post(system, disk, "merge", 409, incidents=[cpu]))
        await asyncio.sleep(0.1)
        assert not merging.done()
    assert "#2 is resolved" in (await merging)["detail"]
    assert over.decision == "resolved"


async def test_alerts_that_are_split_off_are_a_problem_of_their_own_which_pages(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    (incident,) = {f"{(await says(monitor, key, summary=f'{key} is full')).incident_id}" for key in ("a", "b", "c")}
    await system.run_due()
    await post(system, incident, "acknowledge")
    ids = await alerts_of(system, incident)
    before = len(paged(system))
    made = await post(system, incident, "split", 201, alerts=[ids["c"], ids["b"]])
    assert (made["number"], made["title"], made["status"], made["split_from_id"]) == (2, "b is full", "triggered", incident)
    assert made["alert_counts"] == {"open": 2, "resolved": 0}
    await system.run_due()
    assert paged(system)[before:] == ["ana of #2"], "whoever has the other does not have this one"
    assert "split off into #2: b, c" in (await system.reasons(incident))[-1]
    assert (await system.reasons(made["id"]))[0] == "opened: split off #1: b, c"
    assert (await says(monitor, "b")).decision == "deduplicated"
    assert f"{(await says(monitor, 'd')).incident_id}" == incident, "what is new still joins the one with the grouping key"
    for key in ("b", "c"):
        await says(monitor, key, "resolve")
    assert [(await system.incident(id))["status"] for id in (made["id"], incident)] == ["resolved", "acknowledged"]
    back = await says(monitor, "b")
    assert (back.decision, f"{back.incident_id}") == ("reopened", made["id"])


async def test_one_all_of_whose_alerts_that_stay_are_resolved_is_resolved(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    (incident,) = {f"{(await says(monitor, key)).incident_id}" for key in ("a", "b")}
    await says(monitor, "a", "resolve")
    made = await post(system, incident, "split", 201, alerts=[(await alerts_of(system, incident))["b"]])
    assert ((await system.incident(incident))["status"], made["status"]) == ("resolved", "triggered")
    await system.run_due()
    assert paged(system) == ["ana of #2"]


async def test_what_is_split_off_is_as_urgent_as_what_it_may_have_made_so(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    (incident,) = {f"{(await says(monitor, key, severity=severity)).incident_id}" for key, severity in (("a", "critical"), ("b", "info"))}
    made = await post(system, incident, "split", 201, alerts=[(await alerts_of(system, incident))["b"]])
    assert (made["urgency"], made["severity"]) == ("low", "info")
    assert (await system.incident(incident))["urgency"] == "high"


@pytest.mark.parametrize(
    ("leaving", "status", "says"),
    [
        (["a", "b", "over"], 422, "These are all alerts of #1; at least one must stay"),
        (["over"], 422, "None of these alerts is open"),
        (["a", "stranger"], 422, "1 of these are no alerts of #1"),
        (["a", "foreign"], 422, "These alerts are of several services"),
        ([], 422, "at least 1"),
        (["not an id"], 422, "alerts"),
    ],
)
async def test_what_cannot_be_split_is_refused(system: System, leaving: list[str], status: int, says: str) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    (incident,) = {f"{(await monitor.says(monitor.event(key)))[0].incident_id}" for key in ("a", "b", "over")}
    await monitor.says(monitor.event("over", "resolve"))
    if "foreign" in leaving:
        ana = (await system.api.get("/api/v1/users")).json()["items"][0]
        other = await databases(system, ana)
        await post(system, incident, "merge", incidents=await opened(system, other, "foreign"))
    ids = await alerts_of(system, incident) | {"stranger": "00000000-0000-0000-0000-000000000000"}
    answer = await system.api.post(f"/api/v1/incidents/{incident}/split", json={"alerts": [ids.get(key, key) for key in leaving]})
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


async def test_only_one_that_is_open_is_split(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    (incident,) = {f"{(await says(monitor, key)).incident_id}" for key in ("a", "b")}
    await post(system, incident, "resolve")
    refused = await post(system, incident, "split", 409, alerts=[(await alerts_of(system, incident))["a"]])
    assert (refused["code"], "#1 is resolved" in refused["detail"]) == ("not_mergeable", True)

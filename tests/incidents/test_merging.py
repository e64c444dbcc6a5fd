"""Merging on the real system: what moves, who is paged, and that nobody presses a button that does nothing."""

import asyncio
from collections import Counter
from random import Random
from typing import Any
from uuid import UUID

import pytest
from tests.incidents.building import ANA, Monitor, blocked, monitored, rows
from tests.incidents.merging import acknowledge, alerts_of, ask, merge, opened, paged, standing
from tests.system import System, to

from oncall.incidents.commands import merging, verbs
from oncall.incidents.commands.accept import accept_events
from oncall.incidents.commands.lookup import find_alerts
from oncall.incidents.values import AlertSearch
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId, new_id

BY_LABELS = {"grouping": {"type": "labels", "labels": ["cluster"]}}


def cluster(name: str) -> dict[str, Any]:
    return {"labels": {"cluster": name}}


# --- what moves, and what is refused ----------------------------------------------------------------------------------------


async def test_alerts_move_and_the_merged_one_is_over(system: System) -> None:
    monitor = await monitored(system)
    target, source, other = await opened(system, monitor, "disk", "cpu", "net")
    number = (await system.incident(target))["number"]
    done = await merge(system, target, (await system.incident(source))["number"], other)
    assert (done["id"], done["changed"], *standing(done)) == (target, True, "triggered", 3, 0)
    assert sorted(done["dedup_keys"]) == ["cpu", "disk", "net"]
    over = await system.incident(source)
    assert (over["merged_into_id"], *standing(over), over["dedup_keys"]) == (target, "resolved", 0, 0, [])
    assert over["escalation"]["reason"].startswith(f"merged into #{number} by ")
    assert over["escalation"]["reason"].endswith(" through api")
    assert (await system.reasons(source))[-1].startswith(f"merged: merged into #{number} by ")
    assert next(line for line in await system.reasons(target) if line.startswith("took_in")).endswith("with 2 alerts, 2 open")
    assert await alerts_of(system, target) == {
        one["dedup_key"]: one["id"] for one in (await system.api.get("/api/v1/alerts")).json()["items"]
    }
    assert len((await system.api.get(f"/api/v1/incidents/{target}/events")).json()["items"]) == 3
    await system.advance(minutes=16)
    assert (await system.incident(source))["status"] == "closed", "as any that is resolved"


async def test_the_same_again_is_no_error_and_changes_nothing(system: System) -> None:
    monitor = await monitored(system)
    target, source, other = await opened(system, monitor, "disk", "cpu", "net")
    await merge(system, target, source)
    before = await system.reasons(target)
    again = await merge(system, target, source, source)
    assert (again["id"], again["changed"], again["cancelled_pages"]) == (target, False, 0)
    assert await system.reasons(target) == before
    assert (await merge(system, target, source, other))["changed"], "what is left of them is merged"
    assert (await system.incident(target))["alert_counts"]["open"] == 3


@pytest.mark.parametrize(
    ("what", "body", "status", "sentence"),
    [
        ("itself, by number", {"incidents": ["TARGET"]}, 422, "cannot be merged into itself"),
        ("one that is over", {"incidents": ["RESOLVED"]}, 409, "only what is open is merged: leave it out"),
        ("one that does not exist", {"incidents": [2**62]}, 422, f"There is no incident {2**62}."),
        ("a number that none can have", {"incidents": [2**63]}, 422, ""),
        ("zero", {"incidents": [0]}, 422, ""),
        ("true is no number", {"incidents": [True]}, 422, ""),
        ("nothing", {"incidents": []}, 422, ""),
        ("more than a hundred", {"incidents": [1] * 101}, 422, ""),
        ("no list", {"incidents": 3}, 422, ""),
        ("without them", {}, 422, ""),
        ("a field too many", {"incidents": ["OTHER"], "into": 4}, 422, ""),
        ("a user who does not exist", {"incidents": ["OTHER"], "user_id": f"{new_id()}"}, 422, "There is no user"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_what_is_refused_changes_nothing(system: System, what: str, body: dict[str, Any], status: int, sentence: str) -> None:
    target, source, resolved = await opened(system, await monitored(system), "disk", "cpu", "net")
    await ask(system, resolved, "resolve")
    names: dict[object, object] = {"TARGET": (await system.incident(target))["number"], "OTHER": source, "RESOLVED": resolved}
    if isinstance(body.get("incidents"), list):
        body = body | {"incidents": [names.get(one, one) for one in body["incidents"]]}
    before = await rows(system, "SELECT * FROM incidents ORDER BY id")
    answer = await ask(system, target, "merge", **body)
    assert (answer.status_code, sentence in answer.json()["detail"]) == (status, True), answer.text
    assert await rows(system, "SELECT * FROM incidents ORDER BY id") == before
    assert (await ask(system, source, "merge", incidents=[target])).status_code == 200, "and the right one is no refusal"


async def test_who_may_and_into_what(system: System) -> None:
    target, source = await opened(system, await monitored(system), "disk", "cpu")
    reader = system.client({"Authorization": f"Bearer {(await system.make('api-keys', name='wall', scope='read'))['key']}"})
    responder = system.client({"Authorization": f"Bearer {(await system.make('api-keys', name='desk', scope='respond'))['key']}"})
    path = f"/api/v1/incidents/{target}/merge"
    assert (await reader.post(path, json={"incidents": [source]})).status_code == 403
    assert (await system.client().post(path, json={"incidents": [source]})).status_code == 401
    assert (await responder.post(f"/api/v1/incidents/{new_id()}/merge", json={"incidents": [source]})).status_code == 404
    assert (await responder.post(path, json={"incidents": [source]})).status_code == 200
    refused = await responder.post(f"/api/v1/incidents/{source}/merge", json={"incidents": [target]})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_mergeable")


# --- who is paged -----------------------------------------------------------------------------------------------------------


async def test_the_target_pages_on_and_the_merged_one_never_again(system: System) -> None:
    monitor = await monitored(system)
    [source] = await opened(system, monitor, "cpu")
    await system.advance(minutes=3)
    [target] = await opened(system, monitor, "disk")
    assert paged(system) == ["ana", "ana"]
    await merge(system, target, source)
    assert paged(system) == []
    await system.advance(minutes=2)
    assert paged(system) == ["ben"], "when the source's next step was due, which is earlier than its own"
    await system.advance(minutes=5)
    assert paged(system) == ["ana"], "one page for both from now on"
    messages = (await system.api.get(f"/api/v1/incidents/{source}/notifications")).json()["items"]
    assert len(messages) == 1


async def test_what_was_still_to_be_sent_for_the_merged_one_is_cancelled(system: System) -> None:
    monitor = await monitored(system)
    [target] = await opened(system, monitor, "disk")
    paged(system)
    [decided] = await monitor.says(monitor.event("cpu"))
    done = await merge(system, target, f"{decided.incident_id}")
    assert (done["cancelled_pages"], paged(system)) == (1, [])


async def test_one_that_nobody_had_breaks_through_the_acknowledgement_of_the_target(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    target, source = await opened(system, monitor, "disk", "cpu")
    await acknowledge(system, target, "Ben")
    paged(system)
    await system.advance(minutes=1)
    done = await merge(system, target, source)
    assert done["status"] == "acknowledged"
    assert sorted(paged(system)) == ["ana", "ben"], "whoever has it, and who is on call now"
    assert any(line == "broke_through: 1 more alert since Ben acknowledged it" for line in await system.reasons(target))
    await system.advance(minutes=5)
    assert (await system.incident(target))["status"] == "triggered", "nobody confirmed it"


async def test_two_that_somebody_has_are_merged_in_silence(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    target, source = await opened(system, monitor, "disk", "cpu")
    await acknowledge(system, target)
    await acknowledge(system, source, "Ben")
    paged(system)
    done = await merge(system, target, source)
    await system.advance(minutes=30)
    assert (paged(system), done["acknowledged_by"]["name"], standing(done)) == ([], "Ana", ("acknowledged", 2, 0))


async def test_that_somebody_has_the_merged_one_stops_nothing(system: System) -> None:
    monitor = await monitored(system)
    target, source = await opened(system, monitor, "disk", "cpu")
    await acknowledge(system, source)
    paged(system)
    assert (await merge(system, target, source))["status"] == "triggered"
    await system.advance(minutes=5)
    assert paged(system) == ["ben"]


async def test_a_graver_one_makes_the_target_page_at_once(system: System) -> None:
    monitor = await monitored(system)
    [target] = await opened(system, monitor, "disk", severity="warning")
    [source] = await opened(system, monitor, "cpu", severity="critical")
    paged(system)
    done = await merge(system, target, source)
    assert (done["severity"], done["urgency"], paged(system)) == ("critical", "high", ["ana"])
    assert "severity_changed: severity rose from warning to critical, urgency is high" in await system.reasons(target)


# --- what happens afterwards ------------------------------------------------------------------------------------------------


async def test_the_last_alert_resolves_the_target_and_one_that_comes_back_reopens_it(system: System) -> None:
    monitor = await monitored(system)
    target, source = await opened(system, monitor, "disk", "cpu")
    await merge(system, target, source)
    [one] = await monitor.says(monitor.event("disk", "resolve"))
    assert standing(await system.incident(target)) == ("triggered", 1, 1)
    [other] = await monitor.says(monitor.event("cpu", "resolve"))
    assert standing(await system.incident(target)) == ("resolved", 0, 2)
    assert {f"{one.incident_id}", f"{other.incident_id}"} == {target}
    await system.advance(minutes=10)
    paged(system)
    [back] = await monitor.says(monitor.event("cpu"))
    assert (back.decision, f"{back.incident_id}") == ("reopened", target)
    assert standing(await system.incident(target)) == ("triggered", 1, 1)
    assert standing(await system.incident(source)) == ("resolved", 0, 0), "nothing reopens what was merged"
    await system.run_due()
    assert paged(system) == ["ben"]


async def test_a_repeat_and_a_rise_go_to_the_target(system: System) -> None:
    monitor = await monitored(system)
    target, source = await opened(system, monitor, "disk", "cpu", severity="warning")
    await merge(system, target, source)
    paged(system)
    [again] = await monitor.says(monitor.event("cpu", severity="warning"))
    [rise] = await monitor.says(monitor.event("cpu", severity="critical"))
    assert [(d.decision, f"{d.incident_id}") for d in (again, rise)] == [("deduplicated", target)] * 2
    assert (await system.incident(target))["severity"] == "critical"
    await system.run_due()
    assert paged(system) == ["ana"]


async def test_the_group_of_the_merged_one_is_let_go_and_that_of_the_target_is_kept(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS)
    [target] = await opened(system, monitor, "disk", **cluster("a"))
    [source] = await opened(system, monitor, "cpu", **cluster("b"))
    await merge(system, target, source)
    [kept] = await monitor.says(monitor.event("net", **cluster("a")))
    [new] = await monitor.says(monitor.event("fan", **cluster("b")))
    assert (f"{kept.incident_id}", kept.decision, new.decision) == (target, "grouped", "opened")
    assert await rows(system, f"SELECT group_key FROM incidents WHERE id = '{source}'") == [(None,)]


async def test_its_messages_tell_of_its_own_alert_while_that_is_open(system: System) -> None:
    monitor = await monitored(system)
    [source] = await opened(system, monitor, "cpu", labels={"host": "web-1"})
    [target] = await opened(system, monitor, "disk", labels={"host": "db-1"})
    await merge(system, target, source)
    await system.advance(minutes=5)
    assert dict(system.email.sent[-1].facts)["host"] == "db-1"


async def test_what_flaps_keeps_the_target_open_until_it_settles(system: System) -> None:
    monitor = await monitored(system, flapping={"changes": 3, "within": "PT10M", "settle": "PT10M"})
    target, source = await opened(system, monitor, "disk", "cpu")
    for action in ("resolve", "trigger", "resolve", "trigger"):
        await system.advance(minutes=0.5)
        await monitor.says(monitor.event("cpu", action, severity="error"))
    assert (await system.incident(source))["flapping_since"] is not None
    done = await merge(system, target, source)
    assert done["flapping_since"] is not None
    await monitor.says(monitor.event("disk", "resolve"))
    [held] = await monitor.says(monitor.event("cpu", "resolve"))
    assert (held.decision, *standing(await system.incident(target))) == ("held_flapping", "triggered", 0, 2)
    await system.advance(minutes=10)
    assert (await system.incident(target))["status"] == "resolved"


async def test_an_event_of_the_merged_one_explains_where_its_alert_is(system: System) -> None:
    monitor = await monitored(system)
    target, _ = await opened(system, monitor, "disk", "net")
    [event] = await monitor.says(monitor.event("cpu"))
    source, number = f"{event.incident_id}", (await system.incident(target))["number"]
    await system.run_due()
    await merge(system, target, source)
    await system.advance(minutes=20)
    lines = [line["sentence"] for line in (await system.api.get(f"/api/v1/events/{event.event_id}/explain")).json()["lines"]]
    assert f"Its alert belongs to incident #{number} by now, which is triggered." in lines
    assert any(f"is closed now: merged into #{number} by " in line for line in lines)
    assert lines[-1].startswith(f"Merged into #{number} by "), "what happens to the other is not told as if it were its own"


# --- nobody presses a button that does nothing ------------------------------------------------------------------------------


async def test_to_acknowledge_a_merged_one_acknowledges_the_one_that_has_its_alerts(system: System) -> None:
    monitor = await monitored(system)
    first, second, third = await opened(system, monitor, "disk", "cpu", "net")
    await merge(system, second, first)
    await merge(system, third, second)
    shown = await system.incident(first)
    done = (await ask(system, first, "acknowledge")).json()
    assert (done["id"], done["status"], done["changed"]) == (third, "acknowledged", True)
    assert done["instead_of"] == {"id": first, "number": shown["number"]}
    assert (await system.reasons(third))[-1].endswith(f", as #{shown['number']}, which was merged into it")
    assert (await system.incident(first))["status"] == "resolved"
    again = (await ask(system, first, "acknowledge")).json()
    assert (again["id"], again["changed"], again["status"]) == (third, False, "acknowledged")
    assert (await ask(system, third, "acknowledge")).json()["instead_of"] is None


async def test_the_link_in_the_message_of_a_merged_one_acknowledges_the_other(system: System) -> None:
    monitor = await monitored(system)
    target, source = await opened(system, monitor, "disk", "cpu")
    [message] = [sent for sent in system.email.sent if f"{sent.incident_id}" == source]
    assert message.acknowledge_url
    assert message.resolve_url
    await merge(system, target, source)
    browser, number = system.client(), (await system.incident(source))["number"]
    page = (await browser.get(message.acknowledge_url)).text
    words = f"Your message was about #{number}, which was merged into this incident."
    assert (words in page, "disk is broken" in page, "Acknowledge as Ana" in page) == (True, True, True)
    resolving = await browser.post(message.resolve_url)
    assert (words in resolving.text, "<button" in resolving.text) == (True, False)
    assert standing(await system.incident(target)) == ("triggered", 2, 0), "who was paged for a part of it does not end the whole"
    pressed = await browser.post(message.acknowledge_url)
    assert (pressed.status_code, "Ana, you have it" in pressed.text, words in pressed.text) == (200, True, True)
    shown = await system.incident(target)
    assert (shown["status"], shown["acknowledged_by"]["name"], shown["owner"]["name"]) == ("acknowledged", "Ana", "Ana")
    await ask(system, target, "resolve")
    gone = await browser.get(message.acknowledge_url)
    assert (gone.status_code, words in gone.text, "no longer does anything" in gone.text) == (410, True, True)


async def test_an_acknowledgement_that_comes_as_it_is_merged_is_not_lost(system: System) -> None:
    monitor = await monitored(system)
    target, source = await opened(system, monitor, "disk", "cpu")
    async with system.node.database.transaction(Pool.ACKS) as tx:
        await merging.merge(tx, IncidentId(_id(target)), [_id(source)], by=ANA, now=system.clock.at)
        pressing = asyncio.create_task(ask(system, source, "acknowledge"))
        await blocked(system)
    done = (await pressing).json()
    assert (done["id"], done["status"], done["changed"], done["instead_of"]["id"]) == (target, "acknowledged", True, source)


async def test_one_that_is_acknowledged_as_it_is_to_be_merged_is_merged_as_that(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    target, source = await opened(system, monitor, "disk", "cpu")
    await acknowledge(system, target)
    paged(system)
    async with system.node.database.transaction(Pool.ACKS) as tx:
        await verbs.acknowledge(tx, _id(source), by=ANA, owner_id=None, now=system.clock.at)
        merging_now = asyncio.create_task(ask(system, target, "merge", incidents=[source]))
        await blocked(system)
    assert (await merging_now).json()["status"] == "acknowledged"
    await system.run_due()
    assert paged(system) == [], "somebody has both, so nothing is news"


# --- at the same instant ----------------------------------------------------------------------------------------------------


async def test_two_merges_that_cross_one_of_them_wins_and_no_alert_is_lost(system: System) -> None:
    monitor = await monitored(system)
    one, other = await opened(system, monitor, "disk", "cpu")
    for _ in range(5):
        answers = await asyncio.gather(ask(system, one, "merge", incidents=[other]), ask(system, other, "merge", incidents=[one]))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [refused] = [answer.json() for answer in answers if answer.status_code == 409]
        assert "nothing is merged into it any more: merge into #" in refused["detail"]
        left = one if (await system.incident(one))["status"] == "triggered" else other
        assert standing(await system.incident(left)) == ("triggered", 2, 0)
        alerts = await alerts_of(system, left)
        made = (await ask(system, left, "split", alerts=[alerts["cpu"]])).json()
        one, other = left, made["id"]


@pytest.mark.parametrize(
    ("what", "key", "action", "severity", "decision", "counts"),
    [
        ("a repeat", "cpu", "trigger", "error", "deduplicated", ("triggered", 2, 0)),
        ("a rise", "cpu", "trigger", "critical", "deduplicated", ("triggered", 2, 0)),
        ("an end", "cpu", "resolve", "error", "resolved", ("triggered", 1, 1)),
        ("a new one of the group of the merged one", "fan", "trigger", "error", "opened", ("triggered", 2, 0)),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_an_event_that_comes_as_its_incident_is_merged(
    system: System, what: str, key: str, action: str, severity: str, decision: str, counts: tuple[str, int, int]
) -> None:
    monitor = await monitored(system, **BY_LABELS)
    [target] = await opened(system, monitor, "disk", **cluster("a"))
    [source] = await opened(system, monitor, "cpu", **cluster("b"))
    async with system.node.database.transaction(Pool.ACKS) as tx:
        await merging.merge(tx, IncidentId(_id(target)), [_id(source)], by=ANA, now=system.clock.at)
        saying = asyncio.create_task(system.node.gate.accept([monitor.event(key, action, severity, **cluster("b"))]))
        await blocked(system)
    [decided] = await saying
    assert decided.decision == decision, what
    assert standing(await system.incident(target)) == counts, what
    assert standing(await system.incident(source)) == ("resolved", 0, 0)
    seen = 2 if (key, action) == ("cpu", "trigger") else 1
    assert await rows(system, "SELECT event_count FROM alerts WHERE dedup_key = 'cpu'") == [(seen,)]
    if decision == "opened":
        assert f"{decided.incident_id}" not in {target, source}


async def test_a_merge_that_comes_as_an_event_is_taken_waits_and_counts_it(system: System) -> None:
    monitor = await monitored(system)
    target, source = await opened(system, monitor, "disk", "cpu")
    async with system.node.database.transaction(Pool.INTAKE) as tx:
        await accept_events(tx, [monitor.event("cpu", "resolve")], system.node.judging, now=system.clock.at)
        merging_now = asyncio.create_task(ask(system, target, "merge", incidents=[source]))
        await blocked(system)
    refused = await merging_now
    assert (refused.status_code, "is resolved, and only what is open is merged" in refused.json()["detail"]) == (409, True)


KEYS = [f"key {n}" for n in range(8)]

# An alert that is open is in an incident that is; what was merged has none; nothing leads back to where it began.
WRONG = """
    SELECT 'open alert of ' || i.status FROM alerts a JOIN incidents i ON i.id = a.incident_id
        WHERE a.state = 'open' AND i.status NOT IN ('triggered', 'acknowledged')
    UNION ALL SELECT 'nothing open in ' || i.number FROM incidents i
        WHERE i.status IN ('triggered', 'acknowledged')
            AND NOT EXISTS (SELECT FROM alerts a WHERE a.incident_id = i.id AND a.state = 'open')
    UNION ALL SELECT 'alert of a merged one' FROM alerts a JOIN incidents i ON i.id = a.incident_id WHERE i.merged_into_id IS NOT NULL
"""


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_every_alert_is_in_one_incident_and_every_event_counted(system: System, seed: int) -> None:
    random, monitor = Random(seed), await monitored(system)
    incidents = await opened(system, monitor, *KEYS)
    alerts = [one["id"] for one in (await system.api.get("/api/v1/alerts")).json()["items"]]
    said = Counter(KEYS)

    async def say() -> int:
        key, action = random.choice(KEYS), random.choice(["trigger", "trigger", "resolve"])
        said[key] += action == "trigger"
        await system.node.gate.accept([monitor.event(key, action, random.choice(["error", "critical"]))])
        return 202

    async def join() -> int:
        into, *others = random.sample(incidents, 3)
        return (await ask(system, into, "merge", incidents=others)).status_code

    async def part() -> int:
        shown = (await system.api.get(f"/api/v1/alerts/{random.choice(alerts)}")).json()
        answer = await ask(system, shown["incident"]["id"], "split", alerts=[shown["id"]])
        incidents.extend([answer.json()["id"]] if answer.status_code == 201 else [])
        return answer.status_code

    for _ in range(6):
        statuses = await asyncio.gather(*(random.choice([say, say, join, part])() for _ in range(10)), system.run_due())
        assert set(statuses) <= {200, 201, 202, 409, 422, None}
        assert await rows(system, WRONG) == []
    assert dict(await rows(system, "SELECT dedup_key, sum(event_count) FROM alerts GROUP BY dedup_key")) == said


# --- of several services ----------------------------------------------------------------------------------------------------


async def two_services(system: System, urgency: str = "by_severity", **more: Any) -> tuple[Monitor, Monitor]:
    """One of this urgency that pages Ana, then Ben, and another (with more settings) that pages Eve."""
    shop = await monitored(system, ack_timeout=None, urgency=urgency)
    eve = await system.user("Eve")
    policy = await system.make("escalation-policies", name="Eve's", steps=[{"delay": "PT5M", "targets": [to(eve)]}])
    service = await system.make("services", name="database", escalation_policy_id=policy["id"], **more)
    integration = await system.make(f"services/{service['id']}/integrations", name="mon", type="pagerduty")
    return shop, Monitor(system, {"service": service, "integration": integration})


async def test_alerts_of_another_service_are_judged_by_their_own_and_page_by_the_target(system: System) -> None:
    shop, database = await two_services(system)
    [target], [source] = await opened(system, shop, "disk"), await opened(system, database, "cpu")
    assert paged(system) == ["ana", "eve"]
    done = await merge(system, target, source)
    assert (done["service"]["name"], paged(system)) == ("payments-api", [])
    silence = {"matchers": ['service="database"'], "ends_at": "2026-03-02T14:00:00Z", "comment": "move"}
    await system.make("silences", **silence)
    await system.run_due()
    assert (await system.incident(target))["escalation"]["state"] == "running", "one alert of it is muted, the other is not"
    await shop.says(shop.event("disk", "resolve"))
    await system.advance(minutes=5)
    shown = await system.incident(target)
    assert (shown["escalation"]["state"], "move" in shown["escalation"]["reason"]) == ("held", True), "the one that is left is muted"
    [rise] = await database.says(database.event("cpu", severity="critical"))
    assert (f"{rise.incident_id}", (await system.incident(target))["severity"]) == (target, "critical")
    await database.says(database.event("cpu", "resolve"), shop.event("disk"))
    assert standing(await system.incident(target)) == ("triggered", 1, 1)
    await shop.says(shop.event("disk", "resolve"))
    assert standing(await system.incident(target)) == ("resolved", 0, 2)
    [back] = await database.says(database.event("cpu"))
    assert (back.decision, f"{back.incident_id}") == ("reopened", target)


async def test_an_alert_of_another_service_rises_as_its_own_service_has_it(system: System) -> None:
    shop, database = await two_services(system, urgency="low")
    [target], [source] = await opened(system, shop, "disk", severity="info"), await opened(system, database, "cpu", severity="info")
    assert (await merge(system, target, source))["urgency"] == "low"
    paged(system)
    await database.says(database.event("cpu", severity="critical"))
    await system.run_due()
    assert ((await system.incident(target))["urgency"], paged(system)) == ("high", ["ana"])


async def test_flapping_is_judged_by_the_service_of_the_alert(system: System) -> None:
    shop, database = await two_services(system, flapping={"changes": 2, "within": "PT10M", "settle": "PT10M"})
    [target], [source] = await opened(system, shop, "disk"), await opened(system, database, "cpu")
    await merge(system, target, source)
    for action in ("resolve", "trigger", "resolve"):
        [said] = await database.says(database.event("cpu", action, severity="error"))
    assert (said.decision, (await system.incident(target))["flapping_since"] is not None) == ("held_flapping", True)
    await shop.says(shop.event("disk", "resolve"))
    assert (await system.incident(target))["status"] == "resolved", "its service knows no flapping"


async def test_other_tools_find_by_number_only_the_alerts_of_their_own_service(system: System) -> None:
    shop, database = await two_services(system)
    [target], [source] = await opened(system, shop, "disk"), await opened(system, database, "cpu")
    done = await merge(system, target, source)
    async with system.node.database.transaction(read_only=True) as tx:
        for monitor, key in ((shop, "disk"), (database, "cpu")):
            found = await find_alerts(tx, monitor.service_id, AlertSearch(number=done["number"]), limit=10)
            assert [(one.alert.dedup_key, one.number) for one in found] == [(key, done["number"])]


# --- what holds pages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waits", "reason"),
    [
        ({"delay": {"for": "PT10M"}}, "it pages only if it is still open after 10 min"),
        ({"threshold": {"count": 5, "within": "PT10M"}}, "it pages only after 5 triggers within 10 min, and there were 2"),
    ],
    ids=["delay", "threshold"],
)
async def test_what_pages_is_not_merged_into_what_waits_for_its_first_page(system: System, waits: dict[str, Any], reason: str) -> None:
    shop, database = await two_services(system, **waits)
    [paging], [waiting] = await opened(system, shop, "disk"), await opened(system, database, "cpu")
    refused = await ask(system, waiting, "merge", incidents=[paging])
    numbers = [(await system.incident(id))["number"] for id in (waiting, paging)]
    assert (refused.status_code, refused.json()["code"]) == (409, "not_mergeable")
    assert refused.json()["detail"] == (
        f"#{numbers[0]} is held, since {reason}, while #{numbers[1]} pages, and would not any more: "
        f"merge #{numbers[0]} into #{numbers[1]} instead."
    )
    paged(system)
    await merge(system, paging, waiting)
    await system.advance(minutes=5)
    assert paged(system) == ["ben"]


async def test_triggers_of_what_is_merged_below_a_threshold_count_together(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"})
    target, source = await opened(system, monitor, "disk", "cpu")
    assert (await merge(system, target, source))["escalation"]["state"] == "held"
    assert paged(system) == []
    await monitor.says(monitor.event("cpu", severity="error"))
    await system.run_due()
    assert paged(system) == ["ana"], "the third trigger within ten minutes"
    assert await rows(system, "SELECT DISTINCT watched FROM alerts") == [(False,)]


async def test_two_below_a_threshold_that_are_enough_together_page_at_once(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 2, "within": "PT10M"})
    target, source = await opened(system, monitor, "disk", "cpu")
    assert paged(system) == []
    await merge(system, target, source)
    assert paged(system) == ["ana"]


async def test_what_is_not_muted_releases_the_target_and_what_is_muted_breaks_through_nothing(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    await system.make("silences", matchers=["host=db-1"], ends_at="2026-03-02T14:00:00Z", comment="deploy")
    [muted] = await opened(system, monitor, "disk", labels={"host": "db-1"})
    [had] = await opened(system, monitor, "cpu", labels={"host": "db-2"})
    [loud] = await opened(system, monitor, "net", labels={"host": "db-3"})
    assert paged(system) == ["ana", "ana"]
    await acknowledge(system, had)
    await system.advance(minutes=1)
    done = await merge(system, had, muted)
    assert (done["status"], paged(system)) == ("acknowledged", []), "the news are muted"
    [again] = await opened(system, monitor, "fan", labels={"host": "db-1"})
    await merge(system, again, loud)
    assert (paged(system), (await system.incident(again))["escalation"]["state"]) == (["ana"], "running")


async def test_an_older_alert_that_is_merged_in_is_news_though_a_newer_one_is_muted(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None, **BY_LABELS)
    [older] = await opened(system, monitor, "net", labels={"host": "db-3"})
    [target] = await opened(system, monitor, "disk", **cluster("a"))
    await acknowledge(system, target)
    await system.advance(minutes=1)
    await system.make("silences", matchers=["host=db-1"], ends_at="2026-03-02T14:00:00Z", comment="deploy")
    await monitor.says(monitor.event("cpu", severity="error", labels={"cluster": "a", "host": "db-1"}))
    await system.run_due()
    paged(system)
    await merge(system, target, older)
    assert paged(system) == ["ana"]


async def test_what_a_source_inhibited_is_looked_at_again_when_its_new_incident_does_not_page(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    rule = {"name": "site over host", "source_matchers": ["kind=site"], "target_matchers": ["kind=host"], "equal": ["site"]}
    await system.make("inhibitions", **rule)
    [site] = await opened(system, monitor, "site", labels={"kind": "site", "site": "a"})
    await opened(system, monitor, "host", labels={"kind": "host", "site": "a"})
    assert paged(system) == ["ana"]
    [other] = await opened(system, monitor, "disk")
    paged(system)
    await merge(system, other, site)
    await system.advance(minutes=1)
    assert paged(system) == [], "its incident pages, so what it inhibits stays quiet"
    await ask(system, other, "resolve")
    await system.run_due()
    assert paged(system) == ["ana"], "the source is over with the incident it was merged into"


async def test_what_it_inhibited_pages_when_its_new_incident_pages_nobody(system: System) -> None:
    monitor = await monitored(system, repeat=0, exhausted_retry="PT2H")
    rule = {"name": "site over host", "source_matchers": ["kind=site"], "target_matchers": ["kind=host"], "equal": ["site"]}
    await system.make("inhibitions", **rule)
    [target] = await opened(system, monitor, "disk")
    await system.advance(minutes=10)
    assert (await system.incident(target))["escalation"]["state"] == "exhausted"
    [site] = await opened(system, monitor, "site", labels={"kind": "site", "site": "a"})
    [host] = await opened(system, monitor, "host", labels={"kind": "host", "site": "a"})
    paged(system)
    await merge(system, target, site)
    assert ((await system.incident(host))["escalation"]["state"], paged(system)) == ("running", ["ana"])
    assert (await system.incident(target))["pending_actions"] == [{"action": "retry", "at": "2026-03-02T12:15:00Z"}], "with the site's step"


def _id(text: str) -> IncidentId:
    return IncidentId(UUID(text))

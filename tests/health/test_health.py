"""What watches the watchman: each probe says what it is asked, in words, and the heart stops beating when nobody does the work."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from tests import databases
from tests.engine.test_ticker import Source
from tests.intake.postgres_proxy import PostgresProxy
from tests.providers.http import WebhookSink
from tests.system import FakeChannel, System, to

from oncall.app import Node
from oncall.app.routes import Role
from oncall.channels.email import NOT_CONFIGURED
from oncall.channels.values import FailedTemporarily, Unknown
from oncall.engine.ticker import Ticker
from oncall.health.values import SENTENCES, UNREACHABLE_ON_CALL
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.settings import Settings

MINUTE, MOMENT = timedelta(minutes=1), timedelta(milliseconds=1)
GOOD = {"status": "ok", "reasons": []}
ALL_WELL = GOOD | {"warnings": []}


async def ask(system: System, path: str) -> tuple[int, Any]:
    """Status and body, asked as a stranger: none of these needs a key."""
    async with system.client() as stranger:
        answer = await stranger.get(path)
        return answer.status_code, answer.json()


async def red(system: System) -> dict[str, int]:
    """Why /healthz is red: how many by reason, in order. Each is told in a sentence with its count."""
    status, body = await ask(system, "/healthz")
    found = {reason["reason"]: reason["count"] for reason in body["reasons"]}
    assert (status, body["status"]) == ((503, "red") if found else (200, "ok"))
    assert [reason["detail"] for reason in body["reasons"]] == [f"{count} {SENTENCES[reason]}" for reason, count in found.items()]
    return found


async def eventually(what: Callable[[], Awaitable[Any]], expected: Any) -> None:
    async with asyncio.timeout(5):
        while await what() != expected:
            await asyncio.sleep(0.01)


async def paging(system: System, *, delay: str = "PT5M") -> dict[str, Any]:
    """A service that pages Ana by e-mail."""
    return await system.service([to(await system.user("Ana"))], step_delay=delay, repeat=0)


async def post(system: System, key: str, dedup_key: str = "disk") -> None:
    """An event that nobody works on."""
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
    answer = await system.api.post(f"/intake/{key}", json={"event_action": "trigger", "dedup_key": dedup_key, "payload": payload})
    assert answer.status_code == 202, answer.text


# --- this node --------------------------------------------------------------------------------------------------------------


async def test_a_node_is_ready_once_all_of_it_was_started_and_while_it_runs(system: System) -> None:
    not_running = (503, {"status": "unready", "reasons": ["not_running"]})
    assert await ask(system, "/readyz") == not_running, "due work is not done"
    assert await ask(system, "/livez") == (200, {"status": "ok"})
    system.node.ticker.start()
    assert await ask(system, "/readyz") == (200, GOOD)
    await system.node.gate.stop()
    assert await ask(system, "/readyz") == not_running, "events are not taken"


@pytest.mark.parametrize("role", list(Role))
async def test_a_node_whose_start_never_ran_is_not_ready(role: Role, database_url: str, clock: ManualClock, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret_keys=(SecretStr("secret-key-of-the-tests-0123456789abcdef"),))
    node = Node(settings, Database(database_url), role=role, clock=clock, channels={"email": FakeChannel("email")})
    async with AsyncClient(transport=ASGITransport(node.app), base_url="http://oncall.test") as stranger:
        answer = await stranger.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (503, ["not_running"])
        await node.start()
        assert (await stranger.get("/readyz")).json() == GOOD
    await node.stop()


async def test_a_node_that_takes_no_events_says_so_and_blames_no_database(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall.intake.commands.gate.BUDGET", 0.1)
    key = (await paging(system))["key"]
    await system.node.gate.stop()
    system.node.gate._closed, system.node.gate.tasks = False, ()  # as on a node whose start never ran
    answer = await system.api.post(f"/intake/{key}", json={"event_action": "trigger", "payload": {"summary": "Disk full"}})
    assert answer.status_code == 503
    assert "Nobody works on the events of this node" in answer.text


async def test_a_node_that_drains_is_alive_but_not_ready(system: System) -> None:
    system.node.ticker.start()
    assert await ask(system, "/readyz") == (200, GOOD)
    system.node.app.state.draining = True
    assert await ask(system, "/readyz") == (503, {"status": "unready", "reasons": ["draining"]})
    assert await ask(system, "/livez") == (200, {"status": "ok"})
    assert await ask(system, "/healthz") == (200, ALL_WELL), "the pager as a whole is not the worse for it"


async def test_a_node_with_a_source_that_no_longer_comes_round_is_not_ready(system: System) -> None:
    asked, free = asyncio.Event(), asyncio.Event()

    async def hang() -> int:
        asked.set()
        await free.wait()
        return 0

    async def stale() -> list[str]:
        return ticker.stale()

    stuck, fine = Source("incidents", does=hang), Source("notifications.email")
    ticker = system.node.app.state.ticker = Ticker([stuck, fine], tick=timedelta(seconds=1))
    ticker.start()
    await asyncio.gather(asked.wait(), fine.again())
    assert await ask(system, "/readyz") == (200, GOOD), "it hangs, but not for long yet"
    for name in ticker._beats:
        ticker._beats[name] -= 31
    ticker.poke("notifications")
    await fine.again()
    await eventually(stale, ["incidents"])
    assert await ask(system, "/readyz") == (503, {"status": "unready", "reasons": ["loop_lag"]})
    assert await ask(system, "/livez") == (200, {"status": "ok"})
    free.set()
    await eventually(stale, [])
    assert await ask(system, "/readyz") == (200, GOOD)
    await ticker.stop()


async def test_a_node_whose_database_is_gone_says_so_and_recovers_by_itself(
    database: Database, database_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    async with PostgresProxy(database_url) as proxy:
        system = System(proxy.url, clock, tmp_path)
        await system.start()
        system.node.ticker.start()
        assert await ask(system, "/readyz") == (200, GOOD)
        proxy.mode = "refuse"
        proxy.cut()
        assert await ask(system, "/readyz") == (503, {"status": "unready", "reasons": ["db"]})
        status, body = await ask(system, "/healthz")
        assert (status, [reason["reason"] for reason in body["reasons"]]) == (503, ["db"])
        assert await ask(system, "/livez") == (200, {"status": "ok"})
        proxy.mode = "pass"
        assert await ask(system, "/readyz") == (200, GOOD)
        assert await ask(system, "/healthz") == (200, ALL_WELL)
        await system.stop()


# --- the data ---------------------------------------------------------------------------------------------------------------


async def test_work_that_is_due_for_over_a_minute_is_red_until_it_is_done(system: System) -> None:
    key = (await paging(system))["key"]
    await post(system, key)
    system.clock.advance(MINUTE)
    assert await red(system) == {}
    system.clock.advance(MOMENT)
    assert await red(system) == {"notifications_overdue": 1}
    system.clock.advance(5 * MINUTE)
    await post(system, key, "cpu")
    assert await red(system) == {"incidents_overdue": 1, "notifications_overdue": 1}, "the new one is not late"
    await system.run_due()
    assert "incidents_overdue" not in await red(system)
    assert "notifications_overdue" not in await red(system)


async def test_an_incident_that_nobody_can_hear_of_is_red_until_somebody_has_it(system: System) -> None:
    key = (await paging(system, delay="PT1M"))["key"]
    opened = await system.event(key)
    assert await red(system) == {}
    await system.advance(minutes=1)
    assert await red(system) == {"exhausted": 1}
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    assert await red(system) == {}
    layer = {
        "name": "w",
        "participants": [{"type": "vacant"}],
        "rotation": {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"},
    }
    empty = await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])
    await system.event((await system.service([{"type": "schedule", "id": empty["id"]}]))["key"])
    assert await red(system) == {"unroutable": 1}


async def test_an_incident_that_cannot_be_handled_is_red_until_it_can(system: System) -> None:
    await system.event((await paging(system))["key"])
    async with system.node.database.transaction() as tx:
        await tx.execute(text("UPDATE incidents SET failures = 1, last_error = 'poisoned'"))
    assert await red(system) == {"failing": 1}
    await system.advance(minutes=5)
    assert "failing" not in await red(system)


def yellow(count: int, why: str) -> dict[str, object]:
    detail = f"{count} people who are on call now get no page, or none of low urgency: {why}: see the warnings of policies and schedules"
    return {"status": "yellow", "reasons": [], "warnings": [{"reason": UNREACHABLE_ON_CALL, "count": count, "detail": detail}]}


async def test_why_no_page_reaches_those_on_call_is_told_for_each_reason(system: System) -> None:
    """Also of whom only pages of high urgency reach: what is of low urgency, and reaches nobody, is as lost."""
    people = [await system.user("Ana"), await system.user("Ben"), await system.user("Cem", channel=None)]
    eve, flo = await system.user("Eve", channel="webhook"), await system.user("Flo", channel="webhook")
    mail = await system.make(f"users/{eve['id']}/contact-methods", channel="email", address="eve@example.com")
    await system.make(f"users/{eve['id']}/notification-rules", urgency="low", delay="PT0S", contact_method_id=mail["id"])
    await system.service([to(user) for user in (*people, eve, flo)])
    assert await ask(system, "/healthz") == (200, yellow(1, "no verified contact method (1)"))
    system.email.lacks = NOT_CONFIGURED
    why = f"{NOT_CONFIGURED} (2); at low urgency, {NOT_CONFIGURED} (1); no verified contact method (1)"
    assert await ask(system, "/healthz") == (200, yellow(4, why)), "Flo is told by a channel that works"


async def test_somebody_on_call_whom_no_page_reaches_is_yellow_until_they_can_be_reached(system: System) -> None:
    ana = await system.user("Ana", channel=None)
    await system.user("Ben", channel=None)
    layer = {"name": "w", "participants": [to(ana)], "rotation": {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"}}
    schedule = await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])
    assert await ask(system, "/healthz") == (200, ALL_WELL), "no service would page her"
    await system.service([{"type": "schedule", "id": schedule["id"]}], [to(ana)])
    assert await ask(system, "/healthz") == (200, yellow(1, "no verified contact method (1)"))
    await system.make(f"users/{ana['id']}/contact-methods", channel="email", address="ana@example.com")
    assert await ask(system, "/healthz") == (200, ALL_WELL)


@pytest.fixture
def url_of_its_own(server_dsn: str, template: str) -> Iterator[str]:
    with databases.fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}_health") as url:
        yield url


async def test_a_triggered_incident_without_a_next_action_is_red(url_of_its_own: str, clock: ManualClock, tmp_path: Path) -> None:
    """The database refuses to store one; that constraint is taken away here, in a database of its own."""
    system = System(url_of_its_own, clock, tmp_path)
    await system.start()
    await system.event((await paging(system))["key"])
    async with system.node.database.transaction() as tx:
        await tx.execute(text("ALTER TABLE incidents DROP CONSTRAINT incidents_a_triggered_one_has_next_at"))
        await tx.execute(text("UPDATE incidents SET next_at = NULL"))
    assert await red(system) == {"no_next_at": 1}
    await system.stop()


# --- the heartbeat ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def sink() -> AsyncIterator[WebhookSink]:
    async with WebhookSink() as sink:
        yield sink


@pytest.fixture
async def beating(
    system: System, database_url: str, sink: WebhookSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Node]:
    """Another node on the same database and clock, as ONCALL_HEARTBEAT_URL makes it."""
    monkeypatch.setenv("ONCALL_HEARTBEAT_URL", sink.url)
    monkeypatch.setenv("ONCALL_OUTBOUND_ALLOW", "127.0.0.1")
    settings = Settings(data_dir=tmp_path, secret_keys=(SecretStr("secret-key-of-the-tests-0123456789abcdef"),))
    node = Node(settings, Database(database_url), clock=system.clock, channels={"email": FakeChannel("email")})
    yield node
    await node.stop()


async def look(node: Node) -> None:
    """One pass of the auditor, its heartbeat included."""
    [auditor] = [source for source in node.sources if source.name == "auditor"]
    await auditor.run()


async def test_the_heart_beats_every_minute_while_all_is_well(system: System, beating: Node, sink: WebhookSink) -> None:
    await look(beating)
    assert [(request.method, request.path) for request in sink.requests] == [("GET", "/hook")]
    for after, beats in ((MINUTE - MOMENT, 1), (MOMENT, 2), (timedelta(0), 2), (10 * MINUTE, 3)):
        system.clock.advance(after)
        await look(beating)
        assert len(sink.requests) == beats


async def test_the_heart_is_silent_while_something_is_overdue_and_beats_again_when_it_is_done(
    system: System, beating: Node, sink: WebhookSink
) -> None:
    await post(system, (await paging(system))["key"])
    await look(beating)
    assert len(sink.requests) == 1, "due is not overdue"
    for _ in range(3):
        system.clock.advance(MINUTE + MOMENT)
        await look(beating)
    assert len(sink.requests) == 1
    assert (await metrics(system))["oncall_health", "notifications_overdue"] == 1
    await system.run_due()
    system.clock.advance(MINUTE)
    await look(beating)
    assert len(sink.requests) == 2
    assert (await metrics(system))["oncall_health", "notifications_overdue"] == 0


async def test_the_heart_beats_on_while_people_do_not_answer(system: System, beating: Node, sink: WebhookSink) -> None:
    """Red for people to see, but the pager does its work: a dead man's switch would be wrong to say that it is dead."""
    await system.event((await paging(system, delay="PT1M"))["key"])
    await system.advance(minutes=1)
    await look(beating)
    assert await red(system) == {"exhausted": 1}
    assert len(sink.requests) == 1


async def test_a_heartbeat_that_nobody_takes_harms_nothing_and_the_next_one_is_sent(
    system: System, beating: Node, sink: WebhookSink
) -> None:
    [auditor] = [source for source in beating.sources if source.name == "auditor"]
    for behaviour in ("500", "drop", "drop_at_once", "garbage", "ok"):
        sink.behave(behaviour)
        done = await auditor.run()
        assert (done.handled, done.next_at) == (0, system.clock.at + MINUTE)
        system.clock.advance(MINUTE)
    assert len(sink.requests) == 4, "all but the one that was not even read"


# --- /metrics ---------------------------------------------------------------------------------------------------------------


class Samples(dict[tuple[str, ...], float]):
    """Values by name and label values; what is not there counts as zero."""

    def __missing__(self, sample: tuple[str, ...]) -> float:
        return 0.0


async def metrics(system: System) -> Samples:
    async with system.client() as stranger:
        exposed = (await stranger.get("/metrics")).text
    found = Samples()
    for family in text_string_to_metric_families(exposed):
        found |= {(sample.name, *sample.labels.values()): sample.value for sample in family.samples}
    return found


async def test_metrics_tell_the_story_of_one_event(system: System) -> None:
    key = (await paging(system))["key"]
    before = await metrics(system)

    async def grown(*sample: str) -> float:
        return (await metrics(system))[sample] - before[sample]

    async def lag() -> float:
        return (await metrics(system))["oncall_lag_seconds", "notifications.email"]

    await post(system, key)
    assert await grown("oncall_events_total", "opened") == 1
    assert await grown("oncall_incidents_total", "opened") == 1
    system.clock.advance(1.5 * MINUTE)
    async with system.node.database.transaction() as tx:
        await tx.execute(text("SELECT FROM notifications FOR UPDATE"))
        system.node.ticker.start()
        await eventually(lag, 90)
        assert await grown("oncall_pages_total", "email", "sent") == 0, "somebody else holds it"
    await eventually(lag, 0)
    await system.node.ticker.stop()
    assert await grown("oncall_pages_total", "email", "sent") == 1
    assert await grown("oncall_first_page_seconds_count") == 1
    assert await grown("oncall_first_page_seconds_sum") == 90
    lags = {sample[1]: value for sample, value in (await metrics(system)).items() if sample[0] == "oncall_lag_seconds"}
    assert {name: lags.get(name) for name in (source.name for source in system.node.sources)} == {
        "incidents": 0,
        "notifications.email": 0,
        "notifications.webhook": 0,
        "bodies": 0,
        "schedules": 0,
        "calendars": 0,
        "handoffs": 0,
        "heartbeats": 0,
        "auto_resolve": 0,
        "auto_close": 0,
        "listening": 0,
        "ledger": 0,
        "webhooks": 0,
        "webhook_log": 0,
        "inquiries": 0,
        "message_edits": 0,
        "slas": 0,
        "update_reminders": 0,
        "status_updates": 0,
        "incidents.bridges": 0,
        "action_items": 0,
        "owed_postmortems": 0,
        "auditor": 0,
        "coverage": 0,
        "measures": 0,
    }
    await post(system, key)
    assert await grown("oncall_events_total", "deduplicated") == 1
    assert await grown("oncall_incidents_total", "opened") == 1


async def test_an_attempt_is_counted_as_what_became_of_it(system: System) -> None:
    key = (await paging(system))["key"]
    system.email.outcomes = [FailedTemporarily("busy"), Unknown("no answer")]
    before = await metrics(system)
    await system.event(key)
    await system.advance(seconds=15, step=timedelta(seconds=5))
    after = await metrics(system)
    counted = [("oncall_pages_total", "email", outcome) for outcome in ("failed_temp", "unknown", "sent", "failed_perm")]
    assert [after[sample] - before[sample] for sample in counted] == [1, 1, 1, 0]

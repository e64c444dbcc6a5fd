"""What a rule would have done with the events of the past, asked before it is made."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.building import rows
from tests.simulate.living import Life, replayed
from tests.simulate.planting import PLANTS, Plant
from tests.system import System

from oncall.incidents.values import Event
from oncall.kit.db import Pool


@pytest.fixture
def life(system: System) -> Life:
    return Life(system)


async def two_services(life: Life) -> tuple[dict[str, Any], dict[str, Any]]:
    """One that pages Ana, and one that pages Ben."""
    ana, ben = await life.system.user("Ana"), await life.system.user("Ben")
    return await life.service(ana, name="web"), await life.service(ben, name="shop")


async def played(life: Life, web: dict[str, Any], plant: Plant) -> None:
    began = 0.0
    for minute, key, action, severity, labels in plant.events:
        await life.after(minutes=minute - began)
        await life.says(web["key"], key, action, severity, plant=plant.name, **labels)
        began = minute
    await life.after(minutes=30)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
async def test_each_kind_of_rule_shows_what_it_would_have_changed_and_nothing_else(life: Life, plant: Plant) -> None:
    web, shop = await two_services(life)
    began = life.now
    await life.says(web["key"], "before", severity="critical")  # whatever skips delays and thresholds, and matches nothing
    await played(life, web, plant)
    found = await replayed(life.system, began, proposed=plant.proposed(plant.name, web["id"], shop["id"]))
    others = [one for one in found["differences"] if one["title"] == "before is bad"]
    assert others == [], "what the rule is not about stays"
    (one,) = found["differences"]
    assert (one["kind"], one["saved"], one["missed"]) == (plant.kind, plant.saved, plant.missed), one["sentence"]
    assert (len(one["before"]), len(one["after"])) == plant.incidents
    (because,) = one["because"]
    type, name, change = plant.because
    assert (because["type"], because["setting"] or because["name"], because["change"]) == (type, name, change)
    assert (because["id"] is None) == (change == "added")
    assert one["incident"]["number"] == one["before"][0]["number"]
    assert found["difference_count"] == 1
    pages = found["pages"]
    assert pages["after"] - pages["before"] == plant.missed - plant.saved


async def test_the_rules_there_are_change_nothing(life: Life) -> None:
    web, _ = await two_services(life)
    began = life.now
    for plant in PLANTS:
        await played(life, web, plant)
    found = await replayed(life.system, began, proposed={"routing_rules": []})
    assert (found["difference_count"], found["pages"]["saved"], found["pages"]["missed"]) == (0, 0, 0)
    assert found["incidents"]["before"] == found["incidents"]["after"] > 10
    against_the_record = await replayed(life.system, began)
    assert (against_the_record["difference_count"], against_the_record["decided_otherwise"]) == (0, 0)
    assert against_the_record["pages"]["before"] == found["pages"]["before"] > 10


async def everything_stored(system: System) -> list[tuple[Any, ...]]:
    """Every row of every table, with the transaction that wrote it."""
    tables = await rows(system, "SELECT relname FROM pg_stat_user_tables ORDER BY 1")
    counted = [f"SELECT '{name}', count(*), md5(coalesce(string_agg(xmin::text || t::text, ',' ORDER BY t::text), '')) FROM \"{name}\" t"
               for (name,) in tables]  # fmt: skip
    return sorted(await rows(system, " UNION ALL ".join(counted)))


async def test_nothing_is_written_and_nobody_paged(life: Life) -> None:
    web, shop = await two_services(life)
    began = life.now
    for plant in PLANTS[:6]:
        await played(life, web, plant)
    before = await everything_stored(life.system)
    life.system.pages()
    await replayed(life.system, began)
    for plant in PLANTS:
        await replayed(life.system, began, proposed=plant.proposed(plant.name, web["id"], shop["id"]))
    assert await everything_stored(life.system) == before
    await life.system.run_due()
    assert life.system.pages() == []


async def test_what_get_shows_can_be_proposed_and_changes_nothing(life: Life) -> None:
    system = life.system
    web, shop = await two_services(life)
    began = life.now
    span = {"starts_at": began.isoformat(), "ends_at": "2026-03-02T12:30:00Z"}
    made = {
        "routing_rules": await system.make("routing-rules", name="to shop", matchers=["host=b"], service_id=shop["id"]),
        "silences": await system.make("silences", matchers=["host=a"], comment="deploy", **span),
        "maintenance_windows": await system.make("maintenance-windows", name="works", service_ids=[shop["id"]], **span),
        "inhibitions": await system.make("inhibitions", name="down", source_matchers=["host=c"], target_matchers=["host=d"]),
    }
    for host in "abcd":
        await life.says(web["key"], f"disk {host}", host=host)
    await life.after(minutes=40)
    ours = {"id", "author", "created_at", "state", "occurrence", "ended_early"}
    proposed: dict[str, Any] = {part: [{k: v for k, v in one.items() if k not in ours}] for part, one in made.items()}
    proposed["services"] = {web["id"]: {k: v for k, v in web.items() if k not in {"id", "key", "integration"}}}
    found = await replayed(system, began, proposed=proposed)
    assert (found["difference_count"], found["decided_otherwise"], found["incidents"]["after"]) == (0, 0, 4)
    without = await replayed(system, began, proposed={part: [] for part in made})
    assert sorted(one["kind"] for one in without["differences"]) == ["another_service", "paged_earlier", "paged_earlier"]
    assert {one["because"][0]["change"] for one in without["differences"]} == {"removed"}
    assert all(one["because"][0]["id"] for one in without["differences"]), "what is removed is there"


async def test_with_a_service_only_what_concerns_it_is_told(life: Life) -> None:
    web, shop = await two_services(life)
    began = life.now
    await life.says(web["key"], "disk")
    await life.says(shop["key"], "till")
    delays = {"services": {web["id"]: {"delay": {"for": "PT5M"}}, shop["id"]: {"delay": {"for": "PT5M"}}}}
    found = await replayed(life.system, began, proposed=delays, service_id=shop["id"])
    assert ([one["title"] for one in found["differences"]], found["events"]) == (["till is bad"], 1)
    assert (found["incidents"]["before"], found["pages"]["before"], found["pages"]["after"]) == (1, 1, 0)
    assert found["differences"][0]["after"][0]["held"] == "it pages only if it is still open after 5 min"
    moved = {"routing_rules": [{"name": "all to shop", "matches_everything": True, "service_id": shop["id"]}]}
    found = await replayed(life.system, began, proposed=moved, service_id=shop["id"])
    assert [(one["title"], one["kind"]) for one in found["differences"]] == [("disk is bad", "another_service")]


async def test_where_bodies_are_gone_the_record_stands_in(life: Life) -> None:
    web, shop = await two_services(life)
    began = life.now
    await life.says(web["key"], "disk", host="a")
    await life.says(web["key"], "disk", "resolve")
    async with life.system.node.database.transaction() as tx:
        await tx.exec_driver_sql("DELETE FROM event_bodies")
    rule = {"routing_rules": [{"name": "a to shop", "matchers": ["host=a"], "service_id": shop["id"]}]}
    found = await replayed(life.system, began, proposed=rule)
    assert (found["events"], found["bodies_gone"], [one["kind"] for one in found["differences"]]) == (2, 2, ["another_service"])


async def test_what_came_in_one_body_and_was_stored_in_two_halves_is_told_apart(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of events with the same key and the same words each is its own: the first is only informed, the second pages."""
    web, _ = await two_services(life)
    generic = await life.system.make(f"services/{web['id']}/integrations", name="own", type="generic")
    began, body = life.now, [{"title": "Disk full", "id": "disk", "severity": severity} for severity in ("info", "critical")]
    gate = life.system.node.gate
    transaction = gate._transaction

    async def one_by_one(events: Sequence[Event], **more: Any) -> Any:
        if len(events) > 1:
            raise RuntimeError("not all of them at once")
        life.system.clock.advance(timedelta(microseconds=10))
        return await transaction(events, **more)

    monkeypatch.setattr(gate, "_transaction", one_by_one)
    assert (await life.system.api.post(f"/intake/{generic['key']}", json=body)).status_code == 202
    await life.after(minutes=1)
    found = await replayed(life.system, began)
    assert (found["events"], found["read_otherwise"], found["bodies_gone"]) == (2, 0, 0)
    assert (found["difference_count"], found["pages"]["before"], found["pages"]["after"]) == (0, 2, 2)


async def test_what_would_be_read_otherwise_today_is_taken_from_the_record(life: Life) -> None:
    web, _ = await two_services(life)
    began = life.now
    await life.says(web["key"], "disk", host="a")
    made = web["integration"]
    path = f"/api/v1/services/{web['id']}/integrations/{made['id']}"
    etag = (await life.system.api.get(path)).headers["etag"]
    mapping = {"rules": [{"event": {"dedup_key": "dedup_key", "summary": "payload.source"}}]}
    body = {"name": made["name"], "type": made["type"], "mapping": mapping}
    answer = await life.system.api.put(path, json=body, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    await life.system.node.compilation.refresh()
    found = await replayed(life.system, began)
    assert (found["read_otherwise"], found["bodies_gone"], found["difference_count"]) == (1, 0, 0)


async def test_an_alert_that_nothing_was_heard_of_ends_wherever_a_rule_sent_it(life: Life) -> None:
    web, shop = await two_services(life)
    made, began = web["integration"], life.now
    path = f"/api/v1/services/{web['id']}/integrations/{made['id']}"
    etag = (await life.system.api.get(path)).headers["etag"]
    body = {"name": made["name"], "type": made["type"], "auto_resolve_after": "PT10M"}
    assert (await life.system.api.put(path, json=body, headers={"If-Match": etag})).status_code == 200
    await life.says(web["key"], "disk", host="a")
    await life.after(minutes=11)
    await life.says(web["key"], "disk", host="a")  # inside the reopen window
    assert (await replayed(life.system, began))["decided_otherwise"] == 0
    rule = {"routing_rules": [{"name": "a to shop", "matchers": ["host=a"], "service_id": shop["id"]}]}
    found = await replayed(life.system, began, proposed=rule)
    assert ([one["kind"] for one in found["differences"]], found["decided_otherwise"]) == (["another_service"], 0)


# What is there when the range begins goes on as it was.
async def test_a_range_may_begin_in_the_midst_of_things(life: Life) -> None:
    web, _ = await two_services(life)
    held = await life.service(await life.system.user("Cy"), name="held", threshold={"count": 3, "within": "PT30M"})
    together = await life.service(await life.system.user("Di"), name="together", grouping={"type": "all"}, ack_timeout="PT20M")
    ana = (await life.system.api.get("/api/v1/users")).json()["items"][0]
    await life.says(web["key"], "repeated")
    await life.says(held["key"], "counted")
    await life.says(held["key"], "counted")
    first = await life.says(together["key"], "first")
    await life.verb(first["incident_id"], "acknowledge", ana)
    await life.says(web["key"], "ended")
    await life.says(web["key"], "ended", "resolve")
    await life.system.make("silences", matchers=["dedup_key=silenced"], comment="deploy", ends_at="2026-03-02T12:20:00Z")
    await life.says(web["key"], "silenced")
    await life.after(minutes=5)
    began = life.now
    await life.says(web["key"], "repeated")
    await life.says(held["key"], "counted")
    await life.says(together["key"], "second")
    await life.says(web["key"], "ended")
    await life.after(minutes=30)
    found = await replayed(life.system, began)
    assert [one["sentence"] for one in found["differences"]] == []
    assert (found["decided_otherwise"], found["events"]) == (0, 4)
    assert found["pages"]["before"] >= 4, "the counted one, the news, what was silenced, and nobody confirmed it"


async def test_what_is_said_only_once_waits_for_no_threshold_in_a_replay_either(life: Life) -> None:
    held = await life.service(await life.system.user("Cy"), name="held", threshold={"count": 3, "within": "PT30M"})
    began = life.now
    await life.system.api.post(f"/intake/{held['key']}", content=b"\x01\x02")
    await life.after(minutes=30)
    found = await replayed(life.system, began)
    assert ([one["sentence"] for one in found["differences"]], found["pages"]["after"]) == ([], found["pages"]["before"])
    assert found["pages"]["before"] >= 1


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("no since", {"since": None}, "since"),
    ("until before since", {"until": "2026-03-02T11:00:00Z"}, "until must be later than since"),
    ("until ahead", {"until": "2026-03-09T11:00:00Z"}, "until lies ahead"),
    ("too long", {"since": "2026-01-01T00:00:00Z"}, "31 days at most"),
    ("no such field", {"sinse": 1}, "there is no such field"),
    ("no such part", {"proposed": {"rules": []}}, "there is no such field"),
    ("no such setting", {"proposed": {"services": {"{web}": {"dely": None}}}}, "there is no such field"),
    ("a service that is none", {"proposed": {"services": {"01990000-0000-7000-8000-000000000000": {}}}}, "There is no service"),
    ("a policy that is none", {"proposed": {"services": {"{web}": {"escalation_policy_id": "{web}"}}}}, "no escalation policy"),
    ("a rule that sets nothing", {"proposed": {"routing_rules": [{"name": "x", "matchers": ["a=b"]}]}}, "sets nothing"),
    ("a rule for everything", {"proposed": {"routing_rules": [{"name": "x", "urgency": "low"}]}}, "matches every event"),
    ("a rule to nowhere", {"proposed": {"routing_rules": [{"name": "x", "matchers": ["a=b"], "service_id": "{policy}"}]}}, "no service"),
    ("a matcher that is none", {"proposed": {"routing_rules": [{"name": "x", "matchers": ["a=~("], "urgency": "low"}]}}, "RE2"),
    ("a silence without end", {"proposed": {"silences": [{"matchers": ["a=b"], "comment": "x"}]}}, "is needed"),
    (
        "a silence that ends first",
        {"proposed": {"silences": [{"matchers": ["a=b"], "comment": "x", "starts_at": "2026-03-02T12:00:00Z",
                                    "ends_at": "2026-03-02T11:00:00Z"}]}},
        "ends after it starts",
    ),
    (
        "a silence of everything",
        {"proposed": {"silences": [{"matchers": [], "comment": "x", "ends_at": "2026-03-03T11:00:00Z"}]}},
        "confirm it",
    ),
    (
        "a window for nothing",
        {"proposed": {"maintenance_windows": [{"name": "x", "starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-03T00:00:00Z"}]}},
        "what this window is for",
    ),
    (
        "a window that never is",
        {"proposed": {"maintenance_windows": [{"name": "x", "matchers": ["a=b"], "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
                                               "time_zone": "UTC", "duration": "PT1H", "starts_at": "2026-03-02T00:00:00"}]}},
        "no occurrence",
    ),
    (
        "an inhibition by nothing",
        {"proposed": {"inhibitions": [{"name": "x", "source_matchers": [], "target_matchers": ["a=b"]}]}},
        "least 1",
    ),
]  # fmt: skip


def filled(value: Any, names: dict[str, str]) -> Any:
    """With the ids that its `{names}` stand for."""
    if isinstance(value, dict):
        return {filled(k, names): filled(v, names) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    return value.format(**names) if isinstance(value, str) and value.startswith("{") else value


@pytest.mark.parametrize(("what", "body", "says"), WRONG, ids=[what for what, _, _ in WRONG])
async def test_what_cannot_be_replayed_is_refused_with_what_to_do(life: Life, what: str, body: dict[str, Any], says: str) -> None:
    web, _ = await two_services(life)
    await life.after(minutes=10)
    names = {"web": web["id"], "policy": web["escalation_policy_id"]}
    answer = await life.system.api.post("/api/v1/replay", json={"since": "2026-03-02T11:30:00Z"} | filled(body, names))
    assert answer.status_code == 422, what
    assert says in answer.text


async def test_one_replay_at_a_time(life: Life) -> None:
    await two_services(life)
    replays = life.system.node.app.state.replays
    body = {"since": "2026-03-02T11:30:00Z"}
    life.system.clock.advance(timedelta(minutes=1))
    answers = await asyncio.gather(*(life.system.api.post("/api/v1/replay", json=body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 429, 429]
    (refused, _) = [answer for answer in answers if answer.status_code == 429]
    assert "one at a time" in refused.json()["detail"]
    assert refused.headers["Retry-After"] == "10"
    assert not replays._is_running
    assert (await life.system.api.post("/api/v1/replay", json=body)).status_code == 200


async def test_too_many_events_are_counted_and_refused(life: Life) -> None:
    web, _ = await two_services(life)
    await life.says(web["key"], "disk")
    async with life.system.node.database.transaction(Pool.ENGINE) as tx:
        await tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
        await tx.exec_driver_sql(
            "INSERT INTO events (id, received_at, occurred_at, integration_id, service_id, action, dedup_key, severity, summary, decision,"
            " reason, body_id) SELECT gen_random_uuid(), received_at, occurred_at, integration_id, service_id, action, dedup_key, severity,"
            " summary, decision, reason, body_id FROM events e, generate_series(1, 200000) n"
        )
    answer = await life.system.api.post("/api/v1/replay", json={"since": "2026-03-02T12:00:00Z"})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_events")
    assert "There are 200,001 events in this range, and one replay looks at 200,000 at most: say a shorter range" in answer.json()["detail"]


async def test_whoever_may_read_may_replay(system: System) -> None:
    key = (await system.make("api-keys", name="dashboard", scope="read"))["key"]
    system.clock.advance(timedelta(minutes=1))
    body = {"since": "2026-03-02T11:30:00Z"}
    async with system.client({"Authorization": f"Bearer {key}"}) as reader, system.client() as nobody:
        assert (await reader.post("/api/v1/replay", json=body)).status_code == 200
        assert (await nobody.post("/api/v1/replay", json=body)).status_code == 401

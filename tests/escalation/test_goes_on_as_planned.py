"""A step that only a resolve stops is due when it was planned, whatever happens to the incident that somebody has acknowledged: news,
a merge, what holds it for a while; and whoever escalates it goes through the levels one by one.
"""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.escalation.test_until_resolved import JSON, acknowledged, paging
from tests.system import System


async def has_it(system: System, **service: Any) -> tuple[JSON, str]:
    """Ana has it since two minutes; Ben's step is passed over, and the manager's due a quarter of an hour after it began."""
    made = await paging(system)
    # Whatever else opens in this service joins the incident.
    await system.api.put(
        f"/api/v1/services/{made['service']['id']}",
        json=made["service"] | {"grouping": {"type": "all"}} | service,
        headers={"If-Match": "*"},
    )
    event = await system.event(made["key"])
    await system.advance(minutes=2)
    await acknowledged(system, event["incident_id"], made["ana"])
    system.pages()
    return made, event["incident_id"]


async def verb(system: System, id: str, what: str, **body: Any) -> JSON:
    answer = await system.api.post(f"/api/v1/incidents/{id}/{what}", json=body)
    assert answer.status_code == 200, answer.text
    shown: JSON = answer.json()
    return shown


async def test_news_do_not_begin_its_time_anew(system: System) -> None:
    made, id = await has_it(system)
    await system.advance(minutes=2)
    await system.event(made["key"], "another")
    await system.advance(seconds=1)
    assert system.pages() == ["Ana"], "the news break through"
    shown = await acknowledged(system, id, made["ana"])
    assert {"action": "escalate", "at": "2026-03-02T12:15:00Z"} in shown["pending_actions"]
    await system.advance(minutes=10)
    assert system.pages() == []
    await system.advance(minutes=1)
    assert system.pages() == ["Boss"]
    await system.advance(minutes=14)
    assert system.pages() == [], "once, not again by the news' own time"


async def test_confirmed_late_it_is_due_at_once(system: System) -> None:
    made, id = await has_it(system)
    await system.advance(minutes=12)
    await system.event(made["key"], "another")
    await system.advance(minutes=3)
    assert system.pages() == ["Ana"]
    await acknowledged(system, id, made["ana"])
    await system.advance(seconds=1)
    assert system.pages() == ["Boss"]


async def test_news_that_nobody_confirms_begin_the_policy_anew(system: System) -> None:
    made, _ = await has_it(system)
    await system.event(made["key"], "another")
    await system.advance(minutes=16)
    assert system.pages() == ["Ana", "Ben", "Boss"], "nobody has it: step by step, each once"


async def test_news_after_it_has_fired_do_not_make_it_fire_again(system: System) -> None:
    made, id = await has_it(system)
    await system.advance(minutes=14)
    assert system.pages() == ["Boss"]
    await system.event(made["key"], "another")
    await system.advance(seconds=1)
    shown = await acknowledged(system, id, made["ana"])
    assert (system.pages(), shown["escalation"]["state"]) == (["Ana"], "stopped")


async def test_a_snooze_over_news_puts_it_off_and_changes_nothing_of_its_time(system: System) -> None:
    made, id = await has_it(system)
    await system.event(made["key"], "another")
    await system.advance(minutes=1)
    await verb(system, id, "snooze", duration="PT5M", user_id=made["ana"]["id"])
    shown = await acknowledged(system, id, made["ana"])
    assert {"action": "escalate", "at": "2026-03-02T12:15:00Z"} in shown["pending_actions"]


@pytest.mark.parametrize("minutes", [1, 14], ids=["before it fires", "after it has fired"])
async def test_escalating_goes_to_the_next_level_and_not_past_those_between(system: System, minutes: int) -> None:
    _, id = await has_it(system)
    await system.advance(minutes=minutes)
    system.pages()
    await verb(system, id, "escalate")
    await system.run_due()
    assert system.pages() == ["Ben"]


async def test_of_two_that_are_merged_the_earlier_one_stays(system: System) -> None:
    made = await paging(system)
    ids = []
    for key in ("first", "second"):
        event = await system.event(made["key"], key)
        await acknowledged(system, event["incident_id"], made["ana"])
        ids.append(event["incident_id"])
        await system.advance(minutes=3)
    shown = await verb(system, ids[1], "merge", incidents=[ids[0]])
    assert {"action": "escalate", "at": "2026-03-02T12:15:00Z"} in shown["pending_actions"]
    system.pages()
    await system.advance(minutes=10)
    assert system.pages() == ["Boss"]


async def test_one_that_has_none_left_takes_over_that_of_the_other(system: System) -> None:
    made = await paging(system)
    old = await system.event(made["key"], "old")
    await acknowledged(system, old["incident_id"], made["ana"])
    await system.advance(minutes=16)
    new = await system.event(made["key"], "new")
    await acknowledged(system, new["incident_id"], made["ana"])
    await acknowledged(system, old["incident_id"], made["ana"])  # still on it
    system.pages()
    shown = await verb(system, old["incident_id"], "merge", incidents=[new["incident_id"]])
    assert shown["escalation"]["state"] == "running"
    assert {"action": "escalate", "at": "2026-03-02T12:31:00Z"} in shown["pending_actions"]
    await system.advance(minutes=15)
    assert system.pages() == ["Boss"]


async def test_what_is_held_is_looked_at_when_its_silence_ends_and_not_every_minute(system: System) -> None:
    _, id = await has_it(system)
    body = {"matchers": ['service="payments-api"'], "comment": "known", "ends_at": (system.clock.at + timedelta(minutes=25)).isoformat()}
    silence = await system.make("silences", **body)
    await system.advance(minutes=14)
    assert await due(system, id) == ("2026-03-02T12:15:00Z", system.clock.at + timedelta(minutes=11))
    await system.api.delete(f"/api/v1/silences/{silence['id']}", headers={"If-Match": "*"})
    await system.run_due()
    assert system.pages() == ["Boss"], "it is woken as soon as nothing holds it"


async def test_what_is_inhibited_is_woken_when_its_source_is_over(system: System) -> None:
    made, _ = await has_it(system)
    source = await system.make("services", name="network", escalation_policy_id=made["service"]["escalation_policy_id"])
    monitor = await system.make(f"services/{source['id']}/integrations", name="n", type="pagerduty")
    rule = {"name": "network", "source_matchers": ['service="network"'], "target_matchers": ['service="payments-api"'], "equal": []}
    await system.make("inhibitions", **rule)
    event = await system.event(monitor["key"], "switch")
    await acknowledged(system, event["incident_id"], made["ana"])
    system.pages()
    await system.advance(minutes=13, seconds=30)
    assert system.pages() == []
    await system.event(monitor["key"], "switch", action="resolve")
    await system.run_due()
    assert system.pages() == ["Boss"]


async def due(system: System, id: str) -> tuple[str, object]:
    """When it was planned, and when it is looked at next."""
    async with system.node.database.transaction() as tx:
        row = (await tx.execute(text("SELECT goes_on ->> 'at' AS at, next_at FROM incidents WHERE id = :id"), {"id": id})).one()
    return row.at, row.next_at

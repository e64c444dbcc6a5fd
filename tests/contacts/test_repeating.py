"""A person's own "repeat every five minutes, three times at most, until somebody acknowledges" (nth in `semantics.md` §1)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError
from tests.contacts.test_api import key_of, problem
from tests.contacts.test_rules import FIVE, HIGH, HOOK, MAIL, NOW_, reach, rule, way
from tests.incidents.building import rows
from tests.notifications.test_notices import shift, tell
from tests.system import System, to

from oncall.channels.values import FailedPermanently, PageMessage
from oncall.contacts.rules import plan_ways
from oncall.contacts.values import Repeat, Way, Ways

MINUTE = timedelta(minutes=1)
EVERY_FIVE = {"every": "PT5M", "at_most": 3}
STATUSES = "SELECT nth, status FROM notifications WHERE urgency <> 'update' ORDER BY cycle, round, step, nth"

# --- the rule ---------------------------------------------------------------------------------------------------------------


def repeating(n: int, delay: timedelta, to: Any, every: timedelta, at_most: int) -> Any:
    return replace(rule(n, HIGH, delay, to), repeat=Repeat(every, at_most))


def again(its: Way) -> Way:
    return replace(its, again=True)


def test_each_repetition_is_a_way_of_its_own_and_counted() -> None:
    planned = plan_ways(reach(HOOK, repeating(21, MINUTE, HOOK, FIVE, 2)), HIGH)
    ways = (way(HOOK, MINUTE), again(way(HOOK, 6 * MINUTE, 2)), again(way(HOOK, 11 * MINUTE, 3)))
    assert planned == Ways(ways, True, "by 1 notification rule of Ana for high urgency")


def test_repetitions_and_other_rules_are_counted_together_by_time() -> None:
    planned = plan_ways(
        reach(MAIL, HOOK, repeating(21, NOW_, HOOK, 4 * MINUTE, 2), rule(22, HIGH, FIVE, HOOK), rule(23, HIGH, FIVE, MAIL)), HIGH
    )
    repeated = (again(way(HOOK, 4 * MINUTE, 2)), again(way(HOOK, 8 * MINUTE, 4)))
    assert planned.ways == (way(HOOK), repeated[0], way(HOOK, FIVE, 3), way(MAIL, FIVE), repeated[1])


def test_what_nobody_can_acknowledge_is_not_repeated() -> None:
    assert plan_ways(reach(HOOK, repeating(21, MINUTE, HOOK, FIVE, 2)), HIGH, repeats=False).ways == (way(HOOK, MINUTE),)


# --- over HTTP --------------------------------------------------------------------------------------------------------------


async def with_rule(system: System, name: str = "Ana", **rule: Any) -> tuple[dict[str, Any], str]:
    """A person whose one rule, for high urgency, is this; and its address."""
    user = await system.user(name)
    [method] = (await system.api.get(f"/api/v1/users/{user['id']}/contact-methods")).json()["items"]
    wanted = {"urgency": "high", "delay": "PT0S", "contact_method_id": method["id"], "repeat": EVERY_FIVE} | rule
    made = await system.make(f"users/{user['id']}/notification-rules", **wanted)
    return user, f"/api/v1/users/{user['id']}/notification-rules/{made['id']}"


async def test_a_rule_shows_its_repetition_and_is_edited(system: System) -> None:
    _, path = await with_rule(system)
    read = (await system.api.get(path)).json()
    assert read["repeat"] == EVERY_FIVE
    assert (await system.api.put(path, json=read)).json() == read | {"warning": None}, "what was read may be sent back"
    edited = await system.api.put(path, json=read | {"urgency": "low", "delay": "PT2M", "repeat": {"every": 60, "at_most": 20}})
    assert (edited.status_code, edited.json()["repeat"]) == (200, {"every": "PT1M", "at_most": 20})
    assert (await system.api.get(path)).json() == {name: value for name, value in edited.json().items() if name != "warning"}
    without = {name: read[name] for name in ("urgency", "delay", "contact_method_id")}
    assert (await system.api.put(path, json=without)).json()["repeat"] is None, "what is left out is as in a new rule"
    [listed] = (await system.api.get(path.rpartition("/")[0])).json()["items"]
    assert (listed["id"], listed["created_at"], listed["repeat"]) == (read["id"], read["created_at"], None)


@pytest.mark.parametrize(
    ("what", "repeat"),
    [
        ("too often", {"every": "PT59S", "at_most": 3}),
        ("too seldom", {"every": "PT1H1S", "at_most": 3}),
        ("never", {"every": "PT5M", "at_most": 0}),
        ("more than anybody bears", {"every": "PT5M", "at_most": 21}),
        ("without an end", {"every": "PT5M"}),
        ("without a pace", {"at_most": 3}),
        ("no number", {"every": "PT5M", "at_most": "3"}),
        ("what does not exist", EVERY_FIVE | {"until": "acknowledged"}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_a_rule_cannot_repeat(system: System, what: str, repeat: dict[str, Any]) -> None:
    _, path = await with_rule(system)
    read = (await system.api.get(path)).json()
    assert problem(await system.api.put(path, json=read | {"repeat": repeat})) == (422, "invalid")


async def test_only_the_person_themselves_or_an_admin_edits_a_rule_that_exists(system: System) -> None:
    ana, path = await with_rule(system)
    _, of_ben = await with_rule(system, "Ben")
    read, bens = (await system.api.get(path)).json(), (await system.api.get(of_ben)).json()
    own, stranger = await key_of(system.api, "respond", ana["id"]), await key_of(system.api, "respond")
    assert problem(await system.api.put(path, json=read, headers=stranger)) == (403, "forbidden")
    assert (await system.api.put(path, json=read, headers=own)).status_code == 200
    assert problem(await system.api.put(f"{path.rpartition('/')[0]}/{uuid4()}", json=read)) == (404, "not_found")
    assert problem(await system.api.put(f"{path.rpartition('/')[0]}/{bens['id']}", json=read)) == (404, "not_found")
    assert problem(await system.api.put(path, json=read | {"contact_method_id": bens["contact_method_id"]})) == (422, "invalid")


async def test_the_database_itself_refuses_half_a_repetition(system: System) -> None:
    await with_rule(system)
    for half in ("repeat_every = NULL", "repeat_at_most = 21", "repeat_every = '1 second'"):
        with pytest.raises(DBAPIError, match="repeats_within_bounds"):
            async with system.node.database.transaction() as tx:
                await tx.exec_driver_sql(f"UPDATE notification_rules SET {half}")


# --- at three in the morning ------------------------------------------------------------------------------------------------


async def told(system: System, minutes: int) -> list[tuple[int, int]]:
    """(minute, nth) of each message of the coming minutes, the one that has just begun included."""
    arrived = []
    for minute in range(minutes + 1):
        if minute:
            await system.advance(minutes=1)
        arrived += [(minute, message.nth) for message in system.email.sent if isinstance(message, PageMessage)]
        system.email.sent = []
    return arrived


async def test_a_page_is_repeated_and_then_no_more(system: System) -> None:
    ana, _ = await with_rule(system)
    await system.event((await system.service([to(ana)], step_delay="PT2H"))["key"])
    assert await told(system, 60) == [(0, 1), (5, 2), (10, 3), (15, 4)]


async def test_an_acknowledgement_ends_it(system: System) -> None:
    ana, _ = await with_rule(system)
    opened = await system.event((await system.service([to(ana)], step_delay="PT2H"))["key"])
    assert await told(system, 6) == [(0, 1), (5, 2)]
    answer = await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    assert answer.json()["cancelled_pages"] == 2
    assert await told(system, 20) == []
    assert await rows(system, STATUSES) == [(1, "sent"), (2, "sent"), (3, "cancelled"), (4, "cancelled")]


@pytest.mark.parametrize(
    ("condition", "after", "statuses"),
    [
        ("unresolved", [(3, 3)], ["sent", "sent", "sent", "cancelled", "cancelled"]),
        ("unacknowledged", [], ["sent", "sent", "cancelled", "cancelled", "cancelled"]),
    ],
)
async def test_an_acknowledgement_ends_the_repetitions_also_of_a_step_that_only_a_resolve_stops(
    system: System, condition: str, after: list[tuple[int, int]], statuses: list[str]
) -> None:
    """ "Repeat until acknowledged" is what it says; another rule of the person, ten minutes later, is no repetition."""
    ana, path = await with_rule(system)
    method = (await system.api.get(path)).json()["contact_method_id"]
    await system.make(f"users/{ana['id']}/notification-rules", urgency="high", delay="PT9M", contact_method_id=method)
    opened = await system.event(await until(system, condition, to(ana)))
    assert await told(system, 6) == [(0, 1), (5, 2)]
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    assert await told(system, 15) == after
    assert [status for _, status in await rows(system, STATUSES)] == statuses


async def test_what_pages_although_somebody_has_it_is_not_repeated(system: System) -> None:
    ben, (ana, _) = await system.user("Ben", channel="webhook"), await with_rule(system)
    steps = [{"delay": "PT5M", "targets": [to(ben)]}, {"delay": "PT5M", "targets": [to(ana)], "condition": "unresolved"}]
    policy = await system.make("escalation-policies", name="P", steps=steps, repeat=0)
    service = await system.make("services", name="S", escalation_policy_id=policy["id"])
    key = (await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty"))["key"]
    opened = await system.event(key)
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    assert await told(system, 25) == [(5, 1)]
    at = system.clock.at
    reactions = [{"after": "PT1M", "action": "acknowledge"}]
    said = {"service_id": service["id"], "at": at.isoformat(), "until": (at + 25 * MINUTE).isoformat(), "reactions": reactions}
    answer = await system.api.post("/api/v1/simulate", json=said)
    paged = [page for step in answer.json()["steps"] for page in step["pages"] if page["user"]["id"] == ana["id"]]
    assert [len(page["messages"]) for page in paged] == [1], "simulate says the same"


async def until(system: System, condition: str, target: dict[str, Any]) -> str:
    """The key of a service whose one step is for what is not acknowledged, or not resolved."""
    steps = [{"delay": "PT2H", "targets": [target], "condition": condition}]
    policy = await system.make("escalation-policies", name="P", steps=steps, repeat=0)
    service = await system.make("services", name="S", escalation_policy_id=policy["id"])
    integration = await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty")
    key: str = integration["key"]
    return key


async def test_it_goes_on_while_the_policy_pages_others(system: System) -> None:
    ana, _ = await with_rule(system)
    ben = await system.user("Ben")
    await system.event((await system.service([to(ana)], [to(ben)], step_delay="PT7M"))["key"])
    system.pages()
    await system.advance(minutes=11)
    assert sorted(system.pages()) == ["Ana", "Ana", "Ben"]


async def test_whoever_is_paged_anew_is_not_told_twice_over(system: System) -> None:
    """The next round has repetitions of its own: those of the one before end."""
    ana, _ = await with_rule(system)
    await system.event((await system.service([to(ana)], step_delay="PT7M", repeat=1))["key"])
    assert await told(system, 13) == [(0, 1), (5, 2), (7, 1), (12, 2)]
    assert await rows(system, STATUSES) == [
        *[(1, "sent"), (2, "sent"), (3, "cancelled"), (4, "cancelled")],
        *[(1, "sent"), (2, "sent"), (3, "pending"), (4, "pending")],
    ]


async def test_after_an_outage_nobody_gets_a_pile(system: System) -> None:
    ana, _ = await with_rule(system, repeat={"every": "PT1M", "at_most": 20})
    await system.event((await system.service([to(ana)], step_delay="PT2H"))["key"])
    assert await told(system, 1) == [(0, 1), (1, 2)]
    system.clock.advance(9 * MINUTE)
    await system.run_due()
    assert await told(system, 2) == [(0, 11), (1, 12), (2, 13)], "the last one that is due, then as before"


async def test_what_comes_back_after_it_was_resolved_repeats_from_where_it_was(system: System) -> None:
    ana, _ = await with_rule(system, repeat={"every": "PT1M", "at_most": 10})
    made = await system.service([to(ana)], step_delay="PT2H")
    await system.event(made["key"])
    assert await told(system, 2) == [(0, 1), (1, 2), (2, 3)]
    await system.event(made["key"], action="resolve")
    assert await told(system, 4) == []
    await system.event(made["key"])
    assert await told(system, 1) == [(0, 7), (1, 8)]


async def test_an_address_that_fails_for_good_is_not_waited_for_though_its_repetitions_are_tried(system: System) -> None:
    ana, _ = await with_rule(system)
    ben = await system.user("Ben", channel="webhook")
    system.email.always = FailedPermanently("no such mailbox", code="refused")
    opened = await system.event((await system.service([to(ana)], [to(ben)], step_delay="PT30M"))["key"])
    assert any("nobody paged by step 1 can be reached" in line for line in await system.reasons(opened["incident_id"]))
    assert [message.recipient for message in system.webhook.sent] == ["Ben"]
    system.email.always = None
    system.email.sent = []
    assert await told(system, 5) == [(5, 2)]


async def test_a_notice_is_not_repeated(system: System) -> None:
    ana, _ = await with_rule(system, urgency="low")
    await tell(system, shift(ana))
    await system.advance(minutes=30)
    assert len(system.email.sent) == 1

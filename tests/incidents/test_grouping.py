"""`semantics.md` §2: which incident a new alert joins, what breaks through an acknowledgement, what a delay holds."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.building import ANA, HOUR, MINUTE, NOW, blocked, incident, monitored, rows
from tests.system import System

from oncall.incidents.commands.accept import accept_events
from oncall.incidents.rules.grouping import MOST, MOST_BY_LABELS, group_key, why_apart
from oncall.incidents.values import Incident, Status
from oncall.services.values.judging import Grouping, GroupingType

ALL, BY_CLUSTER = Grouping(GroupingType.ALL), Grouping(GroupingType.LABELS, ("cluster", "job"))
WINDOW = Grouping(GroupingType.WINDOW, window=5 * MINUTE)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("grouping", "labels", "key"),
    [
        (None, {"cluster": "a"}, None),
        (ALL, {"cluster": "a"}, "all"),
        (WINDOW, {"cluster": "a"}, "window"),
        (BY_CLUSTER, {"cluster": "a", "job": "b", "pod": "c"}, 'cluster="a", job="b"'),
        (BY_CLUSTER, {"cluster": 'a", job="b'}, 'cluster="a\\", job=\\"b", job=""'),
        (BY_CLUSTER, {"job": "b"}, 'cluster="", job="b"'),
        (BY_CLUSTER, {"pod": "c", "job": ""}, None),
    ],
)
def test_what_new_alerts_have_in_common(grouping: Grouping | None, labels: dict[str, str], key: str | None) -> None:
    assert group_key(grouping, labels) == key


def test_a_long_key_stays_short_and_exact() -> None:
    one, other = (group_key(BY_CLUSTER, {"cluster": "a" * 5_000 + end}) for end in "xy")
    assert one is not None
    assert len(one) < 600
    assert one != other


def acknowledged(minutes: int) -> Incident:
    return incident(status=Status.ACKNOWLEDGED, acknowledged_at=NOW, acknowledged_by=ANA, triggered_at=NOW + minutes * MINUTE - HOUR)


@pytest.mark.parametrize(
    ("what", "given", "grouping", "alerts", "now", "apart"),
    [
        ("open and young: joins", incident(), ALL, 1, NOW + HOUR, None),
        ("a moment before it is too old: joins", incident(), ALL, 1, NOW + DAY - MINUTE, None),
        ("too old", incident(), ALL, 1, NOW + DAY, "it is older than 1 d"),
        ("inside its window: joins", incident(), WINDOW, 1, NOW + 4 * MINUTE, None),
        ("its window is over", incident(), WINDOW, 1, NOW + 5 * MINUTE, "its window of 5 min is over"),
        ("acknowledged for an hour: joins", acknowledged(60), ALL, 1, NOW + HOUR, None),
        ("acknowledged for longer", acknowledged(60), ALL, 1, NOW + 61 * MINUTE, "it was acknowledged more than an hour ago"),
        ("nearly full: joins", incident(), ALL, MOST - 1, NOW, None),
        ("full", incident(), ALL, MOST, NOW, "it holds 1000 alerts"),
        ("labels say it is one outage: joins", incident(), BY_CLUSTER, MOST, NOW, None),
        ("even that is full", incident(), BY_CLUSTER, MOST_BY_LABELS, NOW, "it holds 10000 alerts"),
    ],
)
def test_what_joins_what(what: str, given: Incident, grouping: Grouping, alerts: int, now: Any, apart: str | None) -> None:
    assert why_apart(given, grouping, alerts=alerts, max_age=DAY, now=now) == apart, what


# --- as a whole -------------------------------------------------------------------------------------------------------------

BY_LABELS = {"grouping": {"type": "labels", "labels": ["cluster"]}}


def cluster(name: str) -> dict[str, Any]:
    return {"labels": {"cluster": name}}


async def test_alerts_with_the_same_labels_are_one_incident_which_resolves_with_the_last(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS)
    first, second = await monitor.says(monitor.event("disk", **cluster("a")), monitor.event("cpu", **cluster("a")))
    (third,) = await monitor.says(monitor.event("net", **cluster("a")))
    (other,) = await monitor.says(monitor.event("disk-b", **cluster("b")))
    assert [d.decision for d in (first, second, third, other)] == ["opened", "grouped", "grouped", "opened"]
    assert first.incident_id == second.incident_id == third.incident_id != other.incident_id
    await system.run_due()
    assert len(system.email.sent) == 2, "one page for each incident"
    for key in ("disk", "net", "cpu"):
        assert (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()["status"] == "triggered"
        await monitor.says(monitor.event(key, "resolve"))
    shown = (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()
    assert (shown["status"], shown["alert_counts"]) == ("resolved", {"open": 0, "resolved": 3})


async def test_a_window_is_fixed_from_the_first_alert(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "window", "window": "PT5M"})
    said = []
    for n in range(4):
        said += await monitor.says(monitor.event(f"disk-{n}"))
        await system.advance(minutes=2)
    assert [d.decision for d in said] == ["opened", "grouped", "grouped", "opened"]
    later = (await system.api.get(f"/api/v1/incidents/{said[3].incident_id}/timeline")).json()["items"]
    assert "which nothing joins any more: its window of 5 min is over" in later[0]["reason"]


async def test_what_is_full_or_too_old_is_followed_by_another(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, group_max_age="PT1H")
    (first,) = await monitor.says(monitor.event("disk"))
    many = await monitor.says(*(monitor.event(f"disk-{n}") for n in range(MOST + 1)))
    assert {d.incident_id for d in many[: MOST - 1]} == {first.incident_id}
    assert [d.decision for d in many[MOST - 1 :]] == ["opened", "grouped"]
    await system.advance(hours=1, step=timedelta(minutes=10))
    (later,) = await monitor.says(monitor.event("cpu"))
    assert later.decision == "opened"
    assert later.incident_id not in {first.incident_id, many[-1].incident_id}
    assert await rows(system, f"SELECT follows_id FROM incidents WHERE id = '{later.incident_id}'") == [(many[-1].incident_id,)]


async def test_more_than_one_incident_holds_in_one_body_becomes_two(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    said = await monitor.says(*(monitor.event(f"disk-{n}") for n in range(MOST + 5)))
    counts = await rows(system, "SELECT count(*) FROM alerts GROUP BY incident_id ORDER BY 1")
    assert counts == [(5,), (MOST,)]
    assert [d.decision for d in said].count("opened") == 2


async def test_one_that_reopens_while_another_has_its_key_goes_on_alone(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS)
    (first,) = await monitor.says(monitor.event("disk", **cluster("a")))
    await monitor.says(monitor.event("disk", "resolve"))
    (second,) = await monitor.says(monitor.event("cpu", **cluster("a")))
    (again,) = await monitor.says(monitor.event("disk", **cluster("a")))
    (third,) = await monitor.says(monitor.event("net", **cluster("a")))
    assert (again.decision, again.incident_id) == ("reopened", first.incident_id)
    assert (third.decision, third.incident_id) == ("grouped", second.incident_id)


async def test_two_of_one_key_that_reopen_together_do_not_spoil_the_batch(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS)
    for key in ("disk", "cpu"):
        await monitor.says(monitor.event(key, **cluster("a")))
        await monitor.says(monitor.event(key, "resolve"))
    again = await monitor.says(monitor.event("disk", **cluster("a")), monitor.event("cpu", **cluster("a")))
    assert [d.decision for d in again] == ["reopened", "reopened"]
    assert len(await rows(system, "SELECT id FROM incidents WHERE status = 'triggered' AND group_key IS NOT NULL")) == 1


async def test_two_batches_that_open_one_group_at_once_open_one_incident(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS)
    async with system.node.database.transaction() as other:
        await accept_events(other, [monitor.event("disk", **cluster("a"))], system.node.judging, now=system.clock.at)
        waiting = asyncio.create_task(system.node.gate.accept([monitor.event("cpu", **cluster("a"))]))
        await blocked(system)
    assert [d.decision for d in await waiting] == ["grouped"]
    assert await rows(system, "SELECT count(*) FROM incidents") == [(1,)]


# --- break-through ----------------------------------------------------------------------------------------------------------


async def test_a_new_alert_breaks_through_at_most_once_in_ten_minutes(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk", severity="error", **cluster("a")))
    await system.run_due()
    url = f"/api/v1/incidents/{first.incident_id}"
    ana = next(u["id"] for u in (await system.api.get("/api/v1/users")).json()["items"] if u["name"] == "Ana")
    await system.api.post(f"{url}/acknowledge", json={"user_id": ana})
    sent = len(system.email.sent)
    (second,) = await monitor.says(monitor.event("cpu", severity="error", **cluster("a")))
    await system.run_due()
    assert (second.decision, second.incident_id) == ("broke_through", first.incident_id)
    assert len(system.email.sent) == sent + 1, "Ana is told at once"
    shown = (await system.api.get(url)).json()
    assert shown["status"] == "acknowledged"
    assert shown["pending_actions"][0]["action"] == "retrigger"
    await system.api.post(f"{url}/acknowledge", json={"user_id": ana})  # she confirms
    await monitor.says(monitor.event("net", severity="error", **cluster("a")), monitor.event("ram", severity="error", **cluster("a")))
    await system.run_due()
    assert len(system.email.sent) == sent + 1, "not twice in ten minutes"
    assert (await system.api.get(url)).json()["pending_actions"][0]["action"] == "break_through"
    await system.advance(minutes=10)
    assert len(system.email.sent) == sent + 2
    told = (await system.api.get(f"{url}/timeline")).json()["items"]
    assert [e["reason"] for e in told if e["kind"] == "broke_through"] == [
        "1 more alert since Ana acknowledged it", "2 more alerts since Ana acknowledged it",
    ]  # fmt: skip


async def test_news_that_nobody_confirms_triggers_it_again_and_goes_on_with_the_next_step(system: System) -> None:
    monitor = await monitored(system, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    url = f"/api/v1/incidents/{first.incident_id}"
    await system.api.post(f"{url}/acknowledge")
    await monitor.says(monitor.event("disk", severity="critical"))
    await system.run_due()
    assert (await system.api.get(url)).json()["status"] == "acknowledged"
    assert [m.address for m in system.email.sent] == ["ana@example.com"] * 2, "a rise to critical at once"
    await system.advance(minutes=5)
    assert (await system.api.get(url)).json()["status"] == "triggered"
    assert [m.address for m in system.email.sent][-1] == "ben@example.com"


async def test_more_news_puts_off_no_further_that_nobody_has_confirmed_what_was_told_first(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk", severity="error", **cluster("a")))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await monitor.says(monitor.event("cpu", severity="error", **cluster("a")))
    await system.advance(minutes=3)
    await monitor.says(monitor.event("cpu", severity="critical", **cluster("a")))
    await system.run_due()
    url, told = f"/api/v1/incidents/{first.incident_id}", len(system.email.sent)
    assert ((await system.api.get(url)).json()["status"], told) == ("acknowledged", 3)
    await system.advance(minutes=2)
    assert ((await system.api.get(url)).json()["status"], len(system.email.sent)) == ("triggered", told + 1)


async def test_a_rise_long_after_the_acknowledgement_is_told_once_and_waits_to_be_confirmed(system: System) -> None:
    monitor = await monitored(system)
    (first,) = await monitor.says(monitor.event("disk", severity="warning"))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await system.advance(hours=1, step=timedelta(minutes=10))
    await monitor.says(monitor.event("disk", severity="critical"))
    await system.run_due()
    shown = (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()
    assert (shown["status"], len(system.email.sent)) == ("acknowledged", 2), "though at high urgency it would have timed out by now"
    await system.advance(minutes=5)
    shown = (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()
    assert (shown["status"], len(system.email.sent)) == ("triggered", 3)


async def test_a_repeat_breaks_through_nothing(system: System) -> None:
    monitor = await monitored(system)
    (first,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    (again,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    assert again.decision == "deduplicated"
    assert len(system.email.sent) == 1


# --- delay ------------------------------------------------------------------------------------------------------------------

DELAY = {"delay": {"for": "PT2M"}}


async def test_what_resolves_within_the_delay_never_pages(system: System) -> None:
    monitor = await monitored(system, **DELAY)
    (first,) = await monitor.says(monitor.event("disk", severity="error"))
    shown = (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()
    assert first.decision == "held_delay"
    assert shown["escalation"]["state"] == "held"
    assert shown["pending_actions"] == [{"action": "release", "at": shown["escalation"]["until"]}]
    await system.advance(minutes=1)
    await monitor.says(monitor.event("disk", "resolve"))
    await system.advance(minutes=5)
    assert system.email.sent == []


async def test_what_is_still_open_after_the_delay_pages_and_says_why_it_is_late(system: System) -> None:
    monitor = await monitored(system, **DELAY)
    (first,) = await monitor.says(monitor.event("disk", severity="error"))
    await system.advance(minutes=2)
    assert [m.address for m in system.email.sent] == ["ana@example.com"]
    told = (await system.api.get(f"/api/v1/incidents/{first.incident_id}/timeline")).json()["items"]
    assert [e["kind"] for e in told][:3] == ["opened", "held", "released"]
    assert "it pages only if it is still open after 2 min" in next(e["reason"] for e in told if e["kind"] == "paged")


async def test_what_is_critical_or_rises_to_it_skips_the_delay(system: System) -> None:
    monitor = await monitored(system, **DELAY)
    (first,) = await monitor.says(monitor.event("disk", severity="critical"))
    (second,) = await monitor.says(monitor.event("cpu", severity="error"))
    await system.run_due()
    assert (first.decision, second.decision, len(system.email.sent)) == ("opened", "held_delay", 1)
    await monitor.says(monitor.event("cpu", severity="critical"))
    await system.run_due()
    assert len(system.email.sent) == 2


async def test_one_that_is_held_can_be_acknowledged(system: System) -> None:
    monitor = await monitored(system, **DELAY)
    (first,) = await monitor.says(monitor.event("disk", severity="error"))
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await system.advance(minutes=5)
    assert system.email.sent == []


async def test_the_link_of_the_news_confirms_it(system: System) -> None:
    monitor = await monitored(system, **BY_LABELS, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk", severity="error", **cluster("a")))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await monitor.says(monitor.event("cpu", severity="error", **cluster("a")))
    await system.run_due()
    link = system.email.sent[-1].acknowledge_url
    page = (await system.api.get(link)).text
    assert "Since then: 1 more alert." in page
    assert "Acknowledge as Ana" in page
    assert "Ana, you have it" in (await system.api.post(link)).text
    shown = (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()
    assert shown["acknowledged_by"]["name"] == "Ana"
    assert shown["pending_actions"] == []


# --- threshold --------------------------------------------------------------------------------------------------------------

THRESHOLD = {"threshold": {"count": 3, "within": "PT5M"}}


async def test_it_pages_with_the_third_trigger_within_five_minutes(system: System) -> None:
    monitor = await monitored(system, **THRESHOLD)
    said = []
    for _ in range(2):
        said += await monitor.says(monitor.event("disk", severity="error"))
        await system.advance(minutes=4)
    assert system.email.sent == []
    said += await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    assert system.email.sent == [], "the first is more than five minutes ago"
    said += await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    assert [m.address for m in system.email.sent] == ["ana@example.com"]
    assert [d.decision for d in said] == ["held_threshold"] * 3 + ["deduplicated"]
    assert "there are enough triggers" in said[-1].reason
    assert len({d.incident_id for d in said}) == 1
    assert await rows(system, "SELECT event_count, watched FROM alerts") == [(4, False)]
    assert (await monitor.says(monitor.event("disk", severity="error")))[0].reason == "an alert with this dedup key is open already"


async def test_three_triggers_in_one_batch_are_enough(system: System) -> None:
    monitor = await monitored(system, **THRESHOLD)
    await system.node.gate.accept([monitor.event("disk", severity="error") for _ in range(3)])
    await system.run_due()
    assert len(system.email.sent) == 1


async def test_triggers_of_one_group_count_together_and_those_before_a_resolve_do_not_page(system: System) -> None:
    monitor = await monitored(system, **THRESHOLD, **BY_LABELS)
    (first,) = await monitor.says(monitor.event("disk", severity="error", **cluster("a")))
    (second,) = await monitor.says(monitor.event("cpu", severity="error", **cluster("a")))
    assert [first.decision, second.decision] == ["held_threshold", "grouped"]
    await system.run_due()
    assert system.email.sent == []
    await monitor.says(monitor.event("cpu", severity="error", **cluster("a")))
    await system.run_due()
    assert len(system.email.sent) == 1


@pytest.mark.parametrize("sooner", ["delay", "silence"])
async def test_triggers_count_although_something_else_holds_it_first(system: System, sooner: str) -> None:
    more = {"delay": {"for": "PT3M"}} if sooner == "delay" else {}
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"}, **more)
    if sooner == "silence":
        await system.make("silences", matchers=["dedup_key=disk"], ends_at="2026-03-02T12:03:00Z", comment="deploy")
    said = await monitor.says(monitor.event("disk", severity="error"))
    await system.advance(minutes=4)
    for _ in range(2):
        assert system.email.sent == []
        said += await monitor.says(monitor.event("disk", severity="error"))
        await system.run_due()
    assert len(system.email.sent) == 1, "with the third one"
    assert [d.decision for d in said] == ["held_delay" if sooner == "delay" else "muted", "held_threshold", "deduplicated"]


@pytest.mark.parametrize(("critical", "decision"), [(False, "opened"), (True, "held_threshold")])
async def test_what_is_critical_skips_the_threshold_unless_the_service_says_otherwise(
    system: System, critical: bool, decision: str
) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT5M", "critical": critical})
    assert (await monitor.says(monitor.event("disk")))[0].decision == decision


async def test_what_a_threshold_holds_always_has_a_next_look_and_can_be_resolved(system: System) -> None:
    monitor = await monitored(system, **THRESHOLD)
    (first,) = await monitor.says(monitor.event("disk", severity="error"))
    await system.advance(minutes=16)
    shown = (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()
    assert (shown["status"], shown["escalation"]["state"]) == ("triggered", "held")
    assert shown["pending_actions"][0]["action"] == "release"
    await monitor.says(monitor.event("disk", "resolve"))
    assert (await system.api.get(f"/api/v1/incidents/{first.incident_id}")).json()["status"] == "resolved"
    assert system.email.sent == []


@pytest.mark.parametrize("waits", [THRESHOLD, {"delay": {"for": "PT1H"}}], ids=["threshold", "delay"])
async def test_once_somebody_has_it_its_news_wait_for_no_threshold_and_no_delay(system: System, waits: dict[str, Any]) -> None:
    monitor = await monitored(system, ack_timeout=None, **waits, **BY_LABELS)
    (first,) = await monitor.says(monitor.event("disk", severity="error", **cluster("a")))
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await monitor.says(monitor.event("cpu", severity="error", **cluster("a")))
    await system.run_due()
    assert [m.address for m in system.email.sent] == ["ana@example.com"]

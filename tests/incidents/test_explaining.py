"""What became of an event, in sentences: the whole way of each decision, on the real system."""

import gzip
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.incidents.building import MINUTE, monitored
from tests.system import System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily

SHAPE = ("at", "kind", "text", "detail")


async def told(system: System, event_id: object) -> list[str]:
    """The way of an event as lines `stage: sentence`, without ids."""
    answer = await system.api.get(f"/api/v1/events/{event_id}/explain")
    assert answer.status_code == 200, answer.text
    assert answer.json()["event_id"] == str(event_id)
    return [f"{line['stage']}: {line['sentence'].replace(str(event_id), 'ID')}" for line in answer.json()["lines"]]


def number_in(lines: list[str]) -> str:
    return next(line for line in lines if line.startswith("incident")).split("#")[1].split()[0]


async def test_the_whole_way_of_an_event_that_opened_and_was_acknowledged(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)])
    opened = await system.event(made["key"])
    await system.advance(minutes=5)
    await system.event(made["key"])
    lines = await told(system, opened["id"])
    n, running = number_in(lines), "running, step 2 of policy Payments fired in round 1"
    assert lines == [
        'received: Received at 2026-03-02T12:00:00Z through integration "prod" (pagerduty), for service "payments-api".',
        "read: Its body has 117 bytes of application/json.",
        "read: It is read by the dialect of PagerDuty Events API v2 and v1.",
        'said: It reports a problem (trigger) of severity critical: "Disk full".',
        'said: Its dedup key is "disk".',
        "decided: Decided: opened, since no alert with this dedup key was open.",
        "decided: A new problem: it opened an alert and an incident.",
        'alert: Alert "Disk full": this was its trigger number 1; seen 2 times, last at 2026-03-02T12:05:00Z; now open.',
        f'incident: Incident #{n} "Disk full", high urgency, is triggered now; its escalation is {running}.',
        "happened: Alert disk: Disk full.",
        "happened: Step 1 of policy Payments fired.",
        "paged: Ana is paged: step 1 of policy Payments: named in the step.",
        "message: The message to Ana by email (a…@example.com) left us at 2026-03-02T12:00:00Z: accepted by the fake.",
        "happened: Step 2 of policy Payments fired.",
        "paged: Ben is paged: step 2 of policy Payments: named in the step.",
        "message: The message to Ben by email (b…@example.com) left us at 2026-03-02T12:05:00Z: accepted by the fake.",
        "next: Next, if nobody acts: escalate at 2026-03-02T12:10:00Z.",
    ]
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    await system.advance(minutes=40)
    happened = [line for line in await told(system, opened["id"]) if line.startswith("happened")]
    assert happened[-1].startswith("happened: Acknowledged by"), "what happens after somebody has it is not because of it any more"


async def test_a_name_stays_as_it_is_written_in_the_way_of_an_event_and_of_its_incident(system: System) -> None:
    made = await system.service([to(await system.user("thr49050"))])
    opened = await system.event(made["key"])
    paged = "thr49050 is paged: step 1 of policy Payments: named in the step."
    assert f"paged: {paged}" in await told(system, opened["id"])
    path = (await system.api.get(f"/api/v1/incidents/{opened['incident_id']}/explain")).json()
    assert any(one["text"].startswith(paged) for one in path["sentences"])


async def test_a_repeat_says_who_had_been_paged_before_it(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"])
    system.clock.advance(MINUTE)
    lines = await told(system, (await system.event(made["key"]))["id"])
    assert "decided: Decided: deduplicated, since an alert with this dedup key is open already." in lines
    assert any("this was its trigger number 2; seen 2 times" in line for line in lines)
    assert lines[-4:-1] == [
        "paged: Nobody was paged because of it: a repeat pages nobody; those below had been paged before it.",
        "before: Ana is paged: step 1 of policy Payments: named in the step.",
        "message: The message to Ana by email (a…@example.com) left us at 2026-03-02T12:00:00Z: accepted by the fake.",
    ]


async def test_a_repeat_that_is_graver_says_whom_that_paged(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"], severity="warning")
    system.clock.advance(MINUTE)
    lines = await told(system, (await system.event(made["key"], severity="critical"))["id"])
    assert "happened: Severity rose from warning to critical, urgency is high." in lines
    assert "message: The message to Ana by email (a…@example.com) left us at 2026-03-02T12:01:00Z: accepted by the fake." in lines
    assert "decided: A repeat of an open alert: it was counted." in lines
    assert not any("obody was paged" in line or "pages nobody" in line for line in lines)


async def test_the_one_that_a_threshold_waited_for_says_whom_it_paged(system: System) -> None:
    threshold = {"count": 3, "within": "PT5M", "critical": True}
    made = await system.service([to(await system.user("Ana"))], threshold=threshold)
    ids = []
    for _ in range(4):
        ids.append((await system.event(made["key"]))["id"])
        system.clock.advance(MINUTE)
    third, fourth = [[line for line in await told(system, id) if line.startswith(("paged", "message", "before"))] for id in ids[2:]]
    assert third[0].startswith("paged: Ana is paged: step 1 of policy Payments: named in the step; held since")
    message = "message: The message to Ana by email (a…@example.com) left us at 2026-03-02T12:02:00Z: accepted by the fake."
    assert third[1:] == [message]
    assert fourth[0] == "paged: Nobody was paged because of it: a repeat pages nobody; those below had been paged before it."
    assert [line.partition(":")[0] for line in fourth[1:]] == ["before", "message"]


async def test_what_breaks_through_says_whom_it_paged_and_the_next_one_until_when_it_waits(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], grouping={"type": "all"})
    opened = await system.event(made["key"])
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    ids = []
    for key in ("net", "cpu"):
        system.clock.advance(MINUTE)
        ids.append((await system.event(made["key"], key))["id"])
    first, second = [[line for line in await told(system, id) if line.startswith(("paged", "message", "before"))] for id in ids]
    news = "Ana is paged: 1 more alert since environment admin key acknowledged it: step 1 of policy Payments: named in the step."
    message = "message: The message to Ana by email (a…@example.com) left us at 2026-03-02T12:01:00Z: accepted by the fake."
    assert first == [f"paged: {news}", message]
    assert second[0].endswith("is told of what is new at most once in ten minutes, next at 2026-03-02T12:11:00Z.")
    assert second[1:] == [f"before: {news}", message]


async def test_what_came_back_goes_on_from_where_it_was(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"])
    await system.event(made["key"], action="resolve")
    system.clock.advance(MINUTE)
    lines = await told(system, (await system.event(made["key"]))["id"])
    assert "happened: Reopened: the same problem came back inside the reopen window." in lines
    assert any(line.startswith("paged: Nobody was paged because of it so far: its escalation is running") for line in lines)
    assert lines[-1] == "next: Next, if nobody acts: escalate at 2026-03-02T12:05:00Z."


async def test_what_came_back_graver_was_reopened_first(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"], severity="warning")
    await system.event(made["key"], action="resolve")
    system.clock.advance(MINUTE)
    again = await system.event(made["key"], severity="critical")
    came_back = "eopened: the same problem came back inside the reopen window; severity rose to critical"
    rose = "everity rose from warning to critical, urgency is high"
    happened = [line for line in await told(system, again["id"]) if line.startswith("happened")]
    assert happened[:2] == [f"happened: R{came_back}.", f"happened: S{rose}."]
    reasons = await system.reasons(again["incident_id"])
    assert reasons[reasons.index(f"reopened: r{came_back}") + 1] == f"severity_changed: s{rose}"


@pytest.mark.parametrize(("action", "word"), [("acknowledge", "acknowledged"), ("resolve", "resolved")])
async def test_an_end_says_what_it_did_to_the_incident_and_what_it_cancelled(system: System, action: str, word: str) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT10M")))
    made = await system.service([to(ana)])
    opened = await system.event(made["key"])
    lines = await told(system, (await system.event(made["key"], action=action))["id"])
    assert any(line.startswith(f"decided: Decided: {word}, since its monitor {word} it.") for line in lines)
    assert f"happened: {word.capitalize()} by prod." in lines
    assert not any(line.startswith("next") for line in lines)
    first = await told(system, opened["id"])
    assert any("was cancelled before it left us" in line for line in first)


async def test_an_end_of_one_alert_of_several_leaves_its_incident(system: System) -> None:
    monitor = await monitored(system)
    [opened, other] = await monitor.says(monitor.event("disk"), monitor.event("net"))
    async with system.node.database.transaction() as tx:
        await tx.execute(text("UPDATE alerts SET incident_id = :to WHERE id = :id"), {"to": opened.incident_id, "id": other.alert_id})
    [resolved] = await monitor.says(monitor.event("net", "resolve"))
    lines = await told(system, resolved.event_id)
    assert "happened: Its incident was not resolved by it: it was so already, or another of its alerts is not." in lines
    assert any(line.startswith("incident: Its alert belongs to incident #") for line in await told(system, other.event_id))


async def test_an_end_of_nothing_says_which_alerts_had_its_key(system: System) -> None:
    monitor = await monitored(system)
    [never] = await monitor.says(monitor.event("never", "resolve"))
    nothing, advised = (await told(system, never.event_id))[-2:]
    assert nothing == "alert: No alert of this service ever had its key."
    assert advised.startswith("advice: If it should have ended or acknowledged something, compare the keys")
    await monitor.says(monitor.event("disk"))
    await monitor.says(monitor.event("disk", "resolve"))
    system.clock.advance(MINUTE)
    [late] = await monitor.says(monitor.event("disk", "resolve"))
    [line] = [line for line in await told(system, late.event_id) if line.startswith("alert")]
    assert line.startswith("alert: An alert with its key is in incident #")
    assert line.endswith("first seen at 2026-03-02T12:00:00Z; resolved at 2026-03-02T12:00:00Z.")


async def test_what_nobody_could_read_says_why_and_whom_it_paged(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="alertmanager")
    [event] = (await system.api.post(f"/intake/{made['key']}", content=b"\xff{not json")).json()["events"]
    await system.run_due()
    lines = await told(system, event["id"])
    assert any(line.startswith("read: It could not be read: ") for line in lines)
    assert not any("no alert with this dedup key" in line for line in lines if line.startswith("read"))
    assert 'said: Its dedup key is "oncall:unreadable:prod": ours, since we speak for what its sender could not say.' in lines
    assert any(line.startswith("paged: Ana is paged") for line in lines)
    assert lines[-1].startswith("advice: Look at its body (GET /api/v1/events/ID)")


async def test_a_repeat_of_what_nobody_could_read_pages_nobody(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="alertmanager")
    for raw in (b"\xff{not json", b"{neither"):
        [event] = (await system.api.post(f"/intake/{made['key']}", content=raw)).json()["events"]
    lines = await told(system, event["id"])
    assert "paged: Nobody was paged because of it: a repeat pages nobody; those below had been paged before it." in lines
    assert any(line.startswith("before: Ana is paged") for line in lines)


async def test_what_was_too_large_sends_nobody_to_look_at_its_body(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    await system.api.post(f"/intake/{made['key']}", content=b"x" * (4 * 1024 * 1024 + 1))
    (event,) = (await system.api.get("/api/v1/events")).json()["items"]
    *_, advised = await told(system, event["id"])
    assert advised.startswith("advice: Let its monitor send less at once: the details of its alert (GET /api/v1/alerts/")
    alert = (await system.api.get(advised.split("GET ")[1].split(")")[0].replace("ID", event["id"]))).json()
    assert alert["details"]["content_length"] == 4 * 1024 * 1024 + 1


async def test_of_one_body_each_event_tells_what_it_did_itself(system: System) -> None:
    monitor = await monitored(system)
    opened, ended, again = await monitor.says(monitor.event("disk"), monitor.event("disk", "resolve"), monitor.event("disk"))
    happened = {
        what: [line for line in await told(system, decided.event_id) if line.startswith(("happened", "paged"))]
        for what, decided in (("opened", opened), ("ended", ended), ("again", again))
    }
    assert happened["opened"][0] == "happened: Alert disk: Disk full."
    assert [line.partition(";")[0] for line in happened["ended"]] == ["happened: Resolved by prometheus."]
    assert happened["again"][0] == "happened: Reopened: the same problem came back inside the reopen window."


@pytest.mark.parametrize(
    ("action", "more", "expected"),
    [
        ("change", {}, "change_recorded"),
        ("check_in", {}, "checked_in"),
        ("ignore", {"reason": "an empty list"}, "ignored"),
        ("trigger", {"delivery_id": "same"}, "duplicate_delivery"),
    ],
)
async def test_what_did_nothing_says_so_and_what_can_be_done(system: System, action: str, more: dict[str, Any], expected: str) -> None:
    monitor = await monitored(system)
    if expected == "duplicate_delivery":
        await monitor.says(monitor.event("first", delivery_id="same"))
    [decided] = await monitor.says(monitor.event("x", action, **more))
    lines = await told(system, decided.event_id)
    assert any(line.startswith(f"decided: Decided: {expected}") for line in lines)
    assert lines[-1].startswith("advice: ")
    assert not any(line.startswith(("paged", "next")) for line in lines)


async def test_who_could_not_be_reached_and_why_nobody_was(system: System) -> None:
    ana = await system.user("Ana", channel="webhook")
    system.webhook.always = FailedPermanently("no such number", code="refused")
    made = await system.service([to(ana)])
    opened = await system.event(made["key"])
    lines = await told(system, opened["id"])
    assert any("did not get through after one try: " in line for line in lines)
    path = (await system.api.get(f"/api/v1/incidents/{opened['incident_id']}/explain")).json()["sentences"]
    failed, follows = (next(n for n, one in enumerate(path) if one["kind"] == kind) for kind in ("send_failed", "unreachable"))
    assert failed < follows, "first what failed, then what follows from it"
    assert any(line.startswith("happened: Nobody paged by step 1 can be reached") for line in lines)
    assert any("its escalation is unroutable" in line for line in lines)


async def test_a_message_that_is_tried_again_says_so(system: System) -> None:
    ana = await system.user("Ana", channel="webhook")
    system.webhook.always = FailedTemporarily("busy")
    made = await system.service([to(ana)])
    lines = await told(system, (await system.event(made["key"]))["id"])
    assert any("has not left us after one try, the last at 2026-03-02T12:00:00Z, and is tried again" in line for line in lines)


async def test_a_policy_that_reaches_nobody_says_why(system: System) -> None:
    schedule = await system.make("schedules", name="Empty", time_zone="UTC", layers=[])
    made = await system.service([{"type": "schedule", "id": schedule["id"]}])
    lines = await told(system, (await system.event(made["key"]))["id"])
    assert any(line.startswith("happened: Step 1 of policy Payments reached nobody") for line in lines)
    assert any(line.startswith("paged: Nobody was paged because of it so far: its escalation is unroutable") for line in lines)


async def test_it_is_told_without_a_body_an_integration_and_a_service_as_well(system: System) -> None:
    monitor = await monitored(system)
    [event] = await monitor.says(monitor.event("x", "change", summary="deploy"))
    await system.api.delete(f"/api/v1/services/{monitor.service_id}/integrations/{monitor.integration_id}")
    assert (await system.api.delete(f"/api/v1/services/{monitor.service_id}")).status_code == 204
    async with system.node.database.transaction() as tx:
        await tx.execute(text("DELETE FROM event_bodies"))
    assert (await told(system, event.event_id))[:3] == [
        (
            "received: Received at 2026-03-02T12:00:00Z through no integration that there is (it was deleted, or this is of a heartbeat), "
            "for a service that is deleted by now."
        ),
        "read: The body is gone: bodies are kept for 90 days, if nobody deletes them before.",
        'said: It tells of a change: "deploy".',
    ]


PAGERDUTY = {"event_action": "trigger", "dedup_key": "x", "payload": {"summary": "x", "source": "x", "severity": "error"}}


@pytest.mark.parametrize(
    ("type", "body", "expected"),
    [
        ("alertmanager", {"status": "firing", "version": "4", "alerts": []}, "the dialect of Alertmanager"),
        ("zabbix", PAGERDUTY, "which its integration is not of"),
        ("generic", {"summary": "x"}, "by common words, since no dialect knows it."),
        ("generic", "Disk full", "by its text as it stands, since no dialect knows it."),
        ("zabbix", {"summary": "x"}, "by what it has in common with the dialect of Zabbix."),
    ],
)
async def test_by_what_a_body_reads(system: System, type: str, body: object, expected: str) -> None:
    made = await system.service([to(await system.user("Ana"))], type=type)
    [event, *_] = (await system.api.post(f"/intake/{made['key']}", json=body)).json()["events"]
    [line] = [line for line in await told(system, event["id"]) if line.startswith("read: It is read by")]
    assert expected in line


async def test_a_mapping_that_reads_it_is_named(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    path = f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"
    read = await system.api.get(path)
    mapping = {"rules": [{"event": {"summary": "TITLE", "dedup_key": {"named": [{"alarm": "ALARM_ID"}]}}}]}
    edited = await system.api.put(path, json=read.json() | {"mapping": mapping}, headers={"If-Match": read.headers["etag"]})
    assert edited.status_code == 200, edited.text
    await system.node.compilation.refresh()
    [event] = (await system.api.post(f"/intake/{made['key']}", json={"TITLE": "Disk full", "ALARM_ID": 7})).json()["events"]
    assert "read: It is read by the mapping of its integration." in await told(system, event["id"])
    [event] = (await system.api.post(f"/intake/{made['key']}", json={"summary": "Disk full"})).json()["events"]
    unmapped = "read: It is read by common words, since no dialect knows it, nor the mapping of its integration."
    assert unmapped in await told(system, event["id"])


@pytest.mark.parametrize(
    ("what", "sent", "headers", "expected"),
    [
        (
            "gzip",
            gzip.compress(b'{"summary": "Disk full"}', mtime=0),
            {"content-encoding": "gzip"},
            "has 24 bytes of x/y, of 44 sent as gzip.",
        ),
        (
            "damaged",
            gzip.compress(b'{"summary": "Disk full"}', mtime=0)[:-9],
            {"content-encoding": "gzip"},
            "has 35 bytes of x/y, still compressed as gzip.",
        ),
        ("not compressed", b'{"summary": "Disk full"}', {}, "has 24 bytes of x/y."),
    ],
)
async def test_of_what_was_compressed_it_says_both_sizes(
    system: System, what: str, sent: bytes, headers: dict[str, str], expected: str
) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    answer = await system.api.post(f"/intake/{made['key']}", content=sent, headers=headers | {"content-type": "x/y"})
    [size] = [line for line in await told(system, answer.json()["events"][0]["id"]) if line.startswith("read: Its body ")]
    assert size == f"read: Its body {expected}"


async def test_every_line_has_its_refs_and_only_ids_in_them(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    opened = await system.event(made["key"])
    lines = (await system.api.get(f"/api/v1/events/{opened['id']}/explain")).json()["lines"]
    assert all(line["refs"] and all(UUID(id) for id in line["refs"].values()) for line in lines)
    [message] = [line for line in lines if line["stage"] == "message"]
    assert (message["at"], set(message["refs"])) == ("2026-03-02T12:00:00Z", {"notification_id", "user_id"})


async def test_an_event_is_told_in_the_shape_of_an_incident_and_under_the_former_names_as_well(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    opened = await system.event(made["key"])
    event = (await system.api.get(f"/api/v1/events/{opened['id']}/explain")).json()
    incident = (await system.api.get(f"/api/v1/incidents/{opened['incident_id']}/explain")).json()
    for part in ("sentences", "next"):
        assert {frozenset(one) for one in event[part]} == {frozenset(one) for one in incident[part]} == {frozenset(SHAPE)}
    renamed = [dict(zip(SHAPE, (line["at"], line["stage"], line["sentence"], line["refs"]), strict=True)) for line in event["lines"]]
    assert [one for one in renamed if one["kind"] != "next"] == event["sentences"]
    assert [one for one in renamed if one["kind"] == "next"] == event["next"]


async def test_an_event_that_there_is_not_is_a_404_and_nobody_reads_one_who_is_not_signed_in(system: System) -> None:
    path = "/api/v1/events/00000000-0000-0000-0000-000000000000/explain"
    answer = await system.api.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no event with this id.")
    assert (await system.client().get(path)).status_code == 401


async def test_another_monitors_pages_are_not_told(system: System) -> None:
    monitor = await monitored(system)
    first, second = await monitor.says(monitor.event("disk"), monitor.event("net"))
    await system.run_due()
    for decided in (first, second):
        assert sum(line.startswith("paged") for line in await told(system, decided.event_id)) == 1

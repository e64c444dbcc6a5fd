"""What events, people and time do to an incident, on the whole system."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.system import System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily, NoticeMessage, PageMessage, Unknown

DEAD = FailedPermanently("no such number", code="refused")


async def one_step(system: System, **more: object) -> tuple[str, dict[str, object], dict[str, object]]:
    """The key of a service whose policy pages Ana, then Ben; and both."""
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)], **more)
    return made["key"], ana, ben


# --- events -----------------------------------------------------------------------------------------------------------------


async def test_a_repeat_counts_and_pages_nobody(system: System) -> None:
    key, _, _ = await one_step(system)
    first = await system.event(key)
    assert system.pages() == ["Ana"]
    again = await system.event(key)
    assert (again["decision"], again["incident_id"]) == ("deduplicated", first["incident_id"])
    assert system.pages() == []
    assert (await system.incident(first["incident_id"]))["alert_counts"] == {"open": 1, "resolved": 0}


async def test_a_monitor_resolves_what_it_reported_and_everything_stops(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    resolved = await system.event(key, action="resolve")
    assert resolved["decision"] == "resolved"
    incident = await system.incident(opened["incident_id"])
    assert (incident["status"], incident["resolved_by"]["type"]) == ("resolved", "integration")
    assert [action["action"] for action in incident["pending_actions"]] == ["close"]
    system.pages()
    await system.advance(minutes=20)
    assert system.pages() == []
    assert (await system.incident(opened["incident_id"]))["status"] == "closed"


async def test_a_resolve_of_nothing_is_recorded_and_creates_nothing(system: System) -> None:
    key, _, _ = await one_step(system)
    event = await system.event(key, action="resolve")
    assert (event["decision"], event["incident_id"]) == ("no_open_alert", None)
    assert (await system.api.get("/api/v1/incidents")).json()["items"] == []


async def test_a_flapping_alert_reopens_the_same_incident_and_still_climbs(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    await system.advance(minutes=2)
    await system.event(key, action="resolve")
    await system.advance(minutes=1)
    reopened = await system.event(key)
    assert (reopened["decision"], reopened["incident_id"]) == ("reopened", opened["incident_id"])
    assert system.pages() == ["Ana"], "it goes on from where it was"
    await system.advance(minutes=2)
    assert system.pages() == ["Ben"], "the next step is due when it always was"


async def test_after_the_reopen_window_the_same_key_is_a_new_incident(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    await system.event(key, action="resolve")
    await system.advance(minutes=15)
    again = await system.event(key)
    assert again["decision"] == "opened"
    assert again["incident_id"] != opened["incident_id"]


async def test_what_was_acknowledged_and_resolved_begins_a_new_cycle_when_it_comes_back(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    await system.event(key, action="resolve")
    system.pages()
    assert (await system.event(key))["decision"] == "reopened"
    assert system.pages() == ["Ana"]
    assert (await system.incident(opened["incident_id"]))["escalation"]["cycle"] == 2


async def test_a_flapping_alert_takes_no_message_away_that_nobody_has_had(system: System) -> None:
    ana, ben = await system.user("Ana", rules=(("high", "PT1M"), ("high", "PT3M"))), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)])
    await system.event(made["key"])
    await system.event(made["key"], action="resolve")
    await system.advance(minutes=2)
    assert system.pages() == [], "resolved before the first message was due"
    await system.event(made["key"])
    assert system.pages() == ["Ana"], "its message was due meanwhile"
    await system.advance(minutes=2)
    assert system.pages() == ["Ana"]
    await system.advance(minutes=1)
    assert system.pages() == ["Ben"]


async def test_what_a_person_resolved_is_told_from_the_beginning_when_it_comes_back(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/resolve")
    system.pages()
    assert (await system.event(key))["decision"] == "reopened"
    assert system.pages() == ["Ana"]


async def test_a_monitor_can_acknowledge(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    assert (await system.event(key, action="acknowledge"))["decision"] == "acknowledged"
    incident = await system.incident(opened["incident_id"])
    assert (incident["status"], incident["acknowledged_by"]["name"]) == ("acknowledged", "prod")


async def test_a_rise_from_low_to_high_urgency_pages_at_once(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key, severity="warning")
    assert (await system.incident(opened["incident_id"]))["escalation"]["state"] == "low_urgency"
    assert system.pages() == ["Ana"]
    await system.event(key, severity="critical")
    incident = await system.incident(opened["incident_id"])
    assert (incident["urgency"], incident["severity"], incident["escalation"]["state"]) == ("high", "critical", "running")
    assert system.pages() == ["Ana"]


async def test_trigger_resolve_trigger_in_one_body_ends_open(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)], type="generic")
    body = [{"dedup_key": "x", "summary": "up and down", "status": status} for status in ("firing", "ok", "firing", "firing")]
    events = (await system.api.post(f"/intake/{made['key']}", json=body)).json()["events"]
    assert [event["decision"] for event in events] == ["opened", "resolved", "reopened", "deduplicated"]
    assert (await system.incident(events[0]["incident_id"]))["status"] == "triggered"
    await system.run_due()
    assert system.pages() == ["Ana"]


async def test_events_that_come_together_are_counted_exactly(system: System) -> None:
    key, _, _ = await one_step(system)
    body = {"event_action": "trigger", "dedup_key": "storm", "payload": {"summary": "Storm", "source": "x", "severity": "error"}}
    answers = await asyncio.gather(*(system.api.post(f"/intake/{key}", json=body) for _ in range(60)))
    decisions = [answer.json()["events"][0]["decision"] for answer in answers]
    assert (decisions.count("opened"), decisions.count("deduplicated")) == (1, 59)
    async with system.node.database.transaction(read_only=True) as tx:
        assert (await tx.execute(text("SELECT event_count FROM alerts"))).scalar_one() == 60
        assert (await tx.execute(text("SELECT count(*) FROM events"))).scalar_one() == 60
    await system.run_due()
    assert system.pages() == ["Ana"]


# --- people -----------------------------------------------------------------------------------------------------------------


async def test_acknowledging_stops_the_escalation_and_a_second_one_says_who_was_first(system: System) -> None:
    key, ana, ben = await one_step(system)
    opened = await system.event(key)
    path = f"/api/v1/incidents/{opened['incident_id']}/acknowledge"
    first = (await system.api.post(path, json={"user_id": ana["id"]})).json()
    assert (first["status"], first["acknowledged_by"]["name"], first["owner"]["name"]) == ("acknowledged", "Ana", "Ana")
    second = await system.api.post(path, json={"user_id": ben["id"]})
    assert (second.status_code, second.json()["acknowledged_by"]["name"], second.json()["cancelled_pages"]) == (200, "Ana", 0)
    system.pages()
    await system.advance(minutes=29)
    assert system.pages() == []


async def test_acknowledging_cancels_what_is_pending(system: System) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT2M")))
    made = await system.service([to(ana)])
    opened = await system.event(made["key"])
    assert system.pages() == ["Ana"]
    done = (await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")).json()
    assert done["cancelled_pages"] == 1
    await system.advance(minutes=10)
    assert system.pages() == []


async def test_an_acknowledgement_that_runs_out_pages_the_on_call_and_the_acknowledger(system: System) -> None:
    key, _, ben = await one_step(system)
    opened = await system.event(key)
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge", json={"user_id": ben["id"]})
    system.pages()
    await system.advance(minutes=30)
    assert sorted(system.pages()) == ["Ana", "Ben"]
    incident = await system.incident(opened["incident_id"])
    assert (incident["status"], incident["escalation"]["cycle"], incident["acknowledged_by"]) == ("triggered", 2, None)
    assert any(line.startswith("ack_timeout: Ben acknowledged") for line in await system.reasons(opened["incident_id"]))


async def test_a_hundred_acknowledgements_at_once_are_one(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    path = f"/api/v1/incidents/{opened['incident_id']}/acknowledge"
    answers = [answer for _ in range(5) for answer in await asyncio.gather(*(system.api.post(path) for _ in range(20)))]
    assert {answer.status_code for answer in answers} == {200}
    reasons = await system.reasons(opened["incident_id"])
    assert sum(line.startswith("acknowledged:") for line in reasons) == 1


async def test_the_link_shows_on_get_and_acts_on_post(system: System) -> None:
    key, _, _ = await one_step(system)
    opened = await system.event(key)
    link = system.email.sent[0].acknowledge_url
    assert link is not None
    stranger = system.client()
    for method in ("GET", "GET", "HEAD", "GET"):
        assert (await stranger.request(method, link)).status_code == 200
    assert (await system.incident(opened["incident_id"]))["status"] == "triggered", "looking changes nothing"
    assert (await stranger.post(link, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    pressed = await stranger.post(link, headers={"Sec-Fetch-Site": "same-origin"})
    assert pressed.status_code == 200
    assert "Ana, you have it" in pressed.text
    assert pressed.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in pressed.headers["content-security-policy"]
    assert (await stranger.post(link[:-1] + ("A" if link[-1] != "A" else "B"))).status_code == 404
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/resolve")
    assert (await stranger.post(link)).status_code == 410, "a link dies when its incident is resolved"


# --- ways that fail ---------------------------------------------------------------------------------------------------------


async def test_two_rules_on_one_contact_method_and_repeat_two_are_exactly_so_many_messages(system: System) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT1M")))
    made = await system.service([to(ana)], repeat=2)
    await system.event(made["key"])
    await system.advance(minutes=29)
    assert len(system.pages()) == 6, "three rounds of one step with two messages each"


async def test_somebody_who_cannot_be_reached_is_a_visible_failure_and_the_next_step_fires_at_once(system: System) -> None:
    ana, ben = await system.user("Ana", channel=None), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)])
    opened = await system.event(made["key"])
    assert sorted(system.pages()) == ["Ana", "Ben"], "Ana by her account e-mail as a last resort, Ben as the next step"
    assert any(
        "step_skipped" in line and "Ana has no verified contact method" in line for line in await system.reasons(opened["incident_id"])
    )


async def test_a_way_that_never_works_escalates_early(system: System) -> None:
    ana, ben = await system.user("Ana", channel="webhook"), await system.user("Ben")
    system.webhook.always = DEAD
    made = await system.service([to(ana)], [to(ben)])
    opened = await system.event(made["key"])
    assert system.pages() == ["Ana", "Ben"]
    assert any(line.startswith("unreachable: nobody paged by step 1") for line in await system.reasons(opened["incident_id"]))


async def test_a_temporary_failure_is_tried_again_with_back_off_and_delays_no_step(system: System) -> None:
    ana, ben = await system.user("Ana", channel="webhook"), await system.user("Ben")
    system.webhook.outcomes = [FailedTemporarily("busy")] * 3
    made = await system.service([to(ana)], [to(ben)])
    await system.event(made["key"])
    await system.advance(minutes=1, step=timedelta(seconds=1))
    assert system.pages() == ["Ana"] * 4, "after 1, 5 and 15 seconds"
    await system.advance(minutes=4)
    assert system.pages() == ["Ben"]


async def test_a_message_of_unknown_fate_is_repeated_once_and_says_so(system: System) -> None:
    ana = await system.user("Ana", channel="webhook")
    system.webhook.always = Unknown("no answer")
    made = await system.service([to(ana)], step_delay="PT30M")
    await system.event(made["key"])
    await system.advance(seconds=10, step=timedelta(seconds=1))
    assert [(m.attempt, m.repeated) for m in system.webhook.sent] == [(1, False), (2, True)]
    assert len({m.notification_id for m in system.webhook.sent}) == 1, "the idempotency key is the same"


async def test_whoever_is_removed_gets_nothing_more_and_the_step_goes_on_without_them(system: System) -> None:
    ana, ben = await system.user("Ana", rules=(("high", "PT2M"),)), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)])
    opened = await system.event(made["key"])
    version = (await system.api.get(f"/api/v1/escalation-policies/{made['policy']['id']}")).headers["etag"]
    steps = [{"delay": "PT5M", "targets": [to(ben)]}]
    path = f"/api/v1/escalation-policies/{made['policy']['id']}"
    assert (await system.api.put(path, json={"name": "Payments", "steps": steps}, headers={"If-Match": version})).status_code == 200
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}")).status_code == 204
    await system.run_due()
    assert system.pages() == ["Ben"]
    assert any("their account was removed" in line for line in await system.reasons(opened["incident_id"]))
    await system.advance(minutes=4)
    assert system.pages() == []


async def test_a_removed_contact_method_gets_nothing_more(system: System) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT2M")))
    made = await system.service([to(ana)])
    await system.event(made["key"])
    assert system.pages() == ["Ana"]
    methods = (await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).json()["items"]
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}/contact-methods/{methods[0]['id']}")).status_code == 204
    await system.advance(minutes=4)
    assert system.pages() == [], "the message of two minutes later is not sent; the first has arrived, so the step goes on waiting"


async def test_a_policy_none_of_whose_messages_left_us_is_unroutable_and_tried_again_soon(system: System) -> None:
    key, _, _ = await one_step(system, repeat=0)
    system.email.always = FailedPermanently("535 password refused", "credential_refused", credential=True)
    opened = await system.event(key)
    incident = await system.incident(opened["incident_id"])
    assert incident["escalation"]["state"] == "unroutable"
    assert "no message could be delivered" in incident["escalation"]["reason"]
    health = await system.api.get("/healthz")
    assert [r["reason"] for r in health.json()["reasons"]] == ["unroutable", "bad_credential"]
    system.email.always = None
    system.pages()
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"]
    assert (await system.api.get("/healthz")).status_code == 200


async def test_one_dead_channel_does_not_delay_another(system: System) -> None:
    ana = await system.user("Ana")
    await system.make(f"users/{ana['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/ana", verified=True)
    system.webhook.always = DEAD
    made = await system.service([to(ana)])
    opened = await system.event(made["key"])
    assert len(system.email.sent) == 1
    escalation = (await system.incident(opened["incident_id"]))["escalation"]
    assert (escalation["round"], escalation["level"]) == (2, 1), "the one step has fired; next comes the next round"
    await system.advance(minutes=1)
    assert len(system.email.sent) == 1, "Ana was reached: no early step"


async def test_all_ways_of_all_steps_dead_ends_in_the_open_never_in_silence(system: System) -> None:
    key, _, _ = await one_step(system, repeat=0)
    system.email.always = DEAD
    opened = await system.event(key)
    incident = await system.incident(opened["incident_id"])
    assert incident["escalation"]["state"] == "unroutable"
    assert incident["pending_actions"][0]["action"] == "retry"
    health = await system.api.get("/healthz")
    assert (health.status_code, [r["reason"] for r in health.json()["reasons"]]) == (503, ["unroutable"])


@pytest.mark.parametrize("statement", ["UPDATE incidents SET next_at = NULL", "UPDATE alerts SET state = 'gone'"])
async def test_the_database_itself_refuses_what_must_not_be(system: System, statement: str) -> None:
    key, _, _ = await one_step(system)
    await system.event(key)
    with pytest.raises(Exception, match=r"has_next_at|is_known"):
        async with system.node.database.transaction() as tx:
            await tx.execute(text(statement))


async def test_an_incident_that_cannot_be_escalated_is_postponed_and_the_others_go_on(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _, _ = await one_step(system)
    poisoned, fine = await system.event(key, "poisoned", summary="poison"), await system.event(key, "fine")
    system.pages()
    from oncall.incidents.rules import life

    decide = life.decide_due

    def poison(incident: life.Incident, *rest: object, **more: object) -> life.Outcome:
        if incident.title == "poison":
            raise RuntimeError("poisoned")
        return decide(incident, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(life, "decide_due", poison)
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]
    escalation = (await system.incident(fine["incident_id"]))["escalation"]
    assert (escalation["round"], escalation["level"]) == (2, 1), "both steps have fired; next comes the next round"
    assert any("postponed" in line for line in await system.reasons(poisoned["incident_id"]))
    assert [r["reason"] for r in (await system.api.get("/healthz")).json()["reasons"]] == ["failing"]
    monkeypatch.undo()
    await system.advance(minutes=1)
    assert system.pages() == ["Ben"], "the poisoned one too, once it can be handled"


# --- what a person can look into --------------------------------------------------------------------------------------------

FIRING = {
    "receiver": "oncall",
    "groupKey": "{}:{alertname='DiskFull'}",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "instance": "db-1", "severity": "critical", "mount": "/var"},
            "annotations": {
                "summary": "Disk of db-1 is full",
                "description": "97 % used",
                "runbook_url": "https://runbooks.example.com/disk",
            },
            "generatorURL": "https://prometheus.example.com/graph",
            "startsAt": "2026-03-02T11:59:00Z",
        }
    ],
}


async def test_what_the_monitor_says_is_in_the_message_and_can_be_looked_up(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)], type="alertmanager")
    [event] = (await system.api.post(f"/intake/{made['key']}", json=FIRING)).json()["events"]
    await system.run_due()
    [message] = system.email.sent
    facts = dict(message.facts)
    assert (message.source, facts["description"], facts["mount"]) == ("db-1", "97 % used", "/var")
    assert ("https://runbooks.example.com/disk", "runbook") in message.links
    path = f"/api/v1/incidents/{event['incident_id']}"
    [alert] = (await system.api.get(f"{path}/alerts")).json()["items"]
    assert (alert["state"], alert["event_count"], alert["labels"]["mount"]) == ("open", 1, "/var")
    assert alert["details"]["annotations"]["description"] == "97 % used"
    [listed] = (await system.api.get(f"{path}/events")).json()["items"]
    assert (listed["id"], listed["decision"], listed["occurred_at"]) == (event["id"], "opened", "2026-03-02T11:59:00Z")


async def test_the_bytes_of_an_unreadable_event_can_be_seen(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="alertmanager")
    [event] = (await system.api.post(f"/intake/{made['key']}", content=b"\xff{not json")).json()["events"]
    seen = (await system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert (seen["decision"], seen["body"]["text"], seen["body"]["size"]) == ("unreadable", "ÿ{not json", 10)
    stored = await system.api.get(f"/api/v1/events/{event['id']}/body")
    assert (stored.status_code, stored.content) == (200, b"\xff{not json")
    unknown = await system.api.get("/api/v1/events/00000000-0000-0000-0000-000000000000")
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "There is no event with this id.")


async def test_what_is_urgent_does_not_stand_in_line_behind_what_is_not(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    body = {"event_action": "trigger", "payload": {"source": "x", "severity": "info"}}
    for n in range(20):
        answer = await system.api.post(f"/intake/{made['key']}", json={**body, "payload": {**body["payload"], "summary": f"minor {n}"}})
        assert answer.status_code == 202
    await system.event(made["key"], "disk", severity="critical", summary="Disk full")
    told = [
        [m.title] if isinstance(m, PageMessage) else [one.title for one in m.listed]
        for m in system.email.sent
        if not isinstance(m, NoticeMessage)
    ]
    assert ["Disk full"] in told[:4]
    assert sum(map(len, told)) == 21

"""Who would be paged if this event came: foretold by the rules that page, with nothing written and nothing sent."""

import json
from typing import Any

import pytest
from sqlalchemy import text
from tests.system import System, to

from oncall.channels.email import NOT_CONFIGURED
from oncall.channels.values import FailedPermanently

AT = "2026-03-02T12:00:00Z"


async def simulated(system: System, **body: Any) -> dict[str, Any]:
    answer = await system.api.post("/api/v1/simulate", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(made: dict[str, Any]) -> list[str]:
    """Its steps as lines `time kind: text`."""
    return [f"{step['at'][11:19]} {step['kind']}: {step['text']}" for step in made["steps"]]


def paged(made: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(step["at"][11:16], [page["user"]["name"] for page in step["pages"]]) for step in made["steps"] if step["pages"]]


async def schedule(system: System, user: dict[str, Any], start: str, end: str) -> dict[str, Any]:
    """Somebody is on call from `start` to `end` each day, and nobody otherwise."""
    layer = {
        "name": "daily",
        "participants": [to(user)],
        "rotation": {"unit": "week", "count": 1, "starts_at": "2026-01-05T00:00:00"},
        "restrictions": [{"type": "daily", "start_time": start, "end_time": end}],
    }
    made = await system.make("schedules", name="Payments", time_zone="UTC", layers=[layer])
    return {"type": "schedule", "id": made["id"]}


async def test_a_name_stays_as_it_is_written_where_a_sentence_begins_with_it(system: System) -> None:
    eve = await system.user("thr49050")
    made = await system.service([to(eve)], ack_timeout="PT30M")
    reactions = [{"after": "PT1M", "action": "acknowledge", "user_id": eve["id"]}]
    found = await simulated(system, service_id=made["service"]["id"], at=AT, until="2026-03-02T12:32:00Z", reactions=reactions)
    first, reaction, late = told(found)
    assert first.endswith("Step 1 of policy Payments fired. thr49050 is paged: step 1 of policy Payments: named in the step.")
    assert reaction == "12:01:00 reaction: thr49050 acknowledges it."
    assert late.startswith("12:31:00 paged: thr49050 acknowledged it and did not resolve it in time; it is triggered again. Step 1")


async def test_the_whole_path_until_somebody_has_it_and_beyond(system: System) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT3M"), ("high", "PT10M")))
    ben = await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)], ack_timeout="PT30M")
    service_id = made["service"]["id"]
    reactions = [{"after": "PT7M", "action": "acknowledge", "user_id": ben["id"]}, {"after": "PT45M", "action": "resolve"}]
    found = await simulated(system, service_id=service_id, at=AT, until="2026-03-02T13:30:00Z", reactions=reactions)
    assert (found["decision"], found["service"]["name"]) == ("opened", "payments-api")
    assert told(found) == [
        "12:00:00 paged: Step 1 of policy Payments fired. Ana is paged: step 1 of policy Payments: named in the step.",
        "12:05:00 paged: Step 2 of policy Payments fired. Ben is paged: step 2 of policy Payments: named in the step.",
        "12:07:00 reaction: Ben acknowledges it.",
        (
            "12:37:00 paged: Ben acknowledged it and did not resolve it in time; it is triggered again. Step 1 of policy Payments fired. "
            "Ben is paged: step 1 of policy Payments: acknowledged it before, and the time ran out. "
            "Ana is paged: step 1 of policy Payments: named in the step."
        ),
        "12:42:00 paged: Step 2 of policy Payments fired. Ben is paged: step 2 of policy Payments: named in the step.",
        f"12:45:00 reaction: {found['steps'][-1]['text']}",
    ]
    (first,) = found["steps"][0]["pages"]
    assert [(m["at"][11:16], m["channel"], m["address"], m["cancelled"]) for m in first["messages"]] == [
        ("12:00", "email", "a…@example.com", False),
        ("12:03", "email", "a…@example.com", False),
        ("12:10", "email", "a…@example.com", True),
    ], "the last one was cancelled by the acknowledgement"
    assert first["ways_because"] == "by 3 notification rules of Ana for high urgency"
    assert found["end"]["status"] == "resolved"


async def test_who_is_skipped_and_why(system: System) -> None:
    ana, ben, cleo = await system.user("Ana"), await system.user("Ben", channel=None), await system.user("Cleo")
    nights = await schedule(system, ana, "22:00", "06:00")
    made = await system.service([nights], [to(ben)], [to(cleo)])
    found = await simulated(system, service_id=made["service"]["id"], at=AT, until="2026-03-02T12:01:00Z")
    (step,) = found["steps"]
    assert [(note["kind"], note["level"], note["because"]) for note in step["notes"]] == [
        ("step_skipped", 1, "step 1 of policy Payments reached nobody: nobody is on call in schedule Payments"),
        (
            "step_skipped",
            2,
            (
                "step 2 of policy Payments reached nobody: Ben has no verified contact method; "
                "a message to the account e-mail is the last resort"
            ),
        ),
        ("step_fired", 3, "step 3 of policy Payments fired"),
    ]
    assert [(page["user"]["name"], page["reachable"]) for page in step["pages"]] == [("Ben", False), ("Cleo", True)]
    assert found["end"]["next"] == [{"action": "escalate", "at": "2026-03-02T12:05:00Z"}]


async def test_people_are_those_of_each_instant(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([await schedule(system, ana, "22:00", "06:00")], [to(ben)])
    found = await simulated(system, service_id=made["service"]["id"], at="2026-06-07T05:53:00Z", until="2026-06-07T06:15:00Z")
    assert paged(found) == [("05:53", ["Ana"]), ("05:58", ["Ben"]), ("06:03", ["Ben"]), ("06:08", ["Ben"])]
    assert found["steps"][-1]["kind"] == found["end"]["escalation_state"] == "exhausted"


async def test_what_mutes_it_holds_it_and_what_is_low_pages_once(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    matchers = [{"name": "severity", "value": "critical"}]
    await system.make("silences", matchers=matchers, ends_at="2026-03-02T13:00:00Z", comment="deploy")
    service_id = made["service"]["id"]
    found = await simulated(system, service_id=service_id, until="2026-03-02T13:01:00Z")
    assert found["decision"] == "muted"
    assert [(step["at"][11:16], step["kind"]) for step in found["steps"]] == [("12:00", "held"), ("13:00", "paged")]
    low = await simulated(system, service_id=service_id, event={"severity": "info"}, until="2026-03-04T12:00:00Z")
    assert paged(low) == [("12:00", ["Ana"]), ("12:00", ["Ana"])], "and a reminder a day later"


async def test_through_an_integration_routing_rules_are_asked(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    other = await system.make("services", name="web", escalation_policy_id=made["policy"]["id"])
    rule = {"name": "web", "matchers": ['team="web"'], "service_id": other["id"]}
    await system.make("routing-rules", **rule)
    event = {"integration_id": made["integration"]["id"], "labels": {"team": "web"}}
    assert (await simulated(system, event=event))["service"]["name"] == "web"
    straight = await simulated(system, service_id=made["service"]["id"], event={"labels": {"team": "web"}})
    assert straight["service"]["name"] == "payments-api"


async def test_it_foretells_what_then_happens(system: System) -> None:
    """The same event, sent: the very pages, at the very instants, for the very reasons."""
    ana, ben, cleo = await system.user("Ana"), await system.user("Ben", channel=None), await system.user("Cleo")
    nights = await schedule(system, ana, "12:10", "22:00")
    made = await system.service([nights], [to(ben)], [to(cleo)], repeat=1, ack_timeout="PT10M", exhausted_retry="PT20M")
    reactions = [{"after": "PT23M", "action": "acknowledge", "user_id": cleo["id"]}]
    until = "2026-03-02T13:10:30Z"
    found = await simulated(system, service_id=made["service"]["id"], event={"severity": "critical"}, reactions=reactions, until=until)
    opened = await system.event(made["key"])
    await system.advance(minutes=23)
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge", json={"user_id": cleo["id"]})
    await system.advance(minutes=47)
    entries = (await system.api.get(f"/api/v1/incidents/{opened['incident_id']}/timeline")).json()["items"]
    happened = [(one["at"], one["reason"]) for one in entries if one["kind"] == "paged"]
    foretold = [(step["at"], f"{page['user']['name']} is paged: {page['because']}") for step in found["steps"] for page in step["pages"]]
    assert foretold == happened
    assert len(happened) > 8


async def test_what_goes_by_a_channel_that_is_not_set_up_reaches_nobody_and_the_next_step_fires_at_once(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben", channel="webhook")
    made = await system.service([to(ana)], [to(ben)])
    system.email.lacks, system.email.always = NOT_CONFIGURED, FailedPermanently(NOT_CONFIGURED, "not_configured")
    found = await simulated(system, service_id=made["service"]["id"], at=AT, until="2026-03-02T12:04:00Z")
    (step,) = found["steps"]
    assert [note["because"] for note in step["notes"]] == [
        f"step 1 of policy Payments reached nobody: Ana gets no message: {NOT_CONFIGURED}",
        "step 2 of policy Payments fired",
    ]
    assert [(page["user"]["name"], page["reachable"]) for page in step["pages"]] == [("Ana", False), ("Ben", True)]
    assert step["pages"][0]["ways_because"] == f"Ana gets no message: {NOT_CONFIGURED}"
    opened = await system.event(made["key"])
    explained = (await system.api.get(f"/api/v1/incidents/{opened['incident_id']}/explain")).json()
    assert [{"action": one["kind"], "at": one["at"]} for one in explained["next"]] == found["end"]["next"], "and so it is"
    assert len(system.webhook.sent) == 1


async def test_nothing_is_written_and_nothing_is_sent(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await simulated(system, service_id=made["service"]["id"])
    await system.run_due()
    assert system.pages() == []
    async with system.node.database.transaction(read_only=True) as tx:
        for table in ("events", "alerts", "incidents", "timeline_entries", "pages", "notifications"):
            assert (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


async def test_what_nobody_does_anything_about_ends_in_the_open(system: System) -> None:
    made = await system.service([to(await system.user("Ana", channel=None))])
    found = await simulated(system, service_id=made["service"]["id"], until="2026-03-08T12:00:00Z")
    assert found["end"]["escalation_state"] == "unroutable"
    assert found["is_cut"], "it is tried again every five minutes, for days"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "Say either a service_id or the integration_id"),
        ({"service_id": "S", "event": {"integration_id": "S"}}, "Say either a service_id or the integration_id"),
        ({"event": {"integration_id": "S"}}, "There is no integration with this id"),
        ({"service_id": "01990000-0000-7000-8000-000000000001"}, "There is no service with this id"),
        ({"service_id": "S", "at": "2020-01-01T00:00:00Z"}, "at may lie 31 days back"),
        ({"service_id": "S", "until": "2026-03-02T12:00:00Z"}, "until must be later than at"),
        ({"service_id": "S", "until": "2026-04-02T12:00:00Z"}, "until must be later than at, by 7 days at most"),
        ({"service_id": "S", "reactions": [{"after": "P2D", "action": "resolve"}]}, "This is not before until"),
        (
            {"service_id": "S", "reactions": [{"after": "PT1M", "action": "resolve", "user_id": "01990000-0000-7000-8000-000000000001"}]},
            "There is no user with this id",
        ),
        ({"service_id": "S", "reactions": [{"after": "PT1M", "action": "snooze"}]}, "acknowledge"),
        ({"service_id": "S", "speed": 2}, "there is no such field here"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_to_do(system: System, body: dict[str, Any], says: str) -> None:
    made = await system.service([to(await system.user("Ana"))])

    real = json.loads(json.dumps(body).replace('"S"', json.dumps(made["service"]["id"])))
    answer = await system.api.post("/api/v1/simulate", json=real)
    assert answer.status_code == 422
    assert says in answer.text


async def test_a_reaction_to_what_is_over_does_nothing_and_says_so(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    reactions = [{"after": "PT1M", "action": "resolve"}, {"after": "PT2M", "action": "acknowledge"}]
    found = await simulated(system, service_id=made["service"]["id"], reactions=reactions)
    assert found["steps"][-1]["text"].endswith("would acknowledge it, but there is nothing to acknowledge then.")


@pytest.mark.parametrize(("condition", "cancelled"), [("unacknowledged", [False, True, True]), ("unresolved", [False, False, True])])
async def test_an_acknowledgement_cancels_no_message_of_a_step_that_only_a_resolve_stops(
    system: System, condition: str, cancelled: list[bool]
) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT3M"), ("high", "PT10M")))
    steps = [{"delay": "PT30M", "targets": [to(ana)], "condition": condition}]
    policy = await system.make("escalation-policies", name="P", steps=steps, repeat=0)
    service = await system.make("services", name="payments-api", escalation_policy_id=policy["id"])
    reactions = [{"after": "PT1M", "action": "acknowledge", "user_id": ana["id"]}, {"after": "PT5M", "action": "resolve"}]
    found = await simulated(system, service_id=service["id"], at=AT, reactions=reactions)
    assert [message["cancelled"] for message in found["steps"][0]["pages"][0]["messages"]] == cancelled

"""What happens to an incident reaches a program: told from the outside, with a real receiver and time moved by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook
from tests.channels.messages import real_now
from tests.providers.http import Received
from tests.system import to
from tests.webhooks.hooking import Hooking


async def test_a_program_hears_of_an_incident_as_it_was_right_after_each_thing(hooking: Hooking) -> None:
    hook = await hooking.make()
    made = await hooking.system.service([to(await hooking.system.user("Ana"))], [to(await hooking.system.user("Ben"))])
    incident = (await hooking.system.event(made["key"]))["incident_id"]
    await hooking.system.advance(minutes=5)
    await hooking.acknowledge(incident)
    await hooking.system.event(made["key"], action="resolve")
    told = [request.json() for request in hooking.sink.requests]
    assert [(one["type"], one["data"]["incident"]["status"]) for one in told] == [
        ("incident.triggered", "triggered"),
        ("incident.escalated", "triggered"),
        ("incident.acknowledged", "acknowledged"),
        ("incident.resolved", "resolved"),
    ]
    first = told[0]
    shown = await hooking.system.incident(incident)
    assert set(first["data"]["incident"]) == set(shown) - {"pending_actions"}, "which is what GET shows"
    assert (first["timestamp"], first["data"]["entry"]["kind"]) == ("2026-03-02T12:00:00Z", "opened")
    assert first["data"]["entry"]["reason"] == "alert disk: Disk full"
    timeline = (await hooking.system.api.get(f"/api/v1/incidents/{incident}/timeline")).json()["items"]
    assert [one["data"]["entry"]["id"] for one in told] == [
        entry["id"] for entry in timeline if entry["id"] in {one["data"]["entry"]["id"] for one in told}
    ], "each is an entry of the timeline, in its order"
    assert told[2]["data"]["entry"]["by"]["type"] == "api_key"
    assert {one["status"] for one in await hooking.log(hook)} == {"delivered"}


def signs(secret: str, request: Received) -> bool:
    """Whether a signature of this secret, as the reference library makes it, is among those that were sent."""
    at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(request.headers["webhook-id"], at, request.body.decode()) in request.headers["webhook-signature"].split()


async def test_the_reference_library_verifies_ours_also_while_secrets_rotate(hooking: Hooking) -> None:
    hooking.system.clock.advance(real_now() - hooking.system.clock.at)
    hook = await hooking.make()
    old = hook["secret"]
    await hooking.post(hook, "test")
    request = hooking.sink.requests[-1]
    assert Webhook(old).verify(request.body, dict(request.headers))["type"] == "webhook.test"
    new = (await hooking.post(hook, "rotate-secret", status=201))["secret"]
    await hooking.post(hook, "test")
    request = hooking.sink.requests[-1]
    for secret in (old, new):
        assert Webhook(secret).verify(request.body, dict(request.headers)) == request.json()
    hooking.system.clock.advance(timedelta(hours=24))
    await hooking.post(hook, "test")
    request = hooking.sink.requests[-1]
    assert (signs(new, request), signs(old, request)) == (True, False), "24 hours later the old one signs no more"


async def test_the_next_of_an_incident_waits_for_the_one_before_and_other_incidents_do_not(hooking: Hooking) -> None:
    hook = await hooking.make()
    made = await hooking.system.service([to(await hooking.system.user("Ana"))])
    hooking.sink.behave("500", times=1)
    stuck = (await hooking.system.event(made["key"], "disk"))["incident_id"]
    await hooking.acknowledge(stuck)
    await hooking.system.event(made["key"], "cpu")
    assert hooking.told() == ["incident.triggered", "incident.triggered"], "the first failed; what follows it waits; another is told"
    waiting = await hooking.log(hook, status="pending")
    assert [(one["type"], len(one["attempts"])) for one in waiting] == [("incident.triggered", 1), ("incident.acknowledged", 0)]
    await hooking.system.advance(seconds=10, step=timedelta(seconds=2))
    assert hooking.told() == ["incident.triggered", "incident.acknowledged"]
    first, _, second = await hooking.log(hook)
    assert [(a["outcome"], a["status_code"]) for a in first["attempts"]] == [("refused", 500), ("delivered", 204)]
    assert second["status"] == "delivered"


async def test_every_try_has_the_same_id_and_the_same_bytes(hooking: Hooking) -> None:
    await hooking.make()
    made = await hooking.system.service([to(await hooking.system.user("Ana"))])
    hooking.sink.behave("503", times=3)
    incident = (await hooking.system.event(made["key"]))["incident_id"]
    await hooking.acknowledge(incident)
    await hooking.system.advance(minutes=5)
    tries = hooking.sink.requests[:4]
    assert len({request.headers["webhook-id"] for request in tries}) == 1
    assert len({request.body for request in tries}) == 1
    assert tries[3].json()["data"]["incident"]["status"] == "triggered", "as it was then, although it is acknowledged by now"
    assert len({request.headers["webhook-timestamp"] for request in tries}) == 4


async def test_what_is_given_up_lets_the_next_go(hooking: Hooking) -> None:
    hook = await hooking.make(event_types=["incident.triggered", "incident.acknowledged"])
    made = await hooking.system.service([to(await hooking.system.user("Ana"))], ack_timeout=None)
    hooking.sink.behave("400")
    incident = (await hooking.system.event(made["key"]))["incident_id"]
    await hooking.acknowledge(incident)
    await hooking.system.advance(hours=4, step=timedelta(hours=2))
    assert set(hooking.told()) == {"incident.triggered"}
    hooking.sink.behave("ok", times=1)
    await hooking.post(hook, "test")  # one success, or all of it would be disabled after 48 hours
    for _ in range(60):
        await hooking.system.advance(hours=1, step=timedelta(hours=1))
        first, second, _test = await hooking.log(hook)
        if first["status"] == "failed":
            break
        assert second["attempts"] == []
    hooking.sink.behave("ok")
    await hooking.system.advance(hours=5, step=timedelta(hours=1))
    first, second, _test = await hooking.log(hook)
    assert (first["status"], second["status"]) == ("failed", "delivered")
    assert first["reason"].startswith("given up after")
    assert (await hooking.get(hook))["failing_since"] is None


async def test_what_comes_while_a_receiver_is_down_is_put_off_with_what_it_waits_for(hooking: Hooking) -> None:
    hook = await hooking.make(event_types=["incident.triggered", "incident.acknowledged", "incident.resolved"])
    made = await hooking.system.service([to(await hooking.system.user("Ana"))], ack_timeout=None)
    hooking.sink.behave("503")
    incident = (await hooking.system.event(made["key"]))["incident_id"]
    await hooking.acknowledge(incident)
    await hooking.system.advance(minutes=10, step=timedelta(minutes=1))
    await hooking.system.event(made["key"], action="resolve")
    await hooking.system.advance(minutes=2, step=timedelta(minutes=1))
    waiting = await hooking.log(hook, incident_id=incident)
    assert [one["type"] for one in waiting] == ["incident.triggered", "incident.acknowledged", "incident.resolved"]
    assert len({one["next_at"] for one in waiting}) == 1
    hooking.sink.behave("ok")
    hooking.told()
    await hooking.system.advance(minutes=20, step=timedelta(minutes=5))
    assert hooking.told() == ["incident.triggered", "incident.acknowledged", "incident.resolved"]


async def test_48_hours_without_a_success_disable_it_and_whose_it_is_learns_why(hooking: Hooking) -> None:
    system = hooking.system
    ana, boss = await system.user("Ana"), await system.user("Boss")
    team = await system.make("teams", name="Payments")
    await system.make(f"teams/{team['id']}/members", user_id=boss["id"], role="manager")
    _, key = await hooking.service_of(team, to(ana))
    hook = await hooking.make(team_id=team["id"], event_types=["incident.triggered"])
    hooking.sink.behave("500")
    await system.event(key, "first")
    await system.event(key, "first", action="resolve")
    await system.advance(hours=49, step=timedelta(hours=1))
    [first] = await hooking.log(hook)
    assert (first["status"], (await hooking.get(hook))["enabled"]) == ("failed", True)
    system.email.sent.clear()
    await system.event(key, "second")
    off = await hooking.get(hook)
    assert (off["enabled"], off["off_because"]) == (False, "nothing was delivered for 48 hours, last: answered 500")
    notices = [message for message in system.email.sent if getattr(message, "kind", "") == "webhook"]
    assert [(notice.recipient, notice.subject) for notice in notices] == [("Boss", "Webhook board was disabled")]
    health = (await system.api.get("/healthz")).json()
    assert [warning["reason"] for warning in health["warnings"]] == ["webhooks_disabled"]
    assert await hooking.log(hook, status="pending") == []
    hooking.told()
    await system.event(key, "third")
    assert hooking.told() == [], "nothing is written down for one that is off"
    hooking.sink.behave("ok")
    answer = await hooking.edit(hook, enabled=True)
    assert (answer.status_code, answer.json()["enabled"], answer.json()["off_because"]) == (200, True, None)
    await system.event(key, "fourth")
    assert hooking.told() == ["incident.triggered"]
    assert (await system.api.get("/healthz")).json()["warnings"] == []


async def test_a_receiver_that_is_gone_disables_it_at_once(hooking: Hooking) -> None:
    hook = await hooking.make()
    hooking.sink.behave("410")
    await hooking.post(hook, "test")
    assert (await hooking.get(hook))["off_because"] == "its receiver answered 410 Gone"
    [test] = await hooking.log(hook)
    assert test["status"] == "failed"
    answer = await hooking.system.api.post(f"/api/v1/webhooks/{hook['id']}/test")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_now")
    answer = await hooking.system.api.post(f"/api/v1/webhooks/{hook['id']}/deliveries/{test['id']}/redeliver")
    assert answer.status_code == 409


async def test_a_delivery_is_sent_again_by_hand_as_it_was(hooking: Hooking) -> None:
    hook = await hooking.make()
    made = await hooking.system.service([to(await hooking.system.user("Ana"))])
    await hooking.system.event(made["key"])
    [delivery] = await hooking.log(hook)
    again = await hooking.post(hook, f"deliveries/{delivery['id']}/redeliver")
    assert again["status"] == "pending"
    first, second = hooking.sink.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    [delivery] = await hooking.log(hook)
    assert [attempt["number"] for attempt in delivery["attempts"]] == [1, 2]


async def test_once_it_is_well_again_all_that_waits_is_due(hooking: Hooking) -> None:
    hook = await hooking.make(event_types=["incident.triggered"])
    made = await hooking.system.service([to(await hooking.system.user("Ana"))], ack_timeout=None)
    hooking.sink.behave("503")
    for key in ("a", "b", "c"):
        await hooking.acknowledge((await hooking.system.event(made["key"], key))["incident_id"])
    await hooking.system.advance(hours=6, step=timedelta(minutes=20))
    hooking.sink.behave("ok")
    hooking.told()
    await hooking.post(hook, "test")
    assert sorted(hooking.told()) == ["incident.triggered"] * 3 + ["webhook.test"]


@pytest.mark.parametrize("behaviour", ["garbage", "drop", "bomb", "302 Location: http://127.0.0.1/elsewhere", "huge"])
async def test_whatever_a_receiver_answers_nothing_of_it_is_kept_and_no_redirect_followed(hooking: Hooking, behaviour: str) -> None:
    hook = await hooking.make()
    hooking.sink.behave(behaviour, times=1)
    await hooking.post(hook, "test")
    [test] = await hooking.log(hook)
    assert len(hooking.sink.requests) == 1
    assert test["status"] == ("delivered" if behaviour in {"bomb", "huge"} else "pending"), test
    assert "SSH" not in test["reason"]
    assert "elsewhere" not in test["reason"]


async def test_each_team_hears_of_its_own_and_filters_are_true_at_the_time(hooking: Hooking) -> None:
    system = hooking.system
    ana = await system.user("Ana")
    red, blue = [await system.make("teams", name=name) for name in ("Red", "Blue")]
    mine, key = await hooking.service_of(red, to(ana))
    theirs = await hooking.make(name="red", team_id=red["id"], url=f"{hooking.sink.url}/red")
    others = await hooking.make(name="blue", team_id=blue["id"], url=f"{hooking.sink.url}/blue")
    critical = await hooking.make(
        name="critical", filter={"severities": ["critical"]}, event_types=["incident.triggered", "incident.severity_changed"]
    )
    service = await hooking.make(name="service", filter={"service_ids": [mine["id"]]})
    await system.event(key, severity="warning")
    await system.event(key, severity="critical")
    assert [one["type"] for one in await hooking.log(theirs)] == ["incident.triggered"]
    assert await hooking.log(others) == []
    assert [one["type"] for one in await hooking.log(critical)] == ["incident.severity_changed"]
    assert len(await hooking.log(service)) == 1


async def test_the_log_is_cleared_after_thirty_days(hooking: Hooking) -> None:
    hook = await hooking.make()
    await hooking.post(hook, "test")
    await hooking.system.advance(days=29, step=timedelta(days=1))
    assert len(await hooking.log(hook)) == 1
    await hooking.system.advance(days=2, step=timedelta(days=1))
    assert await hooking.log(hook) == []

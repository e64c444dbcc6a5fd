"""`semantics.md` §1: "a channel target is a contact method owned by a team": a step pages it directly, by nobody's rules."""

from typing import Any

from tests.contacts.test_of_teams import HOOK, channel
from tests.incidents.acting import responder, said_next, standing
from tests.incidents.building import rows
from tests.system import System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily, PageMessage


def at(made: dict[str, Any]) -> dict[str, Any]:
    return {"type": "channel", "id": made["id"]}


async def test_a_step_pages_it_once_and_waits_as_for_anybody(system: System) -> None:
    made, ben = await channel(system), await system.user("Ben")
    service = await system.service([at(made)], [to(ben)])
    event = await system.event(service["key"])
    [message] = system.webhook.sent
    assert (message.recipient, message.address) == ("team Payments", HOOK)
    assert system.pages() == ["team Payments"]
    shown = await system.incident(event["incident_id"])
    assert (standing(shown), said_next(shown)) == (("triggered", "running", 1, 2), [("escalate", "12:05")])
    its = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/notifications")).json()["items"]
    assert [(one["user"], one["team"], one["status"]) for one in its] == [
        (None, {"id": made["team_id"], "name": "Payments"}, "sent"),
    ]
    explained = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/explain")).json()["sentences"]
    assert any(one["text"].startswith("Team Payments is paged: step 1") for one in explained), "that word is ours"
    assert "paged: team Payments is paged: step 1 of policy Payments: its webhook is named in the step" in await system.reasons(
        event["incident_id"]
    )
    assert (await system.api.get(f"/api/v1/teams/{made['team_id']}/contact-methods/{made['id']}")).json()["last_proven_at"] is not None
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]


async def test_two_channels_of_one_team_are_two_messages(system: System) -> None:
    made = await channel(system)
    mail = await system.make(f"teams/{made['team_id']}/contact-methods", channel="email", address="payments@example.com", verified=True)
    ana = await system.user("Ana")
    service = await system.service([at(made), at(mail), to(ana)])
    event = await system.event(service["key"])
    assert sorted(system.pages()) == ["Ana", "team Payments", "team Payments"]
    explained = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/explain")).json()["sentences"]
    assert any(
        "By webhook (https://hooks.example.com/…) at once: the step names this channel of team Payments." in s["text"] for s in explained
    )


async def test_its_link_acknowledges_in_nobodys_name(system: System) -> None:
    made, ben = await channel(system), await system.user("Ben")
    service = await system.service([at(made), to(ben)])
    event = await system.event(service["key"])
    [message] = system.webhook.sent
    assert isinstance(message, PageMessage)
    link = message.acknowledge_url.removeprefix("http://oncall.test")
    anybody = system.client()
    assert "Acknowledge as somebody of team Paym" in (await anybody.get(link)).text
    assert (await system.incident(event["incident_id"]))["status"] == "triggered", "to look changes nothing"
    system.updates()
    assert "somebody of team Payments has it" in (await anybody.post(link)).text
    await system.run_due()
    shown = await system.incident(event["incident_id"])
    assert (shown["status"], shown["acknowledged_by"]["name"], shown["acknowledged_by"]["id"], shown["owner"]) == (
        "acknowledged",
        "somebody of team Payments",
        None,
        None,
    )
    assert sorted(system.updates()) == [
        ("Ben", "acknowledged by somebody of team Payments"),
        ("team Payments", "acknowledged by somebody of team Payments"),
    ], "nobody knows who it was, so everybody is told"
    assert said_next(shown) == [("retrigger", "12:30")]
    system.pages()
    await system.advance(minutes=30)
    assert sorted(system.pages()) == ["Ben", "team Payments"]


async def test_its_link_dies_with_it(system: System) -> None:
    made, ben = await channel(system), await system.user("Ben")
    service = await system.service([at(made)], [to(ben)])
    event = await system.event(service["key"])
    [message] = system.webhook.sent
    assert isinstance(message, PageMessage)
    await without_channel(system, service, made)
    pressed = await system.client().post(message.acknowledge_url.removeprefix("http://oncall.test"))
    assert pressed.status_code == 410
    assert (await system.incident(event["incident_id"]))["status"] == "triggered"


async def without_channel(system: System, service: dict[str, Any], made: dict[str, Any]) -> None:
    """The policy points at it no more, and it is deleted; incidents that are open keep their snapshot."""
    path = f"/api/v1/escalation-policies/{service['policy']['id']}"
    shown = await system.api.get(path)
    kept = [step for step in shown.json()["steps"] if step["targets"] != [at(made)]]
    edited = await system.api.put(path, json=shown.json() | {"steps": kept}, headers={"If-Match": shown.headers["etag"]})
    assert edited.status_code == 200, edited.text
    assert (await system.api.delete(f"/api/v1/teams/{made['team_id']}/contact-methods/{made['id']}")).status_code == 204
    await system.run_due()


async def test_deleted_before_its_step_it_is_skipped_with_its_reason(system: System) -> None:
    made, ben, cai = await channel(system), await system.user("Ben"), await system.user("Cai")
    service = await system.service([to(ben)], [at(made)], [to(cai)])
    event = await system.event(service["key"])
    await without_channel(system, service, made)
    assert system.pages() == ["Ben"]
    await system.advance(minutes=5)
    assert system.pages() == ["Cai"], "at once"
    assert "step_skipped: step 2 of policy Payments reached nobody: this channel no longer exists" in await system.reasons(
        event["incident_id"]
    )


async def test_deleted_while_its_message_waits_the_next_step_is_due_at_once(system: System) -> None:
    made, ben = await channel(system), await system.user("Ben")
    service = await system.service([at(made)], [to(ben)])
    system.webhook.outcomes = [FailedTemporarily("not just now")]
    await system.event(service["key"])
    system.pages()
    await without_channel(system, service, made)
    assert system.pages() == ["Ben"]
    assert await rows(system, "SELECT status FROM notifications WHERE channel = 'webhook'") == [("failed",)]


async def test_one_that_does_not_take_messages_is_not_waited_for(system: System) -> None:
    made, ben = await channel(system), await system.user("Ben")
    service = await system.service([at(made)], [to(ben)])
    system.webhook.outcomes = [FailedPermanently("gone", code="gone")]
    await system.event(service["key"])
    assert system.pages() == ["team Payments", "Ben"]


async def test_one_that_nobody_has_verified_is_skipped(system: System) -> None:
    made, ben = await channel(system, verified=False), await system.user("Ben")
    service = await system.service([at(made)], [to(ben)])
    event = await system.event(service["key"])
    assert system.pages() == ["Ben"]
    why = "the webhook of team Payments is not verified, so nothing is sent there"
    assert f"step_skipped: step 1 of policy Payments reached nobody: {why}" in await system.reasons(event["incident_id"])
    warned = (await system.api.get(f"/api/v1/escalation-policies/{service['policy']['id']}/warnings")).json()["items"]
    assert [(one["code"], one["level"], one["user_id"]) for one in warned] == [("unreachable", 1, None), ("reaches_nobody", 1, None)]


async def test_a_policy_of_nothing_but_channels_says_so_and_is_exhausted_like_any(system: System) -> None:
    made = await channel(system)
    service = await system.service([at(made)], repeat=0)
    [warned] = (await system.api.get(f"/api/v1/escalation-policies/{service['policy']['id']}/warnings")).json()["items"]
    assert (warned["code"], warned["message"]) == (
        "only_channels",
        "Policy Payments points only at channels: no person is paged, and nobody is woken, by any of its steps.",
    )
    event = await system.event(service["key"])
    await system.advance(minutes=5)
    assert standing(await system.incident(event["incident_id"]))[1] == "exhausted", "a page that left for a channel is a page"


async def test_one_after_the_other_takes_turns_among_people_and_pages_the_channel_each_time(system: System) -> None:
    made, ana, ben = await channel(system), await system.user("Ana"), await system.user("Ben")
    step = {"delay": "PT5M", "targets": [to(ana), to(ben), at(made)], "strategy": "round_robin"}
    policy = await system.make("escalation-policies", name="P", steps=[step])
    service = await system.make("services", name="payments-api", escalation_policy_id=policy["id"])
    key = (await system.make(f"services/{service['id']}/integrations", name="prod", type="pagerduty"))["key"]
    for who in ("Ana", "Ben", "Ana"):
        await system.event(key, f"disk of {who} {len(await rows(system, 'SELECT id FROM incidents'))}")
        assert sorted(system.pages()) == [who, "team Payments"]


async def test_it_knows_no_quiet_hours(system: System) -> None:
    made, ana = await channel(system), await system.user("Ana")
    await system.api.put(f"/api/v1/users/{ana['id']}/quiet-hours", json={"start_time": "11:00", "end_time": "14:00"})
    service = await system.service([at(made), to(ana)], urgency="low")
    await system.event(service["key"])
    assert system.pages() == ["team Payments"]
    await system.advance(hours=2)
    assert system.pages() == ["Ana"]


async def test_simulate_pages_it_too(system: System) -> None:
    made = await channel(system)
    service = await system.service([at(made)])
    asked = {"service_id": service["service"]["id"], "at": "2026-03-02T12:00:00Z", "until": "2026-03-02T12:04:00Z"}
    [step] = (await system.api.post("/api/v1/simulate", json=asked)).json()["steps"]
    assert step["text"] == (
        "Step 1 of policy Payments fired. Team Payments is paged: step 1 of policy Payments: its webhook is named in the step."
    )
    assert [(m["channel"], m["at"]) for m in step["pages"][0]["messages"]] == [("webhook", "2026-03-02T12:00:00Z")]


async def test_a_person_acknowledges_what_a_channel_was_told_of(system: System) -> None:
    made, ben = await channel(system), await system.user("Ben")
    service = await system.service([at(made)], [to(ben)])
    event = await system.event(service["key"])
    await (await responder(system, "Ben")).does(event["incident_id"], "acknowledge")
    assert system.updates() == [("team Payments", "acknowledged by Ben")]

"""A person or a team is paged directly (`semantics.md` §4): they first, and if nobody acknowledges, a policy."""

from typing import Any

from tests.incidents.acting import said_next, standing
from tests.incidents.building import rows
from tests.system import System, to

from oncall.channels.email import NOT_CONFIGURED
from oncall.channels.values import FailedPermanently, PageMessage

JSON = dict[str, Any]


async def page(system: System, expected: int = 201, **body: Any) -> JSON:
    """And what that makes due at once."""
    answer = await system.api.post("/api/v1/pages", json={"title": "Call me about the release", **body})
    assert answer.status_code == expected, answer.text
    await system.run_due()
    shown: JSON = answer.json()
    return shown


async def schedule(system: System, name: str, *users: JSON) -> str:
    participants = [{"type": "user", "id": user["id"]} for user in users] or [{"type": "vacant"}]
    rotation = {"unit": "week", "count": 1, "starts_at": "2026-01-05T09:00:00"}
    made = await system.make(
        "schedules", name=name, time_zone="UTC", layers=[{"name": "weekly", "participants": participants, "rotation": rotation}]
    )
    id: str = made["id"]
    return id


async def team(system: System, name: str, *on_call: JSON, **more: Any) -> JSON:
    """A team whose schedule has these on call."""
    return await system.make("teams", name=name, schedule_id=await schedule(system, name, *on_call), **more)


async def joins(system: System, user: JSON, its: JSON) -> None:
    answer = await system.api.put(f"/api/v1/teams/{its['id']}/members/{user['id']}", json={"role": "responder"})
    assert answer.status_code in {200, 201}, answer.text


async def test_a_person_is_paged_now_and_then_the_policy_of_the_service(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)], step_delay="PT7M")
    done = await page(system, user_id=ben["id"], service_id=made["service"]["id"])
    assert (done["paged"], done["incident"]["title"]) == ([{"id": ben["id"], "name": "Ben"}], "Call me about the release")
    assert done["says"] == ["Ben is paged directly; then policy Payments begins"]
    [message] = system.email.sent
    assert isinstance(message, PageMessage)
    assert message.reason.endswith("pages them directly")
    assert system.pages() == ["Ben"]
    shown = await system.incident(done["incident"]["id"])
    assert (standing(shown), said_next(shown)) == (("triggered", "running", 1, 1), [("escalate", "12:07")])
    assert (shown["urgency"], shown["severity"], shown["owner"]) == ("high", "unknown", None)
    await system.advance(minutes=7)
    assert system.pages() == ["Ana"], "nobody acknowledged, so the policy begins"


async def test_who_acknowledges_has_it_and_no_policy_begins(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)])
    done = await page(system, user_id=ben["id"], service_id=made["service"]["id"])
    answer = await system.api.post(f"/api/v1/incidents/{done['incident']['id']}/acknowledge", json={"user_id": ben["id"]})
    assert (answer.status_code, answer.json()["owner"]["name"]) == (200, "Ben")
    system.pages()
    await system.advance(minutes=20)
    assert system.pages() == []


async def test_of_a_team_whoever_is_on_call_when_the_page_goes_out(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)])
    payments = await team(system, "Payments", ben)
    done = await page(system, team_id=payments["id"], service_id=made["service"]["id"])
    assert done["paged"] == [{"id": ben["id"], "name": "Ben"}]
    assert system.pages() == ["Ben"]
    reasons = await system.reasons(done["incident"]["id"])
    assert any(line.endswith("pages them directly: on call in schedule Payments of team Payments") for line in reasons), reasons
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"]


async def test_without_a_service_it_is_the_teams_and_its_fallback_follows(system: System) -> None:
    ana, ben, eve = await system.user("Ana"), await system.user("Ben"), await system.user("Eve")
    fallback = await system.make("escalation-policies", name="Last", steps=[{"delay": "PT3M", "targets": [to(eve)]}])
    payments = await team(system, "Payments", ben, fallback_policy_id=fallback["id"])
    policy = await system.make("escalation-policies", name="P", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    await system.make("services", name="payments-api", escalation_policy_id=policy["id"], team_id=payments["id"])
    done = await page(system, team_id=payments["id"])
    assert (done["incident"]["service"]["name"], system.pages()) == ("payments-api", ["Ben"])
    assert done["says"] == ["Ben is paged directly; then policy Last begins"]
    await system.advance(minutes=3)
    assert system.pages() == ["Eve"]


async def test_a_person_in_several_teams_belongs_to_the_first_that_owns_a_service(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    without, payments = await system.make("teams", name="Without"), await system.make("teams", name="Payments")
    await joins(system, ben, without)
    await joins(system, ben, payments)
    refused = await page(system, 422, user_id=ben["id"])
    assert refused["detail"] == (
        "Ben is in no team that owns a service: name the one this is about as `service_id`; its policy pages if nobody answers."
    )
    policy = await system.make("escalation-policies", name="P", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    for name in ("payments-api", "payments-db"):
        await system.make("services", name=name, escalation_policy_id=policy["id"], team_id=payments["id"])
    done = await page(system, user_id=ben["id"])
    assert done["incident"]["service"]["name"] == "payments-api"
    home = "no service was named, so it belongs to payments-api, the first one of the teams of Ben: `service_id` names another"
    assert done["says"][-1] == home


async def test_whom_nobody_can_reach_is_said_and_the_policy_begins_at_once(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben", channel=None)
    made = await system.service([to(ana)])
    done = await page(system, user_id=ben["id"], service_id=made["service"]["id"])
    assert [one["name"] for one in done["paged"]] == ["Ben", "Ana"], "Ben by his account e-mail, as a last resort"
    assert done["says"][0].startswith("whoever is paged directly cannot be reached (Ben has no verified contact method")
    assert sorted(system.pages()) == ["Ana", "Ben"]


async def test_a_page_that_would_reach_nobody_is_refused_and_opens_nothing(system: System) -> None:
    ana, ben = await system.user("Ana", channel=None), await system.user("Ben", channel=None)
    made = await system.service([to(ana)])
    refused = await page(system, 409, user_id=ben["id"], service_id=made["service"]["id"])
    assert refused["code"] == "nobody_reached"
    assert refused["detail"].startswith("A page to Ben would reach nobody, nor would what follows it: ")
    assert await rows(system, "SELECT id FROM incidents") == []


async def test_what_goes_only_by_a_channel_that_cannot_send_reaches_nobody(system: System) -> None:
    system.email.lacks = NOT_CONFIGURED
    system.email.always = FailedPermanently(NOT_CONFIGURED, "not_configured")
    ana, ben, eve = await system.user("Ana"), await system.user("Ben", channel=None), await system.user("Eve", channel="webhook")
    lost, reached = (
        await system.service([to(ana)]),
        await system.make("escalation-policies", name="P", steps=[{"delay": "PT5M", "targets": [to(eve)]}]),
    )
    for who, urgency in ((ana, "high"), (ana, "low"), (ben, "low")):
        refused = await page(system, 409, user_id=who["id"], service_id=lost["service"]["id"], urgency=urgency)
        assert refused["code"] == "nobody_reached"
        assert f"{who['name']} gets no message: {NOT_CONFIGURED}" in refused["detail"]
    refused = await page(system, 409, user_id=ben["id"], service_id=lost["service"]["id"])
    assert f"Ben has no verified contact method: even the account e-mail, the last resort, fails: {NOT_CONFIGURED}" in refused["detail"]
    assert await rows(system, "SELECT id FROM incidents") == []
    other = await system.make("services", name="web", escalation_policy_id=reached["id"])
    done = await page(system, user_id=ana["id"], service_id=other["id"])
    assert done["says"][0] == (
        f"whoever is paged directly cannot be reached (Ana gets no message: {NOT_CONFIGURED}); policy P begins at once"
    )
    assert system.webhook.sent, "the first message to Ana fails, and Eve is paged at that instant"


async def test_at_low_urgency_by_the_rules_for_that(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben", rules=(("high", "PT0S"), ("low", "PT2M")))
    made = await system.service([to(ana)])
    done = await page(system, user_id=ben["id"], service_id=made["service"]["id"], urgency="low")
    assert (done["incident"]["urgency"], done["incident"]["severity"]) == ("low", "info")
    assert system.pages() == []
    await system.advance(minutes=2)
    assert system.pages() == ["Ben"]


async def test_a_service_whose_alerts_wait_holds_no_page_of_a_person(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    waits = {"threshold": {"count": 3, "within": "PT10M"}, "delay": {"for": "PT30M"}}
    made = await system.service([to(ana)], **waits)
    await page(system, user_id=ben["id"], service_id=made["service"]["id"])
    assert system.pages() == ["Ben"]
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"]


async def test_to_nobody_or_to_two_or_about_nothing_is_refused(system: System) -> None:
    ben = await system.user("Ben")
    payments = await team(system, "Payments", ben)
    assert (await page(system, 422))["detail"].startswith("Say who is to be paged: `user_id`, or `team_id`")
    assert (await page(system, 422, user_id=ben["id"], team_id=payments["id"]))["code"] == "invalid"
    assert (await page(system, 422, user_id=payments["id"]))["detail"] == "There is no user with this id."
    assert (await page(system, 422, team_id=ben["id"]))["detail"] == "There is no team with this id."
    assert (await page(system, 422, user_id=ben["id"], service_id=ben["id"]))["detail"] == "There is no service with this id."
    assert (await page(system, 422, user_id=ben["id"], title=""))["code"] == "invalid"


async def test_it_is_explained_and_resolved_like_any_other(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)])
    id = (await page(system, user_id=ben["id"], service_id=made["service"]["id"]))["incident"]["id"]
    text = (await system.api.get(f"/api/v1/incidents/{id}/explain", headers={"Accept": "text/plain"})).text
    told = " ".join(text.split())
    assert "pages Ben directly: Call me about the release" in told
    assert "Ana would be paged: step 1 of policy Payments" in told
    assert (await system.api.post(f"/api/v1/incidents/{id}/resolve")).json()["status"] == "resolved"
    assert (await system.api.post(f"/api/v1/incidents/{id}/reopen")).json()["status"] == "triggered"


async def test_to_a_team_an_incident_is_reassigned(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)])
    database = await team(system, "Database", ben)
    id = (await system.event(made["key"]))["incident_id"]
    assert system.pages() == ["Ana"]
    answer = await system.api.post(f"/api/v1/incidents/{id}/reassign", json={"team_id": database["id"], "reason": "it is yours"})
    assert (answer.status_code, answer.json()["owner"]) == (200, None), answer.text
    await system.run_due()
    assert system.pages() == ["Ben"]
    shown = await system.incident(id)
    assert shown["escalation"]["reason"] == "Ben, to whom it was reassigned, is paged; then policy Payments begins"
    assert "paged: Ben is paged: it was reassigned to their team: on call in schedule Database of team Database" in await system.reasons(id)
    again = await system.api.post(f"/api/v1/incidents/{id}/reassign", json={"team_id": database["id"]})
    assert again.json()["changed"] is False
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"]


async def test_a_team_with_nobody_on_call_is_not_waited_for(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    database = await team(system, "Database")
    id = (await system.event(made["key"]))["incident_id"]
    system.pages()
    assert (await system.api.post(f"/api/v1/incidents/{id}/reassign", json={"team_id": database["id"]})).status_code == 200
    await system.run_due()
    assert system.pages() == ["Ana"]
    assert any("nobody is on call in schedule Database of team Database" in line for line in await system.reasons(id))

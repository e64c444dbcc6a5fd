"""Who can be reached, and why not, is seen before it matters."""

from typing import Any

import pytest
from tests.contacts.test_rules import ANA, FIVE, HIGH, HOOK, LOW, MAIL, NOW_, UNVERIFIED, reach, rule
from tests.counting import counting
from tests.system import System, to

from oncall.channels.email import NOT_CONFIGURED
from oncall.contacts.commands.reaching import how_reachable
from oncall.contacts.rules import reachability, ways_of
from oncall.contacts.values import Reach
from oncall.teams.commands import list_users
from oncall.teams.values import Reachability, Reachable

NOBODY = "Ana has no verified contact method: a page goes to the account e-mail as a last resort, and the next step at once"
ACCOUNT = "Ana has no notification rule for low urgency: the account e-mail"


@pytest.mark.parametrize(
    ("what", "given", "high", "low"),
    [
        ("nothing at all", reach(), Reachable(False, NOBODY), Reachable(True, ACCOUNT)),
        ("nothing verified", reach(UNVERIFIED, rule(1, HIGH, NOW_, UNVERIFIED)), Reachable(False, NOBODY), Reachable(True, ACCOUNT)),
        (
            "no rules",
            reach(MAIL),
            Reachable(True, "Ana has no notification rule for high urgency: all verified contact methods at once"),
            Reachable(True, "Ana has no notification rule for low urgency: verified e-mail"),
        ),
        (
            "rules",
            reach(MAIL, HOOK, UNVERIFIED, rule(1, HIGH, NOW_, HOOK), rule(2, HIGH, FIVE, UNVERIFIED), rule(3, LOW, NOW_, MAIL)),
            Reachable(True, "by 1 notification rule of Ana for high urgency; 1 notification rule left out: not verified"),
            Reachable(True, "by 1 notification rule of Ana for low urgency"),
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_who_is_reachable(what: str, given: Reach, high: Reachable, low: Reachable) -> None:
    assert given.user_id == ANA
    assert reachability(given, {}) == Reachability(high, low)


NO_MAIL = {"email": NOT_CONFIGURED}
LOST = f"Ana gets no message: {NOT_CONFIGURED}"


@pytest.mark.parametrize(
    ("what", "given", "high", "low"),
    [
        (
            "nothing verified: not even the last resort",
            reach(),
            Reachable(False, f"Ana has no verified contact method: even the account e-mail, the last resort, fails: {NOT_CONFIGURED}"),
            Reachable(False, LOST),
        ),
        ("only e-mail", reach(MAIL), Reachable(False, LOST), Reachable(False, LOST)),
        (
            "another that works, and no rules: at low urgency it stands in",
            reach(MAIL, HOOK),
            Reachable(True, "Ana has no notification rule for high urgency: all verified contact methods at once"),
            Reachable(True, "Ana has no notification rule for low urgency: verified e-mail, and webhook only after that failed"),
        ),
        (
            "a rule of her own for low urgency names e-mail alone",
            reach(MAIL, HOOK, rule(1, HIGH, NOW_, HOOK), rule(2, LOW, NOW_, MAIL)),
            Reachable(True, "by 1 notification rule of Ana for high urgency"),
            Reachable(False, LOST),
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_goes_by_a_channel_that_cannot_send_reaches_nobody(what: str, given: Reach, high: Reachable, low: Reachable) -> None:
    assert reachability(given, NO_MAIL) == Reachability(high, low)


@pytest.mark.parametrize(
    ("what", "lacking", "reason"),
    [
        ("e-mail is set up, and nobody knows yet whether it was sent", {}, "; a message to the account e-mail is the last resort"),
        ("e-mail is not", NO_MAIL, f": even the account e-mail, the last resort, fails: {NOT_CONFIGURED}"),
        ("another channel is not", {"sms": "no Twilio"}, "; a message to the account e-mail is the last resort"),
    ],
)
def test_nobody_is_said_to_have_been_written_to_who_was_not(what: str, lacking: dict[str, str], reason: str) -> None:
    ways = ways_of(reach(), HIGH, lacking)
    assert (ways.reachable, ways.reason) == (False, f"Ana has no verified contact method{reason}"), what


async def test_people_policies_schedules_health_and_coverage_agree_where_e_mail_is_not_configured(system: System) -> None:
    ana = await system.user("Ana")
    primary = await system.make("schedules", **schedule_of(to(ana)))
    made = await system.service([{"type": "schedule", "id": primary["id"]}])
    system.email.lacks = NOT_CONFIGURED
    shown = (await system.api.get(f"/api/v1/users/{ana['id']}")).json()["reachable"]
    assert [shown["high"], shown["low"]] == [{"reachable": False, "why": LOST}] * 2
    warned = (await system.api.get(f"/api/v1/escalation-policies/{made['policy']['id']}/warnings")).json()["items"]
    assert [(one["code"], one["message"]) for one in warned] == [
        ("unreachable", f"Step 1 names Ana (on call in schedule Primary). {LOST}."),
        ("reaches_nobody", "Step 1 reaches nobody now."),
    ]
    advice = (await system.api.get(f"/api/v1/schedules/{primary['id']}/warnings")).json()["items"]
    assert ("unreachable", f"{LOST}.") in [(one["code"], one["message"]) for one in advice]
    assert [one["reason"] for one in (await system.api.get("/healthz")).json()["warnings"]] == ["unreachable_on_call"]
    holes = (await system.api.get("/api/v1/reports/coverage", params={"days": "1"})).json()["items"]
    assert {words for hole in holes for words in hole["why"]} == {f"step 1 of policy Payments reached nobody: {LOST}"}


async def test_a_name_stays_as_it_is_written_in_a_warning(system: System) -> None:
    made = await system.service([to(await system.user("thr49050"))])
    system.email.lacks = NOT_CONFIGURED
    warned = (await system.api.get(f"/api/v1/escalation-policies/{made['policy']['id']}/warnings")).json()["items"]
    assert warned[0]["message"] == f"Step 1 names thr49050 (named in the step). thr49050 gets no message: {NOT_CONFIGURED}."


async def test_a_policy_warns_of_whom_it_reaches_at_high_urgency_alone(system: System) -> None:
    ana = await system.user("Ana", channel="webhook")
    mail = await system.make(f"users/{ana['id']}/contact-methods", channel="email", address="ana@example.com")
    await system.make(f"users/{ana['id']}/notification-rules", urgency="low", delay="PT0S", contact_method_id=mail["id"])
    made = await system.service([to(ana)])
    path = f"/api/v1/escalation-policies/{made['policy']['id']}/warnings"
    assert (await system.api.get(path)).json()["items"] == []
    system.email.lacks = NOT_CONFIGURED
    assert [(one["code"], one["message"]) for one in (await system.api.get(path)).json()["items"]] == [
        ("unreachable", f"Step 1, at low urgency: {LOST}.")
    ]


async def test_a_user_shows_whether_pages_reach_them_and_why_not(system: System) -> None:
    ana = await system.make("users", name="Ana", email="ana@example.com")
    assert ana["reachable"] == {"high": {"reachable": False, "why": NOBODY}, "low": {"reachable": True, "why": ACCOUNT}, "hint": None}
    await system.make(f"users/{ana['id']}/contact-methods", channel="email", address="ana@example.com")
    shown = (await system.api.get(f"/api/v1/users/{ana['id']}")).json()
    assert shown["reachable"]["high"]["reachable"] is True
    assert (await system.api.get("/api/v1/users")).json()["items"] == [shown]
    edited = await system.api.patch(f"/api/v1/users/{ana['id']}", json={"name": "Anna"}, headers={"If-Match": "*"})
    assert edited.json()["reachable"]["high"]["why"].startswith("Anna has no notification rule")


async def test_a_list_of_people_is_looked_through_with_one_statement(system: System) -> None:
    for n in range(20):
        await system.user(f"U{n}")
    async with system.node.database.transaction(read_only=True) as tx:
        users = await list_users(tx)
        async with counting(tx) as statements:
            assert len(await how_reachable(tx, users, channels=system.node.channels)) == 20
    assert len(statements) == 1


def schedule_of(*people: dict[str, Any]) -> dict[str, Any]:
    rotation = {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"}
    return {"name": "Primary", "time_zone": "UTC", "layers": [{"name": "w", "participants": list(people), "rotation": rotation}]}


async def test_a_policy_warns_of_whom_it_names_or_has_on_call_and_cannot_reach(system: System) -> None:
    ana, ben = await system.user("Ana", channel=None), await system.user("Ben")
    primary = await system.make("schedules", **schedule_of(to(ana)))
    nobody = await system.make("schedules", **schedule_of({"type": "vacant"}) | {"name": "Empty"})
    made = await system.service(
        [{"type": "schedule", "id": primary["id"]}, to(ben)], [to(ana)], [{"type": "schedule", "id": nobody["id"]}], [to(ben)]
    )
    path = f"/api/v1/escalation-policies/{made['policy']['id']}/warnings"
    found = (await system.api.get(path)).json()["items"]
    assert [(one["code"], one["level"], one["user_id"]) for one in found] == [
        ("unreachable", 1, ana["id"]),
        ("unreachable", 2, ana["id"]),
        ("reaches_nobody", 2, None),
        ("reaches_nobody", 3, None),
    ]
    assert [one["message"] for one in found] == [
        f"Step 1 names Ana (on call in schedule Primary). {NOBODY}.",
        f"Step 2 names Ana (named in the step). {NOBODY}.",
        "Step 2 reaches nobody now.",
        "Step 3 reaches nobody now: nobody is on call in schedule Empty.",
    ]
    await system.make(f"users/{ana['id']}/contact-methods", channel="email", address="ana@example.com")
    assert [one["level"] for one in (await system.api.get(path)).json()["items"]] == [3]


async def test_a_policy_that_does_not_exist_has_no_warnings(system: System) -> None:
    assert (await system.api.get("/api/v1/escalation-policies/01900000-0000-7000-8000-000000000000/warnings")).status_code == 404

"""A test message goes the way of pages, and what became of the last message is seen at its address."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.contacts.test_api import key_of, problem
from tests.contacts.test_verifying import ask, last_code, method_of
from tests.incidents.building import rows
from tests.system import System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily, NoticeMessage, Outcome, Sent, Unknown
from oncall.kit.db import Pool
from oncall.notifications.rules import proof_of
from oncall.notifications.values import Works, WorksNot

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
GONE = FailedPermanently("no such mailbox", code="refused")


@pytest.mark.parametrize(
    ("what", "outcome", "expected"),
    [
        ("it was taken", Sent(None, "250 ok"), Works()),
        ("it was refused for good", GONE, WorksNot("no such mailbox")),
        ("it was refused for now", FailedTemporarily("busy"), WorksNot("busy")),
        ("nobody knows", Unknown("cut off"), WorksNot("may have arrived: cut off")),
        ("it came too late to be sent, which says nothing about the address", FailedPermanently("late", code="expired"), None),
        ("its code could not be opened, which says nothing either", FailedPermanently("key", code="cannot_open"), None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_an_attempt_says_about_its_address(what: str, outcome: Outcome, expected: Works | WorksNot | None) -> None:
    assert proof_of(outcome) == expected


async def verified(system: System, name: str = "Ana", *, channel: str = "email") -> tuple[dict[str, Any], str]:
    """A person, and the address of their one contact method, which is verified."""
    user = await system.user(name, channel=channel)
    [method] = (await system.api.get(f"/api/v1/users/{user['id']}/contact-methods")).json()["items"]
    return user, f"/api/v1/users/{user['id']}/contact-methods/{method['id']}"


async def became(system: System, method: str) -> tuple[str | None, str | None, str | None]:
    shown = (await system.api.get(method)).json()
    return shown["last_proven_at"], shown["last_failed_at"], shown["last_error"]


async def test_a_test_is_sent_at_once_and_says_that_nothing_is_wrong(system: System) -> None:
    _, method = await verified(system)
    assert await became(system, method) == (None, None, None)
    asked = await system.api.post(f"{method}/test")
    assert (asked.status_code, asked.json()["href"]) == (202, method)
    system.clock.advance(SECOND)
    await system.run_due()
    [message] = system.email.sent
    assert isinstance(message, NoticeMessage)
    assert (str(message.notification_id), message.kind, message.code) == (asked.json()["notification_id"], "test", None)
    assert message.subject == "This is a test of oncall for Ana; nothing is wrong"
    assert await became(system, method) == ("2026-03-02T12:00:01Z", None, None)
    [listed] = (await system.api.get(method.rpartition("/")[0])).json()["items"]
    assert listed == (await system.api.get(method)).json()


async def test_it_goes_to_that_address_alone_whatever_the_rules_say(system: System) -> None:
    ana = await system.user("Ana", rules=(("high", "PT5M"), ("low", "PT5M")))
    hook = {"channel": "webhook", "address": "https://hooks.example.com/ana", "verified": True}
    made = await system.make(f"users/{ana['id']}/contact-methods", **hook)
    await system.api.post(f"/api/v1/users/{ana['id']}/contact-methods/{made['id']}/test")
    await system.run_due()
    assert (len(system.webhook.sent), len(system.email.sent)) == (1, 0)


async def test_one_that_fails_says_why_and_one_that_gets_through_later_proves_it_again(system: System) -> None:
    _, method = await verified(system)
    system.email.outcomes = [GONE]
    await system.api.post(f"{method}/test")
    await system.run_due()
    assert await became(system, method) == (None, "2026-03-02T12:00:00Z", "no such mailbox")
    system.clock.advance(MINUTE)
    await system.api.post(f"{method}/test")
    await system.run_due()
    assert await became(system, method) == ("2026-03-02T12:01:00Z", "2026-03-02T12:00:00Z", "no such mailbox")


async def test_a_provider_that_is_away_is_seen_while_it_is_tried_again(system: System) -> None:
    _, method = await verified(system)
    system.email.outcomes = [FailedTemporarily("busy")]
    await system.api.post(f"{method}/test")
    await system.run_due()
    assert await became(system, method) == (None, "2026-03-02T12:00:00Z", "busy")
    await system.advance(seconds=5, step=SECOND)
    assert (await became(system, method))[0] is not None


async def test_a_code_that_left_proves_that_the_address_works_and_not_whose_it_is(system: System) -> None:
    _, method = await method_of(system)
    await ask(system.api, method)
    await system.run_due()
    assert last_code(system)
    assert await became(system, method) == ("2026-03-02T12:00:00Z", None, None)
    assert (await system.api.get(method)).json()["verified"] is False


async def test_pages_prove_an_address_to_the_minute(system: System) -> None:
    ana, method = await verified(system)
    key = (await system.service([to(ana)]))["key"]
    for seconds, expected in ((0, "12:00:00"), (59, "12:00:00"), (1, "12:01:00")):
        system.clock.advance(seconds * SECOND)
        await system.event(key, f"disk-{seconds}")
        assert await became(system, method) == (f"2026-03-02T{expected}Z", None, None)
    system.email.outcomes = [FailedTemporarily("busy")]
    await system.event(key, "another")
    system.clock.advance(2 * SECOND)
    await system.run_due()
    assert await became(system, method) == ("2026-03-02T12:01:02Z", "2026-03-02T12:01:00Z", "busy"), "at once, after a failure"


async def test_an_address_that_somebody_holds_keeps_no_message_from_being_recorded(system: System) -> None:
    _, method = await verified(system)
    await system.api.post(f"{method}/test")
    async with system.node.database.transaction(Pool.API) as tx:
        await tx.exec_driver_sql("SELECT 1 FROM contact_methods FOR UPDATE")
        await system.run_due()
        assert await rows(system, "SELECT status FROM notifications") == [("sent",)]
    assert await became(system, method) == (None, None, None)


async def test_five_a_minute_go_to_one_person(system: System) -> None:
    ana, method = await verified(system)
    other = await system.make(
        f"users/{ana['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/ana", verified=True
    )
    tested = [method, f"{method.rpartition('/')[0]}/{other['id']}"] * 3
    answers = [await system.api.post(f"{one}/test") for one in tested]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert (problem(answers[-1]), answers[-1].headers["retry-after"]) == ((429, "too_many_requests"), "60")
    _, of_ben = await verified(system, "Ben")
    assert (await system.api.post(f"{of_ben}/test")).status_code == 202
    system.clock.advance(MINUTE)
    assert (await system.api.post(f"{method}/test")).status_code == 202


async def test_tests_take_no_codes_away_and_codes_no_tests(system: System) -> None:
    ana, method = await verified(system)
    other = await system.make(f"users/{ana['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/ana")
    unproven = f"{method.rpartition('/')[0]}/{other['id']}"
    for _ in range(3):
        assert (await ask(system.api, unproven)).status_code == 202
    for _ in range(5):
        assert (await system.api.post(f"{method}/test")).status_code == 202


async def test_one_that_could_not_leave_for_ten_minutes_is_not_sent_late(system: System) -> None:
    _, method = await verified(system)
    await system.api.post(f"{method}/test")
    system.clock.advance(10 * MINUTE)
    await system.run_due()
    assert system.email.sent == []
    assert await became(system, method) == (None, None, None)


async def test_what_cannot_be_tested_is_refused(system: System) -> None:
    ana, method = await method_of(system)
    assert problem(await system.api.post(f"{method}/test")) == (409, "not_verified")
    assert problem(await system.api.post(f"{method.rpartition('/')[0]}/{UUID(int=7)}/test")) == (404, "not_found")
    for scope, user in (("respond", None), ("read", ana["id"])):
        headers = await key_of(system.api, scope, user)
        assert problem(await system.api.post(f"{method}/test", headers=headers)) == (403, "forbidden")

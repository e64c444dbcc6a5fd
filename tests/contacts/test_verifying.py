"""An address is proven by a code that was sent there (`reliability.md` S31)."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from tests.contacts.test_api import key_of, problem
from tests.incidents.building import rows
from tests.system import System, to

from oncall.channels.values import FailedTemporarily, NoticeMessage
from oncall.contacts.rules import hash_code, judge_code, wait_for
from oncall.contacts.values import CODES, Code, Verdict
from oncall.kit.sealing import Sealing

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ID, KEY, OLD = UUID(int=1), b"key", b"old key"
WORK = "ana@work.example.com"

# --- the rules --------------------------------------------------------------------------------------------------------------


def sent(*, wrong: int = 0, ago: timedelta = MINUTE, key: bytes = KEY) -> Code:
    return Code(ID, hash_code("123456", id=ID, key=key), wrong, NOW - ago)


@pytest.mark.parametrize(
    ("what", "code", "said", "verdict", "says"),
    [
        ("the code", sent(), "123456", Verdict.RIGHT, "was given"),
        ("another one", sent(), "654321", Verdict.WRONG, "4 more tries"),
        ("the fourth wrong one leaves a try", sent(wrong=3), "654321", Verdict.WRONG, "1 more try"),
        ("the fifth leaves none", sent(wrong=4), "654321", Verdict.WRONG, "no try left"),
        ("the fifth try may still be right", sent(wrong=4), "123456", Verdict.RIGHT, "was given"),
        ("after five the right one counts no more", sent(wrong=5), "123456", Verdict.USED_UP, "5 wrong codes"),
        ("just within ten minutes", sent(ago=10 * MINUTE - SECOND), "123456", Verdict.RIGHT, "was given"),
        ("after ten minutes", sent(ago=10 * MINUTE), "123456", Verdict.EXPIRED, "10 minutes"),
        ("none was sent", None, "123456", Verdict.NONE_SENT, "No code was sent"),
        ("one made before the keys were rotated", sent(key=OLD), "123456", Verdict.RIGHT, "was given"),
        ("one made with a key that is gone", sent(key=b"gone"), "123456", Verdict.WRONG, "4 more tries"),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_what_becomes_of_a_code(what: str, code: Code | None, said: str, verdict: Verdict, says: str) -> None:
    judged = judge_code(code, said, keys=[KEY, OLD], now=NOW)
    assert (judged.verdict, says in judged.reason) == (verdict, True), judged.reason


def test_the_hash_is_of_this_code_for_this_proof_by_this_key() -> None:
    assert len({hash_code("1", id=ID, key=KEY), hash_code("1", id=UUID(int=2), key=KEY), hash_code("1", id=ID, key=OLD)}) == 3


@pytest.mark.parametrize(
    ("what", "ago", "expected"),
    [
        ("nothing was sent", [], None),
        ("two were", [1, 2], None),
        ("three were: when the first is an hour old", [10, 20, 50], 10),
        ("one of them is an hour old", [10, 20, 60], None),
        ("whatever the order", [50, 10, 20], 10),
        ("more than three, as after a change of the limit", [1, 2, 3, 50], 57),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_three_codes_an_hour(what: str, ago: list[int], expected: int | None) -> None:
    assert wait_for([NOW - n * MINUTE for n in ago], CODES, now=NOW) == (None if expected is None else expected * MINUTE)


# --- the whole way ----------------------------------------------------------------------------------------------------------


async def method_of(system: System, name: str = "Ana", *, channel: str = "email", address: str = WORK) -> tuple[dict[str, Any], str]:
    """A person, and the address of a contact method of theirs that nobody has verified."""
    user = await system.user(name, channel=None)
    made = await system.make(f"users/{user['id']}/contact-methods", channel=channel, address=address)
    return user, f"/api/v1/users/{user['id']}/contact-methods/{made['id']}"


async def ask(api: AsyncClient, method: str) -> Response:
    return await api.post(f"{method}/verify")


async def give(api: AsyncClient, method: str, code: str) -> Response:
    return await api.post(f"{method}/verify", json={"code": code})


def last_code(system: System) -> str:
    message = (system.email.sent + system.webhook.sent)[-1]
    assert isinstance(message, NoticeMessage)
    assert message.code is not None
    return message.code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def code_for(system: System, method: str) -> str:
    assert (await ask(system.api, method)).status_code == 202
    await system.run_due()
    return last_code(system)


async def test_a_code_is_sent_and_given_and_then_pages_go_there(system: System) -> None:
    ana, method = await method_of(system)
    asked = await ask(system.api, method)
    assert (asked.status_code, asked.json()["expires_at"], asked.json()["href"]) == (202, "2026-03-02T12:10:00Z", method)
    await system.run_due()
    [message] = system.email.sent
    assert (str(message.notification_id), message.address) == (asked.json()["notification_id"], WORK)
    code = last_code(system)
    assert re.fullmatch(r"[0-9]{6}", code)
    assert message.paragraphs[0] == f"Code: {code}"
    assert code not in message.subject
    given = await give(system.api, method, f"{code[:3]} {code[3:]}")
    assert (given.status_code, given.json()["verified"], given.json()["verified_at"]) == (200, True, "2026-03-02T12:00:00Z")
    assert (await system.api.get(method)).json() == given.json()
    system.email.sent = []
    await system.event((await system.service([to(ana)]))["key"])
    assert [page.address for page in system.email.sent] == [WORK]


async def test_an_empty_object_asks_for_a_code_as_well(system: System) -> None:
    _, method = await method_of(system)
    assert (await system.api.post(f"{method}/verify", json={})).status_code == 202


async def test_before_it_is_proven_nothing_but_the_code_goes_there(system: System) -> None:
    ana, method = await method_of(system)
    await code_for(system, method)
    system.email.sent = []
    await system.event((await system.service([to(ana)]))["key"])
    assert [page.address for page in system.email.sent] == ["ana@example.com"], "the account e-mail, as a last resort"


async def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_is_the_last(system: System) -> None:
    _, method = await method_of(system)
    code = await code_for(system, method)
    for left in ("4 more tries", "3 more tries", "2 more tries", "1 more try", "no try left"):
        wrong = await give(system.api, method, other_than(code))
        assert (problem(wrong), left in wrong.json()["detail"]) == ((422, "wrong_code"), True), wrong.text
    refused = await give(system.api, method, code)
    assert (problem(refused), refused.headers["retry-after"]) == ((429, "too_many_requests"), "1")
    assert (await system.api.get(method)).json()["verified"] is False
    assert (await give(system.api, method, await code_for(system, method))).status_code == 200


async def test_many_tries_at_once_are_counted_one_after_the_other(system: System) -> None:
    _, method = await method_of(system)
    code = await code_for(system, method)
    answers = await asyncio.gather(*(give(system.api, method, other_than(code)) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [422] * 5 + [429] * 7


async def test_after_ten_minutes_the_code_is_of_no_use(system: System) -> None:
    _, method = await method_of(system)
    code = await code_for(system, method)
    system.clock.advance(10 * MINUTE)
    late = await give(system.api, method, code)
    assert (problem(late), "sends another" in late.json()["detail"]) == ((422, "code_expired"), True)


async def test_a_code_that_could_not_leave_in_time_is_not_sent_late(system: System) -> None:
    _, method = await method_of(system)
    await ask(system.api, method)
    system.clock.advance(10 * MINUTE)
    await system.run_due()
    assert system.email.sent == []


async def test_a_code_that_did_not_leave_at_once_is_tried_again(system: System) -> None:
    _, method = await method_of(system)
    system.email.outcomes = [FailedTemporarily("busy")]
    await ask(system.api, method)
    await system.advance(minutes=1)
    assert len({message.code for message in system.email.sent}) == 1, "the same code, or one that arrives twice would be wrong once"
    assert (await give(system.api, method, last_code(system))).status_code == 200


async def test_only_the_last_code_counts(system: System) -> None:
    _, method = await method_of(system)
    first, second = await code_for(system, method), await code_for(system, method)
    if first != second:
        assert problem(await give(system.api, method, first)) == (422, "wrong_code")
    assert (await give(system.api, method, second)).status_code == 200


async def test_three_codes_an_hour_go_to_one_address_whoever_asks(system: System) -> None:
    ana, method = await method_of(system)
    _, of_ben = await method_of(system, "Ben")
    for one in (method, of_ben, method):
        assert (await ask(system.api, one)).status_code == 202
        system.clock.advance(10 * MINUTE)
    refused = await ask(system.api, method)
    assert (problem(refused), refused.headers["retry-after"]) == ((429, "too_many_requests"), "1800")
    assert "wait 30 minutes" in refused.json()["detail"]
    assert (await system.api.delete(method)).status_code == 204
    again = await system.make(f"users/{ana['id']}/contact-methods", channel="email", address=WORK)
    assert (await ask(system.api, f"{method.rpartition('/')[0]}/{again['id']}")).status_code == 429, "deleting it starts nothing anew"
    system.clock.advance(30 * MINUTE)
    assert (await ask(system.api, of_ben)).status_code == 202


async def test_ten_codes_an_hour_go_to_one_person_whatever_the_address(system: System) -> None:
    ana, _ = await method_of(system)
    path = f"/api/v1/users/{ana['id']}/contact-methods"
    made = [await system.make(path.removeprefix("/api/v1/"), channel="email", address=f"ana+{n}@example.com") for n in range(11)]
    answers = [await ask(system.api, f"{path}/{one['id']}") for one in made]
    assert [answer.status_code for answer in answers] == [202] * 10 + [429]
    assert "to one person" in answers[-1].json()["detail"]


async def test_what_is_too_old_to_limit_anything_is_forgotten(system: System) -> None:
    _, method = await method_of(system)
    _, of_ben = await method_of(system, "Ben", address="ben@work.example.com")
    await ask(system.api, method)
    system.clock.advance(timedelta(hours=1))
    await ask(system.api, of_ben)
    assert await rows(system, "SELECT address FROM contact_proofs") == [("ben@work.example.com",)]


async def test_the_person_themselves_and_admins_prove_and_nobody_else(system: System) -> None:
    ana, method = await method_of(system)
    own, stranger, reader = [
        await key_of(system.api, scope, user) for scope, user in (("respond", ana["id"]), ("respond", None), ("read", ana["id"]))
    ]
    for headers in (stranger, reader):
        assert problem(await system.api.post(f"{method}/verify", headers=headers)) == (403, "forbidden")
    assert (await system.api.post(f"{method}/verify", headers=own)).status_code == 202
    await system.run_due()
    assert (await system.api.post(f"{method}/verify", headers=own, json={"code": last_code(system)})).status_code == 200


async def test_what_cannot_be_proven_is_refused(system: System) -> None:
    ana, method = await method_of(system)
    assert problem(await give(system.api, method, "123456")) == (409, "no_code")
    for wrong in ({"code": "12345"}, {"code": "abcdef"}, {"code": 123456}, {"codes": "123456"}):
        assert problem(await system.api.post(f"{method}/verify", json=wrong)) == (422, "invalid")
    elsewhere = f"/api/v1/users/{ana['id']}/contact-methods/{UUID(int=7)}"
    assert problem(await ask(system.api, elsewhere)) == (404, "not_found")
    assert problem(await system.api.get(elsewhere)) == (404, "not_found")
    await give(system.api, method, await code_for(system, method))
    assert problem(await ask(system.api, method)) == (409, "already_verified")
    assert (await give(system.api, method, "000000")).status_code == 200, "it is verified, and stays so"


async def test_a_code_does_not_prove_another_address(system: System) -> None:
    ana, method = await method_of(system)
    other = await system.make(f"users/{ana['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/ana")
    code = await code_for(system, method)
    assert problem(await give(system.api, f"{method.rpartition('/')[0]}/{other['id']}", code)) == (409, "no_code")


async def test_a_code_is_nowhere_in_the_database_nor_in_the_log(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    _, method = await method_of(system)
    system.email.outcomes = [FailedTemporarily("busy")]
    code = await code_for(system, method)
    await give(system.api, method, other_than(code))
    for table in ("contact_proofs", "notices", "notifications", "attempts"):
        # As a number of its own: six digits may well be in an id.
        stored = str(await rows(system, f"SELECT * FROM {table}"))
        assert not re.search(rf"(?<![0-9a-f-]){code}(?![0-9a-f-])", stored), table
    printed = capsys.readouterr()
    assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", printed.out + printed.err)


async def test_a_code_whose_key_was_taken_away_is_not_sent(system: System) -> None:
    _, method = await method_of(system)
    await ask(system.api, method)
    for source in system.node.sources:
        if source.name == "notifications.email":
            source._open_sealed = Sealing(["another key"]).open  # type: ignore[attr-defined]
    await system.run_due()
    assert system.email.sent == []
    [(detail,)] = await rows(system, "SELECT detail FROM attempts")
    assert "ask for another" in detail

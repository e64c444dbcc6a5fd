"""Paged by text message and by call, and answered there."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from tests.providers.twilio import OLD_TOKEN, Made, Twilio
from tests.system import System, to

from oncall.kit.clock import ManualClock

ANA, BEN = "+351912345678", "+351912345679"
SMS = "http://oncall.test/replies/twilio/sms"


async def reached(system: System, name: str, channel: str, number: str, *, verified: bool = True) -> dict[str, Any]:
    user = await system.user(name, channel=None)
    user["method"] = await system.make(f"users/{user['id']}/contact-methods", channel=channel, address=number, verified=verified)
    return user


async def paged(system: System, channel: str, *, key: str = "disk", step_delay: str = "PT5M") -> tuple[dict[str, Any], str]:
    """Ana is paged, then Ben; returns the service and the incident."""
    ana, ben = await reached(system, "Ana", channel, ANA), await reached(system, "Ben", channel, BEN)
    service = await system.service([to(ana)], [to(ben)], step_delay=step_delay)
    return service | {"ana": ana, "ben": ben}, (await system.event(service["key"], key))["incident_id"]


def code_in(made: Made) -> str:
    found = re.search(r"Reply (\d{4}) to acknowledge\.", made["Body"])
    assert found is not None, made["Body"]
    return found[1]


async def status(system: System, incident: str) -> str:
    return (await system.incident(incident))["status"]


# --- text messages ------------------------------------------------------------------------------------------------------------


async def test_an_event_in_a_text_message_out_and_the_reply_acknowledges(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    [message] = twilio.messages
    assert message["To"] == ANA
    assert message["Body"].startswith("CRITICAL payments-api: Disk full #")
    number = (await system.incident(incident))["number"]
    code = code_in(message)
    told = await twilio.text(code, sender=ANA)
    assert told == f"Acknowledged #{number} payments-api: Disk full. {code} R resolves, {code} E escalates."
    found = await system.incident(incident)
    assert (found["status"], found["acknowledged_by"]["name"]) == ("acknowledged", "Ana")
    assert "acknowledged: acknowledged by Ana through sms" in await system.reasons(incident)
    await system.advance(minutes=10)
    assert [m["To"] for m in twilio.messages] == [ANA], "nobody else is woken"


async def test_the_confirmation_counts_what_it_cancelled(system: System, twilio: Twilio) -> None:
    ana = await reached(system, "Ana", "sms", ANA)
    for delay in ("PT0S", "PT10M", "PT20M"):
        rule = {"urgency": "high", "delay": delay, "contact_method_id": ana["method"]["id"]}
        await system.make(f"users/{ana['id']}/notification-rules", **rule)
    service = await system.service([to(ana)], step_delay="PT30M")
    await system.event(service["key"])
    told = await twilio.text(code_in(twilio.messages[0]), sender=ANA)
    assert told is not None
    assert "2 pending messages cancelled." in told


@pytest.mark.parametrize(
    ("text", "becomes", "says"),
    [
        ("{code} R", "resolved", "Resolved #"),
        ("Resolve {code}", "resolved", "Resolved #"),
        ("{code} 6", "resolved", "Resolved #"),
        (" ack {code} ", "acknowledged", "Acknowledged #"),
        ("{code} 4", "acknowledged", "Acknowledged #"),
        ("{code} not me", "triggered", "Not understood."),
        ("{code} don't resolve", "triggered", "Not understood."),
    ],
)
async def test_what_a_reply_may_say(system: System, twilio: Twilio, text: str, becomes: str, says: str) -> None:
    _, incident = await paged(system, "sms")
    told = await twilio.text(text.format(code=code_in(twilio.messages[0])), sender=ANA)
    assert told is not None
    assert told.startswith(says)
    assert await status(system, incident) == becomes


async def test_e_hands_it_to_the_next_step_at_once(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    told = await twilio.text(f"{code_in(twilio.messages[0])} E", sender=ANA)
    assert told is not None
    assert told.endswith("its next step pages now.")
    await system.run_due()
    assert [m["To"] for m in twilio.messages] == [ANA, BEN]
    assert await status(system, incident) == "triggered"


async def test_a_second_answer_says_who_has_it(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    await system.advance(minutes=5)
    hers, his = (code_in(message) for message in twilio.messages)
    await twilio.text(his, sender=BEN)
    told = await twilio.text(hers, sender=ANA)
    assert told is not None
    assert told.startswith("Already acknowledged by Ben: #")
    told = await twilio.text(his, sender=BEN)
    assert told is not None
    assert told.startswith("You have #")
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ben"


async def test_a_code_dies_with_its_incident(system: System, twilio: Twilio) -> None:
    service, incident = await paged(system, "sms")
    code = code_in(twilio.messages[0])
    await system.event(service["key"], "disk", action="resolve")
    told = await twilio.text(code, sender=ANA)
    assert told is not None
    assert "was resolved by" in told
    assert "nothing is left to do" in told
    assert await status(system, incident) == "resolved"


async def test_a_code_counts_for_nothing_once_a_later_cycle_has_paged_others(system: System, twilio: Twilio) -> None:
    """As the link beside it: whoever has it now was told by newer messages."""
    service, incident = await paged(system, "sms")
    code = code_in(twilio.messages[0])
    body = {"user_id": service["ben"]["id"]}
    assert (await system.api.post(f"/api/v1/incidents/{incident}/reassign", json=body)).status_code == 200
    await system.run_due()
    assert twilio.messages[-1]["To"] == BEN
    told = await twilio.text(code, sender=ANA)
    assert told is not None
    assert told.startswith("This message came with an earlier cycle, and others have been paged since.")
    assert await status(system, incident) == "triggered"


async def test_what_was_merged_is_acknowledged_where_its_alerts_are_now_and_not_resolved(system: System, twilio: Twilio) -> None:
    service, first = await paged(system, "sms")
    second = (await system.event(service["key"], "memory", summary="Memory full"))["incident_id"]
    [_, message] = twilio.messages
    answer = await system.api.post(f"/api/v1/incidents/{first}/merge", json={"incidents": [second]})
    assert answer.status_code == 200, answer.text
    into, merged = (await system.incident(first))["number"], (await system.incident(second))["number"]
    told = await twilio.text(f"{code_in(message)} R", sender=ANA)
    assert told == f"#{merged} was merged into #{into}: answer a message about that one to resolve it."
    assert await status(system, first) == "triggered"
    told = await twilio.text(code_in(message), sender=ANA)
    assert told == f"Acknowledged #{into} payments-api: Disk full. #{merged} was merged into it."
    assert await status(system, first) == "acknowledged"


async def test_a_code_works_for_whose_number_it_went_to_and_nobody_else(system: System, twilio: Twilio) -> None:
    service, incident = await paged(system, "sms")
    code = code_in(twilio.messages[0])
    for sender in (BEN, "+14155550199"):
        assert (
            await twilio.text(code, sender=sender)
            == "This is not the code of a message to this number. Look at the message again, or open its link."
        )
    assert await status(system, incident) == "triggered"
    ana = service["ana"]
    path = f"/api/v1/users/{ana['id']}/contact-methods/{ana['method']['id']}"
    assert (await system.api.delete(path)).status_code == 204
    told = await twilio.text(code, sender=ANA)
    assert told is not None
    assert told.startswith("This is not the code"), "a number that is nobody's any more acknowledges nothing"
    assert await status(system, incident) == "triggered"


async def test_two_people_with_one_telephone_have_codes_of_their_own(system: System, twilio: Twilio) -> None:
    ana, ben = await reached(system, "Ana", "sms", ANA), await reached(system, "Ben", "sms", ANA)
    service = await system.service([to(ana), to(ben)])
    incident = (await system.event(service["key"]))["incident_id"]
    codes = [code_in(message) for message in twilio.messages]
    assert len(set(codes)) == 2
    await twilio.text(codes[0], sender=ANA)
    first = (await system.incident(incident))["acknowledged_by"]["name"]
    told = await twilio.text(codes[1], sender=ANA)
    assert told is not None
    assert f"Already acknowledged by {first}" in told


async def test_every_message_to_a_number_has_another_code_and_every_attempt_the_same(system: System, twilio: Twilio) -> None:
    ana = await reached(system, "Ana", "sms", ANA)
    service = await system.service([to(ana)])
    twilio.behave("drop", times=1)
    await system.event(service["key"], "one")
    await system.advance(seconds=30)
    await system.event(service["key"], "two")
    first, again = (dict(parse_qsl(request.body.decode())) for request in twilio.requests[:2])
    assert again["Body"] == f"(repeat) {first['Body']}", "what may have arrived comes again, says so, and has the same code"
    assert len({code_in(message) for message in twilio.messages}) == 2


async def test_at_most_five_answers_to_what_says_nothing(system: System, twilio: Twilio) -> None:
    """Two machines would else talk for ever. What says something is always answered."""
    _, incident = await paged(system, "sms")
    code = code_in(twilio.messages[0])
    answers = [await twilio.text(text, sender=ANA) for text in ("hello", "0000", "who is this?", "", "4317 4318", "hello", "0001")]
    assert [answer is not None for answer in answers] == [True] * 5 + [False] * 2
    assert await twilio.text(code, sender=ANA) is not None
    assert await status(system, incident) == "acknowledged"
    assert await twilio.text("hello", sender=ANA) is not None, "a right code begins the count anew"


async def test_codes_are_not_guessed(system: System, twilio: Twilio, clock: ManualClock) -> None:
    _, incident = await paged(system, "sms")
    code = code_in(twilio.messages[0])
    wrong = [text for text in (f"{n:04d}" for n in range(1000, 1022)) if text != code][:20]
    for text in wrong:
        await twilio.text(text, sender=ANA)
    assert await twilio.text(code, sender=ANA) == (
        "Too many wrong codes came from this number: open the link in the message, or answer again in an hour."
    )
    assert await status(system, incident) == "triggered"
    clock.advance(timedelta(hours=1))
    assert await twilio.text(code, sender=ANA) is not None
    assert await status(system, incident) == "acknowledged"


async def test_stop_is_between_them_and_their_carrier(system: System, twilio: Twilio) -> None:
    assert await twilio.text("STOP", sender=ANA) is None
    assert await twilio.text("Start", sender=ANA) is None


async def test_page_updates_come_as_text_messages_and_never_ring(system: System, twilio: Twilio) -> None:
    ana = await reached(system, "Ana", "sms", ANA)
    await system.make(f"users/{ana['id']}/contact-methods", channel="voice", address=ANA, verified=True)
    service = await system.service([to(ana)])
    incident = (await system.event(service["key"]))["incident_id"]
    assert (len(twilio.messages), len(twilio.calls)) == (1, 1)
    assert (await system.api.post(f"/api/v1/incidents/{incident}/acknowledge", json={})).status_code == 200
    await system.advance(minutes=1)
    assert (len(twilio.messages), len(twilio.calls)) == (2, 1)
    number = (await system.incident(incident))["number"]
    assert twilio.messages[-1]["Body"].startswith(f"#{number} acknowledged by ")


async def test_a_list_is_acknowledged_as_it_was_printed_and_nothing_that_joined_later(system: System, twilio: Twilio) -> None:
    ana = await reached(system, "Ana", "sms", ANA)
    service = await system.service([to(ana)], step_delay="PT30M")
    first = [(await system.event(service["key"], f"disk-{n}"))["incident_id"] for n in range(6)]
    await system.advance(minutes=2)
    [message] = [m for m in twilio.messages if "to acknowledge all" in m["Body"]]
    found = re.search(r"Reply (\d{4}) to acknowledge all (\d)\.", message["Body"])
    assert found is not None
    later = (await system.event(service["key"], "later"))["incident_id"]
    assert await twilio.text(f"{found[1]} R", sender=ANA) == (
        "This message lists several incidents, which are acknowledged together; resolve or escalate each by its own link or message."
    )
    told = await twilio.text(found[1], sender=ANA)
    assert told is not None
    assert told.startswith(f"Acknowledged {found[2]} of {found[2]} incidents: #")
    acknowledged = [id for id in first if await status(system, id) == "acknowledged"]
    assert len(acknowledged) == int(found[2])
    assert await status(system, later) == "triggered"
    again = await twilio.text(found[1], sender=ANA)
    assert again is not None


# --- calls --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "becomes", "hears", "reason"),
    [
        ("4", "acknowledged", "Acknowledged #", "acknowledged: acknowledged by Ana through phone"),
        ("6", "resolved", "Resolved #", "resolved: resolved by Ana through phone"),
        ("5", "triggered", "its next step pages now", "escalated: escalated to level 2 of policy Payments by Ana"),
    ],
)
async def test_a_call_out_and_a_key_acts(system: System, twilio: Twilio, key: str, becomes: str, hears: str, reason: str) -> None:
    _, incident = await paged(system, "voice")
    [call] = twilio.calls
    assert "critical, payments-api: Disk full." in call.heard
    heard = await twilio.press(key)
    assert hears in heard
    assert heard.endswith("Goodbye.")
    assert call.gather is None
    assert await status(system, incident) == becomes
    assert any(line.startswith(reason) for line in await system.reasons(incident))
    await system.run_due()
    assert [made["To"] for made in twilio.calls] == ([ANA, BEN] if key == "5" else [ANA])


async def test_a_mailbox_acknowledges_nothing(system: System, twilio: Twilio) -> None:
    """It was picked up, it lasted, and no key was pressed: the next step pages."""
    _, incident = await paged(system, "voice")
    for word in ("in-progress", "completed"):
        assert (await twilio.status(twilio.calls[0], word, CallDuration="42")).status_code == 204
    assert await status(system, incident) == "triggered"
    await system.advance(minutes=5)
    assert [made["To"] for made in twilio.calls] == [ANA, BEN]


async def test_another_key_is_asked_for_three_times(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "voice")
    for key in ("1", "#", ""):
        assert "That is none of the keys. Press 4 to acknowledge" in await twilio.press(key)
    assert await twilio.press("9") == "That is none of the keys. Goodbye."
    assert twilio.calls[0].gather is None
    assert await status(system, incident) == "triggered"


async def test_a_key_after_all_works_still(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "voice")
    await twilio.press("1")
    assert "Acknowledged" in await twilio.press("4")
    assert await status(system, incident) == "acknowledged"


async def test_a_key_works_only_in_the_call_it_was_asked_for(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "voice")
    [call] = twilio.calls
    assert call.gather is not None
    other = await twilio.post(call.gather, {"To": BEN, "Digits": "4"})
    assert other.status_code == 404
    nobody = await twilio.post(f"http://oncall.test/replies/twilio/keys/{uuid4()}", {"To": ANA, "Digits": "4"})
    assert nobody.status_code == 404
    assert await status(system, incident) == "triggered"


async def test_a_key_in_a_call_to_a_team_acts_in_nobodys_name(system: System, twilio: Twilio) -> None:
    """As the link of a channel does: behind its number may be anybody."""
    team = await system.make("teams", name="Payments")
    line = await system.make(f"teams/{team['id']}/contact-methods", channel="voice", address=ANA, verified=True)
    ben = await reached(system, "Ben", "voice", BEN)
    service = await system.service([{"type": "channel", "id": line["id"]}], [to(ben)])
    incident = (await system.event(service["key"]))["incident_id"]
    assert "Acknowledged #" in await twilio.press("4")
    found = await system.incident(incident)
    assert (found["status"], found["acknowledged_by"]["name"], found["acknowledged_by"]["id"], found["owner"]) == (
        "acknowledged",
        "somebody of team Payments",
        None,
        None,
    )
    await system.advance(minutes=10)
    assert [made["To"] for made in twilio.calls] == [ANA]


# --- who is believed ----------------------------------------------------------------------------------------------------------


async def test_what_is_not_signed_is_refused_and_does_nothing(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    form = {"From": ANA, "To": "+14155550100", "Body": code_in(twilio.messages[0])}
    forged = await twilio.post(SMS, form, token="another-token-0123456789abcdefgh")
    assert (forged.status_code, forged.json()["code"]) == (403, "not_signed")
    for signature in ("", "x", "AAAA"):
        assert (await twilio.post(SMS, form, signature=signature)).status_code == 403
    elsewhere = await twilio.post(SMS.replace("oncall.test", "evil.test"), form)
    assert elsewhere.status_code == 403, "the signature is over our public address, whatever host was asked"
    other_account = await twilio.post(SMS, form | {"AccountSid": "AC" + "f" * 32})
    assert other_account.status_code == 403
    assert await status(system, incident) == "triggered"


async def test_while_the_token_is_changed_both_are_believed(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    answer = await twilio.post(SMS, {"From": ANA, "Body": code_in(twilio.messages[0])}, token=OLD_TOKEN)
    assert "Acknowledged" in answer.text
    assert await status(system, incident) == "acknowledged"


async def test_without_an_account_nothing_is_believed(system: System, twilio: Twilio) -> None:
    """Not even that which names the account: what has no token has no signature."""
    system.node.app.state.twilio = None
    assert (await twilio.post(SMS, {"From": ANA, "Body": "4317"})).status_code == 403


async def test_only_forms_of_some_size_are_read(system: System, twilio: Twilio) -> None:
    assert (await twilio.post(SMS, {"Body": "x" * 70_000})).status_code == 422
    assert (await twilio.post(SMS, {f"n{n}": "x" for n in range(300)})).status_code == 422
    assert (await system.client().post("/replies/twilio/sms", content=b"\xff\xfe")).status_code == 422
    assert (await system.client().get("/replies/twilio/sms")).status_code == 405


async def test_what_cannot_be_done_just_now_is_said_so(system: System, twilio: Twilio, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error would be seen by Twilio, and by nobody who has to do something about it."""
    await paged(system, "sms")

    def broken(*_: object, **__: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(system.node.database, "transaction", broken)
    told = await twilio.text("4317", sender=ANA)
    monkeypatch.undo()
    assert told == "This could not be done just now. Answer again in a moment, or open the link in the message."


# --- status callbacks ---------------------------------------------------------------------------------------------------------


async def test_a_status_of_ours_is_taken_another_is_not(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    [message] = twilio.messages
    for word in ("sent", "delivered", "sent", "queued", "delivered", "read", "failed", "something new"):
        assert (await twilio.status(message, word)).status_code == 204
    assert await status(system, incident) == "triggered", "it acknowledges nothing"
    unknown = f"http://oncall.test/replies/twilio/status/{uuid4()}"
    assert (await twilio.post(unknown, {"MessageStatus": "delivered"})).status_code == 404
    assert (await twilio.post(unknown, {"MessageStatus": "delivered"}, token="wrong-0123456789abcdefghijklmnop")).status_code == 403
    for path in ("status", "keys"):
        assert (await twilio.post(f"http://oncall.test/replies/twilio/{path}/none", {"To": ANA, "Digits": "4"})).status_code == 422


async def test_what_is_told_of_a_message_is_kept_and_only_goes_forward(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms")
    for word in ("delivered", "sent", "delivered"):
        await twilio.status(twilio.messages[0], word)
    [shown] = (await system.api.get(f"/api/v1/incidents/{incident}/notifications")).json()["items"]
    assert shown["status"] == "delivered"
    await twilio.status(twilio.messages[0], "undelivered", ErrorCode="30005")
    await twilio.status(twilio.messages[0], "delivered")
    [shown] = (await system.api.get(f"/api/v1/incidents/{incident}/notifications")).json()["items"]
    assert shown["status"] == "failed"
    assert {receipt["detail"] for receipt in shown["receipts"]} == {
        "Twilio says sent",
        "Twilio says delivered",
        "Twilio says undelivered, Twilio error 30005: this number is not in use",
    }
    assert await status(system, incident) == "triggered", "nothing waits for it, or ends by it"


# --- notices ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "voice"])
async def test_a_number_is_proven_by_the_code_that_was_sent_or_said(system: System, twilio: Twilio, channel: str) -> None:
    user = await reached(system, "Ana", channel, "+351 912 345 678", verified=False)
    path = f"/api/v1/users/{user['id']}/contact-methods/{user['method']['id']}"
    assert (await system.api.post(f"{path}/verify", json={})).status_code == 202
    await system.run_due()
    if channel == "sms":
        code = twilio.messages[0]["Body"][:6]
    else:
        assert twilio.calls[0].gather is None
        code = re.sub(r"\D", "", twilio.calls[0].heard)
    answer = await system.api.post(f"{path}/verify", json={"code": code})
    assert answer.status_code == 200, answer.text
    assert answer.json()["verified_at"] is not None
    assert (await system.api.post(f"{path}/test")).status_code == 202
    await system.run_due()
    said = twilio.messages[-1]["Body"] if channel == "sms" else twilio.calls[-1].heard
    assert "This is a test of oncall for Ana; nothing is wrong" in said


async def test_a_number_that_is_none_is_refused_when_it_is_typed(system: System) -> None:
    user = await system.user("Ana", channel=None)
    body = {"channel": "sms", "address": "912 345 678"}
    answer = await system.api.post(f"/api/v1/users/{user['id']}/contact-methods", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_address")
    assert "Write it with a plus sign and the code of the country" in answer.text


# --- what Twilio does not tell ------------------------------------------------------------------------------------------------


async def receipts(system: System, incident: str) -> list[tuple[str, list[str]]]:
    """(status, states that were told) of each message."""
    answer = await system.api.get(f"/api/v1/incidents/{incident}/notifications")
    return [(one["status"], [receipt["state"] for receipt in one["receipts"]]) for one in answer.json()["items"]]


async def test_without_any_callback_it_is_asked_after_a_minute_and_then_later_and_later(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms", step_delay="PT2H")
    [message] = twilio.messages
    await system.advance(seconds=59, step=timedelta(seconds=1))
    assert twilio.asked == []
    await system.advance(seconds=2, step=timedelta(seconds=1))
    assert twilio.asked == [message.sid]
    assert await receipts(system, incident) == [("sent", [])], "queued is no news"
    twilio.became[message.sid] = {"status": "delivered"}
    await system.advance(minutes=1)
    assert len(twilio.asked) == 1, "not before the next of its steps"
    await system.advance(minutes=2)
    assert await receipts(system, incident) == [("delivered", ["delivered"])]
    await system.advance(hours=1)
    assert len(twilio.asked) == 2, "it was the last word"


async def test_what_was_told_by_a_callback_is_not_asked(system: System, twilio: Twilio) -> None:
    await paged(system, "sms", step_delay="PT2H")
    assert (await twilio.status(twilio.messages[0], "delivered")).status_code == 204
    await system.advance(hours=1)
    assert twilio.asked == []


async def test_a_failure_that_was_asked_for_is_told_with_its_reason_and_no_later_word_takes_it_back(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms", step_delay="PT2H")
    [message] = twilio.messages
    twilio.became[message.sid] = {"status": "undelivered", "error_code": 30003}
    await system.advance(minutes=2)
    one, *_ = (await system.api.get(f"/api/v1/incidents/{incident}/notifications")).json()["items"]
    assert (one["status"], one["receipts"][0]["detail"]) == (
        "failed",
        "Twilio says undelivered, Twilio error 30003: the telephone is off, or out of reach",
    )
    assert (await twilio.status(message, "delivered")).status_code == 204
    assert (await receipts(system, incident))[0][0] == "failed"


@pytest.mark.parametrize("behaviour", ["503", "garbage", "silent_now", "error 20429"])
async def test_a_twilio_that_does_not_answer_is_asked_again_and_then_no_more(system: System, twilio: Twilio, behaviour: str) -> None:
    _, incident = await paged(system, "voice", step_delay="PT4H")
    twilio.behave("drop" if behaviour == "silent_now" else behaviour)
    seen = len(twilio.requests)
    await system.advance(hours=2)
    assert len([one for one in twilio.requests[seen:] if one.method == "GET"]) == 5, "1, 3, 8, 18 and 48 minutes after it was sent"
    assert await receipts(system, incident) == [("sent", [])]


# --- what never arrives -------------------------------------------------------------------------------------------------------


async def by_text_then_call(system: System, delay: str = "PT10M") -> tuple[dict[str, Any], str]:
    """Ana is told by text message, and after ten minutes by a call; the next step is Ben's, in half an hour."""
    ana, ben = await reached(system, "Ana", "sms", ANA), await reached(system, "Ben", "sms", BEN)
    call = await system.make(f"users/{ana['id']}/contact-methods", channel="voice", address=ANA, verified=True)
    for method, after in ((ana["method"], "PT0S"), (call, delay)):
        await system.make(f"users/{ana['id']}/notification-rules", urgency="high", delay=after, contact_method_id=method["id"])
    service = await system.service([to(ana)], [to(ben)], step_delay="PT30M")
    return service, (await system.event(service["key"]))["incident_id"]


async def test_a_text_that_never_arrives_makes_the_call_due_now(system: System, twilio: Twilio) -> None:
    _, incident = await by_text_then_call(system)
    for _ in range(2):  # Twilio says it twice
        assert (await twilio.status(twilio.messages[0], "undelivered", ErrorCode="30005")).status_code == 204
    await system.run_due()
    assert [call["To"] for call in twilio.calls] == [ANA], "and not in ten minutes"
    told = [line for line in await system.reasons(incident) if line.startswith("send_failed:")]
    why = "Twilio says undelivered, Twilio error 30005: this number is not in use; voice, which was to follow later, is due now"
    assert told == [f"send_failed: did not arrive at Ana by sms (…5678): {why}"]
    await system.advance(minutes=20)
    assert len(twilio.calls) == 1, "it was hastened, not doubled"
    assert BEN not in [message["To"] for message in twilio.messages], "the step goes on as planned"


async def test_who_has_no_other_way_is_not_waited_for(system: System, twilio: Twilio) -> None:
    _, incident = await paged(system, "sms", step_delay="PT30M")
    assert (await twilio.status(twilio.messages[0], "failed", ErrorCode="30005")).status_code == 204
    await system.run_due()
    assert [message["To"] for message in twilio.messages] == [ANA, BEN]
    assert any(line.startswith("unreachable: nobody paged by step 1 can be reached") for line in await system.reasons(incident))


@pytest.mark.parametrize("word", ["busy", "no-answer", "canceled"])
async def test_a_call_that_nobody_took_hurries_nothing(system: System, twilio: Twilio, word: str) -> None:
    await paged(system, "voice", step_delay="PT30M")
    assert (await twilio.status(twilio.calls[0], word)).status_code == 204
    await system.run_due()
    assert [call["To"] for call in twilio.calls] == [ANA]


async def test_what_is_acknowledged_already_hurries_nobody(system: System, twilio: Twilio) -> None:
    _, incident = await by_text_then_call(system)
    await system.api.post(f"/api/v1/incidents/{incident}/acknowledge")
    assert (await twilio.status(twilio.messages[0], "undelivered", ErrorCode="30005")).status_code == 204
    await system.advance(minutes=20)
    assert (twilio.calls, await status(system, incident)) == ([], "acknowledged")

"""A test over the telephone: the call asks whether it rang on silent, and a key says so."""

import re

import pytest
from tests.providers.twilio import Twilio
from tests.replies.test_telephones import ANA, BEN, code_in, reached, status
from tests.system import System

from oncall.contacts.values import CODE_LASTS


async def called(system: System, channel: str = "voice") -> str:
    """Ana is sent a test; the address of her contact method."""
    ana = await reached(system, "Ana", channel, ANA)
    method = f"/api/v1/users/{ana['id']}/contact-methods/{ana['method']['id']}"
    assert (await system.api.post(f"{method}/test")).status_code == 202
    await system.run_due()
    return method


@pytest.mark.parametrize(
    ("key", "hears", "kept"),
    [
        ("1", "Thank you: it rings on silent.", "yes"),
        ("2", "Let our number ring on silent", "no"),
        ("3", "Set your phone to silent, and test again.", "not_tried"),
    ],
)
async def test_a_key_says_whether_it_rang(system: System, twilio: Twilio, key: str, hears: str, kept: str) -> None:
    method = await called(system)
    assert "Did it ring on silent? Press 1 for yes, 2 for no, 3 if it was not on silent." in twilio.calls[0].heard
    assert hears in await twilio.press(key)
    assert (await system.api.get(method)).json()["last_test"]["rang_on_silent"] == kept


async def test_any_other_key_says_that_it_arrived_and_another_is_asked_for(system: System, twilio: Twilio) -> None:
    method = await called(system)
    assert "That is none of the keys. Press 1 for yes" in await twilio.press("4")
    test = (await system.api.get(method)).json()["last_test"]
    assert (test["answered_at"] is not None, test["rang_on_silent"]) == (True, None)
    assert "it rings on silent" in await twilio.press("1")


async def test_a_key_in_an_older_test_says_nothing(system: System, twilio: Twilio) -> None:
    method = await called(system)
    system.clock.advance(CODE_LASTS)
    await system.api.post(f"{method}/test")
    await system.run_due()
    assert "no longer there" in await twilio.press("1", call=twilio.calls[0])
    assert (await system.api.get(method)).json()["last_test"]["answered_at"] is None


def code_of_test(body: str) -> str:
    found = re.search(r"\nDid it ring on silent\? Reply (\d{4}) YES or \1 NO\.\n", body)
    assert found is not None, body
    return found[1]


@pytest.mark.parametrize(
    ("word", "answered", "kept"),
    [
        ("YES", "Thank you: it rings on silent.", "yes"),
        (" n", "Thank you. Let our number ring on silent", "no"),
        ("", "Thank you: it arrived. Did it ring on silent?", None),
        ("R", "Thank you: it arrived.", None),
    ],
)
async def test_a_text_says_whether_it_rang(system: System, twilio: Twilio, word: str, answered: str, kept: str | None) -> None:
    method = await called(system, "sms")
    body = twilio.messages[0]["Body"]
    assert "\nhttp://oncall.test/l/" in body, "the link does the same"
    told = await twilio.text(f"{code_of_test(body)} {word}", sender=ANA)
    assert told is not None
    assert told.startswith(answered)
    test = (await system.api.get(method)).json()["last_test"]
    assert (test["answered_at"] is not None, test["rang_on_silent"]) == (True, kept)


async def test_nobody_else_answers_a_test_and_yes_is_no_answer_to_a_page(system: System, twilio: Twilio) -> None:
    method = await called(system, "sms")
    code = code_of_test(twilio.messages[0]["Body"])
    assert "Not understood" in str(await twilio.text(f"{code} yes", sender=BEN))
    assert (await system.api.get(method)).json()["last_test"]["answered_at"] is None
    service = await system.service([{"type": "user", "id": method.split("/")[4]}])
    event = await system.event(service["key"])
    page = next(made for made in twilio.messages if "to acknowledge" in made["Body"])
    assert "Not understood" in str(await twilio.text(f"{code_in(page)} yes", sender=ANA))
    assert await status(system, event["incident_id"]) == "triggered"

"""The contact that people put on their phones, so that pages ring on silent."""

from pathlib import Path

import pytest
from tests.providers.twilio import ACCOUNT, NUMBER, TOKEN
from tests.system import System

from oncall.channels.twilio_settings import TwilioAccount
from oncall.channels.vcard import card


def read(text: str) -> dict[str, str]:
    """Name, and value, of each line of a vCard."""
    assert text.endswith("\r\n")
    lines = text.removesuffix("\r\n").split("\r\n")
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCARD", "VERSION:3.0", "END:VCARD")
    return {name.partition(";")[0]: value for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("number", [NUMBER, None])
async def test_a_phone_gets_our_number_and_address_by_a_plain_link(system: System, number: str | None, tmp_path: Path) -> None:
    system.node.app.state.twilio = TwilioAccount(ACCOUNT, (TOKEN,), number) if number else None
    answer = await system.client().get("/oncall.vcf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/vcard; charset=utf-8")
    said = read(answer.text)
    assert (said.get("TEL"), said["EMAIL"], said["FN"]) == (number, "oncall@localhost", "On-call pages")


def test_nothing_in_an_address_ends_its_line_or_its_field() -> None:
    assert read(card(number=None, mail='"a;b,c"@example.com'))["EMAIL"] == '"a\\;b\\,c"@example.com'

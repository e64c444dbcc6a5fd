"""The page that shows every channel's messages is what the channels make of them now."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncall.access.rules import read_link
from oncall.channels.apprise import AppriseChannel
from oncall.channels.email import EmailChannel
from oncall.channels.ntfy import NtfyChannel
from oncall.channels.pushover import PushoverChannel
from oncall.channels.slack import SlackChannel
from oncall.channels.telegram import TelegramChannel
from oncall.channels.twilio import SmsChannel, VoiceChannel
from oncall.channels.webhook import WebhookChannel
from oncall.cli import app, integrations, messages
from oncall.cli.shown import RING

ROOT = Path(__file__).parent.parent.parent
CHANNELS = (
    EmailChannel,
    SmsChannel,
    VoiceChannel,
    SlackChannel,
    TelegramChannel,
    NtfyChannel,
    PushoverChannel,
    WebhookChannel,
    AppriseChannel,
)


def test_the_page_is_current() -> None:
    assert messages.stale(ROOT) == [], "run `make docs` and commit it"


@pytest.mark.parametrize("there", [None, "an older text"])
def test_a_page_that_is_not_is_found(there: str | None, tmp_path: Path) -> None:
    page = tmp_path / messages.PATH
    page.parent.mkdir(parents=True)
    if there:
        page.write_text(there)
    assert messages.stale(tmp_path) == [messages.PATH]
    messages.write(tmp_path)
    assert messages.stale(tmp_path) == []


def test_the_command_fails_where_it_is_not(tmp_path: Path) -> None:
    for folder in ("docs/integrations", "docs/reference"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text())
    assert CliRunner().invoke(app, ["docs", "--write", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(app, ["docs", "--check", str(tmp_path)]).exit_code == 0
    (tmp_path / messages.PATH).write_text("old")
    done = CliRunner().invoke(app, ["docs", "--check", str(tmp_path)])
    assert (done.exit_code, messages.PATH in done.stderr) == (1, True)
    assert integrations.stale(tmp_path) == []


def test_every_channel_is_shown_with_every_kind_that_it_sends() -> None:
    assert [example.name for example in messages.EXAMPLES] == [channel.name for channel in CHANNELS]
    silent = {channel.name for channel in CHANNELS if not channel.takes_updates}
    assert {example.name for example in messages.EXAMPLES if "update" in example.lacks} == silent
    assert messages.text().count("\n### ") == len(CHANNELS) * len(messages.TITLES)


def test_its_links_are_such_as_we_make() -> None:
    tokens = set(re.findall(r"https://oncall\.example\.com/l/([\w-]+)", messages.text()))
    read = [read_link(token, RING) for token in tokens]
    assert (len(read), None in read) == (4, False), "acknowledge, resolve and escalate the one; acknowledge both"


def test_its_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\((pictures/\w+\.png)\)", messages.text())
    assert len(pictures) == 2
    for picture in pictures:
        assert (ROOT / messages.PATH).parent.joinpath(picture).read_bytes().startswith(b"\x89PNG")

"""Several pages in one message: each channel says how many and where, lists which, and links to exactly these."""

import json
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

from tests.channels.messages import BUNDLE, NOW

from oncall.channels.mail_settings import parse_mail_from
from oncall.channels.mime import compose
from oncall.channels.render import written
from oncall.channels.webhook import body

SENDER = parse_mail_from("oncall <oncall@example.com>")


def test_as_text_it_lists_what_its_link_acknowledges() -> None:
    assert written(BUNDLE).text.splitlines() == [
        "[error] 2 incidents on db-01 (#42, #43)",
        "",
        "Ana, you are paged for 2 incidents on db-01, high urgency.",
        "They come together: waits 50 s, to travel with others: there were 3 pages within a minute before it.",
        "",
        "Acknowledge all of these, and no others: https://oncall.example.com/l/list-token",
        "",
        "[error] db: Disk full (#42)",
        "  db-01; since 2026-03-08 02:30 UTC; step 1 of policy DB: named in the step",
        "[error] db: <b>Replica Bcc: x@example.com</b> (#43)",
        "  db-01; since 2026-03-08 02:31 UTC; step 1 of policy DB: named in the step",
    ]


def test_what_a_monitor_says_is_escaped() -> None:
    shown = written(BUNDLE).html
    assert "&lt;b&gt;Replica Bcc: x@example.com&lt;/b&gt;" in shown
    assert "Acknowledge all 2" in shown


def test_a_repeat_and_a_late_one_say_so() -> None:
    shown = written(replace(BUNDLE, repeated=True, late_by=timedelta(minutes=5)))
    for form in (shown.text, shown.html):
        assert "These pages may have reached you before: an earlier attempt ended without a clear answer." in form
        assert "These pages are late by 5 minutes." in form


def test_as_an_e_mail_it_is_urgent_and_of_no_one_conversation() -> None:
    mail = message_from_bytes(compose(BUNDLE, to="ana@example.com", sender=SENDER, now=NOW), policy=policy.default)
    assert mail["Subject"] == "[error] 2 incidents on db-01 (#42, #43)"
    assert (mail["Importance"], mail["References"], mail["Bcc"]) == ("high", None, None)


def test_as_a_webhook_it_is_an_event_of_its_own() -> None:
    said = json.loads(body(BUNDLE))
    assert (said["type"], said["timestamp"]) == ("bundle", "2026-03-08T02:30:00Z")
    assert [(one["number"], one["service"], one["source"]) for one in said["data"]["incidents"]] == [
        (42, "db", "db-01"),
        (43, "db", "db-01"),
    ]
    assert said["data"]["acknowledge_url"] == BUNDLE.acknowledge_url
    assert said["data"]["headline"] == "2 incidents on db-01"

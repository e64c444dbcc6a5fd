"""All e-mails of an incident are one conversation, by the algorithm that mail programs use, over what the standard library reads."""

from dataclasses import replace
from email import message_from_bytes
from email.message import Message as Mail
from itertools import pairwise, permutations
from uuid import UUID

import pytest
from tests.channels.messages import NOTICE, NOW, PAGE, UPDATE

from oncall.channels.mail_settings import parse_mail_from
from oncall.channels.mime import compose
from oncall.channels.values import Message, Thread

SENDER = parse_mail_from("On-call <oncall@example.com>")


def mail(message: Message, id: int) -> Mail:
    return message_from_bytes(compose(replace(message, notification_id=UUID(int=id)), to="ana@example.com", sender=SENDER, now=NOW))


def conversations(mails: list[Mail]) -> list[set[str]]:
    """Steps 1 to 3 of https://www.jwz.org/doc/threading.html: by References and In-Reply-To, never by subject."""
    parent: dict[str, str] = {}

    def root(id: str) -> str:
        while id in parent:
            id = parent[id]
        return id

    for one in mails:
        chain = [*one["References"].split(), one["Message-ID"]] if one["References"] else [one["Message-ID"]]
        for earlier, later in pairwise(chain):
            if later not in parent and root(earlier) != later:
                parent[later] = earlier
    found: dict[str, set[str]] = {}
    for one in mails:
        found.setdefault(root(one["Message-ID"]), set()).add(one["Message-ID"])
    return list(found.values())


def test_pages_repetitions_and_updates_of_an_incident_are_one_conversation_in_whatever_order_they_come() -> None:
    of_one = [mail(PAGE, 1), mail(replace(PAGE, nth=2), 2), mail(replace(PAGE, level=2), 3), mail(UPDATE, 4)]
    for order in permutations(of_one):
        assert conversations(list(order)) == [{one["Message-ID"] for one in of_one}]


def test_another_incident_is_another_conversation_and_a_notice_is_of_none() -> None:
    mails = [mail(PAGE, 1), mail(replace(PAGE, incident_id=UUID(int=99)), 2), mail(NOTICE, 3), mail(replace(NOTICE, kind="swap"), 4)]
    assert [len(one) for one in conversations(mails)] == [1, 1, 1, 1]


@pytest.mark.parametrize("message", [PAGE, UPDATE])
def test_the_headers_agree_and_a_repeat_is_the_same_mail(message: Message) -> None:
    first, again = mail(message, 1), mail(replace(message, attempt=2, repeated=True), 1)
    assert first["In-Reply-To"] == first["References"] == f"<incident-{PAGE.incident_id}@example.com>"
    assert first["Message-ID"] == again["Message-ID"]


def test_a_notice_that_may_be_answered_says_where_and_is_of_its_conversation() -> None:
    answered = replace(NOTICE, thread=Thread("answer-1@oncall.example.com", ("<first@customer.example>", "<answer-1@oncall.example.com>")))
    made = mail(answered, 7)
    assert made["Reply-To"] == "answer-1@oncall.example.com"
    assert (made["References"], made["In-Reply-To"]) == (
        "<first@customer.example> <answer-1@oncall.example.com>",
        "<answer-1@oncall.example.com>",
    )
    assert len(conversations([made, mail(replace(answered, thread=Thread(None, answered.thread.answers)), 8)])) == 1
    plain = mail(replace(NOTICE, thread=None), 9)
    assert (plain["Reply-To"], plain["References"]) == (None, None)

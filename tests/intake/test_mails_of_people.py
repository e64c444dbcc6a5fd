"""What a mail of a person says: who, what of, what is quoted; and what no person wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.incidents.values.mails import PersonsMail
from oncall.intake.adapters.email import Mail
from oncall.intake.adapters.email_people import own_words, persons_mail

OURS = "oncall@example.com"
THREAD = "<answer-00000000000000000000000000000001-0123456789abcdef@oncall.example.com>"


def said(sender: str = "Kim <Kim@Customer.example>", subject: str = "Slow", text: str = "since noon", **headers: str) -> PersonsMail | str:
    its = {name.replace("_", "-"): value for name, value in headers.items()}
    return persons_mail(Mail(subject, sender, text, its), ours=OURS, raw=b"its bytes")


def read(*args: str, **headers: str) -> PersonsMail:
    mail = said(*args, **headers)
    assert isinstance(mail, PersonsMail)
    return mail


@pytest.mark.parametrize(
    ("sender", "headers", "name", "address"),
    [
        ("Kim <Kim@Customer.example>", {}, "Kim", "kim@customer.example"),
        ("kim@customer.example", {}, "", "kim@customer.example"),
        ('"Ng, Kim" <kim@customer.example>', {}, "Ng, Kim", "kim@customer.example"),
        ("Kim", {"return_path": "<kim@customer.example>"}, "Kim", "kim@customer.example"),
        ("Kim <kim>", {"return_path": "<>"}, "Kim", ""),
        ("", {}, "", ""),
        ("Kim <kim@customer.example>, Boss <boss@customer.example>", {}, "Kim", "kim@customer.example"),
        ("x" * 500 + " <kim@customer.example>", {}, "x" * 100, "kim@customer.example"),
    ],
)
def test_who_wrote(sender: str, headers: dict[str, str], name: str, address: str) -> None:
    mail = read(sender, **headers)
    assert mail.address == address
    if name:
        assert mail.name == name
    assert "\n" not in mail.name


@pytest.mark.parametrize(
    ("heading", "subject"),
    [
        ("Re: AW: Fwd: Slow", "Slow"),
        ("Re: We have it: [#12-0123456789ab] Slow", "We have it: Slow"),
        ("[#12] Slow", "[#12] Slow"),
        ("[PROBLEM] Slow", "[PROBLEM] Slow"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_what_it_is_about(heading: str, subject: str) -> None:
    """A word of state is a person's own word here, and no state."""
    assert (read(subject=heading).subject, read(subject=heading).heading) == (subject, heading)


@pytest.mark.parametrize(
    ("headers", "answers"),
    [
        ({}, ()),
        ({"in_reply_to": "<b@x>"}, ("<b@x>",)),
        ({"references": f"<a@x> {THREAD} <b@x>", "in_reply_to": "<b@x>"}, ("<b@x>", THREAD, "<a@x>")),
        ({"references": "no id at all"}, ()),
        ({"references": " ".join(f"<{n}@x>" for n in range(100))}, tuple(f"<{n}@x>" for n in range(99, 69, -1))),
    ],
)
def test_which_mails_it_answers(headers: dict[str, str], answers: tuple[str, ...]) -> None:
    assert read(**headers).answers == answers


DATE = "Mon, 02 Mar 2026 10:00:00 +0000"


def test_one_without_an_id_is_known_by_what_it_is() -> None:
    assert read(message_id="<1@x>").message_id == "<1@x>"
    first = read(date=DATE)
    assert first.message_id == read(date=DATE, received="from another relay", return_path="<kim@x>").message_id, "it is brought again"
    others = [read(text="again", date=DATE), read(subject="Down", date=DATE), read("kay@x.example", date=DATE), read(date="2 Mar 2026")]
    assert len({first.message_id, *(other.message_id for other in others)}) == 5


def test_one_without_an_id_and_a_date_is_known_by_all_that_came() -> None:
    """A device says the same twice, and both count."""
    twice = [persons_mail(Mail("Open", "door@x.example", "", {}), ours=OURS, raw=raw) for raw in (b"at ten", b"at eleven")]
    assert len({mail.message_id for mail in twice if isinstance(mail, PersonsMail)}) == 2


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({}, True),
        ({"auto_submitted": "no"}, True),
        ({"auto_submitted": "auto-generated"}, False),
        ({"auto_submitted": "auto-notified; owner-email=kim@x"}, False),
        ({"precedence": "List"}, False),
        ({"precedence": "first-class"}, True),
        ({"list_id": "<all.x>"}, False),
        ({"list_unsubscribe": "<https://x>"}, False),
        ({"return_path": "<>"}, False),
        ({"return_path": "<kim@customer.example>"}, True),
        ({"x_auto_response_suppress": "DR, AutoReply"}, False),
        ({"x_auto_response_suppress": "DR"}, True),
    ],
    ids=str,
)
def test_whether_it_may_be_answered(headers: dict[str, str], may: bool) -> None:
    assert read(**headers).may_be_answered is may


@pytest.mark.parametrize(
    ("sender", "may"),
    [
        ("no-reply@x.example", False),
        ("DoNotReply@x.example", False),
        ("noreply+123@x.example", False),
        ("MAILER-DAEMON@x.example", False),
        ("bounces-7@x.example", False),
        ("nora.reply@x.example", True),
        ("bouncer@x.example", True),
        ("reply@x.example", True),
        ("Nobody", False),
    ],
)
def test_to_whom_nobody_writes(sender: str, may: bool) -> None:
    assert read(sender).may_be_answered is may


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"auto_submitted": "auto-replied"}, "an automatic reply"),
        ({"x_oncall_notification": "1"}, "a page of an on-call service on its way back"),
        (
            {"content_type": "multipart/report; report-type=delivery-status"},
            "a report of a mail server about a mail that it could not deliver",
        ),
    ],
)
def test_what_no_person_wrote(headers: dict[str, str], why: str) -> None:
    assert said(**headers) == why


def test_our_own_mail_is_no_persons() -> None:
    assert said(f"On-call <{OURS.upper()}>") == "a mail of ours on its way back"


@pytest.mark.parametrize(
    ("what", "text", "own"),
    [
        ("nothing is quoted", "slow again\n\nKim", "slow again\n\nKim"),
        ("what it answers is behind it", "slow again\n\nOn Monday, On-call wrote:\n> We have it\n>\n> On-call", "slow again"),
        ("who wrote when is on two lines", "slow\n\nOn Monday, On-call\n<oncall@x> wrote:\n> We have it", "slow"),
        ("as Outlook writes it", "slow\n\n-----Original Message-----\nFrom: On-call\nWe have it", "slow"),
        ("as Outlook on the web writes it", "slow\n\n________________________________\nFrom: On-call\nWe have it", "slow"),
        (
            "a line that somebody drew",
            f"slow\n\n{'_' * 30}\nSee the log: it ends at ten.",
            f"slow\n\n{'_' * 30}\nSee the log: it ends at ten.",
        ),
        ("a line that Outlook drew in German", f"slow\n\n{'_' * 32}\nVon: On-call\nWe have it", "slow"),
        ("answers between the lines stay", "> is it well?\nno\n> and now?\nneither", "> is it well?\nno\n> and now?\nneither"),
        ("what looks like the line above a quotation stays", "I tried these:\n\n- a\n- b", "I tried these:\n\n- a\n- b"),
        ("a list that ends in a colon stays without a quotation", "It says:", "It says:"),
        ("nothing would be left", "> all quoted", "> all quoted"),
        ("nothing is there", "", ""),
    ],
    ids=lambda x: "",
)
def test_what_of_an_answer_is_its_writers_own(what: str, text: str, own: str) -> None:
    assert own_words(text) == own, what


LINES = st.lists(st.sampled_from(["slow", "> quoted", "", "Kim wrote:", "-----Original Message-----", "> >", "- a"]), max_size=12)


@given(LINES)
def test_own_words_are_a_beginning_of_the_text_and_never_nothing_where_there_is_something(lines: list[str]) -> None:
    text = "\n".join(lines)
    own = own_words(text)
    assert text.strip().startswith(own)
    assert bool(own) == bool(text.strip())
    assert own_words(own) == own


@given(
    st.text(max_size=300), st.text(max_size=300), st.dictionaries(st.sampled_from(["references", "message-id", "return-path"]), st.text())
)
def test_any_mail_is_read(sender: str, subject: str, headers: dict[str, str]) -> None:
    mail = persons_mail(Mail(subject, sender, subject, headers), ours=OURS, raw=b"")
    if isinstance(mail, PersonsMail):
        assert len(mail.name) <= 100
        assert all("\n" not in word and "\r" not in word for word in (mail.name, mail.address, mail.subject, mail.message_id))

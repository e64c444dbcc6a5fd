"""The operator's mail variables."""

import pytest
from hypothesis import given
from tests.channels.test_render import ANY_TEXT

from oncall.channels.mail_settings import MailSender, SmtpServer, Tls, parse_mail_from, parse_smtp_url
from oncall.kit.settings import SettingsError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", SmtpServer("mail", 25, Tls.AUTO)),
        ("smtp://mail/", SmtpServer("mail", 25, Tls.AUTO)),
        ("smtp://mail:2525?starttls=never", SmtpServer("mail", 2525, Tls.NEVER)),
        ("smtp://mail?starttls=auto", SmtpServer("mail", 25, Tls.AUTO)),
        ("smtp://ana:secret@mail?starttls=required", SmtpServer("mail", 587, Tls.REQUIRED, "ana", "secret")),
        (
            "smtps://ana%40example.com:p%40ss%2F%23%3F@mail.example.com",
            SmtpServer("mail.example.com", 465, Tls.IMPLICIT, "ana@example.com", "p@ss/#?"),
        ),
        ("smtp://ana:secret@mail:2525", SmtpServer("mail", 2525, Tls.REQUIRED, "ana", "secret")),
        ("smtp://ana:secret@mail?starttls=auto", SmtpServer("mail", 25, Tls.AUTO, "ana", "secret")),
        ("smtp://ana:secret@localhost", SmtpServer("localhost", 25, Tls.AUTO, "ana", "secret")),
        ("smtp://[::1]:25", SmtpServer("::1", 25, Tls.AUTO)),
        ("SMTP://MAIL", SmtpServer("mail", 25, Tls.AUTO)),
    ],
)
def test_a_good_smtp_url(url: str, expected: SmtpServer) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must begin with smtp://"),
        ("mail.example.com:25", "must begin with smtp://"),
        ("http://mail", "must begin with smtp://"),
        ("smtp://", "come a host and a port"),
        ("smtp://mail/inbox", "come a host and a port"),
        ("smtp://mail:port", "is not a URL"),
        ("smtp://mail:99999", "is not a URL"),
        ("smtp://ana:canary/x@mail", "percent-encode"),
        ("smtp://ana:canary#x@mail", "percent-encode"),
        ("smtp://ana:canary x@mail", "percent-encode"),
        ("smtp://:canary@mail", "no user name"),
        ("smtp://mail?starttls=maybe", "required, auto or never"),
        ("smtp://mail?tls=1", "the only thing"),
        ("smtp://mail?starttls=auto&starttls=never", "the only thing"),
        ("smtps://mail?starttls=required", "leave it out"),
        ("smtp://mail\n", "control character"),
    ],
)
def test_a_bad_smtp_url_is_one_line_with_the_variable_and_the_reason_but_not_the_password(url: str, why: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_smtp_url(url)
    said = str(refusal.value)
    assert said.startswith("ONCALL_SMTP_URL cannot be used: ")
    assert why in said
    assert "canary" not in said
    assert len(said.splitlines()) == 1


@given(ANY_TEXT | ANY_TEXT.map(lambda text: f"smtp://{text}"))
def test_any_other_text_is_a_server_or_a_reason(text: str) -> None:
    try:
        said = parse_smtp_url(text).host
    except SettingsError as error:
        said = str(error)
    assert len(said.splitlines()) == 1


def test_a_password_is_not_shown_by_accident() -> None:
    assert "canary" not in repr(parse_smtp_url("smtp://ana:canary@mail"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oncall@example.com", MailSender("", "oncall@example.com")),
        ("oncall@localhost", MailSender("", "oncall@localhost")),
        ("On-call <oncall@example.com>", MailSender("On-call", "oncall@example.com")),
        ('"Ops, EU" <oncall@example.com>', MailSender("Ops, EU", "oncall@example.com")),
        ("On\r\nBcc: eve@example.com <oncall@example.com>", None),
        ("oncall", None),
        ("", None),
    ],
)
def test_mail_from(text: str, expected: MailSender | None) -> None:
    if expected is None:
        with pytest.raises(SettingsError, match=r"^ONCALL_MAIL_FROM cannot be used"):
            parse_mail_from(text)
    else:
        assert parse_mail_from(text) == expected

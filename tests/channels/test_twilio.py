"""What goes to Twilio, what its answers mean, and its variables."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.providers import twilio as fake
from tests.providers.twilio import ACCOUNT, NUMBER, OLD_TOKEN, TOKEN, Twilio
from twilio.request_validator import RequestValidator

from oncall.channels.twilio import SmsChannel, TwilioApi, VoiceChannel
from oncall.channels.twilio_errors import ERRORS, Means, outcome_of
from oncall.channels.twilio_settings import API_URL, Callbacks, TwilioAccount, read_twilio
from oncall.channels.twilio_signing import is_signed, sign
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Sent, Unknown
from oncall.kit.http_client import HttpClient, HttpReply
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings, SettingsError

ANA = "+351912345678"
CALLBACKS = Callbacks("https://oncall.example.com")


@pytest.fixture(scope="module")
async def twilio() -> AsyncIterator[Twilio]:
    async with Twilio() as made:
        yield made


@pytest.fixture(scope="module")
async def api(twilio: Twilio) -> AsyncIterator[TwilioApi]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    yield TwilioApi(TwilioAccount(ACCOUNT, (TOKEN, OLD_TOKEN), NUMBER, twilio.api_url), client, callbacks=CALLBACKS, now=lambda: NOW)
    await client.close()


# --- on the wire --------------------------------------------------------------------------------------------------------------


async def test_a_text_message_is_a_form_with_number_body_and_callback(twilio: Twilio, api: TwilioApi) -> None:
    message = a_page(address=ANA, reply_code="4317")
    outcome = await SmsChannel(api).send(message)
    [*_, made] = twilio.messages
    assert outcome == Sent(made.sid, f"accepted as {made.sid}")
    assert dict(made.fields) == {
        "To": ANA,
        "From": NUMBER,
        "Body": "CRITICAL payments-api: High error rate #42\nReply 4317 to acknowledge.\nhttps://oncall.example.com/l/acknowledge-token",
        "StatusCallback": f"https://oncall.example.com/replies/twilio/status/{message.notification_id}",
    }
    request = twilio.requests[-1]
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")


async def test_a_call_takes_its_words_along_and_asks_for_a_key(twilio: Twilio, api: TwilioApi) -> None:
    message = a_page(address=ANA)
    assert isinstance(await VoiceChannel(api).send(message), Sent)
    [*_, made] = twilio.calls
    assert made["To"], made["From"] == (ANA, NUMBER)
    assert made.all("StatusCallbackEvent") == ["answered", "completed"]
    assert made["StatusCallback"] == f"https://oncall.example.com/replies/twilio/status/{message.notification_id}"
    assert made.gather == f"https://oncall.example.com/replies/twilio/keys/{message.notification_id}"
    assert "critical, payments-api: High error rate. Incident number 42. Press 4 to acknowledge, 6 to resolve, 5 to escalate." in made.heard


async def test_where_twilio_cannot_reach_us_nothing_asks_for_an_answer(twilio: Twilio, api: TwilioApi) -> None:
    alone = TwilioApi(api.account, api._client, callbacks=None, now=lambda: NOW)
    assert isinstance(await SmsChannel(alone).send(a_page(address=ANA)), Sent)
    assert isinstance(await VoiceChannel(alone).send(a_page(address=ANA)), Sent)
    assert not twilio.messages[-1].all("StatusCallback") + twilio.calls[-1].all("StatusCallback")
    assert twilio.calls[-1].gather is None
    assert "Press" not in twilio.calls[-1].heard


async def test_notices_go_both_ways_but_page_updates_do_not_ring(twilio: Twilio, api: TwilioApi) -> None:
    sms, voice = SmsChannel(api), VoiceChannel(api)
    assert (sms.takes_updates, voice.takes_updates) == (True, False)
    for message in (a_notice(address=ANA), a_notice(address=ANA, kind="test"), a_notice(address=ANA, code="123456")):
        assert isinstance(await sms.send(message), Sent)
        assert isinstance(await voice.send(message), Sent)
    assert twilio.messages[-1]["Body"].startswith("123456 is the code that proves this number to oncall.")
    assert "is: 1, 2, 3, 4, 5, 6." in twilio.calls[-1].heard
    assert twilio.calls[-1].gather is None


async def test_without_an_account_nothing_is_sent_and_no_number_is_taken(api: TwilioApi) -> None:
    """Or its owner would be thought to be reached."""
    none = SmsChannel(TwilioApi(None, api._client, callbacks=CALLBACKS, now=lambda: NOW))
    outcome = await none.send(a_page(address=ANA))
    assert isinstance(outcome, FailedPermanently)
    assert outcome.code == "not_configured"
    with pytest.raises(BadAddress, match=r"before an operator configures Twilio\.$"):
        none.check_address(ANA)


# --- what an answer means -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "behaviour", "expected"),
    [
        (
            "another account's token",
            "error 20003",
            FailedPermanently(
                "answered 401, Twilio error 20003: account SID and auth token do not belong together", "twilio_20003", credential=True
            ),
        ),
        (
            "a number that is none",
            "error 21211",
            FailedPermanently("answered 400, Twilio error 21211: this is no telephone number", "twilio_21211"),
        ),
        (
            "whoever answered STOP",
            "error 21610",
            FailedPermanently("answered 400, Twilio error 21610: its owner answered STOP; they start it again with START", "twilio_21610"),
        ),
        (
            "our own number",
            "error 21606",
            FailedPermanently(
                "answered 400, Twilio error 21606: ONCALL_TWILIO_FROM is not a number to send from", "twilio_21606", credential=True
            ),
        ),
        (
            "a full queue, though with a 400",
            "error 21611",
            FailedTemporarily("answered 400, Twilio error 21611: too many messages of our number are waiting"),
        ),
        (
            "a code nobody knows counts by its status",
            "error 99999",
            FailedPermanently("answered 400, Twilio error 99999, see https://www.twilio.com/docs/api/errors/99999", "twilio_99999"),
        ),
        (
            "accepted, and lost at once",
            "accepts and fails",
            "this number is not in use",
        ),
        ("patience", "error 20429", "too many requests"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_error_codes(twilio: Twilio, api: TwilioApi, what: str, behaviour: str, expected: object) -> None:
    twilio.behave(behaviour, times=1)
    outcome = await SmsChannel(api).send(a_page(address=ANA))
    assert outcome == expected or (isinstance(expected, str) and expected in outcome.detail)
    assert isinstance(outcome, FailedTemporarily) == (behaviour in {"error 21611", "error 20429"})
    if behaviour == "error 20429":
        assert isinstance(outcome, FailedTemporarily)
        assert outcome.retry_after is not None
        assert outcome.retry_after.total_seconds() == 7


@given(status=st.integers(100, 599), body=st.binary(max_size=300), cut=st.booleans(), code=st.sampled_from(sorted(ERRORS)))
def test_an_outcome_never_repeats_what_twilio_says(status: int, body: bytes, cut: bool, code: int) -> None:
    """It may hold the whole number, which is masked everywhere else."""
    junk = outcome_of(HttpReply(status, {}, body, cut), now=NOW)
    assert not isinstance(junk, Sent)
    told = b'{"code": %d, "message": "The number +351912345678"}' % code
    outcome = outcome_of(HttpReply(status, {}, told, cut), now=NOW)
    assert "912345678" not in outcome.detail
    if not cut and 400 <= status < 600:
        kind = {Means.PERMANENT: FailedPermanently, Means.CREDENTIAL: FailedPermanently, Means.TEMPORARY: FailedTemporarily}
        assert isinstance(outcome, kind[ERRORS[code][0]])
        assert getattr(outcome, "credential", False) == (ERRORS[code][0] is Means.CREDENTIAL)
    elif not 300 <= status < 600:
        assert isinstance(outcome, Unknown)


# --- signatures ---------------------------------------------------------------------------------------------------------------

FIELDS = st.dictionaries(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    max_size=5,
)
URLS = st.sampled_from(
    [
        "https://oncall.example.com/replies/twilio/sms",
        "https://oncall.example.com:443/replies/twilio/sms",
        "https://oncall.example.com:8443/replies/twilio/sms?again=1",
        "http://oncall.example.com/x",
        "http://127.0.0.1:8080/x",
    ]
)


@given(url=URLS, fields=FIELDS, other=FIELDS, token=st.sampled_from([TOKEN, OLD_TOKEN]))
def test_we_and_twilios_own_library_believe_the_same(url: str, fields: dict[str, str], other: dict[str, str], token: str) -> None:
    validator = RequestValidator(TOKEN)
    ours = sign(token, url, fields.items())
    assert ours == fake.sign(token, url, fields) == RequestValidator(token).compute_signature(url, fields)
    for signature in (ours, ours.swapcase(), "", "é"):
        for posted in (fields, other, fields | {"From": "+1"}):
            theirs = validator.validate(url, posted, signature)
            assert is_signed(signature, url, list(posted.items()), [TOKEN]) == theirs
    assert is_signed(ours, url, list(fields.items()), [TOKEN, OLD_TOKEN]), "while the token is changed, both are believed"
    assert not is_signed(ours, url, list(fields.items()), [])


def test_a_port_may_be_part_of_the_address_or_not() -> None:
    for signed in ("https://oncall.example.com/x", "https://oncall.example.com:443/x"):
        signature = RequestValidator(TOKEN).compute_signature(signed, {"a": "b"})
        for ours in ("https://oncall.example.com/x", "https://oncall.example.com:443/x"):
            assert is_signed(signature, ours, [("a", "b")], [TOKEN])
        assert not is_signed(signature, "https://oncall.example.com:8443/x", [("a", "b")], [TOKEN]) or signed.endswith("com/x")


# --- variables ----------------------------------------------------------------------------------------------------------------


def given_settings(**changes: object) -> Settings:
    all = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": (SecretStr(TOKEN),), "twilio_from": "+1 415 555 0100"}
    return Settings(**(all | changes))


def test_an_account() -> None:
    assert read_twilio(given_settings()) == TwilioAccount(ACCOUNT, (TOKEN,), NUMBER, API_URL)
    both = read_twilio(given_settings(twilio_auth_token=f"{TOKEN}, {OLD_TOKEN}"))
    assert both is not None
    assert both.tokens == (TOKEN, OLD_TOKEN)
    assert TOKEN not in repr(both)
    assert read_twilio(Settings()) is None


@pytest.mark.parametrize(
    ("what", "changes", "says"),
    [
        ("no token", {"twilio_auth_token": ()}, "ONCALL_TWILIO_AUTH_TOKEN is not set: .* set together, or none of them"),
        ("no number", {"twilio_from": None}, "ONCALL_TWILIO_FROM is not set"),
        ("no account", {"twilio_account_sid": None}, "ONCALL_TWILIO_ACCOUNT_SID is not set"),
        (
            "only an address",
            {"twilio_account_sid": None, "twilio_auth_token": (), "twilio_from": None, "twilio_api_url": "http://127.0.0.1:1"},
            "ONCALL_TWILIO_ACCOUNT_SID is not set",
        ),
        ("a misspelt account", {"twilio_account_sid": "AC123"}, "ONCALL_TWILIO_ACCOUNT_SID cannot be used: it must be AC and 32"),
        ("three tokens", {"twilio_auth_token": ",".join([TOKEN] * 3)}, "must be one auth token, or two"),
        ("half a token", {"twilio_auth_token": "secret"}, "ONCALL_TWILIO_AUTH_TOKEN cannot be used"),
        ("a number without its country", {"twilio_from": "4155550100"}, "ONCALL_TWILIO_FROM cannot be used: Write it with a plus sign"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_cannot_be_used_is_said_in_one_line(what: str, changes: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        read_twilio(given_settings(**changes))
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_an_update_is_its_first_line_alone() -> None:
    from oncall.channels.sms_text import text_of

    assert text_of(UPDATE) == "#42 acknowledged by Ben: High error rate"

"""Whether a request comes from whom an integration expects: vectors made from each product's own rule, and what must not pass."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from oncall.services.rules import LOST, TOO_LARGE, why_refused, with_secrets
from oncall.services.values.senders import Algorithm, Authentication, Encoding, NoSecret, Scheme, Sent

NOW = datetime.fromtimestamp(1731705121, UTC)
BODY = b'{"event_type":"ping","data":{"success":true}}'
HELLO = b"Hello, World!"
PING = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
WEBHOOK = Authentication(Scheme.STANDARD_WEBHOOKS, ("whsec_plJ3nmyCDGBKInavdOK15jsl",))
WEBHOOK_HEADERS = {"Webhook-Id": "msg_loFOjxBNrRLzqYUf", "Webhook-Timestamp": "1731705121", "Webhook-Signature": PING}
GITHUB = Authentication(Scheme.GITHUB, ("It's a Secret to Everybody",))
GITHUB_SAYS = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def digest(secret: str, signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), signed, algorithm).digest()


def hexed(secret: str, signed: bytes, algorithm: str = "sha256") -> str:
    return digest(secret, signed, algorithm).hex()


def b64(said: bytes | str) -> str:
    return base64.b64encode(said.encode() if isinstance(said, str) else said).decode()


def refused(wanted: Authentication, headers: dict[str, str], body: bytes | None = BODY, now: datetime = NOW) -> str | None:
    return why_refused(wanted, Sent(Headers(headers), body), now=now)


def two(scheme: Scheme, **more: object) -> Authentication:
    return Authentication(scheme, ("new", "old"), **more)  # type: ignore[arg-type]


CLOCKED = two(Scheme.GRAFANA, timestamp_header="X-Time")
SLACK = two(Scheme.HMAC, header="X-Slack-Signature", prefix="v0=", timestamp_header="X-Slack-Time", signed="v0:{timestamp}:{body}")


@pytest.mark.parametrize(
    ("what", "wanted", "headers", "body"),
    [
        ("GitHub's own example", GITHUB, {"X-Hub-Signature-256": GITHUB_SAYS}, HELLO),
        ("the example of Standard Webhooks' libraries", WEBHOOK, WEBHOOK_HEADERS, BODY),
        (
            "one of several signatures, another version among them",
            WEBHOOK,
            WEBHOOK_HEADERS | {"Webhook-Signature": f"v1,{b64('x' * 32)} v1a,zzz {PING}"},
            BODY,
        ),
        ("Sentry", two(Scheme.SENTRY), {"Sentry-Hook-Signature": hexed("new", BODY)}, BODY),
        ("Sentry with the secret of before", two(Scheme.SENTRY), {"Sentry-Hook-Signature": hexed("old", BODY)}, BODY),
        ("Sentry's other header", two(Scheme.SENTRY), {"Sentry-App-Signature": hexed("old", BODY)}, BODY),
        ("Grafana", two(Scheme.GRAFANA), {"X-Grafana-Alerting-Signature": hexed("old", BODY)}, BODY),
        (
            "Grafana with an instant",
            CLOCKED,
            {"X-Grafana-Alerting-Signature": hexed("new", b"1731705121:" + BODY), "X-Time": "1731705121"},
            BODY,
        ),
        ("Grafana in a header of one's own", two(Scheme.GRAFANA, header="X-Mine"), {"x-mine": hexed("new", BODY)}, BODY),
        ("PagerDuty", two(Scheme.PAGERDUTY), {"X-PagerDuty-Signature": f"v1={hexed('old', BODY)}"}, BODY),
        ("PagerDuty signs twice", two(Scheme.PAGERDUTY), {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={hexed('new', BODY)}"}, BODY),
        ("PagerDuty, with spaces", two(Scheme.PAGERDUTY), {"X-PagerDuty-Signature": f"v1={'0' * 64}, v1={hexed('new', BODY)}"}, BODY),
        ("upper case", two(Scheme.SENTRY), {"Sentry-Hook-Signature": hexed("new", BODY).upper()}, BODY),
        ("an empty body is signed, too", two(Scheme.SENTRY), {"Sentry-Hook-Signature": hexed("new", b"")}, b""),
        ("bytes that are no text", two(Scheme.SENTRY), {"Sentry-Hook-Signature": hexed("new", b"\x1f\x8b\xff\x00")}, b"\x1f\x8b\xff\x00"),
        (
            "SHA-1 in base64",
            two(Scheme.HMAC, header="X-S", algorithm=Algorithm.SHA1, encoding=Encoding.BASE64),
            {"X-S": b64(digest("old", BODY, "sha1"))},
            BODY,
        ),
        ("SHA-512", two(Scheme.HMAC, header="X-S", algorithm=Algorithm.SHA512), {"X-S": hexed("new", BODY, "sha512")}, BODY),
        (
            "a template",
            SLACK,
            {"X-Slack-Signature": "v0=" + hexed("new", b"v0:1731705000:" + BODY), "X-Slack-Time": "1731705000"},
            BODY,
        ),
        (
            "an instant in milliseconds",
            SLACK,
            {"X-Slack-Signature": "v0=" + hexed("new", b"v0:1731705000123:" + BODY), "X-Slack-Time": "1731705000123"},
            BODY,
        ),
        ("basic", two(Scheme.BASIC, username="ana"), {"Authorization": f"Basic {b64('ana:old')}"}, BODY),
        ("basic in lower case", two(Scheme.BASIC, username="ana"), {"authorization": f"basic  {b64('ana:new')}"}, BODY),
        (
            "a colon in the password, and letters of elsewhere",
            Authentication(Scheme.BASIC, ("ä:b",), username="zoë"),
            {"Authorization": f"Basic {b64('zoë:ä:b')}"},
            BODY,
        ),
        ("bearer", two(Scheme.BEARER), {"Authorization": "Bearer old"}, BODY),
        ("bearer of a body that was too large", two(Scheme.BEARER), {"Authorization": "bearer new"}, None),
        ("GitLab's token", two(Scheme.TOKEN, header="X-Gitlab-Token"), {"x-gitlab-token": "old"}, BODY),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_let_in(what: str, wanted: Authentication, headers: dict[str, str], body: bytes | None) -> None:
    assert refused(wanted, headers, body) is None


@pytest.mark.parametrize(
    ("what", "wanted", "headers", "body", "why"),
    [
        ("nothing", GITHUB, {}, HELLO, "there is no header x-hub-signature-256"),
        ("another body", GITHUB, {"X-Hub-Signature-256": GITHUB_SAYS}, HELLO + b" ", "the signature in x-hub-signature-256 is not one"),
        ("the older header", GITHUB, {"X-Hub-Signature": GITHUB_SAYS}, HELLO, "there is no header"),
        ("without its prefix", GITHUB, {"X-Hub-Signature-256": GITHUB_SAYS[7:]}, HELLO, "holds no signature as it is expected: sha256=…"),
        ("cut short", GITHUB, {"X-Hub-Signature-256": GITHUB_SAYS[:-2]}, HELLO, "is not one of this body"),
        ("an odd digit", GITHUB, {"X-Hub-Signature-256": GITHUB_SAYS[:-1]}, HELLO, "holds no signature"),
        ("empty", GITHUB, {"X-Hub-Signature-256": ""}, HELLO, "holds no signature"),
        ("an empty signature", GITHUB, {"X-Hub-Signature-256": "sha256="}, HELLO, "holds no signature"),
        ("another secret", two(Scheme.GITHUB), {"X-Hub-Signature-256": "sha256=" + hexed("newer", BODY)}, BODY, "is not one of this body"),
        ("too large", GITHUB, {"X-Hub-Signature-256": GITHUB_SAYS}, None, TOO_LARGE),
        ("no id", WEBHOOK, {k: v for k, v in WEBHOOK_HEADERS.items() if k != "Webhook-Id"}, BODY, "there is no header webhook-id"),
        ("another id", WEBHOOK, WEBHOOK_HEADERS | {"Webhook-Id": "msg_x"}, BODY, "is not one of this body"),
        ("no instant", WEBHOOK, WEBHOOK_HEADERS | {"Webhook-Timestamp": ""}, BODY, "holds no instant"),
        ("an instant in words", WEBHOOK, WEBHOOK_HEADERS | {"Webhook-Timestamp": "now"}, BODY, "holds no instant"),
        ("digits of elsewhere", WEBHOOK, WEBHOOK_HEADERS | {"Webhook-Timestamp": "²"}, BODY, "holds no instant"),
        ("an absurd instant", WEBHOOK, WEBHOOK_HEADERS | {"Webhook-Timestamp": "9" * 40}, BODY, "holds no instant"),
        ("a far one", WEBHOOK, WEBHOOK_HEADERS | {"Webhook-Timestamp": "9" * 10}, BODY, "ahead, more than is tolerated"),
        (
            "an instant nobody signed",
            CLOCKED,
            {"X-Grafana-Alerting-Signature": hexed("new", BODY), "X-Time": "1731705121"},
            BODY,
            "not one",
        ),
        ("no instant where one is asked for", CLOCKED, {"X-Grafana-Alerting-Signature": hexed("new", BODY)}, BODY, "holds no instant"),
        ("base64 for hex", two(Scheme.SENTRY), {"Sentry-Hook-Signature": b64(digest("new", BODY))}, BODY, "holds no signature"),
        (
            "the right one behind ten others",
            two(Scheme.PAGERDUTY),
            {"X-PagerDuty-Signature": f"v1={'0' * 64}," * 10 + f"v1={hexed('new', BODY)}"},
            BODY,
            "is not one of this body",
        ),
        ("basic: nothing", two(Scheme.BASIC, username="ana"), {}, BODY, "there is no Authorization: Basic"),
        ("basic: bearer", two(Scheme.BASIC, username="ana"), {"Authorization": "Bearer new"}, BODY, "there is no Authorization: Basic"),
        ("basic: no base64", two(Scheme.BASIC, username="ana"), {"Authorization": "Basic ana:new"}, BODY, "holds no base64"),
        ("basic: another name", two(Scheme.BASIC, username="ana"), {"Authorization": f"Basic {b64('Ana:new')}"}, BODY, "another one"),
        ("basic: no password", two(Scheme.BASIC, username="ana"), {"Authorization": f"Basic {b64('ana:')}"}, BODY, "another one"),
        ("bearer: another", two(Scheme.BEARER), {"Authorization": "Bearer newer"}, BODY, "the bearer token is another one"),
        ("bearer: none", two(Scheme.BEARER), {"Authorization": "new"}, BODY, "there is no Authorization: Bearer"),
        ("bearer: empty", two(Scheme.BEARER), {"Authorization": "Bearer "}, BODY, "another one"),
        ("token: none", two(Scheme.TOKEN, header="X-T"), {}, BODY, "there is no header X-T"),
        ("token: another", two(Scheme.TOKEN, header="X-T"), {"X-T": "\xff"}, BODY, "X-T holds another secret"),
        ("secrets that are lost", Authentication(Scheme.LOST), {"Authorization": "Bearer "}, BODY, LOST),
        ("no secret at all lets nobody in", Authentication(Scheme.BEARER), {"Authorization": "Bearer "}, BODY, "another one"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_refused(what: str, wanted: Authentication, headers: dict[str, str], body: bytes | None, why: str) -> None:
    assert why in (refused(wanted, headers, body) or "let in")


@pytest.mark.parametrize(("off", "in_time"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_five_minutes_are_tolerated_in_both_directions(off: int, in_time: bool) -> None:
    assert (refused(WEBHOOK, WEBHOOK_HEADERS, now=NOW + timedelta(seconds=off)) is None) is in_time


SIGNING = [two(Scheme.SENTRY), two(Scheme.PAGERDUTY), GITHUB, WEBHOOK, CLOCKED, SLACK, two(Scheme.BEARER), two(Scheme.BASIC, username="a")]
NAMES = [
    "authorization", "sentry-hook-signature", "x-pagerduty-signature", "x-hub-signature-256", "webhook-id", "webhook-timestamp",
    "webhook-signature", "x-grafana-alerting-signature", "x-time", "x-slack-signature", "x-slack-time",
]  # fmt: skip
WORDS = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.sampled_from(["Bearer x", "Basic eDp4", "v1=00", "v1,AAAA", "sha256=00", "1731705121", "v0=ab", "00"]),
)


@given(headers=st.dictionaries(st.sampled_from(NAMES), WORDS), body=st.none() | st.binary(max_size=50), wanted=st.sampled_from(SIGNING))
def test_whatever_else_is_sent_is_refused_with_a_reason(headers: dict[str, str], body: bytes | None, wanted: Authentication) -> None:
    assert refused(wanted, headers, body)


@given(body=st.binary(max_size=200), flipped=st.integers(0, 8 * 200 - 1))
def test_one_bit_makes_another_body(body: bytes, flipped: int) -> None:
    headers = {"Sentry-Hook-Signature": hexed("new", body)}
    assert refused(two(Scheme.SENTRY), headers, body) is None
    if flipped < 8 * len(body):
        changed = bytearray(body)
        changed[flipped // 8] ^= 1 << flipped % 8
        assert refused(two(Scheme.SENTRY), headers, bytes(changed))


def test_no_reason_repeats_a_secret_or_what_was_sent() -> None:
    secret = "correct-horse"
    for scheme in (Scheme.BEARER, Scheme.SENTRY, Scheme.TOKEN, Scheme.BASIC, Scheme.GITHUB):
        wanted = Authentication(scheme, (secret,), header="X-T", username="ana")
        sent = dict.fromkeys(("Authorization", "X-T", "Sentry-Hook-Signature", "X-Hub-Signature-256"), "Basic c2VudA== sent")
        reason = refused(wanted, sent)
        assert reason
        assert not any(word in reason for word in (secret, "c2VudA", hashlib.sha256(secret.encode()).hexdigest()))
        assert secret not in repr(wanted)


def test_secrets_that_are_left_out_stay_with_their_scheme() -> None:
    stored = Authentication(Scheme.GRAFANA, ("kept",))
    edited = Authentication(Scheme.GRAFANA, header="X-Mine")
    assert with_secrets(edited, stored) == Authentication(Scheme.GRAFANA, ("kept",), header="X-Mine")
    assert with_secrets(Authentication(Scheme.GRAFANA, ("new",)), stored) == Authentication(Scheme.GRAFANA, ("new",))
    assert with_secrets(None, stored) is None
    assert with_secrets(Authentication(Scheme.SNS), stored) == Authentication(Scheme.SNS)
    for before in (None, stored, Authentication(Scheme.LOST)):
        with pytest.raises(NoSecret, match="Authentication by bearer needs its secret"):
            with_secrets(Authentication(Scheme.BEARER), before)

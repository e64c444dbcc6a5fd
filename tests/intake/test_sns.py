"""Amazon SNS: signatures by a certificate that is fetched from Amazon's own address alone, and subscriptions that are confirmed."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from httpx import AsyncClient, Response
from structlog.testing import capture_logs
from tests.conftest import START
from tests.providers.tls import client_context, server_context
from tests.system import System, to

from oncall.intake.commands.sns import Certificates
from oncall.intake.rules.sns import is_certificate, is_confirmation, read_envelope, signed_text
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import Address

HOST = "sns.eu-central-1.amazonaws.com"
TOPIC = "arn:aws:sns:eu-central-1:000000000042:pages"
AT = f"https://{HOST}/SimpleNotificationService-"
CERTIFICATE = f"{AT}42.pem"
SUBSCRIBE = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336"
KEY = rsa.generate_private_key(65537, 2048)
ALARM = {"AlarmName": "shop-cpu", "AlarmArn": "arn:aws:cloudwatch:eu-central-1:42:alarm:shop-cpu", "NewStateValue": "ALARM"}


def certificate(key: Any = KEY, *, days: int = 30, since: int = -1) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begins = START + timedelta(days=since)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(42)
    made = built.not_valid_before(begins).not_valid_after(begins + timedelta(days=days)).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


class Amazon:
    """Answers at Amazon's address over TLS: what is at which path, and how often it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {"/SimpleNotificationService-42.pem": (200, certificate())}
        self.asked: list[str] = []
        self.is_down = False


class Wire(httpcore.AsyncNetworkBackend):
    """Whatever is dialled is Amazon's; nothing while it is down."""

    def __init__(self, amazon: Amazon, port: int) -> None:
        self._amazon, self._port, self._real = amazon, port, httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: object = None
    ) -> httpcore.AsyncNetworkStream:
        if self._amazon.is_down:
            raise httpcore.ConnectError("refused")
        return await self._real.connect_tcp("127.0.0.1", self._port, timeout)


async def resolve(host: str, port: int) -> Sequence[Address]:
    return [ip_address("93.184.215.14")]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    folder = tmp_path_factory.mktemp("amazon")
    return server_context(folder, HOST), folder


@pytest.fixture
async def amazon(system: System, tls: tuple[ssl.SSLContext, Path]) -> AsyncIterator[Amazon]:
    context, folder = tls
    served = Amazon()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        served.asked.append(path)
        status, body = served.answers.get(path, (403, b"<Error/>"))
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=context)
    client = HttpClient(resolve=resolve, wire=Wire(served, server.sockets[0].getsockname()[1]), tls=client_context(folder))
    system.node.app.state.certificates = Certificates(client)
    yield served
    await client.close()
    server.close()


@pytest.fixture
async def made(system: System) -> dict[str, Any]:
    return await system.service([to(await system.user("Ana"))], type="aws_sns")


async def asks(system: System, made: dict[str, Any], **authentication: Any) -> None:
    address = f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"
    body = {"name": "prod", "type": "aws_sns", "authentication": {"scheme": "sns", **authentication}}
    assert (await system.api.put(address, json=body, headers={"If-Match": "*"})).status_code == 200


def message(*, key: rsa.RSAPrivateKey = KEY, version: str = "2", **more: Any) -> dict[str, Any]:
    """As SNS writes and signs one; what is None is left out."""
    said = {
        "Type": "Notification",
        "MessageId": "7d0c4200-0000-5000-8000-000000000042",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "shop-cpu" ä',
        "Message": json.dumps(ALARM),
        "Timestamp": "2026-03-02T12:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe",
    } | more
    said = {name: value for name, value in said.items() if value is not None}
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    if "Token" in said:
        names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    return said | {"Signature": base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()}


def confirmation(**more: Any) -> dict[str, Any]:
    asked = {
        "Type": "SubscriptionConfirmation",
        "Subject": None,
        "Message": "You have chosen …",
        "Token": "2336",
        "SubscribeURL": SUBSCRIBE,
    }
    return message(**asked | more)


async def sent(api: AsyncClient, made: dict[str, Any], body: Any) -> Response:
    # SNS says that its JSON is text.
    return await api.post(f"/intake/{made['key']}", content=json.dumps(body), headers={"Content-Type": "text/plain; charset=UTF-8"})


async def events(system: System) -> list[tuple[str, str]]:
    """Decision and reason of every event, newest first."""
    listed = (await system.api.get("/api/v1/events")).json()["items"]
    return [(event["decision"], event["reason"]) for event in listed]


# --- notifications ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_of_amazons_is_let_in(system: System, made: dict[str, Any], amazon: Amazon, version: str) -> None:
    await asks(system, made, topic_arns=[TOPIC])
    taken = await sent(system.client(), made, message(version=version))
    assert (taken.status_code, taken.json()["events"][0]["decision"]) == (202, "opened")
    assert (await sent(system.client(), made, message(version=version, Subject=None, MessageId="2"))).status_code == 202
    assert amazon.asked == ["/SimpleNotificationService-42.pem"], "its certificate is kept"


API = "/?Action=GetEndpointAttributes&EndpointArn=x&X-Amz-Signature=y"
"""Whatever somebody stored at Amazon, as Amazon's own host answers it."""

OTHER = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("what", "body", "why"),
    [
        ("changed", message() | {"Message": "nothing is wrong"}, "the signature is not one of this message"),
        ("changed topic", message() | {"TopicArn": f"{TOPIC}2"}, "its topic is not one of topic_arns"),
        ("another key", message(key=OTHER), "the signature is not one of this message"),
        ("another topic, rightly signed", message(TopicArn=f"{TOPIC}2"), "its topic is not one of topic_arns"),
        ("a subject that was added", message(Subject=None) | {"Subject": "x"}, "the signature is not one of this message"),
        ("another version", message() | {"SignatureVersion": "1"}, "the signature is not one of this message"),
        ("no version", message() | {"SignatureVersion": "3"}, "its SignatureVersion is neither 1 nor 2"),
        ("no signature", message() | {"Signature": ""}, "the signature is not one of this message"),
        ("no base64", message() | {"Signature": "§"}, "the signature is not one of this message"),
        ("another type", message() | {"Type": "notification"}, "it is no signed message of SNS"),
        ("a certificate of somebody's", message(SigningCertURL="https://evil.example/a.pem"), "not an address of SNS"),
        ("an answer of its API", message(key=OTHER, SigningCertURL=f"https://{HOST}{API}"), "not an address of SNS"),
        (
            "a certificate in something",
            message(SigningCertURL=f"{AT}in.pem"),
            "there is no certificate",
        ),
        (
            "a certificate that is not there",
            message(SigningCertURL=f"{AT}gone.pem"),
            "there is no certificate",
        ),
        (
            "a certificate that is none",
            message(SigningCertURL=f"{AT}none.pem"),
            "there is no certificate",
        ),
        (
            "a certificate that is over",
            message(SigningCertURL=f"{AT}over.pem"),
            "its certificate is not valid now",
        ),
        (
            "a certificate to come",
            message(SigningCertURL=f"{AT}early.pem"),
            "its certificate is not valid now",
        ),
        (
            "another kind of key",
            message(SigningCertURL=f"{AT}curve.pem"),
            "its certificate has another kind of key",
        ),
        ("a message without its envelope", ALARM, "with raw message delivery there is no signature"),
        ("no object", [message()], "it is no signed message of SNS"),
        ("numbers for words", message() | {"Message": 5}, "it is no signed message of SNS"),
        ("nothing", None, "it is no signed message of SNS"),
    ],
    ids=lambda x: x if isinstance(x, str) and " of " not in x[10:] else "",
)
async def test_what_is_not_amazons(system: System, made: dict[str, Any], amazon: Amazon, what: str, body: Any, why: str) -> None:
    amazon.answers |= {
        API: (200, b"<Value>\n" + certificate(OTHER) + b"</Value>"),
        "/SimpleNotificationService-in.pem": (200, b"<Value>\n" + certificate() + b"</Value>"),
        "/SimpleNotificationService-none.pem": (200, b"<html>"),
        "/SimpleNotificationService-over.pem": (200, certificate(days=1, since=-3)),
        "/SimpleNotificationService-early.pem": (200, certificate(since=1)),
        "/SimpleNotificationService-curve.pem": (200, certificate(ec.generate_private_key(ec.SECP256R1()))),
    }
    await asks(system, made, topic_arns=[TOPIC])
    with capture_logs() as logs:
        assert (await sent(system.client(), made, body)).status_code == 401
    assert why in str([line["why"] for line in logs if line["event"] == "a sender was refused"])
    assert await events(system) == []


async def test_without_topics_any_signed_message_is_let_in(system: System, made: dict[str, Any], amazon: Amazon) -> None:
    await asks(system, made)
    assert (await sent(system.client(), made, message(TopicArn=f"{TOPIC}2"))).status_code == 202
    assert (await sent(system.client(), made, message(key=OTHER))).status_code == 401


async def test_while_no_certificate_can_be_fetched_sns_is_to_come_again(system: System, made: dict[str, Any], amazon: Amazon) -> None:
    await asks(system, made, topic_arns=[TOPIC])
    amazon.is_down = True
    later = await sent(system.client(), made, message())
    assert (later.status_code, later.headers["Retry-After"]) == (503, "5")
    amazon.is_down = False
    amazon.answers["/SimpleNotificationService-42.pem"] = (503, b"")
    assert (await sent(system.client(), made, message())).status_code == 503
    assert await events(system) == []
    amazon.answers["/SimpleNotificationService-42.pem"] = (200, certificate())
    assert (await sent(system.client(), made, message())).status_code == 202


async def test_where_there_was_no_certificate_nobody_looks_again_for_a_minute(system: System, made: dict[str, Any], amazon: Amazon) -> None:
    await asks(system, made, topic_arns=[TOPIC])
    path = "/SimpleNotificationService-gone.pem"
    for _ in range(3):
        assert (await sent(system.client(), made, message(SigningCertURL=f"https://{HOST}{path}"))).status_code == 401
    assert amazon.asked == [path]
    amazon.answers[path] = (200, certificate())
    await system.advance(minutes=2)
    assert (await sent(system.client(), made, message(SigningCertURL=f"https://{HOST}{path}"))).status_code == 202


# --- subscriptions ----------------------------------------------------------------------------------------------------------


async def test_a_subscription_is_confirmed_once_it_is_recorded(system: System, made: dict[str, Any], amazon: Amazon) -> None:
    await asks(system, made, topic_arns=[TOPIC])
    path = SUBSCRIBE.removeprefix(f"https://{HOST}")
    amazon.answers[path] = (200, b"<ConfirmSubscriptionResponse/>")
    assert (await sent(system.client(), made, confirmation())).status_code == 202
    assert amazon.asked == ["/SimpleNotificationService-42.pem", path]
    newest, before = await events(system)
    assert newest == ("ignored", "the subscription was confirmed: from now on the topic sends here")
    assert before[0] == "ignored"
    assert before[1].startswith("the topic asks for a confirmation")


@pytest.mark.parametrize(
    ("what", "body", "why"),
    [
        ("Amazon says no", confirmation(), "(SNS answered 403)"),
        ("an address of somebody's", confirmation(SubscribeURL="https://evil.example/?x"), "(its SubscribeURL is not an address of SNS)"),
        ("Amazon inside", confirmation(SubscribeURL=f"https://evil.example/{HOST}/"), "(its SubscribeURL is not an address of SNS)"),
    ],
    ids=lambda x: x if isinstance(x, str) and "(" not in x else "",
)
async def test_a_subscription_that_cannot_be_confirmed_is_shown(
    system: System, made: dict[str, Any], amazon: Amazon, what: str, body: Any, why: str
) -> None:
    await asks(system, made, topic_arns=[TOPIC])
    assert (await sent(system.client(), made, body)).status_code == 202, "it is stored, so SNS need not come again"
    newest, _ = await events(system)
    assert newest == ("ignored", f"the subscription could not be confirmed {why}: open the SubscribeURL of the event before once")
    assert not [path for path in amazon.asked if "evil" in path]


async def test_a_subscription_of_another_topic_is_not_confirmed(system: System, made: dict[str, Any], amazon: Amazon) -> None:
    await asks(system, made, topic_arns=[TOPIC])
    assert (await sent(system.client(), made, confirmation(TopicArn=f"{TOPIC}2"))).status_code == 401
    assert (await sent(system.client(), made, confirmation() | {"SubscribeURL": f"https://{HOST}/other"})).status_code == 401
    assert amazon.asked == ["/SimpleNotificationService-42.pem"]


async def test_without_the_scheme_nothing_is_checked_and_nothing_is_called(system: System, made: dict[str, Any], amazon: Amazon) -> None:
    assert (await sent(system.client(), made, confirmation(key=OTHER))).status_code == 202
    assert amazon.asked == []
    assert len(await events(system)) == 1


# --- the rules --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        (CERTIFICATE, True),
        (f"https://{HOST}/SimpleNotificationService.pem", True),
        ("https://sns.us-gov-west-1.amazonaws.com:443/SimpleNotificationService-0a.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a.pem", True),
        *[(CERTIFICATE + behind, False) for behind in ("?", "?a=b", "#", "#x", "/", "\n", "\\", "/../a.pem", "%00")],
        (CERTIFICATE.replace("https", "http"), False),
        (CERTIFICATE.replace("https", "HTTPS"), False),
        (f"https://{HOST}/a.pem", False),
        (f"https://{HOST}//SimpleNotificationService-0a.pem", False),
        (f"https://{HOST}/x/SimpleNotificationService-0a.pem", False),
        (f"https://{HOST}/?Action=GetEndpointAttributes&X=/SimpleNotificationService-0a.pem", False),
        (f"https://{HOST}/SimpleNotificationService-0a_b.pem", False),
        (f"https://{HOST}/SimpleNotificationService-{'x' * 3000}.pem", False),
        *[
            (f"https://{host}/SimpleNotificationService-0a.pem", False)
            for host in (
                f"{HOST}:8443", f"{HOST}:x", f"{HOST}:", f"{HOST}.", f"{HOST}.evil.example", f"{HOST}@evil.example", f"evil.example@{HOST}",
                f"@{HOST}", f"evil.example\\@{HOST}", f"evil.example#{HOST}", "sns.evil.example", "sns.eu-central-1.amazonaws.com.evil",
                "s3.eu-central-1.amazonaws.com", "sns.a.b.amazonaws.com", "sns..amazonaws.com", "[::1]", "[::1", "",
            )
        ],
        ("", False),
    ],
)  # fmt: skip
def test_where_certificates_are(url: str, is_so: bool) -> None:
    assert is_certificate(url) is is_so


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        (SUBSCRIBE, True),
        (SUBSCRIBE.replace(".com/", ".com:443/"), True),
        (SUBSCRIBE.replace(":", "%3A").replace("https%3A", "https:"), True),
        (SUBSCRIBE.replace("ConfirmSubscription", "DeleteTopic"), False),
        (SUBSCRIBE + "&Action=DeleteTopic", False),
        (SUBSCRIBE + "&Action=ConfirmSubscription", False),
        (SUBSCRIBE.replace("Action", "action"), False),
        (SUBSCRIBE.replace("/?", "/x?"), False),
        (SUBSCRIBE.replace("https", "http"), False),
        (SUBSCRIBE.replace(HOST, f"ana@{HOST}"), False),
        (SUBSCRIBE.replace(HOST, "evil.example"), False),
        (SUBSCRIBE + " ", False),
        (SUBSCRIBE + "#", False),
        (SUBSCRIBE + "x" * 3000, False),
        (f"https://{HOST}/", False),
        ("", False),
    ],
)
def test_which_addresses_confirm(url: str, is_so: bool) -> None:
    assert is_confirmation(url) is is_so


def test_what_is_signed_is_what_the_documentation_says() -> None:
    envelope = read_envelope(json.dumps(message(Message="My Test Message", Subject="My subject", MessageId="4d4dc071")).encode())
    assert envelope is not None
    assert signed_text(envelope) == (
        b"Message\nMy Test Message\nMessageId\n4d4dc071\nSubject\nMy subject\nTimestamp\n2026-03-02T12:00:00.000Z\n"
        b"TopicArn\n" + TOPIC.encode() + b"\nType\nNotification\n"
    )

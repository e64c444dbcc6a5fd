"""Who may send: keys in headers, what integrations ask for beside the key, and how often an address may be wrong."""

import base64
import gzip
import hmac
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.conftest import START
from tests.system import System, to

from oncall.app import Node
from oncall.intake.hot import ROUTES
from oncall.kit.db import Database
from oncall.kit.limits import FailureLimiter
from oncall.kit.sealing import Sealing

ANY = {"If-Match": "*"}
SECRET = "correct-horse-battery-staple"
BODY = b'{"summary": "disk full", "id": 7}'
EVENTS = text("SELECT count(*) FROM events")


@pytest.fixture
async def made(system: System) -> dict[str, Any]:
    return await system.service([to(await system.user("Ana"))], type="generic")


@pytest.fixture
async def stranger(system: System) -> AsyncIterator[AsyncClient]:
    """A monitor: no API key of ours, only what a test gives it."""
    async with system.client() as client:
        yield client


async def asks(system: System, made: dict[str, Any], type: str = "generic", **authentication: Any) -> None:
    """From now on the integration asks its senders for this."""
    address = f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"
    body = {"name": "prod", "type": type, "authentication": authentication}
    answer = await system.api.put(address, json=body, headers=ANY)
    assert answer.status_code == 200, answer.text


async def stored(database: Database) -> int:
    async with database.transaction() as tx:
        count: int = (await tx.execute(EVENTS)).scalar_one()
    return count


def signature(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), body, "sha256").hex()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# --- the key in a header ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_key_may_stand_in_a_header(made: dict[str, Any], stranger: AsyncClient, slash: str) -> None:
    key = made["key"]
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer  {key}"},
        {"Authorization": f"GenieKey {key}"},
        {"Authorization": f"Key {key}"},
        {"Authorization": f"Token {key}"},
        {"X-Api-Key": key},
        {"X-Api-Key": key, "Authorization": "Bearer of-a-proxy"},
        {"X-Api-Key": "of a proxy", "Authorization": f"Bearer {key}"},
        basic(key, ""),
        basic(key, "x"),
        basic("", key),
        basic("oncall", key),
    ):
        answer = await stranger.post(f"/intake{slash}", content=BODY, headers=headers)
        assert answer.status_code == 202, headers


async def test_what_is_no_key_in_a_header(made: dict[str, Any], stranger: AsyncClient, database: Database) -> None:
    key = made["key"]
    for headers in (
        {},
        {"Authorization": key},
        {"Authorization": f"Bearer {key}x"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {key}"},
        {"Authorization": "Basic "},
        {"X-Api-Key": ""},
        {"X-Key": key},
        basic("x", "y"),
    ):
        answer = await stranger.post("/intake", content=BODY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), headers
    assert await stored(database) == 0
    assert (await stranger.get("/intake?summary=x")).status_code == 405


# --- what is asked for beside the key ---------------------------------------------------------------------------------------


def headers_of(scheme: str, secret: str = SECRET) -> dict[str, str]:
    match scheme:
        case "basic":
            return basic("ana", secret)
        case "bearer":
            return {"Authorization": f"Bearer {secret}"}
        case "token":
            return {"X-Gitlab-Token": secret}
        case "hmac":
            now = str(int(START.timestamp()))
            return {"X-S": "v0=" + signature(f"{now}.".encode() + BODY, secret), "X-T": now}
        case "sentry":
            return {"Sentry-Hook-Signature": signature(secret=secret)}
        case "grafana":
            return {"X-Grafana-Alerting-Signature": signature(secret=secret)}
        case "github":
            return {"X-Hub-Signature-256": "sha256=" + signature(secret=secret)}
        case _:
            return {"X-PagerDuty-Signature": "v1=" + signature(secret=secret)}


ASKED: dict[str, dict[str, Any]] = {
    "basic": {"username": "ana", "password": ["a newer one", SECRET]},
    "bearer": {"token": SECRET},
    "token": {"header": "X-Gitlab-Token", "secret": SECRET},
    "hmac": {"header": "X-S", "prefix": "v0=", "timestamp_header": "X-T", "secrets": SECRET},
    "sentry": {"secrets": ["a newer one", SECRET]},
    "grafana": {"secrets": SECRET},
    "github": {"secrets": SECRET},
    "pagerduty": {"secrets": SECRET},
}


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize(
    ("where", "body"),
    [
        ("/intake", {"summary": "x"}),
        ("/intake/", {"summary": "x"}),
        ("/api/alert", {"resource": "web", "event": "Down", "environment": "P"}),
        ("/v2/alerts?apiKey={key}", {"message": "x"}),
    ],
    ids=["our own", "our own with a slash", "Alerta's", "Opsgenie's"],
)
async def test_beside_a_key_in_its_own_header_authorization_is_the_proof(
    system: System, made: dict[str, Any], stranger: AsyncClient, scheme: str, where: str, body: dict[str, Any]
) -> None:
    await asks(system, made, scheme=scheme, **ASKED[scheme])
    path = where.format(key=made["key"])

    async def sent(**headers: str) -> int:
        return (await stranger.post(path, json=body, headers={"X-Api-Key": made["key"]} | headers)).status_code

    assert await sent(**headers_of(scheme)) in {201, 202}
    assert await sent(**headers_of(scheme, "wrong")) == 401
    assert await sent(Authorization=f"Bearer {made['key']}") == 401, "a key is no proof"
    assert await sent() == 401


@pytest.mark.parametrize("scheme", ASKED)
async def test_only_who_proves_it_is_let_in(
    system: System, made: dict[str, Any], stranger: AsyncClient, database: Database, scheme: str
) -> None:
    await asks(system, made, scheme=scheme, **ASKED[scheme])
    address = f"/intake/{made['key']}"
    unknown = await stranger.post(f"/intake/{'x' * 32}", content=BODY)
    with capture_logs() as logs:
        for headers in ({}, headers_of(scheme, "wrong")):
            refused = await stranger.post(address, content=BODY, headers=headers)
            assert (refused.status_code, refused.content) == (401, unknown.content), "as if nobody had the key"
    said = [line for line in logs if line["event"] == "a sender was refused"]
    assert [(line["integration"], line["scheme"], bool(line["why"])) for line in said] == [("prod", scheme, True)] * 2
    assert SECRET not in str(logs)
    assert await stored(database) == 0
    assert (await stranger.post(address, content=BODY, headers=headers_of(scheme))).status_code == 202


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_query_is_not_signed_and_is_nobodys_word(system: System, made: dict[str, Any], method: str) -> None:
    address = f"/intake/{made['key']}?summary=x&dedup_key=1&status=resolved"
    await asks(system, made, scheme="github", secrets=SECRET)
    of_nothing = {"X-Hub-Signature-256": f"sha256={signature(b'')}"}
    async with system.client() as stranger:
        assert (await stranger.request(method, address, headers=of_nothing)).status_code == 401
    await asks(system, made, scheme="bearer", token=SECRET)
    async with system.client() as stranger:
        assert (await stranger.request(method, address, headers={"Authorization": f"Bearer {SECRET}"})).status_code == 202


async def test_the_bytes_are_checked_as_they_came(system: System, made: dict[str, Any], stranger: AsyncClient) -> None:
    await asks(system, made, scheme="github", secrets=SECRET)
    address, packed = f"/intake/{made['key']}", gzip.compress(BODY, mtime=0)
    zipped = {"Content-Encoding": "gzip"}
    signed = {"X-Hub-Signature-256": f"sha256={signature(packed)}"}
    assert (await stranger.post(address, content=packed, headers=zipped | signed)).status_code == 202
    inflated = {"X-Hub-Signature-256": f"sha256={signature(BODY)}"}
    assert (await stranger.post(address, content=packed, headers=zipped | inflated)).status_code == 401
    for odd in (b"", b"\x00", b"not json", b"\xff" * 100, b'{"a": ' * 5000):
        headers = {"X-Hub-Signature-256": f"sha256={signature(odd)}"}
        assert (await stranger.post(address, content=odd, headers=headers)).status_code == 202, "proven, so content is no reason to refuse"


async def test_a_body_that_is_too_large_is_told_of_only_if_its_sender_is_known(
    system: System, made: dict[str, Any], stranger: AsyncClient, database: Database
) -> None:
    large, address = b"x" * (4 * 1024 * 1024 + 1), f"/intake/{made['key']}"
    await asks(system, made, scheme="github", secrets=SECRET)
    signed = {"X-Hub-Signature-256": f"sha256={signature(large)}"}
    assert (await stranger.post(address, content=large, headers=signed)).status_code == 401
    assert await stored(database) == 0
    await asks(system, made, scheme="bearer", token=SECRET)
    assert (await stranger.post(address, content=large, headers=headers_of("bearer", "wrong"))).status_code == 401
    assert (await stranger.post(address, content=large, headers=headers_of("bearer"))).status_code == 413
    assert await stored(database) == 1


async def test_what_was_signed_too_long_ago_is_refused(system: System, made: dict[str, Any], stranger: AsyncClient) -> None:
    await asks(system, made, scheme="hmac", **ASKED["hmac"])
    address = f"/intake/{made['key']}"
    assert (await stranger.post(address, content=BODY, headers=headers_of("hmac"))).status_code == 202
    await system.advance(minutes=6)
    assert (await stranger.post(address, content=BODY, headers=headers_of("hmac"))).status_code == 401


PAGERDUTY = {"event_action": "trigger", "payload": {"summary": "x", "source": "y", "severity": "error"}}


async def answers_of(made: dict[str, Any], client: AsyncClient, key: str, proof: dict[str, str]) -> dict[str, Response]:
    """Every address a monitor may post to or ask, with this key wherever it stands, and this proof."""
    bodies = {
        "/v2/enqueue": PAGERDUTY | {"routing_key": key},
        "/v2/change/enqueue": {"routing_key": key, "payload": {"summary": "x"}},
        "/generic/2010-04-15/create_event.json": {"service_key": key, "event_type": "trigger", "description": "x"},
    }
    alert = {"message": "x", "note": "x", "endTime": "2026-03-02T13:00:00Z", "resource": "web", "event": "Down", "environment": "P"}
    answers: dict[str, Response] = {}
    for route in ROUTES:
        path = re.sub(r"\{integration_key\}", key, route.path)
        path = path.replace("{verb}", "close").replace("{request_id}", made["service"]["id"])
        path = re.sub(r"\{[^}]*\}", "abc", path)
        if path.rstrip("/") in {"/api/config", "/config"}:
            continue  # which says nothing of anybody
        genie = f"GenieKey {key}" if path.startswith(("/v2/alerts", "/v2/heartbeats")) else f"Key {key}"
        content = json.dumps(bodies.get(path.rstrip("/"), alert))
        for method in sorted((route.methods or set()) - {"HEAD"}):
            query = {"summary": "x"} if method == "GET" and path.startswith("/intake") else {}
            query |= {"apiKey": key} if path.startswith("/v1/json") else {}
            headers = {"Content-Type": "application/json", "Authorization": genie, **proof}
            sends = {} if method == "GET" else {"content": content}
            answers[f"{method} {path}"] = await client.request(method, path, params=query, headers=headers, **sends)  # type: ignore[arg-type]
    return answers


async def test_no_address_is_a_way_around(system: System, made: dict[str, Any], stranger: AsyncClient, database: Database) -> None:
    node: Node = system.node
    node.app.state.intake_failures = FailureLimiter(limit=10_000)
    await asks(system, made, "opsgenie", scheme="token", header="X-Proof", secret=SECRET)
    refused = await answers_of(made, stranger, made["key"], {"X-Proof": "wrong"})
    unknown = await answers_of(made, stranger, "x" * 32, {"X-Proof": SECRET})
    assert len(refused) > 40
    assert {name: answer.status_code for name, answer in refused.items() if answer.status_code not in {400, 401}} == {}

    def shown(answer: Response) -> object:
        return {name: said for name, said in answer.json().items() if name not in {"took", "requestId"}}

    assert [shown(answer) for answer in refused.values()] == [shown(answer) for answer in unknown.values()], "as if nobody had the key"
    assert await stored(database) == 0
    let_in = await answers_of(made, stranger, made["key"], {"X-Proof": SECRET})
    assert {name: answer.status_code for name, answer in let_in.items() if answer.status_code not in {200, 201, 202, 404}} == {
        f"PUT /v2/alerts/abc/close{slash}": 403
        for slash in ("", "/")  # which Opsgenie has not either
    }


async def test_secrets_that_cannot_be_opened_let_nobody_in(system: System, made: dict[str, Any], stranger: AsyncClient) -> None:
    await asks(system, made, scheme="bearer", token=SECRET)
    address = f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"
    node = system.node
    ring = node.sealing
    node.sealing = node.app.state.sealing = Sealing(["another key of thirty-two characters"])
    node.keys.revision = -1  # as on a node that has just started
    await node.compilation.refresh()
    with capture_logs() as logs:
        refused = await stranger.post(f"/intake/{made['key']}", content=BODY, headers=headers_of("bearer"))
    assert refused.status_code == 401
    assert "ONCALL_SECRET_KEYS no longer has" in str(logs)
    shown = (await system.api.get(address)).json()
    assert shown["authentication"] == {"scheme": "lost"}
    for edit in (shown, {"name": "renamed"}):
        written = await system.api.put(address, json=edit, headers=ANY)
        assert (written.status_code, written.json()["authentication"]) == (200, {"scheme": "lost"}), "an edit leaves sealed what is lost"
    node.sealing = node.app.state.sealing = ring
    node.keys.revision = -1
    await node.compilation.refresh()
    assert (await stranger.post(f"/intake/{made['key']}", content=BODY, headers=headers_of("bearer"))).status_code == 202


# --- how often an address may be wrong --------------------------------------------------------------------------------------


def count(reason: str) -> float:
    return REGISTRY.get_sample_value("oncall_intake_refused_total", {"reason": reason}) or 0


@pytest.mark.parametrize(
    ("what", "path", "body"),
    [
        ("our own", "/intake/{key}", {}),
        ("in a header", "/intake", {}),
        ("PagerDuty", "/v2/enqueue", PAGERDUTY | {"routing_key": "{key}"}),
        ("Opsgenie", "/v2/alerts?apiKey={key}", {"message": "x"}),
        ("Alerta", "/api/alert?api-key={key}", {}),
        ("VictorOps", "/integrations/generic/20131114/alert/{key}/db", {}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_after_twenty_wrong_keys_an_address_waits_but_a_right_key_never(
    made: dict[str, Any], stranger: AsyncClient, what: str, path: str, body: dict[str, Any]
) -> None:
    before = count("key")
    wrong = [await stranger.post(f"/intake/{n:032}", content=BODY) for n in range(19)]
    assert {answer.status_code for answer in wrong} == {401}

    async def sent(key: str) -> Response:
        return await stranger.post(path.replace("{key}", key), content=json.dumps(body).replace("{key}", key))

    assert (await sent("0" * 32)).status_code in {400, 401}, "the twentieth"
    limited = await sent("0" * 32)
    assert limited.status_code == 429
    assert 0 < int(limited.headers["Retry-After"]) <= 60
    assert count("key") - before == 21
    assert (await stranger.post(f"/intake/{made['key']}", content=BODY)).status_code == 202, "a right key is always served"


@pytest.mark.parametrize(
    ("path", "headers", "body", "where", "begins"),
    [
        ("/intake/k7k7secretsecretsecretsecretsecr", {}, {}, "/intake/…", "k7k7"),
        ("/intake/k7k7secretsecretsecretsecretsecr/db", {}, {}, "/intake/…/…", "k7k7"),
        ("/intake", {"X-Api-Key": "k7k7secretsecretsecretsecretsecr"}, {}, "/intake", "k7k7"),
        ("/intake", {"Authorization": "Bearer k7k7secretsecret"}, {}, "/intake", "k7k7"),
        ("/intake", {}, {}, "/intake", ""),
        ("/intake/secret", {}, {}, "/intake/…", ""),
        ("/intake/k%0A7kksecretsecret", {}, {}, "/intake/…", "k7k"),
        ("/v2/enqueue", {}, PAGERDUTY | {"routing_key": "k7k7secretsecretsecretsecretsecr"}, "/v2/enqueue", ""),
        ("/integrations/generic/20131114/alert/k7k7secretsecret/db", {}, {}, "/integrations/generic/…/alert/…/…", "k7k7"),
    ],
)
async def test_of_a_wrong_key_the_log_tells_where_it_came_but_not_the_key(
    stranger: AsyncClient, path: str, headers: dict[str, str], body: dict[str, Any], where: str, begins: str
) -> None:
    with capture_logs() as logs:
        answers = [await stranger.post(path, json=body, headers=headers) for _ in range(25)]
    assert {answer.status_code for answer in answers} <= {400, 401, 429}
    said = [line for line in logs if line["event"] == "a key was refused"]
    assert [(line["path"], line["begins"], line["address"]) for line in said] == [(where, begins, "127.0.0.1")] * 20, "and then no more"
    assert "secret" not in str(logs)


async def test_wrong_proofs_count_as_well_and_fill_no_log(system: System, made: dict[str, Any], stranger: AsyncClient) -> None:
    await asks(system, made, scheme="bearer", token=SECRET)
    before = count("sender")
    with capture_logs() as logs:
        answers = [await stranger.post(f"/intake/{made['key']}", content=BODY) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
    assert answers[-1].json() == (await stranger.post(f"/intake/{'x' * 32}", content=BODY)).json(), "as if nobody had the key"
    assert len([line for line in logs if line["event"] == "a sender was refused"]) == 20
    assert count("sender") - before == 30
    assert (await stranger.post(f"/intake/{made['key']}", content=BODY, headers=headers_of("bearer"))).status_code == 202

"""REST for integrations: what of them is edited, and keys that are changed without a gap."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from tests.system import System, to

from oncall.kit.db import Database
from oncall.kit.sealing import Sealing
from oncall.services.commands import integration_keys, reseal
from oncall.services.values import Resealed
from oncall.services.values.senders import Authentication, Scheme

ANY = {"If-Match": "*"}
PATIENCE = 5.0
"""Seconds that we wait for what another node does every second: whoever else works on this machine is no fault of it."""


@pytest.fixture
async def service(system: System) -> str:
    ana = await system.user("Ana")
    policy = await system.make("escalation-policies", name="Web", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    id: str = (await system.make("services", name="web", escalation_policy_id=policy["id"]))["id"]
    return id


@pytest.fixture
async def made(api: AsyncClient, service: str) -> dict[str, Any]:
    body: dict[str, Any] = (await api.post(f"/api/v1/services/{service}/integrations", json={"name": "prod", "type": "generic"})).json()
    return body


@pytest.fixture
def address(service: str, made: dict[str, Any]) -> str:
    return f"/api/v1/services/{service}/integrations/{made['id']}"


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def sent(api: AsyncClient, key: str) -> int:
    return (await api.post(f"/intake/{key}", json={"summary": "x"})).status_code


async def test_an_integration_is_read_as_it_was_made(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    key = made.pop("key")
    made.pop("url")
    assert made.pop("email") is None, "where no mails are taken"
    read = await api.get(address)
    assert (read.status_code, read.headers["ETag"]) == (200, '"1"')
    assert read.json() == made
    assert made | {"id": "", "service_id": "", "key_prefix": "", "created_at": ""} == {
        "id": "",
        "service_id": "",
        "name": "prod",
        "type": "generic",
        "key_prefix": "",
        "keys": [{"key_prefix": key[:6], "created_at": made["created_at"]}],
        "mapping": None,
        "on_unreadable": "page",
        "authentication": None,
        "auto_resolve_after": None,
        "reporter_kind": "monitor",
        "created_at": "",
    }


async def test_an_edit_says_which_version_it_edits_and_leaves_the_key(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    body = {"name": "prod 2", "type": "grafana", "mapping": {"rules": [{"event": {"summary": "title"}}]}, "on_unreadable": "record"}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    assert problem(await api.put(address, json=body, headers={"If-Match": '"2"'})) == (412, "stale")
    edited = await api.put(address, json=body, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert {name: edited.json()[name] for name in body} == body
    assert edited.json()["keys"] == made["keys"]
    assert (await api.get(address)).json() == edited.json()
    assert await sent(api, made["key"]) == 202


AUTHENTICATED = {"scheme": "github", "secrets": "correct-horse-battery-staple"}
WHOLE = {
    "name": "ci",
    "type": "github",
    "mapping": {"rules": [{"event": {"summary": "title"}}]},
    "on_unreadable": "record",
    "authentication": AUTHENTICATED,
    "auto_resolve_after": "PT2H",
}
SHOWN = WHOLE | {"authentication": {"scheme": "github"}}


@pytest.mark.parametrize(
    ("what", "edit", "changed"),
    [
        ("nothing said, nothing changed", {}, {}),
        ("a new name", {"name": "ci 2"}, {"name": "ci 2"}),
        ("name and type, as before there were others", {"name": "ci 2", "type": "gitlab"}, {"name": "ci 2", "type": "gitlab"}),
        ("another mapping", {"mapping": {"rules": [{"event": {"summary": "t"}}]}}, {"mapping": {"rules": [{"event": {"summary": "t"}}]}}),
        ("no mapping", {"mapping": None}, {"mapping": None}),
        ("no authentication", {"authentication": None}, {"authentication": None}),
        ("the same scheme, without its secret", {"authentication": {"scheme": "github"}}, {}),
        ("another end", {"auto_resolve_after": 3600}, {"auto_resolve_after": "PT1H"}),
        ("no end", {"auto_resolve_after": None}, {"auto_resolve_after": None}),
        ("what pages", {"on_unreadable": "page"}, {"on_unreadable": "page"}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_what_an_edit_leaves_out_stays(
    api: AsyncClient, system: System, address: str, what: str, edit: dict[str, Any], changed: dict[str, Any]
) -> None:
    made = await api.put(address, json=WHOLE, headers=ANY)
    secrets = await kept(system)
    edited = await api.put(address, json=edit, headers={"If-Match": made.headers["ETag"]})
    assert edited.status_code == 200, edited.text
    assert {name: edited.json()[name] for name in WHOLE} == SHOWN | changed
    assert (await api.get(address)).json() == edited.json()
    assert await kept(system) == (None if "authentication" in changed else secrets)


async def test_all_that_is_read_may_be_written_back(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    await api.put(address, json=WHOLE, headers=ANY)
    await api.post(f"{address}/keys")
    read = await api.get(address)
    assert (await api.put(address, json=read.json(), headers={"If-Match": read.headers["ETag"]})).json() == read.json()
    lying = read.json() | {"id": str(uuid4()), "service_id": None, "keys": [], "key_prefix": 7, "created_at": "yesterday"}
    assert (await api.put(address, json=lying, headers=ANY)).json() == read.json(), "what cannot be edited is not looked at"


async def test_an_edited_type_reads_the_next_body(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    await api.put(address, json={"name": "prod", "type": "slack"}, headers=ANY)
    answer = await api.post(f"/intake/{made['key']}", json={"text": "disk full"})
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_what_an_integration_cannot_become(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    for wrong in (
        {"name": ""}, {"name": None}, {"type": "carrier pigeon"}, {"type": None}, {"mapping": []}, {"mapping": "summary"}, {"mapping": 1},
        {"auto_resolve_after": "PT59S"}, {"auto_resolve_after": "P8D"}, {"auto_resolve_after": "never"}, {"auto_resolve_after": True},
        {"on_unreadable": "ignore"}, {"on_unreadable": None}, {"key": "x" * 32}, {"url": "https://x"}, {"email": None}, {"version": 7},
        {"unsaid": []}, {"authentication": {"scheme": "lost"}}, {"reporter_kind": "robot"}, {"reporter_kind": None},
    ):  # fmt: skip
        answer = await api.put(address, json={"name": "prod", "type": "generic", **wrong}, headers=ANY)
        assert problem(answer) == (422, "invalid"), wrong
    assert (await api.get(address)).headers["ETag"] == '"1"'


async def test_people_write_only_to_an_integration_for_mails(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    body = {"name": "desk", "type": "generic", "reporter_kind": "employee", "mapping": {"rules": [{"event": {"summary": "title"}}]}}
    refused = await api.put(address, json=body, headers=ANY)
    assert problem(refused) == (422, "invalid")
    assert [fault["loc"] for fault in refused.json()["errors"]] == ["body.reporter_kind", "body.mapping"]
    edited = await api.put(address, json=body | {"type": "email", "mapping": None}, headers=ANY)
    assert (edited.status_code, edited.json()["reporter_kind"]) == (200, "employee")
    assert problem(await api.put(address, json={"type": "generic"}, headers=ANY)) == (422, "invalid"), "what is left out stays"
    assert (await api.put(address, json={"name": "again"}, headers=ANY)).json()["reporter_kind"] == "employee"
    collection = address.rpartition("/")[0]
    another = await api.post(collection, json={"name": "mail", "type": "email", "reporter_kind": "customer"})
    assert (another.status_code, another.json()["reporter_kind"]) == (201, "customer")


async def test_of_many_edits_of_one_version_one_wins(api: AsyncClient, address: str) -> None:
    put = [api.put(address, json={"name": f"prod {n}", "type": "generic"}, headers={"If-Match": '"1"'}) for n in range(5)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*put)) == [200, 412, 412, 412, 412]


async def test_an_integration_of_another_service_does_not_exist_here(api: AsyncClient, system: System, made: dict[str, Any]) -> None:
    other = await system.service([to(await system.user("Ben"))])
    for id, where in ((made["id"], other["service"]["id"]), (str(uuid4()), made["service_id"])):
        elsewhere = f"/api/v1/services/{where}/integrations/{id}"
        body = {"name": "prod", "type": "generic"}
        answers = [
            await api.get(elsewhere),
            await api.put(elsewhere, json=body, headers=ANY),
            await api.delete(elsewhere),
            await api.post(f"{elsewhere}/keys"),
            await api.delete(f"{elsewhere}/keys/{made['key_prefix']}"),
        ]
        assert [problem(answer) for answer in answers] == [(404, "not_found")] * 5


async def test_a_key_is_changed_without_a_gap(api: AsyncClient, address: str, made: dict[str, Any], database: Database) -> None:
    second = await api.post(f"{address}/keys")
    assert second.status_code == 201
    new = second.json()
    assert new == {
        "key": new["key"],
        "url": f"http://oncall.test/intake/{new['key']}",
        "email": None,
        "key_prefix": new["key"][:6],
        "created_at": new["created_at"],
    }
    assert [await sent(api, key) for key in (made["key"], new["key"])] == [202, 202]
    shown = (await api.get(address)).json()
    assert [key["key_prefix"] for key in shown["keys"]] == [made["key_prefix"], new["key_prefix"]]
    assert shown["key_prefix"] == new["key_prefix"], "the newest"

    assert (await api.delete(f"{address}/keys/{made['key_prefix']}")).status_code == 204
    assert [await sent(api, key) for key in (made["key"], new["key"])] == [401, 202]
    assert problem(await api.delete(f"{address}/keys/{made['key_prefix']}")) == (404, "not_found")
    async with database.transaction() as tx:
        dump = str((await tx.execute(text("SELECT k, encode(k.key_hash, 'escape') FROM integration_keys AS k"))).all())
    assert new["key"] not in dump
    assert new["key_prefix"] in dump


async def test_there_are_never_more_than_two_keys_nor_none(api: AsyncClient, address: str, made: dict[str, Any]) -> None:
    last = await api.delete(f"{address}/keys/{made['key_prefix']}")
    assert problem(last) == (409, "last_key")
    assert "make another one first" in last.json()["detail"]
    answers = await asyncio.gather(*(api.post(f"{address}/keys") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert problem(refused) == (409, "two_keys")
    assert "delete the one that no sender uses" in refused.json()["detail"]
    keys = [key["key_prefix"] for key in (await api.get(address)).json()["keys"]]
    deleted = await asyncio.gather(*(api.delete(f"{address}/keys/{prefix}") for prefix in keys))
    assert sorted(answer.status_code for answer in deleted) == [204, 409]


async def test_a_new_key_is_known_on_every_node_and_an_old_one_is_not_after_its_next_check(
    api: AsyncClient, system: System, address: str, made: dict[str, Any], database_url: str, tmp_path: Any
) -> None:
    other = System(database_url, system.clock, tmp_path)
    await other.start()
    try:
        new = (await api.post(f"{address}/keys")).json()["key"]
        assert await sent(other.api, new) == 202, "one that is not known is looked for before it is refused"
        assert (await api.delete(f"{address}/keys/{made['key_prefix']}")).status_code == 204
        async with asyncio.timeout(PATIENCE):
            while await sent(other.api, made["key"]) != 401:
                await asyncio.sleep(0.1)
    finally:
        await other.stop()


async def test_only_an_admin_edits_integrations(system: System, address: str, made: dict[str, Any]) -> None:
    for scope in ("read", "respond"):
        key = (await system.make("api-keys", name=scope, scope=scope))["key"]
        async with system.client({"Authorization": f"Bearer {key}"}) as client:
            refused = [
                await client.put(address, json={"name": "prod", "type": "generic"}, headers=ANY),
                await client.post(f"{address}/keys"),
                await client.delete(f"{address}/keys/{made['key_prefix']}"),
            ]
            assert [answer.status_code for answer in refused] == [403] * 3
            assert (await client.get(address)).status_code == 200


SECRET = "correct-horse-battery-staple"
SCHEMES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "basic": ({"username": "ana", "password": SECRET}, {"username": "ana"}),
    "bearer": ({"token": [SECRET, "an older one"]}, {}),
    "token": ({"header": "X-Gitlab-Token", "secret": SECRET}, {"header": "X-Gitlab-Token"}),
    "hmac": (
        {"header": "X-Signature", "prefix": "v0=", "timestamp_header": "X-Time", "secrets": [SECRET]},
        {
            "header": "X-Signature",
            "algorithm": "sha256",
            "encoding": "hex",
            "prefix": "v0=",
            "timestamp_header": "X-Time",
            "tolerance": "PT5M",
            "signed": "{timestamp}.{body}",
        },
    ),
    "sentry": ({"secrets": SECRET}, {}),
    "github": ({"secrets": SECRET}, {}),
    "pagerduty": ({"secrets": [SECRET, "an older one"]}, {}),
    "grafana": (
        {"secrets": SECRET},
        {"header": "X-Grafana-Alerting-Signature", "timestamp_header": None, "tolerance": None},
    ),
    "standard_webhooks": ({"secrets": "whsec_plJ3nmyCDGBKInavdOK15jsl", "tolerance": "PT1M"}, {"tolerance": "PT1M"}),
    "sns": ({"topic_arns": ["arn:aws:sns:eu-central-1:42:pages"]}, {"topic_arns": ["arn:aws:sns:eu-central-1:42:pages"]}),
}


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_secrets_go_in_and_never_out(api: AsyncClient, address: str, database: Database, system: System, scheme: str) -> None:
    asked, shown = SCHEMES[scheme]
    type = "aws_sns" if scheme == "sns" else "generic"
    body = {"name": "prod", "type": type, "authentication": {"scheme": scheme, **asked}}
    edited = await api.put(address, json=body, headers=ANY)
    assert (edited.status_code, edited.json().get("authentication")) == (200, {"scheme": scheme, **shown})
    read = await api.get(address)
    listed = await api.get(address.rpartition("/")[0])
    assert read.json()["authentication"] == {"scheme": scheme, **shown}
    assert not any(secret in answer.text for answer in (edited, read, listed) for secret in (SECRET, "plJ3nmy"))
    async with database.transaction() as tx:
        dump = bytes((await tx.execute(text("SELECT authentication FROM integrations"))).scalar_one())
    assert not any(secret in dump for secret in (SECRET.encode(), b"plJ3nmy", f'"{scheme}"'.encode(), b'"ana"'))

    before = await kept(system)
    again = {name: read.json()[name] for name in ("type", "mapping", "on_unreadable", "authentication")} | {"name": "renamed"}
    assert (await api.put(address, json=again, headers=ANY)).status_code == 200, "read, edited, written back"
    assert await kept(system) == before
    assert (await api.put(address, json={"authentication": None}, headers=ANY)).json()["authentication"] is None
    assert await kept(system) is None


async def kept(system: System) -> object:
    """How senders are checked, secrets and all, as intake knows it."""
    keys = await system.node.compilation.checked_now(system.node.keys)
    (ref,) = keys.values()
    return ref.authentication


SCHEMES_THERE_ARE = "scheme must be one of basic, bearer, token, hmac, sentry, grafana, github, standard_webhooks, pagerduty, sns"
HMAC = {"scheme": "hmac", "header": "X-S", "secrets": SECRET}
A_HEADER, SHORT = "must be the name of a header", "must have at least 8 characters: what is shorter can be guessed"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, SCHEMES_THERE_ARE),
        ({"scheme": "magic"}, SCHEMES_THERE_ARE),
        ({"scheme": None}, SCHEMES_THERE_ARE),
        ({"scheme": ["basic"]}, SCHEMES_THERE_ARE),
        ({"username": "a", "password": SECRET}, SCHEMES_THERE_ARE),
        ({"scheme": "lost"}, ""),
        ({"scheme": "basic", "username": "a"}, "needs its secret: say it in password."),
        ({"scheme": "basic", "username": "a:b", "password": SECRET}, "must hold no colon"),
        ({"scheme": "basic", "username": "a", "password": ""}, SHORT),
        ({"scheme": "basic", "username": "a", "secret": SECRET}, "it has scheme, username, password"),
        ({"scheme": "bearer"}, "needs its secret: say it in token."),
        ({"scheme": "bearer", "token": "seven.."}, SHORT),
        ({"scheme": "bearer", "token": [SECRET, "seven.."]}, SHORT),
        ({"scheme": "bearer", "token": [SECRET] * 3}, ""),
        ({"scheme": "bearer", "token": []}, ""),
        ({"scheme": "bearer", "token": "correct\nhorse"}, ""),
        ({"scheme": "bearer", "token": 5}, ""),
        ({"scheme": "token", "header": "X Y", "secret": SECRET}, A_HEADER),
        ({"scheme": "token", "header": "X-Y:", "secret": SECRET}, A_HEADER),
        ({"scheme": "token", "header": "", "secret": SECRET}, A_HEADER),
        ({"scheme": "token", "header": "X-Y", "secrets": SECRET}, "secret is meant"),
        ({"scheme": "token", "header": "X-Y"}, "needs its secret: say it in secret."),
        ({"scheme": "token", "secret": SECRET}, "is needed"),
        (HMAC | {"header": "Größe"}, A_HEADER),
        (HMAC | {"timestamp_header": "X T"}, A_HEADER),
        (HMAC | {"algorithm": "md5"}, ""),
        (HMAC | {"encoding": "rot13"}, ""),
        (HMAC | {"signed": "{timestamp}", "timestamp_header": "X-T"}, "must hold {body}"),
        (HMAC | {"signed": "{body}", "timestamp_header": "X-T"}, "signed holds {timestamp} if there is a timestamp_header"),
        (HMAC | {"signed": "{timestamp}.{body}"}, "signed holds {timestamp} if there is a timestamp_header"),
        (HMAC | {"signed": "{path}{body}"}, "must hold {body}"),
        (HMAC | {"timestamp_header": "X-T", "tolerance": "-PT1S"}, ""),
        (HMAC | {"tolerance": "PT5M"}, "tolerance is for a timestamp_header"),
        ({"scheme": "hmac", "header": "X-S", "secret": SECRET}, "there is no field 'secret' in this scheme: secrets is meant"),
        ({"scheme": "hmac", "header": "X-S"}, "needs its secret: say it in secrets."),
        ({"scheme": "github"}, "needs its secret: say it in secrets."),
        ({"scheme": "github", "secrets": None}, "needs its secret: say it in secrets."),
        ({"scheme": "github", "secrets": SECRET, "header": "X"}, "it has scheme, secrets"),
        ({"scheme": "grafana", "secrets": SECRET, "tolerance": "PT1M"}, "tolerance is for a timestamp_header"),
        ({"scheme": "standard_webhooks", "secrets": "whsec_!!"}, "must be whsec_ followed by base64"),
        ({"scheme": "standard_webhooks", "secrets": "whsec_"}, SHORT),
        ({"scheme": "standard_webhooks", "secrets": "whsec_YWJj"}, "of 8 bytes at least"),
        ({"scheme": "sns", "topic_arns": ["pages"]}, "must be the ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME"),
        ({"scheme": "sns", "topic_arns": ["arn:aws:sqs:eu-central-1:42:pages"]}, "must be the ARN of a topic"),
        ({"scheme": "sns", "secrets": SECRET}, "it has scheme, topic_arns"),
        ({"scheme": "sns"}, "The scheme sns is for integrations of type aws_sns"),
        ("basic", ""),
        ([], ""),
    ],
    ids=str,
)
async def test_authentication_that_cannot_be(api: AsyncClient, address: str, service: str, wrong: object, said: str) -> None:
    body = {"name": "prod", "type": "generic", "authentication": wrong}
    for answer in (
        await api.put(address, json=body, headers=ANY),
        await api.post(f"/api/v1/services/{service}/integrations", json=body),
    ):
        assert problem(answer) == (422, "invalid")
        assert said in answer.json()["detail"]
        assert answer.json()["errors"][0]["loc"].startswith("body.authentication")
        assert "whsec_!!" not in answer.text
        assert SECRET not in answer.text
    assert (await api.get(address)).json()["authentication"] is None


async def test_the_signature_of_sns_goes_with_its_dialect(api: AsyncClient, address: str) -> None:
    sns = {"type": "aws_sns", "authentication": {"scheme": "sns"}}
    assert (await api.put(address, json=sns, headers=ANY)).status_code == 200
    moved = await api.put(address, json={"type": "generic"}, headers=ANY)
    assert (problem(moved), moved.json()["errors"][0]["loc"]) == ((422, "invalid"), "body.authentication.scheme")
    assert (await api.put(address, json={"type": "generic", "authentication": None}, headers=ANY)).status_code == 200


async def test_a_secret_stays_only_with_its_scheme(api: AsyncClient, address: str) -> None:
    body = {"name": "prod", "type": "generic"}
    await api.put(address, json=body | {"authentication": {"scheme": "github", "secrets": SECRET}}, headers=ANY)
    refused = await api.put(address, json=body | {"authentication": {"scheme": "sentry"}}, headers=ANY)
    assert (problem(refused), refused.json()["detail"]) == (
        (422, "invalid"),
        "Authentication by sentry needs its secret: say it in secrets.",
    )


async def test_secrets_are_sealed_anew_with_a_new_key(
    api: AsyncClient, system: System, address: str, service: str, database: Database
) -> None:
    body = {"name": "prod", "type": "generic", "authentication": {"scheme": "bearer", "token": SECRET}}
    await api.put(address, json=body, headers=ANY)
    await api.post(f"/api/v1/services/{service}/integrations", json=body | {"name": "lost"})
    old, new = system.node.ring[0], "a new key of thirty-two characters"
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE integrations SET authentication = 'x' WHERE name = 'lost'"))
        assert await reseal(tx, Sealing([new, old])) == Resealed(1, ("lost",))
        opened = {ref.name: ref.authentication for ref in (await integration_keys(tx, sealing=Sealing([new]))).values()}
    assert opened == {"prod": Authentication(Scheme.BEARER, (SECRET,)), "lost": Authentication(Scheme.LOST)}
    assert (await api.get(address)).headers["ETag"] == '"2"', "nothing was edited"


@pytest.mark.parametrize(
    ("type", "authentication", "has_one"),
    [
        ("generic", None, True),
        ("email", None, True),
        ("email", {"scheme": "bearer", "token": SECRET}, True),
        ("generic", {"scheme": "bearer", "token": SECRET}, False),
    ],
)
async def test_an_address_for_mails_is_shown_where_they_are_taken(
    system: System, service: str, type: str, authentication: object, has_one: bool
) -> None:
    state = system.node.app.state
    state.settings = state.settings.but(smtp_listen="127.0.0.1:2525", smtp_hostname="oncall.test")
    body = {"name": "x", "type": type, "authentication": authentication}
    made = (await system.api.post(f"/api/v1/services/{service}/integrations", json=body)).json()
    second = (await system.api.post(f"/api/v1/services/{service}/integrations/{made['id']}/keys")).json()
    for shown in (made, second):
        assert shown["email"] == (f"{shown['key']}@oncall.test" if has_one else None)

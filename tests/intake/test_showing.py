"""What is shown of a body: everything but its secrets, wherever they stand, and however broken it is."""

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.system import System, to

from oncall.intake.rules import kept_headers, redacted, sent_as, shown_body
from oncall.kit.db import Database

S = "Zq9-canary.7f"
"""The secret of all these bodies."""


def dumped(value: object) -> str:
    return json.dumps(value)


def encoded(value: object) -> str:
    return base64.b64encode(dumped(value).encode()).decode()


PLACES = {
    "a member": dumped({"password": S, "host": "db-1"}),
    "a member at any depth": dumped({"a": {"b": [{"db_api_key": S}]}}),
    "all of what a secret name holds": dumped({"credentials": {"user": "u", "x}": [S, {"y": S}]}, "host": "db-1"}),
    "a number": f'{{"token": {int.from_bytes(S.encode(), "big")}}}',
    "a name with escapes": f'{{"\\u0070assword": "{S}"}}',
    "a value with quotes": dumped({"password": f'a"{S}\\"{S}'}),
    "a name and its value apart": dumped([{"name": "password", "value": S}, {"value": S, "key": "X-Api-Key"}]),
    "fields of an event": dumped({"summary": "x", "fields": [{"name": "password", "value": S}, {"name": "host", "value": "db-1"}]}),
    "a name and values apart": dumped([{"name": "password", "value": {"deep": [S]}}]),
    "pairs": dumped({"said": [["Authorization", S], ["Accept", "text/html"]]}),
    "headers of a request": dumped({"request": {"headers": {"X-Whatever": S}}}),
    "JSON in JSON": dumped({"Message": dumped({"password": S})}),
    "JSON in JSON in JSON": dumped({"a": dumped({"b": dumped({"credentials": {"x}": S}})})}),
    "JSON in base64 in JSON": dumped({"message": {"data": encoded({"password": S})}}),
    "lines of JSON": dumped({"a": 1}) + "\n" + dumped({"password": S}),
    "JSON that breaks off": f'{{"host": "db-1", "password": "{S}',
    "JSON that breaks off inside a group": f'[{{"name": "password", "value": ["{S}"',
    "JSON nobody quoted": f"{{host: db-1, password: {S}, a: b}}",
    "Python's own": f"{{'password': '{S}', 'a': None}}",
    "Ruby's own": f'{{"password" => "{S}"}}',
    "JSON with comments": f'// of db-1\n{{"password": "{S}",}}',
    "JSON in a call": f'call({{"password": "{S}"}});',
    "no numbers beside it": f'{{"a": NaN, "password": "{S}"}}',
    "a form": f"host=db-1&password={S}&state=down",
    "a form with brackets": f"user%5Bpassword%5D={S}&host=db-1",
    "a form that nobody escaped": f"password={S} {S}&host=db-1",
    "JSON in a form": f"payload={quote_plus(dumped({'password': S}))}",
    "JSON in a form, escaped twice": f"payload={quote(quote(dumped({'password': S})))}",
    "an address in a form": f"url={quote(f'https://h/?api_key={S}', safe='')}",
    "XML": f"<event><Password>{S}</Password><host>db-1</host></event>",
    "XML with a namespace": f'<n:event xmlns:n="u"><n:token>{S}</n:token></n:event>',
    "XML that breaks off": f"<event><password>{S}",
    "an attribute": f'<event host="db-1" password="{S}"/>',
    "an attribute that names another": f'<event><param name="password" value="{S}"/><add key="secret" value=\'{S}\'/></event>',
    "an element named by an attribute": f'<event><field name="password">{S}</field></event>',
    "an element named by the one before": f"<struct><member><name>password</name><value><string>{S}</string></value></member></struct>",
    "CDATA": f"<event><password><![CDATA[{S}]]></password></event>",
    "XML in XML": f"<event>&lt;password&gt;{S}&lt;/password&gt;</event>",
    "JSON in XML": f"<event>{{&quot;password&quot;:&quot;{S}&quot;}}</event>",
    "multipart": f'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{S}\r\n--x\r\n'
    f'Content-Disposition: form-data; name="a"\r\n\r\n{dumped({"token": S})}\r\n--x--\r\n',
    "multipart that breaks off": f"--x\r\ncontent-disposition: form-data; name=password\r\nContent-Type: text/plain\r\n\r\n{S}",
    "a login in an address": f"see postgres://user:{S}@db-1/app",
    "a login in an address as PHP writes it": f'{{"url": "https:\\/\\/user:{S}@db-1\\/app"}}',
    "the query of an address": f"GET /alerts?token={S}&host=db-1",
    "a header of a mail": f"Authorization: Bearer {S}\r\nSubject: Disk full",
    "bearer": f"curl failed: Bearer {S} was refused",
    "basic": f"header was Basic {base64.b64encode(S.encode()).decode()}",
    "YAML": f"host: db-1\npassword:\n  - {S}\n",
    "properties": f"spring.datasource.password = {S}",
    "a sentence": f"API key: {S}",
    "a private key": f"-----BEGIN RSA PRIVATE KEY-----\n{S}\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("said", PLACES.values(), ids=PLACES)
def test_no_secret_is_shown_wherever_it_stands(said: str) -> None:
    for shown in (redacted(said), shown_body(said.encode(), "").text or "", shown_body(said.encode("utf-16"), "").text or ""):
        assert "redacted" in shown or encoded({"password": "[redacted]"}) in shown
        assert S not in shown
        assert base64.b64encode(S.encode()).decode() not in shown
        assert encoded({"password": S}) not in shown
        assert str(int.from_bytes(S.encode(), "big")) not in shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('{"password": "x", "token": 7, "auth": {"a": 1}, "host": "db-1"}',
         '{"password": "[redacted]", "token": "[redacted]", "auth": "[redacted]", "host": "db-1"}'),
        *[(f'{{"password": {harmless}}}', f'{{"password": {harmless}}}') for harmless in ("null", '""', "true", '"[redacted]"')],
        ('{ "b" :1e400,"b":  2 }', '{ "b" :1e400,"b":  2 }'),
        ("host=db-1&note=a%20b%26c", "host=db-1&note=a%20b%26c"),
        ("<event><note>a &lt; b &amp; c</note></event>", "<event><note>a &lt; b &amp; c</note></event>"),
        ("https://ana@example.com writes to bob@example.com", "https://[redacted]@example.com writes to bob@example.com"),
        ("Disk full: 97 % of /var at 12:30", "Disk full: 97 % of /var at 12:30"),
        ('{"key": "disk", "name": "db-1", "value": "97"}', '{"key": "disk", "name": "db-1", "value": "97"}'),
        ("U29tZSB0ZXh0IHdpdGhvdXQgc2VjcmV0cw==", "U29tZSB0ZXh0IHdpdGhvdXQgc2VjcmV0cw=="),
    ],
)  # fmt: skip
def test_what_is_no_secret_is_shown_as_it_came(said: str, shown: str) -> None:
    assert redacted(said) == shown


@given(
    st.text()
    | st.lists(st.sampled_from([*PLACES.values(), '"', "\\", "{", "[", "<", "&lt;", "password", ":", "=", "%", "\r\n", "--x"])).map("".join)
)
@settings(max_examples=300)
def test_whatever_it_is_it_can_be_shown(said: str) -> None:
    json.dumps(redacted(said))
    shown_body(said.encode("utf-8", "replace"), "application/json; charset=utf-7")


@given(st.binary())
def test_any_bytes_can_be_shown(raw: bytes) -> None:
    shown = shown_body(raw, "text/plain; charset=shift-jis")
    assert (shown.text is None) != (shown.base64 is None)


NAMES = {
    **dict.fromkeys(
        ["db_pass", "smtpPass", "pass", "passcode", "MYSQL_PWD", "accountKey", "ssh_key", "signing-key", "encryption_key", "master_key",
         "license_key", "tokens", "passwords", "api_keys", "secrets", "jwt", "otp", "token_value", "secret_value", "auth_header",
         "sharedAccessSignature", "password_hash", "passwordConfirm"], "x"),
    **dict.fromkeys(["sig", "X-Amz-Signature", "session", "session_id", "routing_key", "integration-key", "x.signature"],
                    "0a1b2c3d4e5f6a7b"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_say_that_something_is_secret(name: str) -> None:
    said = NAMES[name]
    assert redacted(dumped({name: said, "host": "db-1"})) == dumped({name: "[redacted]", "host": "db-1"})
    assert redacted(f"{name}={said}&host=db-1") == f"{name}=[redacted]&host=db-1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *[(name, "0a1b2c3d4e5f6a7b") for name in
          ("key", "dedup_key", "incident_key", "alert_key", "group_key", "groupKey", "unique_key", "query_key", "monkey")],
        *[(name, "x1") for name in ("bypass", "compass", "passed", "passes", "design", "keys", "sessions", "possession")],
        ("signature", "ET SCAN Suspicious inbound to MSSQL port 1433"),
        ("session", "bgp rr-1 to rr-2"),
        ("session", "down"),
        ("routing_key", "team-database"),
    ],
)  # fmt: skip
def test_names_that_only_seem_to(name: str, said: str) -> None:
    assert redacted(dumped({name: said})) == dumped({name: said})


UNITS = ["a", '{"a":', '"\\',
         "<", "<a ", "&lt;a ", "%41", "&quot;", "a:", "password=", "<password>", "<name>password</name><v>", "password:{",
         '{"name":"password","value":[', '"token":[', '\\"password\\":\\"x', "\n--", "://", "Bearer ", "-----BEGIN PRIVATE KEY-----", " ",
         'content-disposition: name="password"\n\n', "content-disposition: ", "&amp;"]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_no_body_takes_longer_than_its_length_allows(unit: str) -> None:
    """What is not linear takes minutes here."""
    assert shown_body((unit * 600_000)[:600_000].encode(), "").is_cut


def test_what_is_long_is_cut_with_a_mark_and_what_is_no_text_is_in_base64() -> None:
    long = shown_body(b"x" * 300_000, "")
    assert (long.is_cut, len(long.text or ""), (long.text or "")[-2:]) == (True, 256 * 1024, "x…")
    image = shown_body(b"\x89PNG\r\n\x1a\n\x00password=" + S.encode() + b"\r\n", "image/png")
    assert (image.text, image.is_cut) == (None, False)
    assert base64.b64decode(image.base64 or "") == b"\x89PNG\r\n\x1a\n\x00password=[redacted]\r\n"
    exact = shown_body(b"x" * 256 * 1024, "")
    assert (exact.is_cut, exact.text) == (False, "x" * 256 * 1024)


@pytest.mark.parametrize(
    ("raw", "content_type", "shown"),
    [
        ("größe".encode(), "", "größe"),
        ("größe".encode("latin-1"), "text/plain", "größe"),
        ("größe".encode("utf-32"), "", "größe"),
        ("データ".encode("shift-jis"), "text/plain; charset=Shift_JIS", "データ"),
        ("Ошибка".encode("koi8-r"), 'text/plain; charset="koi8-r"', "Ошибка"),
        ("größe".encode("latin-1"), "text/plain; charset=nonsense", "größe"),
        (b"disk full\x00", "", "disk full"),
    ],
)
def test_text_is_shown_in_whatever_encoding_it_came(raw: bytes, content_type: str, shown: str) -> None:
    assert shown_body(raw, content_type).text == shown


KEPT = {
    "User-Agent": "Grafana/11", "Content-Type": "application/json", "Content-Encoding": "gzip", "X-GitHub-Event": "workflow_run",
    "X-GitHub-Delivery": "1", "X-Gitlab-Event": "Pipeline Hook", "Sentry-Hook-Resource": "issue", "ce-type": "alert",
    "x-amz-sns-topic-arn": "arn:x", "Idempotency-Key": "7",
}  # fmt: skip
HIDDEN = {
    "X-Hub-Signature-256": f"sha256={S}",
    "Sentry-Hook-Signature": S,
    "X-Slack-Signature": S,
    "X-Acme-Hmac-Sha256": S,
    "webhook-signature": S,
}
NEVER = {
    "Authorization": f"Bearer {S}", "Proxy-Authorization": S, "Cookie": S, "X-Api-Key": S, "X-Gitlab-Token": S, "ce-token": S, "X-Auth": S,
    "x-amz-sns-secret": S, "X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7", "X-Real-Ip": "198.51.100.7",
    "Host": "oncall.test", "Accept": "*/*", "Referer": "https://h/", "Connection": "close", "X-Whatever": S,
}  # fmt: skip


def test_headers_that_matter_are_kept_of_signatures_that_there_was_one_and_nothing_else() -> None:
    assert kept_headers(KEPT | HIDDEN | NEVER) == {
        **{name.lower(): said for name, said in KEPT.items()},
        **{name.lower(): "[redacted]" for name in HIDDEN},
    }


def test_headers_hold_no_key_no_login_and_nothing_the_database_cannot() -> None:
    headers = {"ce-source": "https://u:p@h/oc_int_1", "User-Agent": "a\x00b", "ce-subject": "x" * 2_000}
    headers |= {f"ce-n{n}": "x" for n in range(100)} | {"ce-" + "n" * 200: "x", "ce-größe": "x"}
    kept = kept_headers(headers, key="oc_int_1")
    assert (kept["ce-source"], kept["user-agent"], len(kept["ce-subject"]), len(kept)) == ("https://h/[redacted]", "a�b", 1_024, 40)


# --- over HTTP --------------------------------------------------------------------------------------------------------------


async def test_no_secret_reaches_what_is_shown_the_alerts_or_the_log(
    system: System, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="generic"))["key"]
    kept = {"a member", "a member at any depth", "all of what a secret name holds", "fields of an event", "headers of a request",
            "a form", "an attribute", "XML", "a login in an address", "bearer"}  # fmt: skip
    for what, said in PLACES.items():
        sent = await system.api.post(
            f"/intake/{key}?token={S}", content=said.encode(), headers={**NEVER, **HIDDEN, "ce-source": f"https://h/?token={S}"}
        )
        assert sent.status_code == 202, what
        for event in sent.json()["events"]:
            shown = await system.api.get(f"/api/v1/events/{event['id']}")
            assert S not in json.dumps(shown.json()["body"]), what
            assert shown.json()["body"]["headers"]["ce-source"] == "https://h/?token=[redacted]"
            stored = await system.api.get(f"/api/v1/events/{event['id']}/body")
            assert stored.content == said.encode(), "whoever downloads it sees what came"
            if what in kept and event["incident_id"]:
                assert S not in (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/alerts")).text, what
    by_query = await system.api.get(f"/intake/{key}?summary=x&password={S}")
    assert S not in json.dumps((await system.api.get(f"/api/v1/events/{by_query.json()['events'][0]['id']}")).json())
    async with database.transaction() as tx:
        kept_beside = (await tx.execute(text("SELECT (headers - 'ce-source')::text FROM event_bodies"))).scalars().all()
    assert [said for said in kept_beside if S in said] == []
    printed = capsys.readouterr()
    assert S not in printed.out + printed.err


async def test_a_body_is_downloaded_as_it_is_kept_by_admins_and_never_rendered(system: System) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="generic"))["key"]
    raw = b"<html><script>alert(1)</script></html>"
    sent = await system.api.post(
        f"/intake/{key}", content=gzip.compress(raw), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}
    )
    id = sent.json()["events"][0]["id"]
    answer = await system.api.get(f"/api/v1/events/{id}/body")
    assert (answer.status_code, answer.content) == (200, raw)
    assert {name: answer.headers[name] for name in ("content-type", "content-disposition", "x-content-type-options", "cache-control")} == {
        "content-type": "application/octet-stream",
        "content-disposition": f'attachment; filename="event-{id}.bin"',
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    shown = (await system.api.get(f"/api/v1/events/{id}")).json()
    body = shown["body"]
    assert (body["content_type"], body["size"], body["text"], body["base64"], body["truncated"]) == (
        "text/html",
        len(raw),
        raw.decode(),
        None,
        False,
    )
    assert (body["headers"]["content-encoding"], shown["body_gone"]) == ("gzip", None)
    reader = (await system.make("api-keys", name="r", scope="read"))["key"]
    async with system.client({"Authorization": f"Bearer {reader}"}) as stranger:
        assert (await stranger.get(f"/api/v1/events/{id}")).status_code == 200
        assert (await stranger.get(f"/api/v1/events/{id}/body")).status_code == 403, "it holds its sender's secrets"
    assert (await system.api.get("/api/v1/events/00000000-0000-0000-0000-000000000000/body")).status_code == 404


SAID = b'{"summary": "Disk full"}'


@pytest.mark.parametrize(
    ("what", "kept", "headers", "expected"),
    [
        ("as it came", SAID, {}, ""),
        ("undone", SAID, {"content-encoding": "gzip", "content-length": "1044"}, "of 1,044 sent as gzip"),
        ("undone, of a length nobody announced", SAID, {"content-encoding": "x-gzip"}, "sent as x-gzip"),
        ("undone twice", SAID, {"content-encoding": "deflate, gzip", "content-length": "60"}, "of 60 sent as deflate, gzip"),
        ("only called compressed", SAID, {"content-encoding": "gzip", "content-length": f"{len(SAID)}"}, ""),
        ("only called so, as what is not undone", SAID, {"content-encoding": "br"}, ""),
        ("a word of their own", SAID, {"content-encoding": "utf-8", "content-length": "3"}, ""),
        ("damaged", gzip.compress(SAID, mtime=0)[:-9], {"content-encoding": "gzip"}, "still compressed as gzip"),
        ("damaged, and not called so", gzip.compress(SAID, mtime=0)[:-9], {}, "still compressed as gzip"),
        ("not undone", b"\x0b\x02\x80\x00\xff", {"content-encoding": "br"}, "still compressed as br"),
    ],
)
def test_how_a_body_was_compressed_when_it_came(what: str, kept: bytes, headers: dict[str, str], expected: str) -> None:
    assert sent_as(kept, "application/json", headers) == expected


def test_how_long_a_body_was_is_kept_where_it_was_compressed() -> None:
    assert kept_headers({"content-length": "44", "content-encoding": "gzip"}) == {"content-length": "44", "content-encoding": "gzip"}
    assert kept_headers({"content-length": "44"}) == {}


async def test_the_key_is_in_no_header_that_is_kept(system: System, database: Database) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="generic"))["key"]
    headers = {"ce-source": f"/intake/{key}", "Content-Type": f"text/plain; key={key}", "User-Agent": key}
    assert (await system.api.post(f"/intake/{key}", content=b"Disk full", headers=headers)).status_code == 202
    async with database.transaction() as tx:
        stored = (await tx.execute(text("SELECT content_type, headers::text AS headers FROM event_bodies"))).one()
    assert key not in stored.content_type + stored.headers
    assert json.loads(stored.headers)["ce-source"] == "/intake/[redacted]"


async def only_recording(system: System, made: dict[str, Any]) -> None:
    path = f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"
    was = await system.api.get(path)
    edited = await system.api.put(
        path, json={"name": "prod", "type": "generic", "on_unreadable": "record"}, headers={"If-Match": was.headers["etag"]}
    )
    assert edited.status_code == 200, edited.text
    await system.node.compilation.refresh()


async def test_an_integration_may_have_unreadable_bodies_only_recorded(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    await only_recording(system, made)
    (event,) = (await system.api.post(f"/intake/{made['key']}", content=b"{broken")).json()["events"]
    assert (event["decision"], event["incident_id"]) == ("ignored", None)
    seen = (await system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert seen["reason"].startswith("it is not JSON")
    assert seen["reason"].endswith("; this integration only records such a body")
    assert seen["body"]["text"] == "{broken"
    assert (await system.api.post(f"/intake/{made['key']}", content=b"Disk full")).json()["events"][0]["decision"] == "opened", (
        "others page"
    )
    await system.run_due()
    assert system.pages() == ["Ana"]


async def test_what_is_only_recorded_is_explained_as_unreadable(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    await only_recording(system, made)
    (event,) = (await system.api.post(f"/intake/{made['key']}", content=b"{broken")).json()["events"]
    lines = (await system.api.get(f"/api/v1/events/{event['id']}/explain")).json()["sentences"]
    told = [line["text"] for line in lines if line["kind"] in {"read", "said", "advice"}]
    assert told[0].startswith("Its body has 7 bytes")
    assert told[1].startswith("It could not be read: it is not JSON")
    assert not told[1].endswith("such a body.")
    assert told[2:] == ["If what cannot be read should page, set `on_unreadable` of its integration to `page`; else nothing is to be done."]
    decided = [line["text"] for line in lines if line["kind"] == "decided"]
    assert decided[1] == "Nobody could read it, and its integration only records such a body: it paged nobody."


async def test_what_is_too_large_pages_although_what_is_unreadable_is_only_recorded(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    await only_recording(system, made)
    assert (await system.api.post(f"/intake/{made['key']}", content=b"x" * (4 * 1024 * 1024 + 1))).status_code == 413
    await system.run_due()
    assert system.pages() == ["Ana"]

"""The generic dialect: what a person with curl, a script, or a monitor nobody has heard of says, and what it means to us."""

import json

import pytest
from tests.intake.payloads import bare, events

from oncall.incidents.values import Event


def said(value: object) -> Event:
    (event,) = events("generic", json.dumps(value).encode())
    return event


@pytest.mark.parametrize(
    ("value", "action"),
    [
        ({"summary": "x"}, "trigger"),
        ({"summary": "x", "status": "resolved"}, "resolve"),
        ({"summary": "x", "state": "OK"}, "resolve"),
        ({"summary": "x", "action": "ack"}, "acknowledge"),
        ({"summary": "x", "eventAction": "Resolve"}, "resolve"),
        ({"summary": "x", "resolved": True}, "resolve"),
        ({"summary": "x", "resolved": False}, "trigger"),
        ({"summary": "x", "severity": "ok"}, "resolve"),
        ({"summary": "x", "level": "OK"}, "resolve"),
        ({"summary": "x", "severity": "normal"}, "trigger"),  # how some people say "not so urgent"
        ({"summary": "x", "priority": "normal"}, "trigger"),
        ({"summary": "x", "status": "flabbergasted"}, "trigger"),  # what nobody knows pages
        ({"summary": "x", "action": "notify", "status": "ok"}, "resolve"),  # the first word that is known
        ({"summary": "x", "event_type": "trigger", "status": "ok"}, "trigger"),
        ({"summary": "x", "status": 1}, "trigger"),  # 1 may be up or down
        ({"summary": "x", "status": ["ok"]}, "trigger"),
        ({"summary": "x", "status": {"text": "ok"}}, "trigger"),
    ],
)
def test_the_state_is_a_word_that_is_known_and_everything_else_pages(value: object, action: str) -> None:
    assert said(value).action.value == action


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ({"severity": "CRITICAL"}, "critical"),
        ({"severity": "sev-1"}, "critical"),
        ({"severity": "Sev 2"}, "error"),
        ({"priority": "P3"}, "warning"),
        ({"severity": "banana", "priority": "P1"}, "critical"),
        ({"status": "warning"}, "warning"),
        ({"labels": {"severity": "info"}}, "info"),
        ({"severity": 3}, "unknown"),
        ({"severity": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_severity_is_the_first_word_that_is_known(value: dict[str, object], severity: str) -> None:
    assert said({"summary": "x", **value}).severity.value == severity


def test_a_host_alone_is_no_identity_or_its_second_problem_would_page_nobody() -> None:
    disk, cpu = said({"host": "db-1", "summary": "Disk full"}), said({"host": "db-1", "summary": "CPU high"})
    assert disk.dedup_key != cpu.dedup_key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"check": "disk", "host": "db-1"}, {"host": "db-1", "check": "disk", "summary": "99%", "state": "ok", "time": 1}, True),
        ({"check": "disk", "host": "db-1"}, {"check": "disk", "host": "db-2"}, False),
        ({"check": "disk", "host": "db-1"}, {"check": "cpu", "host": "db-1"}, False),
        ({"dedup_key": "k", "summary": "a"}, {"dedupKey": "k", "summary": "b"}, True),
        ({"monitor_id": 1, "host": "a"}, {"monitor_id": 1, "host": "b"}, False),  # numbers of different hosts
        ({"monitor_id": 1}, {"rule_id": 1}, False),  # numbers of different tools
        ({"id": "x1", "monitor_id": 7}, {"id": "x2", "monitor_id": 7}, True),  # an id that counts up with each message
        ({"title": "Backup failed"}, {"title": "Backup failed"}, False),  # never by the title
        ({"id": 12345678901234567890}, {"id": 12345678901234567891}, False),  # beyond 2^53
    ],
)
def test_identity(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    assert (bare(said(one)) == bare(said(other))) is same


def test_a_key_of_ten_thousand_characters_is_cut_and_still_told_apart() -> None:
    one, other = said({"dedup_key": "k" * 10_000}), said({"dedup_key": "k" * 9_999 + "!"})
    assert len(one.dedup_key) == len(other.dedup_key) == 255
    assert one.dedup_key != other.dedup_key
    assert said({"dedup_key": "k" * 255}).dedup_key == "k" * 255, "and 255 is taken exactly"


@pytest.mark.parametrize("key", ["", "  ", None, [], {}])
def test_an_empty_key_is_none(key: object) -> None:
    event = said({"dedup_key": key, "summary": "x"})
    assert event.dedup_key == str(event.id)


def test_what_was_not_read_stays_in_the_details_without_secrets() -> None:
    event = said({"title": "Disk full", "message": "/var is at 99%", "free": {"b": 7}, "token": "x", "my_auth_pass": "x", "host": "db-1"})
    assert event.details == {"message": "/var is at 99%", "free": {"b": 7}}
    assert event.source == "db-1"


def test_labels_come_in_many_forms() -> None:
    assert said({"labels": {"a": 1, "b": {"c": True}}}).labels == {"a": "1", "b": '{"c":true}'}
    assert said({"tags": ["prod", "db"]}).labels == {"tags": "prod, db"}
    assert said({"tags": "prod,db"}).labels == {"tags": "prod,db"}
    assert said({"tags": [{"key": "env", "value": "prod"}, {"name": "team", "value": 7}, 3]}).labels == {
        "env": "prod",
        "team": "7",
        "tags": "3",
    }


def test_only_addresses_that_people_can_follow_become_links() -> None:
    event = said({"url": "https://a.example/x y", "link": "javascript:alert(1)", "links": [{"href": "http://b.example", "text": "b"}, 3]})
    assert event.links == (("http://b.example", "b"), ("https://a.example/x%20y", "url"))
    assert len(said({"links": [{"href": f"https://{n}.example"} for n in range(1_000)]}).links) == 20


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ("2026-03-02T12:00:00Z", "2026-03-02 12:00:00+00:00"),
        ("2026-03-02t12:00:00.123456789z", "2026-03-02 12:00:00.123456+00:00"),
        ("2026-03-02T12:00:00+02:00", "2026-03-02 10:00:00+00:00"),
        (1_772_452_800, "2026-03-02 12:00:00+00:00"),
        (1_772_452_800_123, "2026-03-02 12:00:00.123000+00:00"),
        ("2026-03-02T12:00:00", None),  # without an offset nobody knows when
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-12-31T23:59:60Z", None),
        (1e308, None),
        (True, None),
        (["2026"], None),
    ],
)
def test_instants(when: object, at: str | None) -> None:
    found = said({"summary": "x", "timestamp": when}).occurred_at
    assert (str(found) if found else None) == at


def test_a_list_is_many_events_and_one_that_is_none_spoils_no_other() -> None:
    found = events("generic", b'[{"summary": "a"}, 7, {"summary": "b", "status": "ok"}]')
    assert [(e.summary, e.action.value, e.unreadable) for e in found] == [
        ("a", "trigger", False),
        ("unreadable part of an event", "trigger", True),
        ("b", "resolve", False),
    ]


def test_more_events_than_anybody_can_be_paged_for_page_as_one() -> None:
    found = events("generic", b"[" + b"{}," * 5_002 + b"{}]")
    assert len(found) == 5_001
    assert (found[-1].summary, found[-1].unreadable) == ("3 more events in one body", True)


@pytest.mark.parametrize(
    ("raw", "summary"),
    [
        (b"Backup failed on db-1: exit=3", "Backup failed on db-1: exit=3"),  # curl -d, which says it is a form
        (b'"Backup failed"', "Backup failed"),
        (b"summary=Disk+full&severity=critical", "Disk full"),
        (b'payload={"summary": "Disk full"}', "Disk full"),
        (b"payload=%7B%22summary%22%3A%20%22Disk%20full%22%7D", "Disk full"),
        (b'[OK] {"not": "the beginning"}', "unreadable event from prod"),
        (b'{"foo": 1}', 'event without a summary: {"foo":1}'),
        (b'{"summary": "a\\nb\\t\\u202ec\\u0007  d"}', "a b c d"),
        (b'{"title": "[FIRING:2] Disk full"}', "Disk full"),
        (b'{"title": "[RESOLVED]"}', "[RESOLVED]"),
    ],
)
def test_titles(raw: bytes, summary: str) -> None:
    (event,) = events("generic", raw)
    assert event.summary == summary


def test_a_title_beyond_1024_characters_is_cut_with_a_mark() -> None:
    summary = said({"summary": "x" * 5_000}).summary
    assert (len(summary), summary[-2:]) == (1_024, "x…")


def test_an_empty_list_says_nothing() -> None:
    (event,) = events("generic", b"[]")
    assert (event.action.value, event.reason) == ("ignore", "the list of events is empty")


def test_uptime_kuma_in_maintenance_pages_nobody() -> None:
    event = said(
        {"heartbeat": {"status": 3}, "monitor": {"id": 1, "name": "Shop", "basic_auth_pass": "s3cret"}, "msg": "[Shop] maintenance"}
    )
    assert (event.action.value, event.reason) == ("ignore", "the monitored thing is in maintenance")
    assert "s3cret" not in str(event.details)


HOME_MADE = [
    # names that Opsgenie, PagerDuty, Alerta use as well, with a state of the sender's own
    ({"message": "Disk full", "alias": "db-1/disk", "priority": "high", "status": "resolved"}, "resolve", "db-1/disk"),
    ({"incident_key": "db-1/disk", "event_type": "resolved", "summary": "Disk of db-1"}, "resolve", "db-1/disk"),
    ({"event_action": "resolved", "dedup_key": "a", "payload": {"summary": "x"}}, "resolve", "a"),
    ({"resource": "db-1", "event": "DiskFull", "environment": "prod", "severity": "critical", "status": "resolved"}, "resolve", None),
    ({"attachments": [{"color": "red"}], "summary": "Disk full", "status": "resolved", "dedup_key": "k"}, "resolve", "k"),
    ({"version": "2.3.1", "title": "Errors", "message": "err", "type": "failure", "dedup_key": "k", "status": "resolved"}, "resolve", "k"),
    ({"check_id": 12, "check_name": "disk", "current_state": "ok", "previous_state": "critical"}, "resolve", "check_id=12"),
    ({"service_name": "api", "current_status": "ok", "last_status": "down", "status": "ok"}, "resolve", None),
    ({"repository": {"full_name": "a/b"}, "sender": {"login": "x"}, "status": "failed", "summary": "Deploy failed"}, "trigger", None),
    ({"heartbeat": "ok", "monitor": "db-1 backup", "status": "up"}, "resolve", None),
]


@pytest.mark.parametrize(("body", "action", "key"), HOME_MADE, ids=[str(body)[:60] for body, _, _ in HOME_MADE])
def test_somebodys_own_words_are_taken_for_no_vendors(body: dict[str, object], action: str, key: str | None) -> None:
    event = said(body)
    assert (event.action.value, event.unreadable) == (action, False)
    assert key is None or bare(event) == key


OWN = {"summary": "Disk is full", "severity": "warning", "dedup_key": "K3", "labels": {"alertname": "Disk", "node": "3"}}


@pytest.mark.parametrize("body", [OWN, [OWN], [OWN | {"status": "firing"}], {"alerts": [OWN]}, {"alerts": [OWN | {"status": "firing"}]}])
def test_what_names_itself_is_read_by_its_own_words_whatever_its_labels_are_called(body: object) -> None:
    event = said(body)
    assert (event.summary, event.severity.value, bare(event)) == ("Disk is full", "warning", "K3")


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({"event_type": "error", "status": "resolved"}, "resolve"),  # how bad it is counts less than that it is over
        ({"action": "created", "status": "resolved"}, "resolve"),
        ({"status": "warning", "state": "ok"}, "resolve"),
        ({"event_type": "trigger", "status": "ok"}, "trigger"),  # what is done counts more than how it is
        ({"resolved": "true"}, "resolve"),
        ({"resolved": True}, "resolve"),
        ({"resolved": False}, "trigger"),
        ({"trigger": "up", "name": "Page"}, "resolve"),
    ],
)
def test_of_several_states_the_stronger_counts(body: dict[str, object], action: str) -> None:
    assert said(body).action.value == action


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"id": 1, "host": "a", "summary": "Disk"}, {"id": 1, "host": "b", "summary": "CPU"}, False),
        ({"id": 1, "host": "a", "check": "disk"}, {"id": 2, "host": "a", "check": "disk", "status": "ok"}, True),
        ({"id": 1, "source": "jenkins", "name": "deploy"}, {"id": 1, "source": "cron", "name": "backup"}, False),
        ({"check": "cpu", "host": "a", "metric": 97}, {"check": "cpu", "host": "a", "metric": 12, "status": "ok"}, True),
        ({"name": "Page", "trigger": "down"}, {"name": "Page", "trigger": "up"}, True),
        ({"alert": {"id": 3, "name": "Disk"}}, {"status": "resolved", "alert": {"id": 3, "name": "Disk"}}, True),
    ],
)
def test_states_and_measures_are_no_identity(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    assert (bare(said(one)) == bare(said(other))) is same


def test_events_inside_an_object_are_events_of_their_own() -> None:
    inside = [{"name": "disk", "status": "firing"}, {"name": "cpu", "status": "resolved"}]
    disk, cpu = events("generic", json.dumps({"source": "cron", "alerts": inside}).encode())
    assert (disk.action.value, disk.summary, disk.source) == ("trigger", "disk", "cron")
    assert (cpu.action.value, cpu.source) == ("resolve", "cron")


def test_without_a_title_what_and_where_are_one() -> None:
    assert said({"check": "disk", "host": "a", "value": 97}).summary == "disk on a"


def test_logins_in_addresses_and_secret_members_are_shown_to_nobody() -> None:
    event = said({"title": "https://u:pw@shop is slow", "source": "https://u:pw@shop", "request": {"headers": {"x": 1}, "to": "//u:pw@x"}})
    assert event.summary == "https://shop is slow"
    assert event.source == "https://shop"
    assert event.details == {"request": {"to": "//u:pw@x"}}, "without a scheme it is no address"


INSIDE = [
    # the inner state counts, and the outer only where there is none, or where it is a verb
    ({"status": "ok", "alerts": [{"name": "cpu", "state": "firing"}]}, ["trigger"]),
    ({"status": "resolved", "alerts": [{"name": "cpu"}]}, ["resolve"]),
    ({"status": "success", "alert": {"name": "cpu", "state": "firing"}}, ["trigger"]),
    ({"action": "resolve", "alert": {"name": "cpu", "state": "firing"}}, ["resolve"]),
    ({"data": {"name": "cpu", "status": "ok"}}, ["resolve"]),
    # what names the group names none of its events
    (
        {"title": "group", "id": "batch", "alerts": [{"title": "a", "status": "firing"}, {"title": "b", "status": "ok"}]},
        ["trigger", "resolve"],
    ),
    ({"job": "nightly", "alerts": [{"name": "a"}, {"name": "b"}]}, ["trigger", "trigger"]),
    # a history is no list of events
    ({"id": "INC-1", "title": "Disk", "status": "resolved", "events": [{"status": "resolved"}, {"status": "firing"}]}, ["resolve"]),
]


@pytest.mark.parametrize(("body", "actions"), INSIDE, ids=[str(body)[:50] for body, _ in INSIDE])
def test_what_is_inside_says_how_it_is(body: dict[str, object], actions: list[str]) -> None:
    found = events("generic", json.dumps(body).encode())
    assert [event.action.value for event in found] == actions
    assert len({bare(event) for event in found}) == len(found), "events of one body never meet"
    assert not any(event.summary == "group" for event in found)


def test_lists_in_xml_and_lines_of_objects_are_events_too() -> None:
    xml = b"<alerts><alert><name>a</name><status>firing</status></alert><alert><name>b</name><status>ok</status></alert></alerts>"
    lines = b'{"name": "a", "status": "firing"}\n{"name": "b", "status": "ok"}\n'
    for raw in (xml, lines):
        assert [event.action.value for event in events("generic", raw)] == ["trigger", "resolve"]


@pytest.mark.parametrize("metric", ["97", "97.5", "97 %", "-3"])
def test_a_measure_sent_as_text_is_no_identity(metric: str) -> None:
    one, other = (said({"check": "disk", "host": "a", "metric": value}) for value in (metric, "12"))
    assert bare(one) == bare(other)


@pytest.mark.parametrize(
    ("type", "body", "key"),
    [
        ("logicmonitor", {"summary": "Disk", "dedup_key": "db/disk", "status": "resolved"}, "db/disk"),
        ("netdata", {"summary": "Disk", "dedup_key": "d", "status": "ok"}, "d"),
        ("email", {"subject": "Disk", "dedup_key": "d", "status": "cleared"}, "d"),
        ("opsgenie", {"message": "Disk", "alias": "d", "status": "closed"}, "d"),
        ("nagios", {"alert": {"name": "db", "status": "resolved"}}, None),
    ],
)
def test_a_key_and_a_state_in_common_words_are_meant_whatever_the_type(type: str, body: dict[str, object], key: str | None) -> None:
    (event,) = events(type, json.dumps(body).encode())
    assert event.action.value == "resolve"
    assert key in {None, bare(event)}


def test_common_words_in_a_list_are_read_by_any_type() -> None:
    found = events("nagios", json.dumps([{"name": "db", "status": "down"}, {"name": "web", "status": "down"}]).encode())
    assert [event.unreadable for event in found] == [False, False]
    assert len({event.dedup_key for event in found}) == 2


def test_passwords_are_in_neither_labels_nor_details_of_any_dialect() -> None:
    secret = {"password": "pw", "x-api-key": "pw", "client_secret": "pw", "url": "https://u:p@pw@h/", "ok": 1}
    payload = {"summary": "x", "source": "y", "severity": "error", "custom_details": secret}
    for body in ({"summary": "x", "labels": secret, "more": secret}, {"event_action": "trigger", "payload": payload}):
        (event,) = events("generic", json.dumps(body).encode())
        assert "pw" not in json.dumps([event.labels, event.details])
        assert event.labels["ok"] == "1"

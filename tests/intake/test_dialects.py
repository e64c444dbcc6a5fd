"""Every body that somebody else wrote, and what we must read in it: state, severity, identity, title."""

import base64
import json
import re

import pytest
from tests.intake.dialects import clouds, code, metrics, paging, servers, uptime
from tests.intake.dialects.table import Body, all_bodies, events_of, received_of
from tests.intake.payloads import bare, events

from oncall.intake.commands import DIALECTS
from oncall.intake.rules import decode
from oncall.services.values import IntegrationType

GROUPS = (metrics, clouds, uptime, servers, code, paging)
BODIES = [row for group in GROUPS for row in group.BODIES]
CASES = [case for group in GROUPS for case in group.CASES]

MADE = re.compile(r"\w+=\S")
"""What only one monitor numbers or names."""

SENDERS_OWN = {"pagerduty", "azure_monitor"}
"""Their keys may look so, and are what the sender says itself, or names that nobody else has."""


def check(row: Body, type: str) -> None:
    found = events_of(row, type)
    assert [(e.action.value, e.severity.value) for e in found] == [(action, severity) for action, severity, _, _ in row.events]
    for event, (_, _, key, title) in zip(found, row.events, strict=True):
        assert bare(event) == (key or str(event.id))
        is_local = bool(MADE.match(key or "")) and row.type not in SENDERS_OWN and event.action.value != "check_in"
        assert (event.dedup_key != bare(event)) is is_local, "a key that only one monitor understands holds its integration"
        assert title in (None, event.summary)
        assert not event.unreadable
        assert row.why is None or event.reason == row.why
        assert (event.action.value != "ignore") or event.reason, "what is ignored says why"


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row.id)
def test_what_a_body_says(row: Body) -> None:
    check(row, row.type)


@pytest.mark.parametrize("row", [row for row in BODIES if row.by_itself], ids=lambda row: row.id)
def test_a_generic_integration_knows_it_by_itself(row: Body) -> None:
    check(row, "generic")


@pytest.mark.parametrize(("type", "firing", "resolved"), CASES, ids=[f"{type}:{firing}" for type, firing, _ in CASES])
def test_what_fires_and_what_resolves_it_meet_in_one_alert(type: str, firing: str, resolved: str) -> None:
    rows = {row.name: row for row in BODIES if row.type == type}
    fires, resolves = events_of(rows[firing]), events_of(rows[resolved])
    assert "trigger" in {e.action.value for e in fires}
    assert {e.action.value for e in resolves} == {"resolve"}
    assert {bare(e) for e in fires} >= {bare(e) for e in resolves}
    assert not any(e.dedup_key == str(e.id) for e in resolves), "an identity that nothing else has meets nothing"


def test_every_real_body_is_in_a_table() -> None:
    if not all_bodies():
        pytest.skip("../shared/payloads is absent")
    assert sorted(set(all_bodies()) - {row.name for row in BODIES}) == []


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row.id)
def test_a_body_is_of_one_dialect_only(row: Body) -> None:
    """Whoever knows a body must be the one that reads it, whatever the order in which they are asked."""
    received = received_of(row)
    knowing = {dialect.type.value for dialect in DIALECTS.values() if dialect.knows(decode(received), received)}
    assert knowing <= {row.type}, "each body in the tables has one dialect; make `knows` stricter"
    assert not row.by_itself or row.type == "generic" or knowing == {row.type}


@pytest.mark.parametrize("type", list(IntegrationType), ids=str)
def test_every_type_of_integration_has_a_dialect_whose_example_it_reads(type: IntegrationType) -> None:
    for event in events(type.value, DIALECTS[type].example.encode()):
        assert not event.unreadable


WRONG_TYPE = [
    ("alertmanager", "prometheus-api-v2/captured.prometheus.firing.json"),
    ("alertmanager", "uptime-kuma/captured.webhook-json.down.json"),
    ("pingdom", "alertmanager/captured.bearer-auth.firing.json"),
    ("nagios", "nagios/pd-agent.host.trigger.json"),
    ("sentry", "pagerduty-events-v2/captured.pdpyras.trigger.json"),
]


@pytest.mark.parametrize(("type", "name"), WRONG_TYPE)
def test_a_monitor_pointed_at_an_integration_of_another_type_is_understood(type: str, name: str) -> None:
    (row,) = [row for row in BODIES if row.name == name]
    check(row, type)


def test_what_no_dialect_knows_pages_as_unreadable_unless_the_integration_is_generic() -> None:
    raw = b'{"what": "is this"}'
    (unreadable,) = events("pingdom", raw)
    assert (unreadable.unreadable, unreadable.action.value, unreadable.summary) == (True, "trigger", "unreadable event from prod")
    (read,) = events("generic", raw)
    assert (read.unreadable, read.action.value) == (False, "trigger")


def test_what_another_dialect_sent_in_an_envelope_is_read_by_that_dialect() -> None:
    group = {"alerts": [{"status": "firing", "labels": {"alertname": "A"}, "fingerprint": "f1"},
                        {"status": "resolved", "labels": {"alertname": "B"}, "fingerprint": "f2"}], "commonLabels": {}}  # fmt: skip
    text = json.dumps(group)
    packed = base64.b64encode(text.encode()).decode()
    envelopes = {
        "aws_sns": {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-1:4:t", "Message": text},
        "cloudevents": {"specversion": "1.0", "id": "m", "source": "/bus", "type": "x", "data": group},
        "gcp_monitoring": {"message": {"data": packed, "messageId": "m"}, "subscription": "s"},
    }
    for type, envelope in envelopes.items():
        for integration in (type, "generic"):
            found = events(integration, json.dumps(envelope).encode())
            assert [(e.action.value, e.dedup_key) for e in found] == [("trigger", "f1"), ("resolve", "f2")], type
            assert len({e.delivery_id for e in found}) == 2, "each is a delivery of its own"


def test_what_the_dialect_of_the_content_cannot_read_pages_by_what_the_envelope_says() -> None:
    alert = {"resource": "", "event": "", "severity": "critical", "environment": "Production"}
    envelope = {"MessageId": "m", "TopicArn": "arn:aws:sns:eu-1:4:pages", "Message": json.dumps(alert), "Subject": "Down"}
    for type in ("aws_sns", "generic"):
        (found,) = events(type, json.dumps(envelope).encode())
        assert (found.action.value, found.unreadable, found.summary, found.group) == ("trigger", False, "Down", "pages"), type

"""What the monitors that ask from outside say beyond the bodies of the table: other words, other versions, secrets."""

import json
from datetime import UTC, datetime

import pytest
from tests.intake.payloads import integration

from oncall.incidents.values import Action, Severity
from oncall.intake.commands import read as read_for
from oncall.intake.commands import received_as
from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.rules import decode
from oncall.intake.values import Reading, Received, Unreadable
from oncall.services.values import IntegrationType

NOTHING = Received("", b"")
UUID = "6f1f2f6e-0000-4000-8000-000000000042"
GENERIC = DIALECTS[IntegrationType.GENERIC]


def read(type: str, value: object) -> Reading:
    (reading,) = DIALECTS[IntegrationType(type)].read(value, NOTHING)
    return reading


def kuma(status: object = 0, **monitor: object) -> dict[str, object]:
    heartbeat = {"monitorID": 7, "status": status, "msg": "timeout", "time": "2026-03-01 03:12:00.250"}
    return {"heartbeat": heartbeat, "monitor": {"id": 7, "name": "Shop", **monitor}, "msg": "[Shop] [Down] timeout"}


def robot(**said: object) -> dict[str, object]:
    return {"monitorID": 7, "monitorFriendlyName": "Shop", "monitorURL": "https://shop.example.com", **said}


def stack(event: str | None = None, *, kind: str = "incident", **attributes: object) -> dict[str, object]:
    said = {"name": "Shop", "cause": "Status 503", "started_at": "2026-03-01T03:12:00Z", **attributes}
    return {"data": {"id": "7", "type": kind, "attributes": said}} | ({"event": event} if event else {})


def failed(event: str) -> dict[str, object]:
    said = {"event": event, "application_id": 1, "application_name": "Shop", "error_type": "KeyError", "error_message": "'a'"}
    return {"data": {"id": "a1", "type": "error", "attributes": said}}


def check(**said: object) -> dict[str, object]:
    return {"code": UUID, "name": "Nightly backup", "now": "2026-03-01T03:12:00+00:00", **said}


def snitch(type: str, tags: object = ()) -> dict[str, object]:
    return {"type": type, "data": {"snitch": {"token": "s7", "name": "Nightly backup", "tags": tags}}}


def insping(state: object) -> dict[str, object]:
    return {"webhook_event_id": 9, "webhook_event_data": {"check_state_name": state, "application_id": 7, "application_name": "Shop"}}


def pulsetic(alert_type: object) -> dict[str, object]:
    return {"alert_type": alert_type, "monitor": {"id": 7, "url": "https://shop.example.com"}}


def runscope(result: object, **said: object) -> dict[str, object]:
    return {"test_id": UUID, "test_run_id": "r9", "environment_uuid": "e1", "result": result, "test_name": "Checkout", **said}


def checkly(alert_type: object, **said: object) -> dict[str, object]:
    return {"alert_type": alert_type, "check_id": UUID, "check_name": "Shop", "check_type": "API", **said}


def page(**said: object) -> dict[str, object]:
    return {"meta": {}, "page": {"id": "p1"}, **said}


def incident(status: object, impact: object = "major") -> dict[str, object]:
    return page(incident={"id": "i7", "name": "Mail is delayed", "status": status, "impact": impact})


def unstated(indicator: str, **said: object) -> dict[str, object]:
    about = {"id": "98765", "name": "DB", "incident_updates": [{"body": "Resolved"}], **said}
    return {"event_type": "incident", "meta": {}, "page": {"id": "12345", "status_indicator": indicator}, "incident": about}


def component(status: object) -> dict[str, object]:
    return page(component={"id": "c7", "name": "Mail"}, component_update={"new_status": status, "component_id": "c7"})


@pytest.mark.parametrize(
    ("type", "body", "action", "severity"),
    [
        ("pingdom", {"check_id": 7, "current_state": "FAILING", "previous_state": "SUCCESS"}, "trigger", "unknown"),
        ("pingdom", {"check_id": 7, "current_state": "SUCCESS", "previous_state": "FAILING"}, "resolve", "unknown"),
        ("pingdom", {"check_id": 7, "current_state": "DOWN", "importance_level": "LOW"}, "trigger", "info"),
        ("pingdom", {"check_id": 7, "current_state": "Resolved"}, "resolve", "unknown"),  # somebody's own words, in Pingdom's names
        ("pingdom", {"check_id": 7, "current_state": "acknowledged"}, "acknowledge", "unknown"),
        ("pingdom", {"check_id": 7, "current_state": "WARNING"}, "trigger", "unknown"),
        ("uptime_kuma", kuma(2), "ignore", "unknown"),  # pending
        ("uptime_kuma", kuma(3), "ignore", "unknown"),  # maintenance
        ("uptime_kuma", kuma("1"), "resolve", "unknown"),
        ("uptime_kuma", kuma(4), "trigger", "unknown"),
        ("uptime_kuma", {"heartbeat": None, "monitor": None, "msg": "[Shop] certificate expires in 7 days"}, "trigger", "unknown"),
        ("uptimerobot", robot(alertType="1", alertTypeFriendlyName="Down"), "trigger", "unknown"),
        ("uptimerobot", robot(alertType=2), "resolve", "unknown"),
        ("uptimerobot", robot(alertType="2", alertTypeFriendlyName="Funciona"), "resolve", "unknown"),  # translated: the number decides
        ("uptimerobot", robot(alertType="*alertType*", alertTypeFriendlyName="Up"), "resolve", "unknown"),
        ("uptimerobot", robot(alertType="3", alertTypeFriendlyName="SSL expiry"), "trigger", "warning"),
        ("uptimerobot", robot(alertType="4", alertTypeFriendlyName="Domain expiry"), "trigger", "warning"),
        ("uptimerobot", robot(alertType="99", alertTypeFriendlyName="Paused"), "ignore", "unknown"),
        ("uptimerobot", robot(alertTypeFriendlyName="Started"), "ignore", "unknown"),
        ("uptimerobot", robot(alertType="7"), "trigger", "unknown"),
        ("uptimerobot", {"text": "Shop", "status": "up"}, "resolve", "unknown"),  # a template of the user's own
        ("statuscake", {"Status": "UP", "TestID": 7}, "resolve", "unknown"),
        ("statuscake", {"Status": "DOWN", "TestID": 7}, "trigger", "unknown"),
        ("better_stack", stack("started"), "trigger", "unknown"),
        ("better_stack", stack("acknowledged"), "acknowledge", "unknown"),
        ("better_stack", stack("resolved"), "resolve", "unknown"),
        ("better_stack", stack(status="Started"), "trigger", "unknown"),
        ("better_stack", stack(status="Acknowledged"), "acknowledge", "unknown"),
        ("better_stack", stack(status="Validating"), "trigger", "unknown"),
        ("better_stack", stack(status="Unconfirmed"), "ignore", "unknown"),
        ("better_stack", stack(status="Resolved"), "resolve", "unknown"),
        ("better_stack", stack(resolved_at="2026-03-01T03:20:00Z"), "trigger", "unknown"),  # an instant is no state
        ("better_stack", stack("paused", kind="monitor"), "ignore", "unknown"),
        ("better_stack", stack(kind="on_call_calendar"), "ignore", "unknown"),
        ("better_stack", stack("comment"), "ignore", "unknown"),
        ("better_stack", stack("reopened"), "trigger", "unknown"),
        ("better_stack", stack(kind="of_tomorrow"), "trigger", "unknown"),
        ("better_stack", failed("new_error"), "trigger", "unknown"),  # Better Stack Errors
        ("better_stack", failed("threshold"), "trigger", "unknown"),
        ("better_stack", failed("spike"), "trigger", "unknown"),
        ("better_stack", failed("reoccurred"), "trigger", "unknown"),
        ("better_stack", failed("unresolved"), "trigger", "unknown"),
        ("better_stack", failed("resolved"), "resolve", "unknown"),
        ("better_stack", failed("ignored"), "resolve", "unknown"),
        ("better_stack", {"data": {"type": "release", "attributes": {"application_name": "Shop"}}}, "change", "unknown"),
        ("healthchecks", check(status="down"), "trigger", "unknown"),
        ("healthchecks", check(status="up"), "resolve", "unknown"),
        ("healthchecks", check(status="paused"), "ignore", "unknown"),
        ("healthchecks", check(status="grace"), "ignore", "unknown"),
        ("healthchecks", check(status="new"), "ignore", "unknown"),
        ("healthchecks", "Nightly backup is down", "trigger", "unknown"),
        ("cronitor", {"id": "a", "monitor": "Backup", "type": "ALERT"}, "trigger", "unknown"),
        ("cronitor", {"id": "a", "monitor": "Backup", "type": "RECOVERY"}, "resolve", "unknown"),
        ("cronitor", {"id": "a", "monitor": "Backup"}, "trigger", "unknown"),
        ("healthchecks", {"code": "E42", "status": "grace", "summary": "Disk"}, "trigger", "unknown"),  # nobody's check
        ("dead_mans_snitch", snitch("snitch.errored"), "trigger", "unknown"),
        ("dead_mans_snitch", snitch("snitch.paused"), "ignore", "unknown"),
        ("dead_mans_snitch", snitch("snitch.missing", ["db", "warning"]), "trigger", "warning"),
        ("dead_mans_snitch", snitch("snitch.missing", ["low", "page", 7]), "trigger", "unknown"),  # words that may mean anything
        ("hydrozen", {"monitor_id": 7, "type": "ping", "is_ok": "1"}, "resolve", "unknown"),
        ("hydrozen", {"monitor_id": 7, "type": "ping", "is_ok": False}, "trigger", "unknown"),
        ("hyperping", {"event": "check.up", "check": {"url": "https://a.example", "down": True}}, "resolve", "unknown"),
        ("hyperping", {"event": "check.late", "check": {"url": "https://a.example", "down": False}}, "trigger", "unknown"),
        ("insping", insping("Reporting Error"), "trigger", "unknown"),
        ("insping", insping("Available"), "resolve", "unknown"),
        ("insping", insping("Paused"), "ignore", "unknown"),
        ("pulsetic", pulsetic("domain_expires_soon"), "trigger", "warning"),
        ("pulsetic", pulsetic(None), "trigger", "unknown"),
        ("runscope", runscope("passed"), "resolve", "unknown"),
        ("runscope", runscope("working"), "ignore", "unknown"),
        ("runscope", runscope("cancelled"), "ignore", "unknown"),
        ("runscope", runscope("error"), "trigger", "unknown"),
        ("apexping", {"state": "unheard of", "check": {"id": 7}}, "trigger", "unknown"),
        ("uptime_com", {"check_id": 7, "check_name": "Shop", "state": "DOWN"}, "trigger", "unknown"),  # the legacy payload
        ("uptime_com", {"check_id": 7, "check_name": "Shop", "state": "UP"}, "resolve", "unknown"),
        ("uptime_com", {"data": {"service": {"id": 7}, "alert": {"state": "WARNING"}}, "event": "alert_raised"}, "trigger", "warning"),
        ("checkly", checkly("ALERT_FAILURE"), "trigger", "critical"),
        ("checkly", checkly("ALERT_FAILURE_REMAIN"), "trigger", "critical"),
        ("checkly", checkly("ALERT_DEGRADED_FAILURE"), "trigger", "critical"),
        ("checkly", checkly("ALERT_FAILURE_DEGRADED"), "trigger", "warning"),
        ("checkly", checkly("ALERT_DEGRADED"), "trigger", "warning"),
        ("checkly", checkly("ALERT_DEGRADED_REMAIN"), "trigger", "warning"),
        ("checkly", checkly("ALERT_DEGRADED_RECOVERY"), "resolve", "unknown"),
        ("checkly", checkly("ALERT_SSL"), "trigger", "warning"),
        ("checkly", checkly("NO_ALERT"), "ignore", "unknown"),
        ("checkly", {"message": "Shop has failed"}, "trigger", "unknown"),  # a template of the user's own
        ("statusgator", {"service_name": "Mail", "current_status": "warn", "last_status": "up"}, "trigger", "warning"),  # version 1
        ("statusgator", {"service_name": "Mail", "current_status": "up", "last_status": "warn"}, "resolve", "unknown"),
        ("statusgator", {"monitor": {"id": "m"}, "board": {}, "status": "unknown"}, "trigger", "unknown"),
        ("statusgator", {"type": "EarlyWarningSignal", "monitor": {"id": "m"}, "board": {}}, "trigger", "warning"),
        ("statuspage", unstated("downtime"), "trigger", "unknown"),  # Better Stack: only the page has a state
        ("statuspage", unstated("degraded"), "trigger", "unknown"),
        ("statuspage", unstated("maintenance"), "trigger", "unknown"),
        ("statuspage", unstated("operational"), "resolve", "unknown"),
        ("statuspage", unstated("operational", status="identified"), "trigger", "unknown"),  # who says how it stands means it
        ("statuspage", component("downtime"), "trigger", "critical"),
        ("statuspage", component("degraded"), "trigger", "warning"),
        ("statuspage", component("maintenance"), "ignore", "info"),
        ("statuspage", incident("investigating", "critical"), "trigger", "critical"),
        ("statuspage", incident("identified", "minor"), "trigger", "warning"),
        ("statuspage", incident("monitoring"), "trigger", "error"),
        ("statuspage", incident("resolved", "none"), "resolve", "info"),
        ("statuspage", incident("postmortem"), "resolve", "error"),
        ("statuspage", incident(None, None), "trigger", "unknown"),
        ("statuspage", incident("INVESTIGATING", "MAJOROUTAGE"), "trigger", "critical"),  # Instatus
        ("statuspage", incident("scheduled", "maintenance"), "ignore", "info"),
        ("statuspage", incident("in_progress", "maintenance"), "ignore", "info"),
        ("statuspage", incident("verifying", "maintenance"), "ignore", "info"),
        ("statuspage", incident("completed", "maintenance"), "ignore", "info"),
        ("statuspage", page(maintenance={"name": "Upgrade", "status": "INPROGRESS"}), "ignore", "unknown"),
        ("statuspage", component("degraded_performance"), "trigger", "warning"),
        ("statuspage", component("partial_outage"), "trigger", "error"),
        ("statuspage", component("major_outage"), "trigger", "critical"),
        ("statuspage", component("operational"), "resolve", "unknown"),
    ],
)
def test_words(type: str, body: object, action: str, severity: str) -> None:
    reading = read(type, body)
    assert (reading.action, reading.severity) == (Action(action), Severity(severity))
    assert bool(reading.reason) == (reading.action is Action.IGNORE)
    assert reading.summary


@pytest.mark.parametrize(
    ("type", "body", "key"),
    [
        ("pingdom", {"check_id": 2**60 + 1, "current_state": "DOWN"}, "pingdom_check=1152921504606846977"),
        ("uptime_kuma", {"heartbeat": {"monitorID": 7, "status": 1}, "monitor": None}, "uptime_kuma_monitor=7"),
        ("uptimerobot", robot(alertType="1"), "uptimerobot_monitor=7"),
        ("uptimerobot", robot(monitorID="*monitorID*"), "uptimerobot_url=https://shop.example.com name=Shop"),
        ("uptimerobot", robot(alertType="3"), "uptimerobot_monitor=7 about=certificate"),
        ("uptimerobot", robot(alertTypeFriendlyName="Domain expiry"), "uptimerobot_monitor=7 about=domain"),
        ("uptimerobot", robot(alertType="7"), "uptimerobot_monitor=7 about=type 7"),  # no outage that `Up` ends
        ("uptimerobot", robot(alertType="7", alertTypeFriendlyName="Up"), "uptimerobot_monitor=7"),
        ("statuscake", {"Status": "Up", "URL": "https://a.example", "Name": "Shop"}, "statuscake_url=https://a.example name=Shop"),
        ("better_stack", stack("started"), "better_stack_incident=7"),
        ("better_stack", stack("paused", kind="monitor"), None),
        ("better_stack", failed("new_error"), "better_stack_error=a1"),
        ("healthchecks", check(status="down"), UUID),
        ("healthchecks", {"uuid": UUID, "status": "down", "n_pings": 1}, UUID),
        ("healthchecks", {"status": "down", "ping_url": f"https://hc-ping.com/{UUID}"}, UUID),
        ("healthchecks", {"status": "down", "unique_key": "u7"}, "healthchecks_check=u7"),
        ("healthchecks", {"incident_key": UUID, "event_type": "trigger"}, UUID),
        ("cronitor", {"id": "a", "monitor": "Backup", "type": "x", "environment": "prod"}, "cronitor_monitor=a environment=prod"),
        ("hyperping", {"event": "check.up", "check": {"url": "https://a.example", "monitorUuid": "mon_7"}}, "mon_7"),
        ("insping", insping("Available"), "insping_application=7"),
        ("runscope", runscope("fail", region="eu1", agent=None), f"runscope_test={UUID} environment=e1 region=eu1"),
        ("uptime_com", {"check_id": 7, "state": "UP"}, "uptime_com_check=7"),
        ("checkly", checkly("ALERT_RECOVERY"), UUID),
        ("checkly", checkly("ALERT_SSL"), f"checkly_check={UUID} about=certificate"),
        ("checkly", {**checkly("ALERT_SSL"), "check_id": ""}, None),
        ("statusgator", {"service_name": "Mail", "slug": "mail", "current_status": "up"}, "statusgator_service=mail"),
        ("statusgator", {"type": "EarlyWarningSignal", "monitor": {"id": "m"}, "board": {}}, "statusgator_monitor=m"),
        ("statuspage", component("operational"), "statuspage_component=c7"),
        ("statuspage", page(maintenance={"name": "Upgrade"}), None),
    ],
)
def test_identity(type: str, body: object, key: str | None) -> None:
    assert read(type, body).dedup_key == key


@pytest.mark.parametrize(
    ("type", "numbered", "spelt"),
    [
        ("uptime_kuma", kuma(), {**kuma(), "monitor": {"id": "7"}}),
        ("uptimerobot", robot(alertType=1), robot(monitorID="7", alertType="1")),
        ("statuscake", {"Status": "Up", "TestID": 7}, {"Status": "Up", "TestID": "7"}),
        ("hydrozen", {"monitor_id": 7, "is_ok": 0}, {"monitor_id": "7", "is_ok": "0"}),
    ],
)
def test_a_number_and_its_digits_are_one_identity(type: str, numbered: object, spelt: object) -> None:
    assert read(type, numbered).dedup_key == read(type, spelt).dedup_key is not None


@pytest.mark.parametrize(
    ("type", "body", "title"),
    [
        ("uptime_kuma", {"heartbeat": {"status": 0}, "monitor": {"name": "Shop"}}, "Shop"),
        ("uptime_kuma", {"heartbeat": None, "monitor": None}, "Uptime Kuma monitor without a name"),
        ("uptimerobot", robot(monitorFriendlyName=""), "https://shop.example.com"),
        ("better_stack", stack("started"), "Shop: Status 503"),
        ("cronitor", {"id": "a", "monitor": "Backup", "type": "ALERT", "description": "Late.\nSchedule: daily"}, "Backup: Late."),
        ("pingdom", {"check_id": 7, "current_state": "DOWN"}, "Pingdom check without a name"),
        ("better_stack", failed("new_error"), "KeyError: 'a'"),
        ("uptimerobot", robot(alertType="3"), "Shop: certificate expires"),
        ("uptimerobot", robot(alertTypeFriendlyName="Domain expiry"), "Shop: domain expires"),
        ("hydrozen", {"domain_name_id": "1", "name": "Shop", "type": "ssl-expiry"}, "Shop: certificate expires"),
        ("hydrozen", {"domain_name_id": "1", "name": "Shop", "type": "domain-expiry"}, "Shop: domain expires"),
        ("apexping", {"state": "triggered", "check": {"name": "Shop"}}, "Shop"),
        ("uptime_com", {"check_id": 7, "state": "DOWN", "check_name": "Shop", "output": "Zero bytes"}, "Shop: Zero bytes"),
        ("checkly", checkly("ALERT_FAILURE", check_error_message="Timeout"), "Shop: Timeout"),
        ("checkly", checkly("ALERT_SSL", ssl_check_domain="a.example"), "Shop: certificate of a.example expires"),
        ("pulsetic", pulsetic("certificate_expires_soon"), "https://shop.example.com: certificate expires"),
        ("statusgator", {"monitor": {"display_name": "Mail"}, "board": {}, "summary": "Service outage"}, "Mail: Service outage"),
    ],
)
def test_title(type: str, body: object, title: str) -> None:
    assert read(type, body).summary == title


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("uptime_kuma", kuma(url="https://me:s3cret@shop.example.com/", basic_auth_pass="s3cret", headers='{"x": "s3cret"}')),
        ("uptime_kuma", kuma(url="https://me:s3@cret@shop.example.com/s3cre", headers="s3cret")),
        ("uptimerobot", robot(alertType="1", monitorAlertContacts="https://oncall.example.com/s3cret")),
        ("statuscake", {"Status": "Down", "TestID": 7, "Token": "s3cret"}),
        ("healthchecks", {"unique_key": "u", "status": "down", "ping_url": "https://hc-ping.com/s3cret", "update_url": "s3cret"}),
        ("pingdom", {"current_state": "DOWN", "check_params": {"header": "Authorization: s3cret", "basic_auth": "me:s3cret"}}),
        ("runscope", runscope("fail", requests=[{"url": "https://a.example", "headers": {"x": "s3cret"}}])),
        ("dead_mans_snitch", {"type": "snitch.missing", "data": {"snitch": {"token": "s3cret", "name": "Nightly backup"}}}),
        ("runscope", runscope("fail", variables={"token": "s3cret"}, initial_variables={"a": "s3cret"}, trigger_url="https://s3cret")),
        ("uptime_com", {"data": {"service": {"msp_username": "s3cret"}, "alert": {}, "integration": {"headers": "s3cret"}}}),
        ("statuspage", {**incident("identified"), "meta": {"unsubscribe": "https://a.example/s3cret"}}),
    ],
)
def test_secrets_are_left_out(type: str, body: object) -> None:
    assert "s3cret" not in repr(read(type, body))


def test_a_snitch_is_known_by_a_hash_of_its_token() -> None:
    """Who has the token can check in, and so keep the snitch quiet."""
    missing, reporting = read("dead_mans_snitch", snitch("snitch.missing")), read("dead_mans_snitch", snitch("snitch.reporting"))
    assert missing.dedup_key == reporting.dedup_key is not None
    assert read("dead_mans_snitch", {"data": {"snitch": {"token": ""}}}).dedup_key is None


@pytest.mark.parametrize(
    ("type", "body", "at"),
    [
        ("uptime_kuma", kuma(), datetime(2026, 3, 1, 3, 12, 0, 250_000, UTC)),  # UTC, which it does not say
        ("better_stack", stack("resolved", resolved_at="2026-03-01T03:20:00Z"), datetime(2026, 3, 1, 3, 20, tzinfo=UTC)),
        ("healthchecks", check(status="down"), datetime(2026, 3, 1, 3, 12, tzinfo=UTC)),
        ("hyperping", {"event": "check.down", "check": {"date": 1772334720000}}, datetime(2026, 3, 1, 3, 12, tzinfo=UTC)),
        ("runscope", runscope("fail", finished_at=1772334720.5), datetime(2026, 3, 1, 3, 12, 0, 500_000, UTC)),
        ("apexping", {"state": "resolved", "check": {}, "triggered_at": "2026-03-01T03:12:00Z"}, None),  # not when it was resolved
    ],
)
def test_when(type: str, body: object, at: datetime | None) -> None:
    assert read(type, body).occurred_at == at


@pytest.mark.parametrize(
    ("type", "body", "hrefs"),
    [
        ("uptime_kuma", kuma(url="https://me:pw@shop.example.com/a@b"), ["https://shop.example.com/a@b"]),
        ("hydrozen", {"monitor_id": 7, "is_ok": 0, "url": "https://hydrozen.example/1"}, ["https://hydrozen.example/1"]),
        ("uptime_kuma", kuma(url="https://", hostname="db-1"), []),  # a monitor of another kind than HTTP
        ("apexping", {"state": "triggered", "check": {"url": "shop.example.com", "protocol": "https"}}, ["https://shop.example.com"]),
        ("apexping", {"state": "triggered", "check": {"protocol": "https"}}, []),
        ("cronitor", {"id": "a", "monitor": "b", "type": "c", "issue_url": "https://cronitor.example/1"}, ["https://cronitor.example/1"]),
    ],
)
def test_links(type: str, body: object, hrefs: list[str]) -> None:
    assert [href for href, _ in read(type, body).links] == hrefs


@pytest.mark.parametrize("heartbeat", ["", "null", "not JSON", "7"])
def test_a_query_of_uptime_kuma_may_hold_anything(heartbeat: str) -> None:
    reading = read("uptime_kuma", {"heartbeat": heartbeat, "msg": "My Webhook Testing"})
    assert (reading.action, reading.dedup_key, reading.summary) == (Action.TRIGGER, None, "My Webhook Testing")


def test_a_query_of_uptimerobot() -> None:
    query = b"monitorID=7&monitorFriendlyName=Shop&alertType=2&alertTypeFriendlyName=Up&alertDetails=HTTP+200+-+OK"
    (reading,) = read_for(received_as(query), integration("generic"))
    assert (reading.action, reading.dedup_key) == (Action.RESOLVE, "uptimerobot_monitor=7")


def test_deliveries_that_have_an_id() -> None:
    assert read("insping", insping("Available")).delivery_id == "insping:9"
    assert read("runscope", runscope("fail")).delivery_id == "r9"
    assert read("runscope", runscope("working")).delivery_id == "", "the end of the same run must still count"


UP_AND_DOWN = {"check_id": 7, "current_state": "DOWN", "previous_state": "UP"}
SERVICES = {"service_name": "Mail", "current_status": "down", "last_status": "up"}
CRONITOR = {"id": "a", "monitor": "Backup", "rule": "late", "description": "Late."}


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("pingdom", {**UP_AND_DOWN, "check_params": {}}),
        ("pingdom", {**UP_AND_DOWN, "first_probe": {}}),
        ("uptime_kuma", {"heartbeat": None, "monitor": None, "msg": "My Webhook Testing"}),
        ("uptime_kuma", kuma()),
        ("healthchecks", check(status="down")),
        ("healthchecks", {"status": "down", "n_pings": 1, "next_ping": None, "unique_key": "u7"}),
        ("cronitor", {**CRONITOR, "type": "Recovery"}),
        ("hyperping", {"event": "check.late", "check": {"url": "https://a.example", "down": False}}),
        ("pulsetic", pulsetic("domain_expires_soon")),
        ("checkly", checkly("NO_ALERT")),
        ("checkly", checkly("ALERT_OF_TOMORROW")),
        ("uptime_com", {"event": "alert_raised", "data": {"service": {"id": 7}}}),
        ("apexping", {"state": "triggered", "triggered_at": "x", "alert": {"stat": "avg", "op": "gt"}, "check": {}}),
        ("statusgator", {**SERVICES, "status_page_url": "https://a.example"}),
        ("statusgator", {**SERVICES, "favicon_url": "https://a.example"}),
        ("statuspage", unstated("operational")),
        ("statuspage", {"meta": {"unsubscribe": "x"}, "page": {"id": "p"}, "maintenance": {"name": "Upgrade"}}),
        ("better_stack", failed("new_error")),
    ],
)
def test_what_only_this_monitor_says_is_known(type: str, body: dict[str, object]) -> None:
    assert [other.type.value for other in DIALECTS.values() if other.knows(body, NOTHING)] == [type]
    assert read(type, body)


@pytest.mark.parametrize(
    "body",
    [
        UP_AND_DOWN,
        {"heartbeat": None, "monitor": None},
        {"heartbeat": "late", "monitor": "backup", "status": "resolved"},
        {"code": "E42", "status": "resolved", "now": "2026-03-01T03:12:00Z", "summary": "Disk"},
        {"status": "down", "n_pings": 1, "next_ping": None},
        {**CRONITOR, "type": "disk", "status": "resolved"},
        {"event": "disk full", "check": {"url": "https://a.example", "down": True}},
        pulsetic("disk_full"),
        pulsetic(None),
        checkly("disk full"),
        {"event": "disk full", "data": {"service": "db", "alert": "disk"}, "status": "resolved"},
        {"event": "alert_raised", "data": {"service": "db", "alert": "disk"}},
        {"triggered_at": "x", "alert": {"stat": "avg", "op": "gt"}, "check": "disk"},
        {"state": "ok", "triggered_at": "x", "alert": {"stat": "avg", "op": "gt"}, "check": "disk"},
        SERVICES,
        {"monitor": "disk", "board": "db-1", "recorded_at": "x", "type": "y"},
        {"meta": {}, "page": "x", "incident": "Disk full"},
        {"meta": {}, "page": {"number": 4}, "incident": {"name": "Disk full"}},
        {"meta": {}, "page": {"status_indicator": "none"}, "component": "db"},
    ],
)
def test_what_anybody_may_say_is_nobodys(body: dict[str, object]) -> None:
    assert [other.type.value for other in DIALECTS.values() if other.knows(body, NOTHING)] == []


MINE = [
    "pingdom",
    "uptime_kuma",
    "uptimerobot",
    "statuscake",
    "better_stack",
    "healthchecks",
    "cronitor",
    "dead_mans_snitch",
    "hydrozen",
    "hyperping",
    "insping",
    "pulsetic",
    "runscope",
    "apexping",
    "uptime_com",
    "checkly",
    "statusgator",
    "statuspage",
]


@pytest.mark.parametrize("type", MINE)
def test_an_example_is_known_by_its_own_dialect_alone(type: str) -> None:
    dialect = DIALECTS[IntegrationType(type)]
    received = Received("", dialect.example.encode())
    value = decode(received)
    assert [other.type for other in DIALECTS.values() if other.knows(value, received)] == [dialect.type]
    assert dialect_of(value, received, but=GENERIC) is dialect
    (reading,) = dialect.read(value, received)
    assert (reading.action, reading.unreadable) == (Action.TRIGGER, False)
    assert reading.dedup_key
    assert reading.dedup_key not in reading.summary


@pytest.mark.parametrize("type", sorted(set(MINE) - {"uptimerobot", "healthchecks", "checkly"}))  # what the user writes is never refused
@pytest.mark.parametrize(
    "value", [None, 7, "Shop is down", [], [{}], {}, {"data": []}, {"check": None}, {"alerts": [], "commonLabels": {}}]
)
def test_what_is_of_another_dialect_is_said_to_be(type: str, value: object) -> None:
    with pytest.raises(Unreadable):
        DIALECTS[IntegrationType(type)].read(value, NOTHING)


@pytest.mark.parametrize("type", MINE)
@pytest.mark.parametrize("odd", [None, True, -1.5, 10**400, "", "x" * 3_000, [], [[]], [{}], {"a": {"b": []}}])
def test_anything_in_any_place_is_an_event(type: str, odd: object) -> None:
    """Each member of the example in turn, at the top and one and two levels below, says something that it never says."""
    dialect = DIALECTS[IntegrationType(type)]
    for spoilt in _spoilt(json.loads(dialect.example), odd, depth=3):
        dialect.knows(spoilt, NOTHING)
        try:
            (reading,) = dialect.read(spoilt, NOTHING)
        except Unreadable:
            continue
        assert 0 < len(reading.summary) <= 1_024


def _spoilt(value: dict[str, object], odd: object, depth: int) -> list[dict[str, object]]:
    found = []
    for name, member in value.items():
        found.append({**value, name: odd})
        if isinstance(member, dict) and depth > 1:
            found += [{**value, name: inner} for inner in _spoilt(member, odd, depth - 1)]
    return found

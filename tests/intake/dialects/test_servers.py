"""What monitors of servers say that no real body at hand says: further words, older and newer spellings, updates, mails."""

import json
from urllib.parse import urlencode

import pytest
from tests.intake.payloads import bare, events

from oncall.incidents.values import Event
from oncall.intake.adapters import netdata, zabbix
from oncall.intake.adapters.email_subjects import said_before
from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.rules import decode
from oncall.intake.values import Received
from oncall.services.values import IntegrationType


def read_one(type: str, body: object) -> Event:
    """The only event of a body: an object as JSON, text as it is; and nobody else may claim the body."""
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    received = Received("", raw)
    assert dialect_of(decode(received), received, but=DIALECTS[IntegrationType(type)]) is None
    (event,) = events(type, raw)
    assert not event.unreadable
    return event


def told(event: Event) -> tuple[str, str, str | None]:
    return event.action.value, event.severity.value, None if event.dedup_key == str(event.id) else bare(event)


NAGIOS = {"NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "db-1", "SERVICEDESC": "Disk", "SERVICESTATE": "CRITICAL", "HOSTSTATE": "UP"}
NAGIOS_HOST = {"NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "db-1", "HOSTSTATE": "DOWN", "SERVICEDESC": "$SERVICEDESC$"}
ICINGA = {"notification.type": "PROBLEM", "host.name": "db-1", "service.name": "disk", "service.state": "WARNING", "host.state": "UP"}
CHECKMK = {
    "WHAT": "SERVICE",
    "NOTIFICATIONTYPE": "PROBLEM",
    "OMD_SITE": "prod",
    "HOSTNAME": "db-1",
    "SERVICEDESC": "CPU",
    "SERVICESTATE": "CRIT",
}
STOCK = {
    "NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "h", "HOSTDISPLAYNAME": "H", "SERVICENAME": "ping", "SERVICEDISPLAYNAME": "Ping",
    "SERVICESTATE": "CRITICAL",
}  # fmt: skip
KEEP = {"what": "HOST", "notification_type": "PROBLEM", "site": "prod", "host": "db-1", "severity": "OK", "status": "DOWN"}
ON_DB_1 = "nagios_host=db-1 service=Disk"


@pytest.mark.parametrize(
    ("type", "body", "expected"),
    [
        # Nagios: the type of notification says what happened, the state how bad it is
        ("nagios", NAGIOS, ("trigger", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"SERVICESTATE": "WARNING"}, ("trigger", "warning", ON_DB_1)),
        ("nagios", NAGIOS | {"SERVICESTATE": "UNKNOWN", "HOSTSTATE": "DOWN"}, ("trigger", "unknown", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK"}, ("resolve", "unknown", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "ACKNOWLEDGEMENT"}, ("acknowledge", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "FLAPPINGSTART"}, ("ignore", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "FLAPPINGSTOP"}, ("ignore", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "FLAPPINGDISABLED"}, ("ignore", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "DOWNTIMESTART"}, ("ignore", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "DOWNTIMEEND"}, ("ignore", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "DOWNTIMECANCELLED"}, ("ignore", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "CUSTOM"}, ("trigger", "critical", ON_DB_1)),
        # somebody notifies about what is well: no recovery will ever come
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "CUSTOM", "SERVICESTATE": "OK"}, ("trigger", "unknown", None)),
        ("nagios", NAGIOS_HOST, ("trigger", "critical", "nagios_host=db-1")),
        ("nagios", NAGIOS_HOST | {"HOSTSTATE": "UNREACHABLE"}, ("trigger", "critical", "nagios_host=db-1")),
        ("nagios", NAGIOS_HOST | {"NOTIFICATIONTYPE": "RECOVERY", "HOSTSTATE": "UP"}, ("resolve", "unknown", "nagios_host=db-1")),
        ("nagios", {f"NAGIOS_{name}": said for name, said in NAGIOS.items()}, ("trigger", "critical", ON_DB_1)),
        ("nagios", {name.lower(): said for name, said in NAGIOS.items()}, ("trigger", "critical", ON_DB_1)),
        ("nagios", urlencode(NAGIOS), ("trigger", "critical", ON_DB_1)),
        # an event handler has no type of notification
        ("nagios", {"HOSTNAME": "db-1", "SERVICEDESC": "Disk", "SERVICESTATE": "OK"}, ("resolve", "unknown", ON_DB_1)),
        ("nagios", {"hostname": "db-1", "servicedesc": "Disk", "servicestate": "CRITICAL"}, ("trigger", "critical", ON_DB_1)),
        ("nagios", NAGIOS | {"NOTIFICATIONTYPE": "RESOLVED", "SERVICESTATE": "OK"}, ("resolve", "unknown", ON_DB_1)),
        # the names of Icinga's scripts in an integration for Nagios, whose names these are but for one
        (
            "nagios",
            {"notificationtype": "PROBLEM", "hostname": "h", "servicename": "ping", "servicestate": "CRITICAL"},
            ("trigger", "critical", "nagios_host=h service=ping"),
        ),
        # what Icinga 2's own scripts call its macros; the end of a host's problem is none of its services'
        ("icinga", STOCK, ("trigger", "critical", "icinga_host=h service=ping")),
        ("icinga", STOCK | {"NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK"}, ("resolve", "unknown", "icinga_host=h service=ping")),
        (
            "nagios",
            {"NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "h", "SERVICEDISPLAYNAME": "Ping", "SERVICESTATE": "CRITICAL"},
            ("trigger", "critical", "nagios_host=h service=Ping"),
        ),
        ("nagios", {"NOTIFICATIONTYPE": "RECOVERY", "HOSTNAME": "h", "HOSTSTATE": "UP"}, ("resolve", "unknown", "nagios_host=h")),
        # Icinga 2: the same words, with dots, with underscores, or as objects
        ("icinga", ICINGA, ("trigger", "warning", "icinga_host=db-1 service=disk")),
        (
            "icinga",
            ICINGA | {"notification.type": "RECOVERY", "service.state": "OK"},
            ("resolve", "unknown", "icinga_host=db-1 service=disk"),
        ),
        ("icinga", ICINGA | {"notification.type": "Acknowledgement"}, ("acknowledge", "warning", "icinga_host=db-1 service=disk")),
        ("icinga", ICINGA | {"notification.type": "FlappingEnd"}, ("ignore", "warning", "icinga_host=db-1 service=disk")),
        ("icinga", ICINGA | {"notification.type": "DowntimeRemoved"}, ("ignore", "warning", "icinga_host=db-1 service=disk")),
        (
            "icinga",
            {"notification_type": "PROBLEM", "host_name": "db-1", "host_state": "DOWN"},
            ("trigger", "critical", "icinga_host=db-1"),
        ),
        (
            "icinga",
            {"notification": {"type": "RECOVERY"}, "host": {"name": "db-1", "state": "UP"}, "service": {"name": "disk", "state": "OK"}},
            ("resolve", "unknown", "icinga_host=db-1 service=disk"),
        ),
        ("icinga", urlencode(ICINGA), ("trigger", "warning", "icinga_host=db-1 service=disk")),
        # Checkmk: its own environment, or Keep's script, which says `OK` of hosts that are down
        ("checkmk", CHECKMK, ("trigger", "critical", "checkmk_host=db-1 service=CPU site=prod")),
        ("checkmk", CHECKMK | {"SERVICESTATE": "WARN"}, ("trigger", "warning", "checkmk_host=db-1 service=CPU site=prod")),
        (
            "checkmk",
            CHECKMK | {"NOTIFICATIONTYPE": "ACKNOWLEDGEMENT (CRIT)"},
            ("acknowledge", "critical", "checkmk_host=db-1 service=CPU site=prod"),
        ),
        ("checkmk", CHECKMK | {"NOTIFICATIONTYPE": "DOWNTIMESTART"}, ("ignore", "critical", "checkmk_host=db-1 service=CPU site=prod")),
        (
            "checkmk",
            {f"NOTIFY_{name}": said for name, said in CHECKMK.items()} | {"OMD_SITE": "prod"},
            ("trigger", "critical", "checkmk_host=db-1 service=CPU site=prod"),
        ),
        (
            "checkmk",
            CHECKMK | {"NOTIFICATIONTYPE": "ALERTHANDLER (CRIT)"},
            ("ignore", "critical", "checkmk_host=db-1 service=CPU site=prod"),
        ),
        ("checkmk", KEEP, ("trigger", "critical", "checkmk_host=db-1 site=prod")),
        ("checkmk", KEEP | {"notification_type": "RECOVERY", "status": "UP"}, ("resolve", "unknown", "checkmk_host=db-1 site=prod")),
    ],
)
def test_the_family_of_nagios(type: str, body: object, expected: tuple[str, str, str | None]) -> None:
    assert told(read_one(type, body)) == expected


def test_the_names_of_icingas_scripts_are_icingas() -> None:
    assert [type.value for type, dialect in DIALECTS.items() if dialect.knows(STOCK, Received("", b""))] == ["icinga"]
    assert told(events("nagios", json.dumps(STOCK).encode())[0]) == ("trigger", "critical", "icinga_host=h service=ping")
    (reading,) = DIALECTS[IntegrationType.NAGIOS].read(STOCK, Received("", b""))
    assert reading.dedup_key == "nagios_host=h service=ping"


@pytest.mark.parametrize(
    "name",
    [
        "USER1",
        "NAGIOS_USER4",
        "CONTACTEMAIL",
        "contactpager",
        "_HOSTSNMPPASS",
        "NAGIOS__SERVICELOGIN",
        "_CONTACTTOKEN",
        "HOSTSNMPCOMMUNITY",
    ],
)
def test_nagios_tells_no_passwords_and_no_people(name: str) -> None:
    event = read_one("nagios", NAGIOS | {name: "hunter2", "SERVICEOUTPUT": "97 %"})
    assert "hunter2" not in f"{event.details}{event.labels}"
    assert event.details["serviceoutput"] == "97 %"


ZABBIX = {"event_id": "23", "trigger_id": "7", "event_value": "1", "event_nseverity": "4", "event_name": "Disk", "host_name": "db-1"}
MESSAGE = {"To": "ops", "Subject": "Resolved in 5m 0s: High CPU", "Message": "Problem has been resolved\r\nOriginal problem ID: 55\r\n"}
UPDATE = ZABBIX | {"event_update_status": "1"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ZABBIX | {"event_nseverity": "0"}, ("trigger", "unknown", "zabbix_event_id=23")),
        (ZABBIX | {"event_nseverity": "1"}, ("trigger", "info", "zabbix_event_id=23")),
        (ZABBIX | {"event_nseverity": "2"}, ("trigger", "warning", "zabbix_event_id=23")),
        (ZABBIX | {"event_nseverity": 3}, ("trigger", "warning", "zabbix_event_id=23")),
        (ZABBIX | {"event_nseverity": "5"}, ("trigger", "critical", "zabbix_event_id=23")),
        (ZABBIX | {"event_nseverity": "", "severity": "Not classified"}, ("trigger", "unknown", "zabbix_event_id=23")),
        (ZABBIX | {"event_nseverity": "", "severity": "Disaster"}, ("trigger", "critical", "zabbix_event_id=23")),
        # numbers may be numbers, and large
        (ZABBIX | {"event_id": 90071992547409931, "event_value": 0}, ("resolve", "error", "zabbix_event_id=90071992547409931")),
        # what somebody did with a problem that is still there
        (UPDATE | {"event_update_action": "acknowledged"}, ("acknowledge", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "acknowledged and commented"}, ("acknowledge", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "unacknowledged"}, ("trigger", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "changed severity from Warning to High"}, ("trigger", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "closed"}, ("resolve", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "commented"}, ("ignore", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "suppressed until 2026.03.01 06:00:00"}, ("ignore", "error", "zabbix_event_id=23")),
        (UPDATE | {"event_update_action": "acknowledged", "event_value": "0"}, ("resolve", "error", "zabbix_event_id=23")),
        # a try of the media type leaves all macros as they are
        (
            {"event_id": "{EVENT.ID}", "trigger_id": "{TRIGGER.ID}", "event_value": "{EVENT.VALUE}", "title": "Test"},
            ("trigger", "unknown", None),
        ),
        # macros as names, and no number of a problem
        ({"EVENT.ID": "23", "TRIGGER.ID": "7", "TRIGGER.STATUS": "OK"}, ("resolve", "unknown", "zabbix_event_id=23")),
        (
            {"trigger_id": "7", "event_value": "0", "zabbix_url": "https://z.example/"},
            ("resolve", "unknown", "zabbix_trigger_id=7 zabbix=https://z.example"),
        ),
        (
            {"severity": "High", "status": "OK", "item": "i", "trigger": "Down", "hostname": "db-1"},
            ("resolve", "error", "zabbix_trigger=Down host=db-1"),
        ),
        # only the text of Zabbix's own message says which problem
        (
            {"trigger": "Down", "status": "PROBLEM", "item": "", "severity": "", "message": "Problem\r\nOriginal problem ID: 99\r\n"},
            ("trigger", "unknown", "zabbix_event_id=99"),
        ),
        # a media type that has only Zabbix's own message
        (MESSAGE, ("resolve", "unknown", "zabbix_event_id=55")),
        (MESSAGE | {"Subject": "OK: High CPU"}, ("resolve", "unknown", "zabbix_event_id=55")),
        (MESSAGE | {"Subject": "Problem: High CPU"}, ("trigger", "unknown", "zabbix_event_id=55")),
        (MESSAGE | {"Subject": "Updated problem in 5m: High CPU"}, ("trigger", "unknown", "zabbix_event_id=55")),
        # a field that says the state counts more than the subject; without one the subject says it
        ({"event_id": "55", "alert_subject": "Resolved in 5m 0s: High CPU"}, ("resolve", "unknown", "zabbix_event_id=55")),
        ({"event_id": "55", "event_value": "1", "alert_subject": "Resolved in 5m: High"}, ("trigger", "unknown", "zabbix_event_id=55")),
        ({"event_id": "55", "event_value": "{EVENT.VALUE}", "subject": "OK: High"}, ("resolve", "unknown", "zabbix_event_id=55")),
        ({"trigger": "Down", "status": "closed", "item": "i", "severity": "High"}, ("resolve", "error", "zabbix_trigger=Down")),
    ],
)
def test_zabbix(body: object, expected: tuple[str, str, str | None]) -> None:
    assert told(read_one("zabbix", body)) == expected


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Problem: Disk is full", "Disk is full"),
        ("Resolved in 6m 0s: Disk is full", "Disk is full"),
        ("Updated problem in 1h 2m: Disk is full", "Disk is full"),
        ("OK: Disk is full", "Disk is full"),
        ("Problems of db-1: many", "Problems of db-1: many"),
    ],
)
def test_the_subjects_of_zabbix_begin_with_the_state(subject: str, title: str) -> None:
    assert read_one("zabbix", {"event_id": "1", "trigger_id": "2", "event_value": "1", "alert_subject": subject}).summary == title


def test_zabbix_tells_its_tags_and_links_and_no_secrets() -> None:
    tags = '[{"tag": "scope", "value": "capacity"}, {"tag": "db", "value": ""}]'
    event = read_one("zabbix", ZABBIX | {"event_tags": tags, "zabbix_url": "https://z.example", "url": "https://us", "token": "t"})
    assert event.labels == {"scope": "capacity", "db": ""}
    assert event.links == (("https://z.example/tr_events.php?triggerid=7&eventid=23", "event"),)
    assert event.source == "db-1"
    assert not {"url", "token"} & event.details.keys()


def test_a_message_of_zabbix_is_called_by_its_problem() -> None:
    event = read_one("zabbix", MESSAGE)
    assert event.summary == "High CPU"
    assert "to" not in event.details
    # somebody's mail with such a subject is no message of Zabbix's
    assert told(read_one("zabbix", {"Subject": "OK: all is well", "Message": "x"}))[2] is None


def test_a_zabbix_that_says_nothing_of_zabbix_is_read_by_common_words() -> None:
    event = read_one("zabbix", {"title": "Disk", "state": "ok", "alert_uid": "u-1"})
    assert told(event) == ("resolve", "unknown", "u-1")
    assert not zabbix.knows({"title": "Disk", "state": "ok"}, Received("", b""))


CLOUD = {"alert": "ram", "chart": "mem.ram", "severity": "critical", "alert_url": "https://app.netdata.cloud/a/1", "space": "prod"}
AGENT = {"host": "db-1", "chart": "c", "name": "n", "status": "CLEAR", "old_status": "WARNING"}
GUID = "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}"
MONIT = {"MONIT_HOST": "web-1", "MONIT_SERVICE": "nginx", "MONIT_EVENT": "Does not exist"}
LIBRENMS = {
    "alert_id": 418,
    "device_id": "12",
    "hostname": "192.0.2.1",
    "sysName": "sw-1",
    "title": "Port down",
    "state": 1,
    "severity": "critical",
}
APPRISE = {"version": "1.0", "title": "t", "message": "m", "type": "failure"}
SCOM = {"alertId": GUID, "alertName": "Disk", "resolutionState": "0", "severity": "1"}
ORION = {"ActionType": "create", "AlertID": "1", "AlertMessage": "Node", "NodeName": "sw-1", "Severity": "Serious"}
GUARD = {"server_name": "shop", "service_shortname": "disk", "service_name": "Disk", "check_result": "CRITICAL"}
ON_WEB_1 = "monit_host=web-1 service=nginx test="


@pytest.mark.parametrize(
    ("type", "body", "expected"),
    [
        # Netdata's agent
        ("netdata", AGENT, ("resolve", "unknown", "netdata_host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "REMOVED"}, ("resolve", "unknown", "netdata_host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "UNDEFINED"}, ("ignore", "unknown", "netdata_host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "UNINITIALIZED"}, ("ignore", "unknown", "netdata_host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "CRITICAL", "unique_id": 7}, ("trigger", "critical", "netdata_host=db-1 chart=c alarm=n")),
        # Netdata Cloud documents no host: then the link tells nodes apart
        ("netdata", CLOUD, ("trigger", "critical", "netdata_url=https://app.netdata.cloud/a/1 space=prod chart=mem.ram alarm=ram")),
        ("netdata", CLOUD | {"host": "db-1", "severity": "warning"}, ("trigger", "warning", "netdata_host=db-1 chart=mem.ram alarm=ram")),
        ("netdata", CLOUD | {"host": "db-1", "severity": "clear"}, ("resolve", "unknown", "netdata_host=db-1 chart=mem.ram alarm=ram")),
        (
            "netdata",
            {"host": "db-1", "severity": "critical", "status": {"reachable": False, "text": "unreachable"}},
            ("trigger", "critical", "netdata_reachability=db-1"),
        ),
        (
            "netdata",
            {"host": "db-1", "severity": "info", "status": {"reachable": True, "text": "reachable"}},
            ("resolve", "unknown", "netdata_reachability=db-1"),
        ),
        # its address without what says when one looks
        (
            "netdata",
            CLOUD | {"alert_url": "https://app.netdata.cloud/a/1?before=7&after=5#x", "severity": "clear"},
            ("resolve", "unknown", "netdata_url=https://app.netdata.cloud/a/1 space=prod chart=mem.ram alarm=ram"),
        ),
        # Monit: the end of the event's name says how the test went, the beginning which test it is
        ("monit", MONIT, ("trigger", "unknown", ON_WEB_1 + "existence")),
        ("monit", MONIT | {"MONIT_EVENT": "Exists"}, ("resolve", "unknown", ON_WEB_1 + "existence")),
        ("monit", MONIT | {"MONIT_EVENT": "Does exist"}, ("trigger", "unknown", ON_WEB_1 + "existence")),
        ("monit", MONIT | {"MONIT_EVENT": "Exists not"}, ("resolve", "unknown", ON_WEB_1 + "existence")),
        ("monit", MONIT | {"MONIT_EVENT": "Connection failed"}, ("trigger", "unknown", ON_WEB_1 + "connection")),
        ("monit", MONIT | {"MONIT_EVENT": "Connection succeeded"}, ("resolve", "unknown", ON_WEB_1 + "connection")),
        ("monit", MONIT | {"MONIT_EVENT": "Resource limit matched"}, ("trigger", "unknown", ON_WEB_1 + "resource limit")),
        ("monit", MONIT | {"MONIT_EVENT": "Resource limit succeeded"}, ("resolve", "unknown", ON_WEB_1 + "resource limit")),
        ("monit", MONIT | {"MONIT_EVENT": "Timeout"}, ("trigger", "unknown", ON_WEB_1 + "timeout")),
        ("monit", MONIT | {"MONIT_EVENT": "Timeout recovery"}, ("resolve", "unknown", ON_WEB_1 + "timeout")),
        ("monit", MONIT | {"MONIT_EVENT": "Content match"}, ("trigger", "unknown", ON_WEB_1 + "content")),
        ("monit", MONIT | {"MONIT_EVENT": "Content doesn't match"}, ("resolve", "unknown", ON_WEB_1 + "content")),
        ("monit", MONIT | {"MONIT_EVENT": "Checksum changed"}, ("trigger", "unknown", ON_WEB_1 + "checksum")),
        ("monit", MONIT | {"MONIT_EVENT": "Checksum not changed"}, ("resolve", "unknown", ON_WEB_1 + "checksum")),
        ("monit", MONIT | {"MONIT_EVENT": "Invalid type"}, ("trigger", "unknown", ON_WEB_1 + "type")),
        ("monit", MONIT | {"MONIT_EVENT": "Type succeeded"}, ("resolve", "unknown", ON_WEB_1 + "type")),
        ("monit", MONIT | {"MONIT_EVENT": "Link down"}, ("trigger", "unknown", ON_WEB_1 + "link")),
        ("monit", MONIT | {"MONIT_EVENT": "Link up"}, ("resolve", "unknown", ON_WEB_1 + "link")),
        ("monit", MONIT | {"MONIT_EVENT": "Download bytes exceeded"}, ("trigger", "unknown", ON_WEB_1 + "download bytes")),
        ("monit", MONIT | {"MONIT_EVENT": "Download bytes ok"}, ("resolve", "unknown", ON_WEB_1 + "download bytes")),
        ("monit", MONIT | {"MONIT_EVENT": "Action done"}, ("ignore", "unknown", ON_WEB_1 + "action done")),
        ("monit", MONIT | {"MONIT_EVENT": "Monit instance changed"}, ("ignore", "unknown", ON_WEB_1 + "monit instance")),
        # a name given by hand tells two tests of one kind apart
        ("monit", MONIT | {"MONIT_EVENT": "Resource limit succeeded", "MONIT_RULE": "cpu"}, ("resolve", "unknown", ON_WEB_1 + "cpu")),
        # LibreNMS: a number says the state
        ("librenms", LIBRENMS, ("trigger", "critical", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": 0}, ("resolve", "critical", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "0", "alert_id": "418"}, ("resolve", "critical", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "2"}, ("acknowledge", "critical", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "up"}, ("resolve", "critical", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "3"}, ("trigger", "critical", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "4", "severity": "warning"}, ("trigger", "warning", "librenms_alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"alert_id": None, "name": "Port down"}, ("trigger", "critical", "librenms_rule=Port down device=12")),
        ("librenms", LIBRENMS | {"alert_id": None, "uid": "9001"}, ("trigger", "critical", None)),
        # SCOM: numbers or words
        ("scom", SCOM, ("trigger", "warning", GUID)),
        ("scom", SCOM | {"resolutionState": 255, "severity": 2}, ("resolve", "critical", GUID)),
        ("scom", SCOM | {"resolutionState": "Resolved", "severity": "Information"}, ("resolve", "info", GUID)),
        ("scom", SCOM | {"resolutionState": "254"}, ("resolve", "warning", GUID)),
        ("scom", SCOM | {"resolutionState": "249", "severity": "Error"}, ("acknowledge", "critical", GUID)),
        ("scom", SCOM | {"resolutionState": "248", "severity": 0}, ("trigger", "info", GUID)),
        ("scom", {"AlertId": GUID, "AlertName": "Disk", "ResolutionState": "Closed"}, ("resolve", "unknown", GUID)),
        # SolarWinds
        ("solarwinds", ORION, ("trigger", "error", "solarwinds_alert=1 node=sw-1")),
        ("solarwinds", ORION | {"Severity": "Critical"}, ("trigger", "critical", "solarwinds_alert=1 node=sw-1")),
        ("solarwinds", ORION | {"Severity": "Notice"}, ("trigger", "info", "solarwinds_alert=1 node=sw-1")),
        ("solarwinds", ORION | {"Severity": 1}, ("trigger", "warning", "solarwinds_alert=1 node=sw-1")),
        ("solarwinds", ORION | {"ActionType": "Reset"}, ("resolve", "error", "solarwinds_alert=1 node=sw-1")),
        ("solarwinds", ORION | {"ActionType": "acknowledge"}, ("acknowledge", "error", "solarwinds_alert=1 node=sw-1")),
        ("solarwinds", ORION | {"AlertID": None, "AlertName": "Down"}, ("trigger", "error", "solarwinds_alert=Down node=sw-1")),
        # one definition of an alert, two nodes: two problems
        ("solarwinds", ORION | {"NodeName": "sw-2"}, ("trigger", "error", "solarwinds_alert=1 node=sw-2")),
        # ServerGuard24
        ("serverguard24", GUARD | {"check_result": "UNKNOWN"}, ("trigger", "unknown", "serverguard24_server=shop service=disk")),
        # Papertrail: a search that finds nothing where something should be
        (
            "papertrail",
            {"saved_search": {"id": 90071992547409931, "name": "cron"}, "events": []},
            ("trigger", "unknown", "papertrail_saved_search=90071992547409931"),
        ),
        ("papertrail", {"saved_search": {"id": 4}, "counts": [{"source_name": "db-1"}]},
         ("trigger", "unknown", "papertrail_saved_search=4")),
        # Thinkst Canary: what its webhook is tried with has no hash; the audit trail is no incident
        ("thinkst_canary", {"AlertType": "CanaryIncident", "Intro": "a try", "AdditionalDetails": []}, ("trigger", "unknown", None)),
        ("thinkst_canary", {"type": "console-audit", "payload": {"message": "logged in"}}, ("ignore", "unknown", None)),
        (
            "thinkst_canary",
            {"memo": "m", "channel": "DNS", "manage_url": "https://canarytokens.org/nest/manage/a/b", "token": "tok"},
            ("trigger", "unknown", "tok"),
        ),
        # Apprise
        ("apprise", {"version": "1.0", "title": "", "message": "m", "type": "warning"}, ("trigger", "warning", None)),
        ("apprise", APPRISE | {"dedup_key": "k"}, ("trigger", "error", "k")),
        ("apprise", APPRISE | {"dedup_key": "k", "status": "resolved"}, ("resolve", "error", "k")),
        ("apprise", APPRISE | {"title": "", "message": ""}, ("trigger", "error", None)),  # only a file
    ],
)  # fmt: skip
def test_other_monitors(type: str, body: object, expected: tuple[str, str, str | None]) -> None:
    assert told(read_one(type, body)) == expected


@pytest.mark.parametrize(
    ("type", "body", "title"),
    [
        ("nagios", NAGIOS, "Disk on db-1"),
        ("nagios", NAGIOS_HOST, "db-1"),
        ("icinga", ICINGA | {"host.display_name": "Database 1", "service.display_name": "Disk /var"}, "Disk /var on Database 1"),
        ("checkmk", CHECKMK, "CPU on db-1"),
        ("netdata", {"host": "db-1", "severity": "critical", "status": {"reachable": False}}, "db-1: reachability"),
        ("monit", MONIT | {"MONIT_EVENT": "Resource limit matched"}, "nginx on web-1: resource limit"),
        ("librenms", LIBRENMS | {"title": "Alert for device sw-1 - Ports &gt; 90 %"}, "sw-1 - Ports > 90 %"),
        (
            "thinkst_canary",
            {"memo": "in the wiki", "channel": "HTTP", "manage_url": "https://x.example/manage?token=t&auth=a"},
            "in the wiki",
        ),
    ],
)
def test_titles_say_what_is_broken_and_not_its_state(type: str, body: object, title: str) -> None:
    assert read_one(type, body).summary == title


def test_guides_name_what_the_other_side_needs() -> None:
    orion, cloud = (DIALECTS[type].guide for type in (IntegrationType.SOLARWINDS, IntegrationType.NETDATA))
    template = orion.partition("```json")[2].partition("```")[0]
    assert template.rpartition(', "')[2].startswith("AlertMessage"), "what is not escaped comes last"
    assert "escape" in orion
    assert "GET /api/v1/events/{id}" in cloud, "the token of a test is in no other place"


def test_solarwinds_is_known_without_a_message() -> None:
    body = {"ActionType": "resolve", "AlertObjectID": "1", "AlertName": "Node is down", "NodeName": "sw-1"}
    (event,) = events("generic", json.dumps(body).encode())
    assert (told(event), event.summary) == (("resolve", "unknown", "solarwinds_alert=1 node=sw-1"), "Node is down")


def test_the_secrets_of_a_canarytoken_and_what_an_intruder_typed_are_not_told() -> None:
    address = "https://canarytokens.org/manage?token=t&auth=s3cret"
    token = read_one("thinkst_canary", {"memo": "m", "channel": "HTTP", "manage_url": address, "time": "2026-03-01 03:12:00 (UTC)"})
    assert "s3cret" not in f"{token.labels}{token.details}{token.links}{token.dedup_key}"
    assert str(token.occurred_at) == "2026-03-01 03:12:00+00:00"
    pairs = [["Username", "admin"], ["Password", "hunter2"], [1, 2], "no pair"]
    incident = read_one("thinkst_canary", {"AlertType": "CanaryIncident", "Intro": "i", "AdditionalDetails": pairs})
    assert incident.labels == {"Username": "admin", "1": "2"}
    assert "hunter2" not in str(incident.details)
    guard = read_one("serverguard24", GUARD | {"service_arg_login": "me:hunter2"})
    assert "hunter2" not in str(guard.details)
    checkmk = read_one("checkmk", CHECKMK | {"PARAMETER_1": "https://oncall.example/intake/KEY", "CONTACTEMAIL": "me@example.com"})
    assert "KEY" not in str(checkmk.details)


@pytest.mark.parametrize(
    ("link", "key"),
    [
        ("https://registry.example/goto-host-from-alarm.html?host=h&chart=c&alarm=a&alarm_id=1", "netdata_host=h chart=c alarm=a"),
        ("https://registry.example/goto-host-from-alarm.html?host=h&chart=c", None),
        ("https://elsewhere.example/?host=h&chart=c&alarm=a", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_netdatas_links_name_their_alarm(link: object, key: str | None) -> None:
    assert netdata.key_in_link(link) == key


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("[RESOLVED] Disk", ("resolved", "Disk")),
        ("[FIRING:2] Disk", ("firing", "Disk")),
        ("[db-1] [OK] Disk", ("ok", "[db-1] Disk")),
        ("[No Data] Disk", ("no data", "Disk")),
        ("** PROBLEM Service Alert: db-1/Disk **", ("problem", "Service Alert: db-1/Disk **")),
        ("** RECOVERY Host Alert: db-1 **", ("recovery", "Host Alert: db-1 **")),
        ("[db-1] Disk", ("", "[db-1] Disk")),
        ("OK, the disk is full", ("", "OK, the disk is full")),
        ("Resolved: Disk", ("", "Resolved: Disk")),
        ("", ("", "")),
    ],
)
def test_the_state_is_only_what_stands_in_brackets_or_behind_stars(title: str, said: tuple[str, str]) -> None:
    assert said_before(title) == said


BY_MAIL = "mail_from=m@example.com subject="
SERVICE_ALERT, HOST_ALERT = f"{BY_MAIL}Service Alert: db-1/Disk", f"{BY_MAIL}Host Alert: db-1"


def mail(subject: str, **headers: str) -> str:
    more = "".join(f"{name.replace('_', '-')}: {said}\n" for name, said in headers.items())
    return f"Received: from a by b\nFrom: Monitor <m@example.com>\nSubject: {subject}\n{more}\nThe disk is full.\n"


@pytest.mark.parametrize(
    ("body", "expected", "title"),
    [
        (mail("Disk"), ("trigger", "unknown", None), "Disk"),
        (mail("[PROBLEM] Disk", X_Dedup_Key="db-1/disk", X_Severity="critical"), ("trigger", "critical", "db-1/disk"), "Disk"),
        (mail("[RESOLVED] Disk", X_Dedup_Key="db-1/disk"), ("resolve", "unknown", "db-1/disk"), "Disk"),
        # a thread is one problem: the first mail is its own root
        (mail("Disk", Message_ID="<1@m>"), ("trigger", "unknown", "<1@m>"), "Disk"),
        (mail("[OK] Disk", Message_ID="<3@m>", References="<1@m> <2@m>"), ("resolve", "unknown", "<1@m>"), "Disk"),
        (mail("Re: AW: Disk", Message_ID="<2@m>", In_Reply_To="<1@m>"), ("trigger", "unknown", "<1@m>"), "Disk"),
        (mail("Fwd: Re: AW:Re[2]: Disk"), ("trigger", "unknown", None), "Disk"),
        (mail("Re: Re: Re: [OK] Disk"), ("resolve", "unknown", f"{BY_MAIL}Disk"), "Disk"),
        # somebody is on holiday; monitors call their mails generated
        (mail("Re: Disk", Auto_Submitted="auto-replied (vacation)", In_Reply_To="<1@m>"), ("ignore", "unknown", "<1@m>"), "Disk"),
        (mail("Disk", Auto_Submitted="auto-generated"), ("trigger", "unknown", None), "Disk"),
        # Nagios' and Icinga's own mails: a subject that says a state says of what
        (mail("** PROBLEM Service Alert: db-1/Disk is CRITICAL **"), ("trigger", "critical", SERVICE_ALERT), "Service Alert: db-1/Disk"),
        (mail("** RECOVERY Host Alert: db-1 is UP **"), ("resolve", "unknown", HOST_ALERT), "Host Alert: db-1"),
        (mail("** ACKNOWLEDGEMENT Host Alert: db-1 is DOWN **"), ("acknowledge", "critical", HOST_ALERT), "Host Alert: db-1"),
        (mail("** FLAPPINGSTART Host Alert: db-1 is DOWN **"), ("ignore", "critical", HOST_ALERT), "Host Alert: db-1"),
        (mail("[CRITICAL] Disk"), ("trigger", "critical", f"{BY_MAIL}Disk"), "Disk"),
        # encoded, and wrongly so
        (mail("=?utf-8?b?RGlzayBmw7xyIGFsbGU=?="), ("trigger", "unknown", None), "Disk für alle"),
        (mail("=?no-such-charset?b?RGlzaw==?="), ("trigger", "unknown", None), "=?no-such-charset?b?RGlzaw==?="),
        # Mailgun
        (
            {"subject": "[OK] Disk", "sender": "m@a.example", "recipient": "o@b.example", "body-plain": "x", "Message-Id": "<2@m>",
             "message-headers": [["References", "<1@m>"]]},
            ("resolve", "unknown", "<1@m>"), "Disk",
        ),
        (
            {"subject": "[OK] Disk", "sender": "m@a.example", "recipient": "o@b.example", "body-plain": "x",
             "message-headers": '[["Message-Id", "<2@m>"], ["References", "<1@m>"]]'},
            ("resolve", "unknown", "<1@m>"), "Disk",
        ),
        # SendGrid, parsed and as it is
        (
            {"subject": "Disk", "from": "m@a.example", "to": "o@b.example", "charsets": {}, "envelope": {},
             "headers": "X-Dedup-Key: k\nA: b"},
            ("trigger", "unknown", "k"), "Disk",
        ),
        ({"to": "o@b.example", "envelope": {}, "email": mail("[ACK] Disk", X_Dedup_Key="k")}, ("acknowledge", "unknown", "k"), "Disk"),
        # Postmark
        (
            {"FromFull": {}, "ToFull": [], "MailboxHash": "", "From": "m@a.example", "Subject": "Disk", "MessageID": "73e6d360",
             "Headers": [{"Name": "X-Dedup-Key", "Value": "k"}, 7]},
            ("trigger", "unknown", "k"), "Disk",
        ),
        # CloudMailin
        (
            {"envelope": {}, "plain": "x", "headers": {"subject": "Disk", "from": "m@a.example", "message_id": "<1@m>"}},
            ("trigger", "unknown", "<1@m>"), "Disk",
        ),
    ],
)  # fmt: skip
def test_mails(body: object, expected: tuple[str, str, str | None], title: str) -> None:
    event = read_one("email", body)
    assert (told(event), event.summary) == (expected, title)


def test_a_mail_that_comes_twice_counts_once_and_tells_its_text() -> None:
    event = read_one("email", mail("Disk", Message_ID="<1@m>", Date="Sun, 01 Mar 2026 03:12:00 +0100", List_Id="<ops.example.com>"))
    assert event.delivery_id == "<1@m>"
    assert event.details == {"text": "The disk is full."}
    assert event.source == "Monitor <m@example.com>"
    assert event.labels == {"list": "<ops.example.com>"}
    assert str(event.occurred_at) == "2026-03-01 02:12:00+00:00"


def attached(title: str, **more: object) -> dict[str, object]:
    return {"username": "m", "attachments": [{"fallback": "f", "title": title, **more}]}


RICH = {"type": "rich_text", "elements": [
    {"type": "rich_text_section", "elements": [{"type": "text", "text": "Disk of "}, {"type": "link", "url": "u", "text": "db-1"}]},
    {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "full"}]}]},
]}  # fmt: skip


def block(kind: str, text: str) -> dict[str, object]:
    return {"type": kind, "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("body", "expected", "title"),
    [
        (attached("Disk", color="danger"), ("trigger", "error", None), "Disk"),
        (attached("Disk", color="warning"), ("trigger", "warning", None), "Disk"),
        (attached("Disk", color="#439FE0"), ("trigger", "unknown", None), "Disk"),
        (attached("Disk", color="#36A64F"), ("resolve", "unknown", None), "Disk"),
        (attached("[Warning] Disk"), ("trigger", "warning", None), "Disk"),
        (attached("[OK] Disk", color="danger"), ("resolve", "error", None), "Disk"),
        (attached("[FIRING:1] Disk", color="good"), ("trigger", "unknown", None), "Disk"),
        (attached("Disk", fields=[{"title": "Severity", "value": "P1"}, {"title": "no value"}]), ("trigger", "critical", None), "Disk"),
        ({"text": "f", "blocks": [block("header", ":fire: Disk &amp; RAM")]}, ("trigger", "unknown", None), "Disk & RAM"),
        ({"blocks": [block("section", "*Disk* of <https://a.example|db-1>\nfull")]}, ("trigger", "unknown", None), "Disk of db-1"),
        ({"attachments": [{"color": "danger", "text": "Disk"}]}, ("trigger", "error", None), "Disk"),
        ({"blocks": [{"type": "section", "fields": [{"text": "*Disk*"}, {"text": "db-1"}]}]}, ("trigger", "unknown", None), "Disk"),
        ({"blocks": [{"type": "context", "elements": [{"text": "Disk"}]}]}, ("trigger", "unknown", None), "Disk"),
        ({"blocks": [RICH]}, ("trigger", "unknown", None), "Disk of db-1"),
        # nothing to read is no reason to lose it
        ({"blocks": [{"type": "image", "image_url": "https://a.example"}]}, ("trigger", "unknown", None), "message without a text"),
        ({"attachments": [{"fallback": ""}]}, ("trigger", "unknown", None), "message without a text"),
        ({"text": "Disk at 10:30:45", "attachments": [{"color": "danger"}]}, ("trigger", "error", None), "Disk at 10:30:45"),
    ],
)  # fmt: skip
def test_messages_for_slack(body: object, expected: tuple[str, str, str | None], title: str) -> None:
    event = read_one("slack", body)
    assert (told(event), event.summary) == (expected, title)


def test_all_that_a_message_says_is_told() -> None:
    said = attached("Disk", text="97 %", fields=[{"title": "host", "value": "db-1"}]) | {"blocks": [RICH]}
    assert read_one("slack", said).details == {"text": "97 %\nDisk of db-1\nfull", "fields": {"host": "db-1"}}


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("slack", attached("Disk") | {"status": "resolved"}),  # `fallback` is Slack's alone
        ("slack", {"username": "m", "status": "resolved", "blocks": [block("section", "Disk")]}),
        ("slack", {"attachments": [{"title": "Disk"}]}),
        ("email", {"envelope": {}, "email": mail("Disk"), "to": "o@b.example"}),
        ("email", {"envelope": {}, "email": "x", "to": "o@b.example", "subject": "Disk"}),
        ("apprise", APPRISE | {"dedup_key": "k"}),
        ("apprise", {"Version": "1.1", "Subject": "s", "Message": "m", "MessageType": "failure"}),
    ],
)
def test_what_only_this_sender_says_is_known(type: str, body: object) -> None:
    received = Received("", b"")
    assert [other.type.value for other in DIALECTS.values() if other.knows(body, received)] == [type]
    assert DIALECTS[IntegrationType(type)].read(body, received)


@pytest.mark.parametrize(
    "body",
    [
        {"attachments": [{"color": "danger"}], "text": "Disk"},
        {"attachments": [{"title": "log"}], "summary": "Disk", "dedup_key": "k", "status": "resolved"},
        {"blocks": [block("section", "Disk")], "dedup_key": "k", "status": "resolved"},
        {"envelope": "x", "email": "ana@example.com", "to": "o@b.example", "summary": "Disk"},
        {"envelope": {}, "charsets": {}, "to": "o@b.example"},
        {"envelope": {}, "plain": "x", "headers": {}},
        APPRISE | {"status": "resolved"},
        APPRISE | {"version": "2026.3"},
        APPRISE | {"version": 1},
        {"Subject": "s", "Message": "m", "MessageType": "failure"},
        {"Version": "1.1", "Subject": "s", "Message": "m", "MessageType": "CRITICAL"},
    ],
)
def test_what_anybody_may_say_is_nobodys(body: object) -> None:
    assert [other.type.value for other in DIALECTS.values() if other.knows(body, Received("", b""))] == []


def test_a_text_called_a_mail_that_is_none_is_not_known_as_one() -> None:
    received = Received("message/rfc822", b"the disk is full")
    assert not DIALECTS[IntegrationType.EMAIL].knows("the disk is full", received)


def test_attachments_with_titles_of_their_own_are_events_of_their_own() -> None:
    body = {"text": "2 alerts", "attachments": [{"title": "A", "color": "danger"}, {"title": "B", "color": "good"}, {"text": "and so on"}]}
    assert [(e.action.value, e.summary) for e in events("slack", json.dumps(body).encode())] == [("trigger", "A"), ("resolve", "B")]


@pytest.mark.parametrize("text", ["http://" * 8_000, "<http:" * 8_000, "[ " * 8_000, "a " * 8_000 + "is", "<" * 20_000])
def test_long_texts_made_to_be_slow_are_not(text: str) -> None:
    """Each would take minutes if a pattern looked at the rest of it from every place in it."""
    events("zabbix", json.dumps({"event_id": "", "link": text, "message": text, "title": text}).encode())
    events("slack", json.dumps({"text": text, "attachments": [{"title": text, "fallback": text}]}).encode())
    events("email", json.dumps({"subject": text, "from": text, "message-headers": [["References", text]]}).encode())

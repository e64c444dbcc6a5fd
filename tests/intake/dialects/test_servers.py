"""What monitors of servers say that no real body at hand says: further words, older and newer spellings, updates, mails."""

import json
from urllib.parse import urlencode

import pytest
from tests.intake.payloads import events

from oncall.incidents.values import Event
from oncall.intake.adapters import netdata, zabbix
from oncall.intake.adapters.email import said_before
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
    return event.action.value, event.severity.value, None if event.dedup_key == str(event.id) else event.dedup_key


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
KEEP = {"what": "HOST", "notification_type": "PROBLEM", "site": "prod", "host": "db-1", "severity": "OK", "status": "DOWN"}
ON_DB_1 = "host=db-1 service=Disk"


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
        ("nagios", NAGIOS_HOST, ("trigger", "critical", "host=db-1")),
        ("nagios", NAGIOS_HOST | {"HOSTSTATE": "UNREACHABLE"}, ("trigger", "critical", "host=db-1")),
        ("nagios", NAGIOS_HOST | {"NOTIFICATIONTYPE": "RECOVERY", "HOSTSTATE": "UP"}, ("resolve", "unknown", "host=db-1")),
        ("nagios", {f"NAGIOS_{name}": said for name, said in NAGIOS.items()}, ("trigger", "critical", ON_DB_1)),
        ("nagios", {name.lower(): said for name, said in NAGIOS.items()}, ("trigger", "critical", ON_DB_1)),
        ("nagios", urlencode(NAGIOS), ("trigger", "critical", ON_DB_1)),
        # an event handler has no type of notification
        ("nagios", {"HOSTNAME": "db-1", "SERVICEDESC": "Disk", "SERVICESTATE": "OK"}, ("resolve", "unknown", ON_DB_1)),
        ("nagios", {"hostname": "db-1", "servicedesc": "Disk", "servicestate": "CRITICAL"}, ("trigger", "critical", ON_DB_1)),
        # Icinga 2: the same words, with dots, with underscores, or as objects
        ("icinga", ICINGA, ("trigger", "warning", "host=db-1 service=disk")),
        ("icinga", ICINGA | {"notification.type": "RECOVERY", "service.state": "OK"}, ("resolve", "unknown", "host=db-1 service=disk")),
        ("icinga", ICINGA | {"notification.type": "Acknowledgement"}, ("acknowledge", "warning", "host=db-1 service=disk")),
        ("icinga", ICINGA | {"notification.type": "FlappingEnd"}, ("ignore", "warning", "host=db-1 service=disk")),
        ("icinga", ICINGA | {"notification.type": "DowntimeRemoved"}, ("ignore", "warning", "host=db-1 service=disk")),
        ("icinga", {"notification_type": "PROBLEM", "host_name": "db-1", "host_state": "DOWN"}, ("trigger", "critical", "host=db-1")),
        (
            "icinga",
            {"notification": {"type": "RECOVERY"}, "host": {"name": "db-1", "state": "UP"}, "service": {"name": "disk", "state": "OK"}},
            ("resolve", "unknown", "host=db-1 service=disk"),
        ),
        ("icinga", urlencode(ICINGA), ("trigger", "warning", "host=db-1 service=disk")),
        # Checkmk: its own environment, or Keep's script, which says `OK` of hosts that are down
        ("checkmk", CHECKMK, ("trigger", "critical", "site=prod host=db-1 service=CPU")),
        ("checkmk", CHECKMK | {"SERVICESTATE": "WARN"}, ("trigger", "warning", "site=prod host=db-1 service=CPU")),
        (
            "checkmk",
            CHECKMK | {"NOTIFICATIONTYPE": "ACKNOWLEDGEMENT (CRIT)"},
            ("acknowledge", "critical", "site=prod host=db-1 service=CPU"),
        ),
        ("checkmk", CHECKMK | {"NOTIFICATIONTYPE": "DOWNTIMESTART"}, ("ignore", "critical", "site=prod host=db-1 service=CPU")),
        (
            "checkmk",
            {f"NOTIFY_{name}": said for name, said in CHECKMK.items()} | {"OMD_SITE": "prod"},
            ("trigger", "critical", "site=prod host=db-1 service=CPU"),
        ),
        ("checkmk", KEEP, ("trigger", "critical", "site=prod host=db-1")),
        ("checkmk", KEEP | {"notification_type": "RECOVERY", "status": "UP"}, ("resolve", "unknown", "site=prod host=db-1")),
    ],
)
def test_the_family_of_nagios(type: str, body: object, expected: tuple[str, str, str | None]) -> None:
    assert told(read_one(type, body)) == expected


ZABBIX = {"event_id": "23", "trigger_id": "7", "event_value": "1", "event_nseverity": "4", "event_name": "Disk", "host_name": "db-1"}
UPDATE = ZABBIX | {"event_update_status": "1"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ZABBIX | {"event_nseverity": "0"}, ("trigger", "unknown", "event_id=23")),
        (ZABBIX | {"event_nseverity": "1"}, ("trigger", "info", "event_id=23")),
        (ZABBIX | {"event_nseverity": "2"}, ("trigger", "warning", "event_id=23")),
        (ZABBIX | {"event_nseverity": 3}, ("trigger", "warning", "event_id=23")),
        (ZABBIX | {"event_nseverity": "5"}, ("trigger", "critical", "event_id=23")),
        (ZABBIX | {"event_nseverity": "", "severity": "Not classified"}, ("trigger", "unknown", "event_id=23")),
        (ZABBIX | {"event_nseverity": "", "severity": "Disaster"}, ("trigger", "critical", "event_id=23")),
        # numbers may be numbers, and large
        (ZABBIX | {"event_id": 90071992547409931, "event_value": 0}, ("resolve", "error", "event_id=90071992547409931")),
        # what somebody did with a problem that is still there
        (UPDATE | {"event_update_action": "acknowledged"}, ("acknowledge", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "acknowledged and commented"}, ("acknowledge", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "unacknowledged"}, ("trigger", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "changed severity from Warning to High"}, ("trigger", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "closed"}, ("resolve", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "commented"}, ("ignore", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "suppressed until 2026.03.01 06:00:00"}, ("ignore", "error", "event_id=23")),
        (UPDATE | {"event_update_action": "acknowledged", "event_value": "0"}, ("resolve", "error", "event_id=23")),
        # a try of the media type leaves all macros as they are
        (
            {"event_id": "{EVENT.ID}", "trigger_id": "{TRIGGER.ID}", "event_value": "{EVENT.VALUE}", "title": "Test"},
            ("trigger", "unknown", None),
        ),
        # macros as names, and no number of a problem
        ({"EVENT.ID": "23", "TRIGGER.ID": "7", "TRIGGER.STATUS": "OK"}, ("resolve", "unknown", "event_id=23")),
        (
            {"trigger_id": "7", "event_value": "0", "zabbix_url": "https://z.example/"},
            ("resolve", "unknown", "trigger_id=7 zabbix=https://z.example"),
        ),
        (
            {"severity": "High", "status": "OK", "item": "i", "trigger": "Down", "hostname": "db-1"},
            ("resolve", "error", "host=db-1 trigger=Down"),
        ),
        # only the text of Zabbix's own message says which problem
        (
            {"trigger": "Down", "status": "PROBLEM", "item": "", "severity": "", "message": "Problem\r\nOriginal problem ID: 99\r\n"},
            ("trigger", "unknown", "event_id=99"),
        ),
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
SCOM = {"alertId": GUID, "alertName": "Disk", "resolutionState": "0", "severity": "1"}
ORION = {"ActionType": "create", "AlertID": "1", "AlertMessage": "Node", "NodeName": "sw-1", "Severity": "Serious"}
GUARD = {"server_name": "shop", "service_shortname": "disk", "service_name": "Disk", "check_result": "CRITICAL"}
ON_WEB_1 = "host=web-1 service=nginx test="


@pytest.mark.parametrize(
    ("type", "body", "expected"),
    [
        # Netdata's agent
        ("netdata", AGENT, ("resolve", "unknown", "host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "REMOVED"}, ("resolve", "unknown", "host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "UNDEFINED"}, ("ignore", "unknown", "host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "UNINITIALIZED"}, ("ignore", "unknown", "host=db-1 chart=c alarm=n")),
        ("netdata", AGENT | {"status": "CRITICAL", "unique_id": 7}, ("trigger", "critical", "host=db-1 chart=c alarm=n")),
        # Netdata Cloud documents no host: then the link tells nodes apart
        ("netdata", CLOUD, ("trigger", "critical", "space=prod url=https://app.netdata.cloud/a/1 chart=mem.ram alarm=ram")),
        ("netdata", CLOUD | {"host": "db-1", "severity": "warning"}, ("trigger", "warning", "host=db-1 chart=mem.ram alarm=ram")),
        ("netdata", CLOUD | {"host": "db-1", "severity": "clear"}, ("resolve", "unknown", "host=db-1 chart=mem.ram alarm=ram")),
        (
            "netdata",
            {"host": "db-1", "severity": "critical", "status": {"reachable": False, "text": "unreachable"}},
            ("trigger", "critical", "reachability=db-1"),
        ),
        (
            "netdata",
            {"host": "db-1", "severity": "info", "status": {"reachable": True, "text": "reachable"}},
            ("resolve", "unknown", "reachability=db-1"),
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
        ("monit", MONIT | {"MONIT_EVENT": "Link down"}, ("trigger", "unknown", ON_WEB_1 + "link")),
        ("monit", MONIT | {"MONIT_EVENT": "Link up"}, ("resolve", "unknown", ON_WEB_1 + "link")),
        ("monit", MONIT | {"MONIT_EVENT": "Download bytes exceeded"}, ("trigger", "unknown", ON_WEB_1 + "download bytes")),
        ("monit", MONIT | {"MONIT_EVENT": "Download bytes ok"}, ("resolve", "unknown", ON_WEB_1 + "download bytes")),
        ("monit", MONIT | {"MONIT_EVENT": "Action done"}, ("ignore", "unknown", ON_WEB_1 + "action done")),
        ("monit", MONIT | {"MONIT_EVENT": "Monit instance changed"}, ("ignore", "unknown", ON_WEB_1 + "monit instance")),
        # a name given by hand tells two tests of one kind apart
        ("monit", MONIT | {"MONIT_EVENT": "Resource limit succeeded", "MONIT_RULE": "cpu"}, ("resolve", "unknown", ON_WEB_1 + "cpu")),
        # LibreNMS: a number says the state
        ("librenms", LIBRENMS, ("trigger", "critical", "alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": 0}, ("resolve", "critical", "alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "0", "alert_id": "418"}, ("resolve", "critical", "alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "2"}, ("acknowledge", "critical", "alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "3"}, ("trigger", "critical", "alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"state": "4", "severity": "warning"}, ("trigger", "warning", "alert_id=418 device=12")),
        ("librenms", LIBRENMS | {"alert_id": None, "name": "Port down"}, ("trigger", "critical", "rule=Port down device=12")),
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
        ("solarwinds", ORION, ("trigger", "error", "alert=1 node=sw-1")),
        ("solarwinds", ORION | {"Severity": "Critical"}, ("trigger", "critical", "alert=1 node=sw-1")),
        ("solarwinds", ORION | {"Severity": "Notice"}, ("trigger", "info", "alert=1 node=sw-1")),
        ("solarwinds", ORION | {"Severity": 1}, ("trigger", "warning", "alert=1 node=sw-1")),
        ("solarwinds", ORION | {"ActionType": "Reset"}, ("resolve", "error", "alert=1 node=sw-1")),
        ("solarwinds", ORION | {"ActionType": "acknowledge"}, ("acknowledge", "error", "alert=1 node=sw-1")),
        # one definition of an alert, two nodes: two problems
        ("solarwinds", ORION | {"NodeName": "sw-2"}, ("trigger", "error", "alert=1 node=sw-2")),
        # ServerGuard24
        ("serverguard24", GUARD | {"check_result": "UNKNOWN"}, ("trigger", "unknown", "server=shop service=disk")),
        # Papertrail: a search that finds nothing where something should be
        (
            "papertrail",
            {"saved_search": {"id": 90071992547409931, "name": "cron"}, "events": []},
            ("trigger", "unknown", "saved_search=90071992547409931"),
        ),
        ("papertrail", {"saved_search": {"id": 4}, "counts": [{"source_name": "db-1"}]}, ("trigger", "unknown", "saved_search=4")),
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
        ("apprise", {"version": "1.0", "title": "t", "message": "m", "type": "failure", "dedup_key": "k"}, ("trigger", "error", "k")),
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
        ("https://registry.example/goto-host-from-alarm.html?host=h&chart=c&alarm=a&alarm_id=1", "host=h chart=c alarm=a"),
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
        # Nagios' and Icinga's own mails
        (mail("** PROBLEM Service Alert: db-1/Disk is CRITICAL **"), ("trigger", "critical", None), "Service Alert: db-1/Disk"),
        (mail("** RECOVERY Host Alert: db-1 is UP **"), ("resolve", "unknown", None), "Host Alert: db-1"),
        (mail("** ACKNOWLEDGEMENT Host Alert: db-1 is DOWN **"), ("acknowledge", "critical", None), "Host Alert: db-1"),
        (mail("** FLAPPINGSTART Host Alert: db-1 is DOWN **"), ("ignore", "critical", None), "Host Alert: db-1"),
        (mail("[CRITICAL] Disk"), ("trigger", "critical", None), "Disk"),
        # encoded, and wrongly so
        (mail("=?utf-8?b?RGlzayBmw7xyIGFsbGU=?="), ("trigger", "unknown", None), "Disk für alle"),
        (mail("=?no-such-charset?b?RGlzaw==?="), ("trigger", "unknown", None), "=?no-such-charset?b?RGlzaw==?="),
        # Mailgun
        (
            {"subject": "[OK] Disk", "sender": "m@a.example", "recipient": "o@b.example", "body-plain": "x", "Message-Id": "<2@m>",
             "message-headers": [["References", "<1@m>"]]},
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
    assert event.details == {"text": "The disk is full.\n"}
    assert event.source == "Monitor <m@example.com>"
    assert event.labels == {"list": "<ops.example.com>"}
    assert str(event.occurred_at) == "2026-03-01 02:12:00+00:00"


def attached(title: str, **more: object) -> dict[str, object]:
    return {"username": "m", "attachments": [{"fallback": "f", "title": title, **more}]}


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
        ({"text": "Disk at 10:30:45", "attachments": [{"color": "danger"}]}, ("trigger", "error", None), "Disk at 10:30:45"),
    ],
)  # fmt: skip
def test_messages_for_slack(body: object, expected: tuple[str, str, str | None], title: str) -> None:
    event = read_one("slack", body)
    assert (told(event), event.summary) == (expected, title)


def test_attachments_with_titles_of_their_own_are_events_of_their_own() -> None:
    body = {"text": "2 alerts", "attachments": [{"title": "A", "color": "danger"}, {"title": "B", "color": "good"}, {"text": "and so on"}]}
    assert [(e.action.value, e.summary) for e in events("slack", json.dumps(body).encode())] == [("trigger", "A"), ("resolve", "B")]


@pytest.mark.parametrize("text", ["http://" * 8_000, "<http:" * 8_000, "[ " * 8_000, "a " * 8_000 + "is", "<" * 20_000])
def test_long_texts_made_to_be_slow_are_not(text: str) -> None:
    """Each would take minutes if a pattern looked at the rest of it from every place in it."""
    events("zabbix", json.dumps({"event_id": "", "link": text, "message": text, "title": text}).encode())
    events("slack", json.dumps({"text": text, "attachments": [{"title": text, "fallback": text}]}).encode())
    events("email", json.dumps({"subject": text, "from": text, "message-headers": [["References", text]]}).encode())

"""The APIs of paging tools, which many monitors speak."""

from tests.intake.dialects.table import Body

PD = "pagerduty-events-v2/captured."
ALERTMANAGERS = "4017ab89d12861867cac397910b68db3c89d636d1a7f18e47f986d50db57d6b1"
WATCHDOG = "2f204ce452a760f1f716259f2e6e08409e688af0a46214c2e6741de43d8edef9"
NETDATA = "this is a test alarm to verify notifications work"
HIGH_CPU = "Problem: High CPU utilization (over 90% for 5m)"

BODIES: list[Body] = [
    # PagerDuty v2: the state is no part of the title, or the first title would say FIRING for ever
    Body(PD + "alertmanager.trigger.json", "pagerduty", [("trigger", "critical", ALERTMANAGERS, "HighRequestLatency eu-1 (node)")]),
    Body(
        PD + "alertmanager.re-trigger-after-partial-resolve.json",
        "pagerduty",
        [("trigger", "critical", ALERTMANAGERS, "HighRequestLatency eu-1 (node)")],
    ),
    Body(PD + "pypi-pagerduty.trigger.json", "pagerduty", [("trigger", "critical", "web-01/cpu", "CPU high on web-01")]),
    Body(PD + "pypi-pagerduty.acknowledge.json", "pagerduty", [("acknowledge", "unknown", "web-01/cpu", None)]),
    Body(PD + "pypi-pagerduty.resolve.json", "pagerduty", [("resolve", "unknown", "web-01/cpu", None)]),
    Body(PD + "pdpyras.trigger.json", "pagerduty", [("trigger", "warning", "db-01/disk", "Disk full")]),
    Body(PD + "pdpyras.resolve.json", "pagerduty", [("resolve", "unknown", "db-01/disk", None)]),
    Body(PD + "pdjs.trigger.json", "pagerduty", [("trigger", "error", "test_incident_2_88f520", "Test Event V2")]),
    Body(PD + "pdjs.resolve.json", "pagerduty", [("resolve", "unknown", "test_incident_2_88f520", None)]),
    Body(PD + "zabbix.trigger.json", "pagerduty", [("trigger", "warning", "4711", HIGH_CPU)]),
    Body(PD + "zabbix.acknowledge.json", "pagerduty", [("acknowledge", "unknown", "4711", None)]),
    Body(PD + "zabbix.resolve.json", "pagerduty", [("resolve", "unknown", "4711", None)]),
    # Apprise's "success" is a kind of message, not the end of a problem
    Body(
        PD + "apprise.success-is-still-trigger.json",
        "pagerduty",
        [("trigger", "info", None, "Disk full on db-01 /var is at 99%")],
    ),
    Body("pagerduty-events-v2/elastalert2.trigger.json", "pagerduty", [("trigger", "error", None, "Test PD Rule")]),
    # Only the path says that it is a change
    Body(PD + "pypi-pagerduty.change.json", "pagerduty", [("change", "unknown", None, "Deploy 42")]),
    Body(PD + "pdpyras.change.json", "pagerduty", [("change", "unknown", None, "Build 7")]),
    # PagerDuty v1, which agents still send: an empty key is none
    Body("pagerduty-events-v1/elastalert2.trigger-empty-key.json", "pagerduty", [("trigger", "unknown", None, "Test PD Rule")]),
    # Opsgenie: verbs stand in the path, and the alias with them
    Body(
        "opsgenie-api/captured.alertmanager.create.json",
        "opsgenie",
        [("trigger", "error", ALERTMANAGERS, "HighRequestLatency eu-1 (node)")],
    ),
    Body("opsgenie-api/captured.alertmanager.close.json", "opsgenie", [("resolve", "unknown", ALERTMANAGERS, None)]),
    Body("opsgenie-api/captured.pypi-sdk.create.json", "opsgenie", [("trigger", "warning", "python_sample", "Sample Message")]),
    Body("opsgenie-api/captured.pypi-sdk.acknowledge.json", "opsgenie", [("acknowledge", "unknown", "python_sample", None)]),
    Body("opsgenie-api/captured.pypi-sdk.close.json", "opsgenie", [("resolve", "unknown", "python_sample", None)]),
    Body(
        "opsgenie-api/captured.pypi-sdk.note.json",
        "opsgenie",
        [("ignore", "unknown", "python_sample", "AddNote: hello")],
        why="AddNote: hello; it is recorded, and changes nothing here yet",
    ),
    Body("opsgenie-api/captured.apprise.create.json", "opsgenie", [("trigger", "warning", "db-01/disk", "Disk full on db-01")]),
    # VictorOps: message_type is state and severity; INFO may be a problem; without an entity each event is one of its own
    Body(
        "victorops-rest/captured.alertmanager.critical.json",
        "victorops",
        [("trigger", "critical", ALERTMANAGERS, "HighRequestLatency eu-1 (node)")],
    ),
    Body("victorops-rest/captured.alertmanager.recovery.json", "victorops", [("resolve", "unknown", WATCHDOG, None)]),
    Body("victorops-rest/captured.apprise.critical.json", "victorops", [("trigger", "critical", "db-01-disk", "Disk full on db-01")]),
    Body("victorops-rest/captured.apprise.recovery.json", "victorops", [("resolve", "unknown", "db-01-disk", None)]),
    Body(
        "victorops-rest/captured.uptime-kuma.critical.json",
        "victorops",
        [("trigger", "critical", "Uptime Kuma/1", "Uptime Kuma Alert: Marketing")],
    ),
    Body("victorops-rest/captured.uptime-kuma.recovery.json", "victorops", [("resolve", "unknown", "Uptime Kuma/1", None)]),
    Body("victorops-rest/elastalert2.critical.json", "victorops", [("trigger", "info", None, "no entity display name")]),
    # Alerta: environment, resource and event; normal, ok and cleared are its ends; `correlate` joins NodeUp to NodeDown (test_alerta.py)
    Body(
        "alerta-api/captured.cli.nodedown-critical.json",
        "alerta",
        [("trigger", "critical", "environment=Production resource=web01 event=NodeDown", "node is down")],
    ),
    Body(
        "alerta-api/captured.cli.nodeup-normal.json",
        "alerta",
        [("resolve", "unknown", "environment=Production resource=web01 event=NodeUp", None)],
    ),
    Body(
        "alerta-api/captured.cli.heartbeat.json",
        "alerta",
        [("check_in", "unknown", "heartbeat=cluster05", "heartbeat of cluster05")],
        by_itself=False,  # an origin and a timeout are no words of Alerta's alone
    ),
    Body(
        "alerta-api/captured.uptime-kuma.down.json",
        "alerta",
        [("trigger", "critical", "environment=Production resource=Marketing event=http", "Service http is down.")],
    ),
    Body(
        "alerta-api/captured.uptime-kuma.up-cleared.json",
        "alerta",
        [("resolve", "unknown", "environment=Production resource=Marketing event=http", None)],
    ),
    Body(
        "alerta-api/captured.netdata.warning.json",
        "alerta",
        [("trigger", "warning", "environment=Production resource=vm:test.family event=test.chart.test_alarm", NETDATA)],
    ),
    Body(
        "alerta-api/captured.netdata.critical.json",
        "alerta",
        [("trigger", "critical", "environment=Production resource=vm:test.family event=test.chart.test_alarm", NETDATA)],
    ),
    Body(
        "alerta-api/captured.netdata.cleared.json",
        "alerta",
        [("resolve", "unknown", "environment=Production resource=vm:test.family event=test.chart.test_alarm", None)],
    ),
    # ElastAlert calls every resource and event "elastalert": that names no problem, and the rule's name stands in the raw data
    Body("alerta-api/captured.elastalert2.warning.json", "alerta", [("trigger", "warning", None, "Test Rule")]),
    # fail2ban's event counts attempts, so the address that is banned is its identity
    Body(
        "fail2ban/ban.json",
        "alerta",
        [
            (
                "trigger",
                "critical",
                "environment=Development resource=SSHD banned=1.2.3.4",
                "The IP 1.2.3.4 has just been banned by Fail2Ban after 6 attempts! on SSHD",
            )
        ],
    ),
]

CASES: list[tuple[str, str, str]] = [
    ("pagerduty", PD + "pdpyras.trigger.json", PD + "pdpyras.resolve.json"),
    ("pagerduty", PD + "zabbix.trigger.json", PD + "zabbix.resolve.json"),
    ("pagerduty", PD + "pdjs.trigger.json", PD + "pdjs.resolve.json"),
    ("opsgenie", "opsgenie-api/captured.alertmanager.create.json", "opsgenie-api/captured.alertmanager.close.json"),
    ("opsgenie", "opsgenie-api/captured.pypi-sdk.create.json", "opsgenie-api/captured.pypi-sdk.close.json"),
    ("victorops", "victorops-rest/captured.apprise.critical.json", "victorops-rest/captured.apprise.recovery.json"),
    ("victorops", "victorops-rest/captured.uptime-kuma.critical.json", "victorops-rest/captured.uptime-kuma.recovery.json"),
    ("alerta", "alerta-api/captured.uptime-kuma.down.json", "alerta-api/captured.uptime-kuma.up-cleared.json"),
    ("alerta", "alerta-api/captured.netdata.critical.json", "alerta-api/captured.netdata.cleared.json"),
]
"""type, a body that fires, the body that resolves it"""

"""Monitors of servers and networks, mail, and whatever only notifies."""

from tests.intake.dialects.table import Body

HIGH_CPU = "High CPU utilization (over 90% for 5m)"
SIGNL4 = "zabbix_event_id=4711 zabbix=https://zabbix.example.com"
CLOUD = "zabbix_event_id=23 zabbix=https://abc123.zabbix.cloud"
UNREACHABLE = "Zabbix agent on www.example.com is unreachable for 5 minutes"
ZULIP = "zabbix_event_id=10528 zabbix=https://zabbix.example.com"
NAGIOS_HOST = "event_source=host;host_name=host.test.local"
NAGIOS_SERVICE = "event_source=service;host_name=service.test.local;service_desc=service=test-service"
NETDATA = "netdata_host=vm chart=test.chart alarm=test_alarm"
ALARM = "test_alarm of test.chart on vm"
SCOM = "{2ba87d56-a7af-4b42-bdcc-eb18486bd8cd}"
EIGRP = "CriticalEIGRP - Neighbor Down Neighbor 10.0.0.105 on EOC4500X-Core went down."
SHOP = "serverguard24_server=Example App (Hosts and SSL) service=bo-web-p02"
LOCAL_WEB = "Local Web on Example App (Hosts and SSL)"
DISK = "Disk full on db-01"
PAGERTREE = "generic-oncall-apis/pagertree-webhook."

BODIES: list[Body] = [
    # Zabbix: event_value, Trigger_Status or status; nseverity or its name; the problem's number, as a field or in the link to it
    Body("zabbix/pagertree-media.problem.json", "zabbix", [("trigger", "error", CLOUD, "https://statuscode.app/ Status")]),
    Body("zabbix/pagertree-media.resolved.json", "zabbix", [("resolve", "error", CLOUD, None)]),
    Body("zabbix/captured.signl4-media.problem.txt", "zabbix", [("trigger", "warning", SIGNL4, HIGH_CPU)]),
    Body("zabbix/captured.signl4-media.resolved.txt", "zabbix", [("resolve", "warning", SIGNL4, None)]),
    Body("zabbix/zulip-media.problem.json", "zabbix", [("trigger", "warning", ZULIP, UNREACHABLE)]),
    Body("zabbix/zulip-media.missing-hostname.json", "zabbix", [("trigger", "warning", ZULIP, UNREACHABLE)]),
    # PagerDuty's own agent speaks for Zabbix and for Nagios: version 1 of its events
    Body(
        "zabbix/pd-agent.problem.json",
        "pagerduty",
        [("trigger", "error", "13502-Zabbix server", "Zabbix server: just restarted : PROBLEM for Zabbix server")],
    ),
    Body("zabbix/pd-agent.ok.json", "pagerduty", [("resolve", "error", "13502-Zabbix server", None)]),
    Body(
        "nagios/pd-agent.host.trigger.json",
        "pagerduty",
        [("trigger", "critical", NAGIOS_HOST, "HOSTNAME=host.test.local; HOSTSTATE=critical")],
    ),
    Body("nagios/pd-agent.host.resolve.json", "pagerduty", [("resolve", "critical", NAGIOS_HOST, None)]),
    Body(
        "nagios/pd-agent.service.trigger.json",
        "pagerduty",
        [("trigger", "critical", NAGIOS_SERVICE, "SERVICEDESC=service=test-service; SERVICESTATE=critical; HOSTNAME=service.test.local")],
    ),
    Body("nagios/pd-agent.service.resolve.json", "pagerduty", [("resolve", "critical", NAGIOS_SERVICE, None)]),
    # Checkmk: notification_type; a host's state is its severity, which this script says wrongly; host, service and site
    Body("checkmk/host.recovery.json", "checkmk", [("resolve", "unknown", "checkmk_host=server1 site=cmk", None)]),
    # Netdata: status is both; its numbers are those of one host, so host, chart and name are the identity
    Body("netdata/captured.opsgenie-webhook.warning.json", "netdata", [("trigger", "warning", NETDATA, ALARM)]),
    Body("netdata/captured.opsgenie-webhook.critical.json", "netdata", [("trigger", "critical", NETDATA, ALARM)]),
    Body("netdata/captured.opsgenie-webhook.clear.json", "netdata", [("resolve", "unknown", NETDATA, None)]),
    # SCOM: resolutionState; severity 2 is critical; a GUID
    Body("scom/new.json", "scom", [("trigger", "critical", SCOM, "Alert for event 999")]),
    Body("scom/closed.json", "scom", [("resolve", "critical", SCOM, None)]),
    # SolarWinds: ActionType; Severity may be empty; the alert's number on its node
    Body("solarwinds/create.json", "solarwinds", [("trigger", "unknown", "solarwinds_alert=156 node=EOC4500X-Core", EIGRP)]),
    Body("solarwinds/resolve.json", "solarwinds", [("resolve", "unknown", "solarwinds_alert=156 node=EOC4500X-Core", None)]),
    # ServerGuard24: check_result is both; server and service
    Body("serverguard24/critical.json", "serverguard24", [("trigger", "critical", SHOP, LOCAL_WEB)]),
    Body("serverguard24/warning.json", "serverguard24", [("trigger", "warning", SHOP, LOCAL_WEB)]),
    Body("serverguard24/ok.json", "serverguard24", [("resolve", "unknown", SHOP, None)]),
    # Papertrail: fires only, without severity; the saved search; all lines are one event
    Body("papertrail/saved-search.json", "papertrail", [("trigger", "unknown", "papertrail_saved_search=42", "Important stuff")]),
    Body("papertrail/saved-search.many.json", "papertrail", [("trigger", "unknown", "papertrail_saved_search=42", "Important stuff")]),
    # Thinkst Canary: fires only, without severity; the incident's hash; on canarytokens.org the token in the address
    Body(
        "thinkst-canary/incident.ssh-login.json",
        "thinkst_canary",
        [("trigger", "unknown", "4ef51a936d05e0a6b4846378c8c38d2c", "SSH Login Attempt: foo-bar")],
    ),
    Body(
        "thinkst-canary/incident.port-scan.json",
        "thinkst_canary",
        [("trigger", "unknown", "9060473d2da98afe494adad648495620", "Host Port Scan: foo-bar")],
    ),
    Body(
        "thinkst-canary/incident.dummy.json",
        "thinkst_canary",
        [("trigger", "unknown", "aa875f255f94e3ffe40dc85cf1a8b1e0", "Dummy Incident: 0000000testnode")],
    ),
    Body(
        "thinkst-canary/canarytoken.msword.json",
        "thinkst_canary",
        [("trigger", "unknown", "db6f9b5528c6c6c385cb3bb63f5949c8", "MS Word .docx Document: test document")],
    ),
    Body("thinkst-canary/canarytokens-org.hit.json", "thinkst_canary", [("trigger", "unknown", "foo", "Canarytoken example")]),
    # a try of the webhook leads to no token
    Body(
        "thinkst-canary/canarytokens-org.verify.json",
        "thinkst_canary",
        [("trigger", "unknown", None, "Congrats! The newly saved webhook works")],
    ),
    # Apprise: type is the severity, and no state: success is a kind of message, not the end of a problem; no identity
    Body("apprise/captured.json.failure.json", "apprise", [("trigger", "error", None, DISK)]),
    Body("apprise/captured.json.warning.json", "apprise", [("trigger", "warning", None, DISK)]),
    Body("apprise/captured.json.info.json", "apprise", [("trigger", "info", None, DISK)]),
    Body("apprise/captured.json.success.json", "apprise", [("trigger", "info", None, DISK)]),
    Body("apprise/captured.form.failure.form", "apprise", [("trigger", "error", None, DISK)]),
    Body("apprise/captured.form.success.form", "apprise", [("trigger", "info", None, DISK)]),
    Body("apprise/captured.xml.failure.xml", "apprise", [("trigger", "error", None, DISK)]),
    # Slack: the colour, or a word in brackets; no identity, but Netdata's link names its alarm
    Body("slack-compatible/captured.alertmanager.firing.json", "slack", [("trigger", "error", None, "HighRequestLatency eu-1 (node)")]),
    Body("slack-compatible/captured.alertmanager.resolved.json", "slack", [("resolve", "unknown", None, None)]),
    Body("slack-compatible/captured.netdata.warning.form", "slack", [("trigger", "warning", NETDATA, "test alarm = new value")]),
    Body("slack-compatible/captured.netdata.clear.form", "slack", [("resolve", "unknown", NETDATA, None)]),
    # What is meant for other paging tools' own generic addresses
    Body(PAGERTREE + "create.json", "generic", [("trigger", "critical", "example-id-123", "Example Incident Title")]),
    Body(PAGERTREE + "acknowledge.json", "generic", [("acknowledge", "critical", "example-id-123", None)]),
    Body(PAGERTREE + "resolve.json", "generic", [("resolve", "critical", "example-id-123", None)]),
]

CASES: list[tuple[str, str, str]] = [
    ("zabbix", "zabbix/pagertree-media.problem.json", "zabbix/pagertree-media.resolved.json"),
    ("zabbix", "zabbix/captured.signl4-media.problem.txt", "zabbix/captured.signl4-media.resolved.txt"),
    ("pagerduty", "zabbix/pd-agent.problem.json", "zabbix/pd-agent.ok.json"),
    ("pagerduty", "nagios/pd-agent.host.trigger.json", "nagios/pd-agent.host.resolve.json"),
    ("pagerduty", "nagios/pd-agent.service.trigger.json", "nagios/pd-agent.service.resolve.json"),
    ("netdata", "netdata/captured.opsgenie-webhook.warning.json", "netdata/captured.opsgenie-webhook.clear.json"),
    ("netdata", "netdata/captured.opsgenie-webhook.critical.json", "netdata/captured.opsgenie-webhook.clear.json"),
    ("scom", "scom/new.json", "scom/closed.json"),
    ("solarwinds", "solarwinds/create.json", "solarwinds/resolve.json"),
    ("serverguard24", "serverguard24/critical.json", "serverguard24/ok.json"),
    ("serverguard24", "serverguard24/warning.json", "serverguard24/ok.json"),
    ("slack", "slack-compatible/captured.netdata.warning.form", "slack-compatible/captured.netdata.clear.form"),
    ("generic", PAGERTREE + "create.json", PAGERTREE + "resolve.json"),
]
"""type, a body that fires, the body that resolves it"""

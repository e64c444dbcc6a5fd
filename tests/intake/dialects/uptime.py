"""Monitors that ask from outside whether a thing is up."""

from tests.intake.dialects.table import Body

DOWN = "Marketing: Request failed with status code 500"
SNITCH = "a11b12f0341c7cd14628d3a1837ea16e"
"""A hash of the snitch's token."""

BODIES: list[Body] = [
    # Pingdom: current_state; the check's id; importance_level where it is said
    Body("pingdom/docs-http.down.json", "pingdom", [("trigger", "error", "pingdom_check=12345", "Name of HTTP check")]),
    Body("pingdom/docs-http.up.json", "pingdom", [("resolve", "error", "pingdom_check=12345", None)]),
    Body("pingdom/http.down.json", "pingdom", [("trigger", "unknown", "pingdom_check=2048467", "Test check")]),
    Body("pingdom/imap.down.json", "pingdom", [("trigger", "unknown", "pingdom_check=2051859", "IMAP check")]),
    Body("pingdom/imap.up.json", "pingdom", [("resolve", "unknown", "pingdom_check=2051859", None)]),
    Body("pingdom/smtp.down.json", "pingdom", [("trigger", "unknown", "pingdom_check=2051844", "SMTP check")]),
    Body("pingdom/alerta.http.down.json", "pingdom", [("trigger", "error", "pingdom_check=803318", "Alerta API on OpenShift")]),
    Body("pingdom/alerta.http.up.json", "pingdom", [("resolve", "error", "pingdom_check=803318", None)]),
    # Uptime Kuma: event_type, else heartbeat.status; the monitor's number; no severity
    Body("uptime-kuma/captured.webhook-json.down.json", "uptime_kuma", [("trigger", "unknown", "uptime_kuma_monitor=1", DOWN)]),
    Body("uptime-kuma/captured.webhook-json.up.json", "uptime_kuma", [("resolve", "unknown", "uptime_kuma_monitor=1", None)]),
    Body("uptime-kuma/captured.webhook-json.test-button.json", "uptime_kuma", [("trigger", "unknown", None, "My Webhook Testing")]),
    Body("uptime-kuma/captured.webhook-multipart.down.multipart", "uptime_kuma", [("trigger", "unknown", "uptime_kuma_monitor=1", DOWN)]),
    Body("uptime-kuma/pagertree-provider.create.json", "uptime_kuma", [("trigger", "unknown", "uptime_kuma_monitor=1", DOWN)]),
    Body("uptime-kuma/pagertree-provider.resolve.json", "uptime_kuma", [("resolve", "unknown", "uptime_kuma_monitor=1", None)]),
    # a GET: everything in the query
    Body("uptime-kuma/captured.webhook-get.down.txt", "uptime_kuma", [("trigger", "unknown", "uptime_kuma_monitor=1", DOWN)]),
    # UptimeRobot: alertTypeFriendlyName before alertType; monitorID, else address and name; no severity
    Body("uptimerobot/down.json", "uptimerobot", [("trigger", "unknown", "uptimerobot_monitor=123456789", "example.come backend")]),
    Body("uptimerobot/up.json", "uptimerobot", [("resolve", "unknown", "uptimerobot_monitor=123456789", None)]),
    Body("uptimerobot/zulip-template.down.json", "uptimerobot", [
        ("trigger", "unknown", "uptimerobot_url=server1.example.com name=Web Server", "Web Server"),
    ]),
    Body("uptimerobot/zulip-template.up.json", "uptimerobot", [
        ("resolve", "unknown", "uptimerobot_url=server2.example.com name=Mail Server", None),
    ]),
    # StatusCake: Status; TestID; no severity
    Body("statuscake/down.json", "statuscake", [("trigger", "unknown", "statuscake_test=1234567890", "https://www.example.com/app")]),
    Body("statuscake/up.json", "statuscake", [("resolve", "unknown", "statuscake_test=1234567890", None)]),
    # Healthchecks, as its PagerDuty integration writes: events of PagerDuty's first API, whichever integration they reach
    Body("healthchecks/pagertree.trigger.json", "pagerduty", [
        ("trigger", "unknown", "5398178f-6e2c-4a46-80ac-c083551f4beb", "my check is DOWN. Last ping was 2 minutes ago."),
    ]),
    Body("healthchecks/pagertree.resolve.json", "pagerduty", [("resolve", "unknown", "5398178f-6e2c-4a46-80ac-c083551f4beb", None)]),
    # Cronitor: type; the monitor's key, which is what id is; no severity
    Body("cronitor/alert.json", "cronitor", [
        ("trigger", "unknown", "cronitor_monitor=ksQC7a", "Test Hearbeat: Did not send an event at the expected time."),
    ]),
    Body("cronitor/recovery.json", "cronitor", [("resolve", "unknown", "cronitor_monitor=ksQC7a", None)]),
    # Dead Man's Snitch: type; a hash of the token; a tag may say how bad it is
    Body("dead-mans-snitch/missing.json", "dead_mans_snitch", [("trigger", "critical", SNITCH, "Critical System Reports")]),
    Body("dead-mans-snitch/reporting.json", "dead_mans_snitch", [("resolve", "critical", SNITCH, None)]),
    # Hydrozen: is_ok; the number of what is watched, and which expiry of a domain; only an expiry is known not to be urgent
    Body("hydrozen/website.down.json", "hydrozen", [("trigger", "unknown", "hydrozen_monitor=14", "Test")]),
    Body("hydrozen/website.up.json", "hydrozen", [("resolve", "unknown", "hydrozen_monitor=14", None)]),
    Body("hydrozen/heartbeat.missed.json", "hydrozen", [("trigger", "unknown", "hydrozen_heartbeat=1", "Payments Cron")]),
    Body("hydrozen/heartbeat.ok.json", "hydrozen", [("resolve", "unknown", "hydrozen_heartbeat=1", None)]),
    Body("hydrozen/port.down.json", "hydrozen", [("trigger", "unknown", "hydrozen_monitor=12", "Port")]),
    Body("hydrozen/ssl-expiry.json", "hydrozen", [
        ("trigger", "warning", "hydrozen_domain=1 about=ssl-expiry", "Textpro main site: certificate expires"),
    ]),
    Body("hydrozen/domain-expiry.json", "hydrozen", [
        ("trigger", "warning", "hydrozen_domain=1 about=domain-expiry", "Textpro main site: domain expires"),
    ]),
    # Hyperping: event, not check.down; monitorUuid, in these still the address; no severity
    Body("hyperping/check.down.json", "hyperping", [
        ("trigger", "unknown", "hyperping_url=https://js.stripe.com/v3/", "https://js.stripe.com/v3/"),
    ]),
    Body("hyperping/check.up.json", "hyperping", [("resolve", "unknown", "hyperping_url=https://js.stripe.com/v3/", None)]),
    # Insping: check_state_name; application and check; no severity
    Body("insping/not-responding.json", "insping", [("trigger", "unknown", "insping_application=2971 insping_check=5630", "test")]),
    Body("insping/available.json", "insping", [("resolve", "unknown", "insping_application=2971 insping_check=5630", None)]),
    # Pulsetic: alert_type; the monitor's number, and what else of it expires
    Body("pulsetic/offline.json", "pulsetic", [("trigger", "unknown", "pulsetic_monitor=123456", "https://statuscode.app/200")]),
    Body("pulsetic/online.json", "pulsetic", [("resolve", "unknown", "pulsetic_monitor=123456", None)]),
    Body("pulsetic/certificate-expires-soon.json", "pulsetic", [
        ("trigger", "warning", "pulsetic_monitor=123456 about=certificate", "https://statuscode.app/200: certificate expires"),
    ]),
    # Runscope: result; test, environment and region; no severity
    Body("runscope/test-failed.json", "runscope", [("trigger", "unknown", (
        "runscope_test=2ed4267a-6338-44ff-9d5e-400465080ab5 environment=e6a5d189-4179-4854-b3d2-43cc44028d41 region=us1"
    ), "Zulip Integration")]),
    Body("runscope/test-passed.json", "runscope", [("resolve", "unknown", (
        "runscope_test=2ed4267a-6338-44ff-9d5e-400465080ab5 environment=e6a5d189-4179-4854-b3d2-43cc44028d41 region=us1"
    ), None)]),
    # Apex Ping: state; check and alert; no severity
    Body("apexping/triggered.json", "apexping", [
        ("trigger", "unknown", "apexping_check=80 alert=9", "Axe Search: avg time_total gt 2500"),
    ]),
    Body("apexping/resolved.json", "apexping", [("resolve", "unknown", "apexping_check=80 alert=9", None)]),
    # Uptime.com: event, not is_up; the service's number; data.alert.state
    Body("uptime-com/alert-raised.json", "uptime_com", [
        ("trigger", "critical", "uptime_com_check=764692", "SwiftCom - Concert Events: PING CRITICAL - Packet loss = 100%"),
    ]),
    Body("uptime-com/alert-cleared.json", "uptime_com", [("resolve", "critical", "uptime_com_check=764692", None)]),
    # Checkly: alert_type says state and severity; check_id
    Body("checkly/recovery.json", "checkly", [("resolve", "unknown", "927a2982-1007-4b81-b383-eae8bf717e61", None)]),
    # StatusGator: status says state and severity; the monitor's id
    Body("statusgator/down.json", "statusgator", [
        ("trigger", "critical", "statusgator_monitor=8lJSR0I7fE", "My Monitor: Test message for PagerTree LLC"),
    ]),
    Body("statusgator/warn.json", "statusgator", [
        ("trigger", "warning", "statusgator_monitor=8lJSR0I7fE", "My Monitor: Test message for PagerTree LLC"),
    ]),
    Body("statusgator/maintenance.json", "statusgator", [
        ("ignore", "unknown", "statusgator_monitor=8lJSR0I7fE", "My Monitor: Test message for PagerTree LLC"),
    ], why="the service is in maintenance"),
    Body("statusgator/up.json", "statusgator", [("resolve", "unknown", "statusgator_monitor=8lJSR0I7fE", None)]),
    # Statuspage: status of the incident, or new_status of the component; its id; the impact, or the component's status
    Body("statuspage/incident.created.json", "statuspage", [
        ("trigger", "info", "statuspage_incident=z3lct0r596n4", "Database query delays"),
    ]),
    Body("statuspage/incident.updated.json", "statuspage", [("resolve", "info", "statuspage_incident=z3lct0r596n4", None)]),
    Body("statuspage/component.updated.json", "statuspage", [
        ("ignore", "unknown", "statuspage_component=sqm6pl84wzjc", "Database component"),
    ], why="the component is in maintenance"),
]  # fmt: skip

CASES: list[tuple[str, str, str]] = [
    ("pingdom", "pingdom/docs-http.down.json", "pingdom/docs-http.up.json"),
    ("pingdom", "pingdom/imap.down.json", "pingdom/imap.up.json"),
    ("pingdom", "pingdom/alerta.http.down.json", "pingdom/alerta.http.up.json"),
    ("uptime_kuma", "uptime-kuma/captured.webhook-json.down.json", "uptime-kuma/captured.webhook-json.up.json"),
    ("uptime_kuma", "uptime-kuma/captured.webhook-multipart.down.multipart", "uptime-kuma/captured.webhook-json.up.json"),
    ("uptime_kuma", "uptime-kuma/pagertree-provider.create.json", "uptime-kuma/pagertree-provider.resolve.json"),
    ("uptimerobot", "uptimerobot/down.json", "uptimerobot/up.json"),
    ("statuscake", "statuscake/down.json", "statuscake/up.json"),
    ("pagerduty", "healthchecks/pagertree.trigger.json", "healthchecks/pagertree.resolve.json"),
    ("cronitor", "cronitor/alert.json", "cronitor/recovery.json"),
    ("dead_mans_snitch", "dead-mans-snitch/missing.json", "dead-mans-snitch/reporting.json"),
    ("hydrozen", "hydrozen/website.down.json", "hydrozen/website.up.json"),
    ("hydrozen", "hydrozen/heartbeat.missed.json", "hydrozen/heartbeat.ok.json"),
    ("hyperping", "hyperping/check.down.json", "hyperping/check.up.json"),
    ("insping", "insping/not-responding.json", "insping/available.json"),
    ("pulsetic", "pulsetic/offline.json", "pulsetic/online.json"),
    ("runscope", "runscope/test-failed.json", "runscope/test-passed.json"),
    ("apexping", "apexping/triggered.json", "apexping/resolved.json"),
    ("uptime_com", "uptime-com/alert-raised.json", "uptime-com/alert-cleared.json"),
    ("statusgator", "statusgator/down.json", "statusgator/up.json"),
    ("statuspage", "statuspage/incident.created.json", "statuspage/incident.updated.json"),
]
"""type, a body that fires, the body that resolves it"""

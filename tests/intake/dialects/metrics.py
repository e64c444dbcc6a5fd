"""Metrics, logs and traces."""

from tests.intake.dialects.table import Body

RESTARTED = "Container testapp-api-worker of pod testapp-test-api-worker-deployment-1234567890-abcef has been restarted"
LONG_NAME = (
    "this-search's-got-47-words-37-sentences-58-words-we-wanna-know-details-of-the-search-time-of-the-search-and-any-other-kind-of-thing-"
    "you-gotta-say-pertaining-to-and-about-the-search-I-want-to-know-authenticated-user's-name-and-any-other-kind-of-thing-you-gotta-say"
)
SUDO = "Jan 4 11:14:32 myserver sudo: pam_unix(sudo:session): session closed for user root"

BODIES: list[Body] = [
    # Alertmanager: the status of each alert, or the group's; the label severity; the fingerprint, else a hash of its own labels
    Body("alertmanager/captured.bearer-auth.firing.json", "alertmanager", [
        ("trigger", "warning", "9b362f38fa1b849a", "High latency on web-01"),
        ("trigger", "critical", "3b5f0dcecc52222c", "High latency on web-02"),
    ]),
    Body("alertmanager/captured.no-severity.firing.json", "alertmanager", [("trigger", "unknown", "003b0a0f7d3fa569", "no severity here")]),
    Body("alertmanager/captured.no-severity.resolved.json", "alertmanager", [("resolve", "unknown", "003b0a0f7d3fa569", None)]),
    Body("alertmanager/pagertree.v4.firing.json", "alertmanager", [("trigger", "critical", "fb1ae09cb86a3c47", RESTARTED)]),
    # its alert still says firing, but the group says that it is over
    Body("alertmanager/pagertree.v4.resolved-toplevel-only.json", "alertmanager", [("resolve", "critical", "fb1ae09cb86a3c47", None)]),
    Body("alertmanager/zulip.v4.firing-two.json", "alertmanager", [
        ("trigger", "critical", "a1bc48475b20e73d", "High CPU core temperature"),
        ("trigger", "critical", "c2ea85182f28cbd9", "High CPU core temperature"),
    ]),
    Body("alertmanager/alerta.v4.firing-no-fingerprint.json", "alertmanager", [
        ("trigger", "critical", "8818169754a27b86d91fd81fa574cd8c", "No things for over 10 minutes"),
    ]),
    # one fingerprint twice: to Alertmanager they are one alert, and so they are here
    Body("alertmanager/firehydrant.multi-open.json", "alertmanager", [
        ("trigger", "unknown", "28295wtbgwyrgb8731", "This is a test alertmanager alert"),
        ("trigger", "unknown", "28295wtbgwyrgb8731", "This is another test alertmanager alert"),
    ]),
    Body("alertmanager/firehydrant.single-open.json", "alertmanager", [
        ("trigger", "unknown", "28295wtbgwyrgb8731", "This is a test alertmanager alert"),
    ]),
    Body("alertmanager/iris.v4.firing.json", "alertmanager", [
        ("trigger", "critical", "dc2ae82f6d0618d5fa82d9fecf762692", "testsummary"),
    ]),
    Body("alertmanager/goalert.minimal.firing.json", "alertmanager", [
        ("trigger", "unknown", "235dc7b6af0086d74a6ab9a07f27033b", "My alert summary"),
    ]),
    # Prometheus: endsAt against now; the label severity; a hash of all labels
    Body("prometheus-api-v2/captured.prometheus.firing.json", "prometheus", [
        ("trigger", "critical", "f3bcb1929c76b20e7e77baec5ae2c0da", "Instance 127.0.0.1:19999 down"),
    ]),
    Body("prometheus-api-v2/elastalert2.v1-or-v2.no-times.json", "prometheus", [
        ("trigger", "error", "82893a27fb3cc91b5df084801106aa9a", "Test Alertmanager Rule"),
    ]),
    # Grafana: as Alertmanager; legacy: state, the tag severity, and the rule's number in its organisation and Grafana
    Body("grafana/unified.test-notification.firing.json", "grafana", [("trigger", "unknown", "57c6d9296de2ad39", "Notification test")]),
    Body("grafana/firehydrant.docs-example.open.json", "grafana", [
        ("trigger", "unknown", "c6eadffa33fcdf37", "This alert was triggered for zone us-1"),
        ("trigger", "unknown", "bc97ff14869b13e3", "This alert was triggered for zone eu-1"),
    ]),
    Body("grafana/legacy.docs.alerting.json", "grafana", [
        ("trigger", "unknown", "grafana_rule_id=1 grafana=url.to.grafana", "Load peaking!"),
    ]),
    Body("grafana/legacy.docs.ok.json", "grafana", [("resolve", "unknown", "grafana_rule_id=1 grafana=url.to.grafana", None)]),
    # the test button: no rule has the number 0
    Body("grafana/legacy.v7.alerting.json", "grafana", [
        ("trigger", "unknown", "grafana_rule_id=0 org_id=0 grafana=localhost:3000", "Test rule"),
    ]),
    Body("grafana/legacy.v7.no-message.json", "grafana", [
        ("trigger", "unknown", "grafana_rule_id=4 org_id=1 grafana=localhost:3000", "No Message alert"),
    ]),
    Body("grafana/legacy.alerta.alerting.json", "grafana", [
        ("trigger", "unknown", "grafana_rule_id=7 grafana=grafana.domain.tld", "Zeta CPU alert"),
    ]),
    Body("grafana/legacy.alerta.ok.json", "grafana", [("resolve", "unknown", "grafana_rule_id=7 grafana=grafana.domain.tld", None)]),
    Body("grafana/legacy.v6.alerting-two-matches.json", "grafana", [
        ("trigger", "warning", "grafana_rule_id=58 grafana=grafana.logreposit.com", "Testing -> Battery Voltage alert"),
    ]),
    # Kapacitor: level says state and severity; the id
    Body("kapacitor/server-test.critical.json", "kapacitor", [("trigger", "critical", "kapacitor_alert_id=id", "message")]),
    # a payload of common words only, which anybody may send
    Body("kapacitor/pagertree.warn.json", "kapacitor", [
        ("trigger", "warning", "kapacitor_alert_id=123", "CPU usage high"),
    ], by_itself=False),
    Body("kapacitor/pagertree.ok.json", "kapacitor", [("resolve", "unknown", "kapacitor_alert_id=123", None)], by_itself=False),
    # ElastAlert: the words of PagerTree's own webhook, and a match that does not say whose it is
    Body("elastalert/pagertree.create.json", "elastalert", [("trigger", "unknown", "1", "A title")], by_itself=False),
    Body("elastalert/pagertree.acknowledge.json", "elastalert", [("acknowledge", "unknown", "1", None)], by_itself=False),
    Body("elastalert/pagertree.resolve.json", "elastalert", [("resolve", "unknown", "1", None)], by_itself=False),
    Body("elastalert/captured.http_post.match-fields-only.json", "elastalert", [("trigger", "unknown", None, "Quit 123")], by_itself=False),
    # Splunk: it only fires; no severity but the search's own; the search, its app and the host
    Body("splunk/search-alert.json", "splunk", [("trigger", "unknown", "splunk_search=sudo app=search host=myserver", "sudo")]),
    Body("splunk/search-alert.long-name.json", "splunk", [
        # with the integration more than 255 characters: the beginning and a hash of all
        ("trigger", "unknown", f"splunk_search={LONG_NAME}"[:201] + "…d4ed55b7f014e57e2703a43a70e23c07", LONG_NAME),
    ]),
    # without a name: what comes before the time in the id of the run
    Body("splunk/search-alert.no-search-name.json", "splunk", [
        ("trigger", "unknown", "splunk_search=rt_scheduler__admin__search__sudo app=search host=myserver", SUDO),
    ]),
    Body("splunk/search-alert.no-link.json", "splunk", [("trigger", "unknown", "splunk_search=sudo app=search host=myserver", "sudo")]),
    Body("splunk/search-alert.no-host.json", "splunk", [("trigger", "unknown", "splunk_search=sudo app=search", "sudo")]),
    # Graylog: it only fires; priority; the definition and its key; legacy: the condition
    Body("graylog/event-definition-v3.json", "graylog", [
        ("trigger", "error", "graylog_event_definition_id=671a28a03696bb3801a7a9f1", "Event - 1"),
    ]),
    Body("graylog/legacy-v2.stream-alert.json", "graylog", [
        ("trigger", "unknown", "5e7a9c8d-9bb1-47b6-b8db-4a3a83a25e0c",
         "test: Stream had 2 messages in the last 1 minutes with trigger condition more than 1 messages. (Current grace time: 1 minutes)"),
    ]),
    # Falco: it only fires; priority; the rule, and who broke it where
    Body("falco/write-below-binary-dir.json", "falco", [
        ("trigger", "error", "falco_rule=Write below binary dir hostname=localhost user=root", "Write below binary dir"),
    ]),
    Body("falco/syscall-drops.json", "falco", [
        ("trigger", "info", "falco_rule=Falco internal: syscall event drop hostname=host", "Falco internal: syscall event drop"),
    ]),
    Body("falco/test-rule.json", "falco", [
        ("trigger", "info", "falco_rule=Test rule hostname=test-host process=falcosidekick", "Test rule"),
    ]),
    # Flux: severity says error, or tells success; the object by kind, namespace and name
    Body("fluxcd/error.validation-failed.json", "flux", [
        ("trigger", "error", "flux_kind=Kustomization namespace=apps name=webapp",
         "Kustomization/apps/webapp: service/apps/webapp validation error: spec.type: Unsupported value: Ingress"),
    ]),
    # Sensu: the check's status says state and severity; entity, check and namespace
    Body("sensu-go/event.json", "sensu", [("resolve", "unknown", "sensu_entity=sensu-centos check=check_cpu namespace=default", None)]),
    # SignalFx: statusExtended; severity; the incident. Its text says that it cleared, its status that it did not
    Body("signalfx/simulate.json", "signalfx", [("trigger", "critical", "signalfx_incident_id=1234", "logs (logs)")]),
    # Moira: the state of each metric says state and severity; the trigger and the metric
    Body("moira/recovered-five-metrics.json", "moira", [
        ("resolve", "unknown", f"moira_trigger_id=triggerID metric=metricName{n}", None) for n in range(1, 6)
    ]),
    Body("moira/empty.json", "moira", [("ignore", "unknown", None, "no events")], why="the list of events is empty"),
    # Riemann: state says state and severity; host and service
    Body("riemann/ok.json", "riemann", [("resolve", "unknown", "riemann_host=hostbob service=servicejane", None)]),
    # Wazuh: it only fires; severity, else the rule's level; rule and agent, here in the lines of a text
    Body("wazuh/alert.json", "wazuh", [("trigger", "info", "wazuh_rule_id=2902 agent_id=001", "New dpkg (Debian Package) installed.")]),
    # Dash0: type says the state, the status how bad it is; issueIdentifier
    Body("dash0/resolved.json", "dash0", [("resolve", "unknown", "6820705469291328438", None)]),
    # Axiom: action; no severity; the monitor
    Body("axiom/open.json", "axiom", [("trigger", "unknown", "axiom_monitor_id=Rxg89nIwu9WwrOsJKA", "New monitor")]),
]  # fmt: skip

CASES: list[tuple[str, str, str]] = [
    ("alertmanager", "alertmanager/captured.no-severity.firing.json", "alertmanager/captured.no-severity.resolved.json"),
    ("alertmanager", "alertmanager/pagertree.v4.firing.json", "alertmanager/pagertree.v4.resolved-toplevel-only.json"),
    ("grafana", "grafana/legacy.docs.alerting.json", "grafana/legacy.docs.ok.json"),
    ("grafana", "grafana/legacy.alerta.alerting.json", "grafana/legacy.alerta.ok.json"),
    ("kapacitor", "kapacitor/pagertree.warn.json", "kapacitor/pagertree.ok.json"),
    ("elastalert", "elastalert/pagertree.create.json", "elastalert/pagertree.resolve.json"),
]
"""type, a body that fires, the body that resolves it"""

"""Clouds and what watches applications."""

from tests.intake.dialects.table import Body, Expected

from oncall.intake.rules import bounded_key

ERROR_PERCENTAGE = "Error percentage > 2.5% for at least 5 minutes on 'HIGHREV-pr-TS'"
ISSUE = "b6137c61-0e27-496d-bd9b-335c98c155eb"

EXECUTIONS = (
    "Executions for exampleapp-hrd Cloud Function labels {project_id=exampleapp-hrd, function_name=webhook_health_endpoint} "
    "is below the threshold of 4.000 with a value of 0.000."
)

CONFIRM = "the topic asks for a confirmation: open the SubscribeURL once, or nothing will come"
S3_ALARM = "AWSAccountId=1234567890 Region=EU (Ireland) AlarmName=bucketbytesAlarm"

WCUS_ALERT = "/subscriptions/<subscription ID>/providers/Microsoft.AlertsManagement/alerts/b9569717-bc32-442f-add5-83a997729330"
CLASSIC = (
    "rule=/subscriptions/s1/resourceGroups/useast/providers/microsoft.insights/alertrules/ruleName1 "
    "resource=/subscriptions/s1/resourceGroups/useast/providers/microsoft.foo/sites/mysite1"
)
MONTEST = "/subscriptions/1a66ce04-b633-4a0b-b2bc-a912ec8986a6/resourceGroups/montest/providers"
NESTED = f"rule={MONTEST}/microsoft.insights/alertrules/Alert_1_runscope12 resource={MONTEST}/Microsoft.Compute/virtualMachines/Helixtest1"
CONTOSO = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/Contoso/providers"
DIAG500 = "/resourceGroups/Contoso/providers/Microsoft.Storage/storageAccounts/diag500"
STORAGE = (
    f"rule={CONTOSO}/microsoft.insights/metricAlerts/StorageCheck resource=/subscriptions/1e3ff1c0-771a-4119-a03b-be82a51e232d{DIAG500} "
    f"AccountResourceId=/subscriptions/00000000-0000-0000-0000-000000000000{DIAG500} GeoType=Primary"
)
WEB = "/subscriptions/ba364c14-1aa5-484e-8b74-6201540087e1/resourceGroups/Web/providers"
CPU = (
    f"rule={WEB}/microsoft.insights/metricAlerts/Percentage%20CPU%20greater%20than%2070 "
    f"resource={WEB}/Microsoft.Compute/virtualMachines/web01"
)

TEST_MONITOR = "[TEST] Test Monitor"
SOME_EVENT: Expected = ("trigger", "unknown", None, "com.example.someevent")
BATCH = {"content-type": "application/cloudevents-batch+json"}

APPDYNAMICS = "${latestEvent.node.name} - ${latestEvent.application.name}"

BODIES: list[Body] = [
    # New Relic: of workflows state, priority, the issue's id; of legacy channels current_state (event_type), severity, incident and account
    Body("newrelic/workflow.created.json", "newrelic", [("trigger", "error", ISSUE, ERROR_PERCENTAGE)]),
    Body("newrelic/workflow.activated.json", "newrelic", [("trigger", "error", ISSUE, ERROR_PERCENTAGE)]),
    Body("newrelic/workflow.closed.json", "newrelic", [("resolve", "error", ISSUE, None)]),
    Body("newrelic/workflow.zulip.activated.json", "newrelic", [
        ("trigger", "critical", "c5faa7e6-7b54-402d-af79-f99601e0278c",
         "zulip_app query result is > 1.0 for 1 minutes on 'Zulip Server Low Storage'"),
    ]),
    Body("newrelic/workflow.zulip.closed.json", "newrelic", [("resolve", "critical", "95a9344a-2590-48ce-8d83-07e28b6d22c6", None)]),
    Body("newrelic/legacy.incident-open.json", "newrelic", [
        ("trigger", "info", "newrelic_incident_id=0 account_id=11111", "New Relic Alert - Test Condition"),
    ]),
    Body("newrelic/legacy.docs.incident-warn.json", "newrelic", [
        ("trigger", "warning", "newrelic_incident_id=1234", "My APM Apdex condition name"),
    ]),
    # a template in which nothing but the event_type was filled in
    Body("newrelic/legacy-template.open.json", "newrelic", [("trigger", "unknown", None, "incident without a title")]),
    Body("newrelic/legacy-template.acknowledged.json", "newrelic", [("acknowledge", "unknown", None, None)]),
    Body("newrelic/legacy-template.resolved.json", "newrelic", [("resolve", "unknown", None, None)]),
    # the first webhooks: an alert never says what became of it, a deployment is a change
    Body("newrelic/very-legacy.alert.form", "newrelic", [
        ("trigger", "critical",
         "newrelic_alert_url=https://rpm.newrelc.com/accounts/[account_id]/applications/[application_id]/incidents/[incident_id]",
         "Apdex score fell below critical level of 0.90"),
    ]),
    Body("newrelic/very-legacy.deployment.form", "newrelic", [("change", "unknown", None, "Description sent via curl")]),

    # Datadog: alert_transition or status, else the title's prefix; P1–P5, else alert_type; an unfilled template identifies nothing
    Body("datadog/pagertree.triggered.json", "datadog", [("trigger", "unknown", None, "monitor without a title")]),
    Body("datadog/pagertree.re-triggered.json", "datadog", [("trigger", "unknown", None, "monitor without a title")]),
    Body("datadog/pagertree.recovered.json", "datadog", [("resolve", "unknown", None, None)]),
    Body("datadog/keep.simulated.json", "datadog", [("trigger", "info", "datadog_monitor_id=1234567891", "Low Disk Space")]),
    Body("datadog/firehydrant.open-high.json", "datadog", [("trigger", "error", "18913k2b63ifs", TEST_MONITOR)]),
    Body("datadog/firehydrant.open-low.json", "datadog", [("trigger", "info", "18913k2b63ifs", TEST_MONITOR)]),
    Body("datadog/firehydrant.level-unknown.json", "datadog", [("resolve", "error", "18913k2b63ifs", None)]),
    Body("datadog/firehydrant.tag-list.json", "datadog", [("resolve", "error", "18913k2b63ifs", None)]),
    Body("datadog/firehydrant.tag-none.json", "datadog", [("resolve", "error", "18913k2b63ifs", None)]),

    # CloudEvents: everything in data; examples of the format say nothing there, so that each is a problem of its own, called by its type
    *(Body(f"cloudevents/spec.example-{n}.json", "cloudevents", [SOME_EVENT]) for n in (1, 2, 3, 4, 6)),
    Body("cloudevents/spec.example-5.json", "cloudevents", [("trigger", "unknown", None, "I'm just a string")]),
    Body("cloudevents/spec.example-7-batch.json", "cloudevents", [
        SOME_EVENT, ("trigger", "unknown", None, "com.example.someotherevent"),
    ], headers=BATCH),
    # an empty list is a batch of CloudEvents only where its media type says so
    Body("cloudevents/spec.example-8-batch.json", "cloudevents", [("ignore", "unknown", None, "no events")],
         headers=BATCH, why="the batch is empty"),

    # Google Cloud Monitoring: incident.state; severity in newer versions, else a label; incident_id
    Body("gcp-monitoring/pagertree.open.json", "gcp_monitoring", [("trigger", "unknown", "gcp_incident_id=0.ab1cdefgh2i", EXECUTIONS)]),
    Body("gcp-monitoring/pagertree.closed.json", "gcp_monitoring", [("resolve", "unknown", "gcp_incident_id=0.ab1cdefgh2i", None)]),
    Body("gcp-monitoring/v1.1.open.json", "gcp_monitoring", [
        ("trigger", "unknown", "gcp_incident_id=f2e08c333dc64cb09f75eaab355393bz",
         "CPU (agent) for webserver-85 is above the threshold of 1% with a value of 28.5%"),
    ]),
    Body("gcp-monitoring/v1.1.closed.json", "gcp_monitoring", [
        ("resolve", "unknown", "gcp_incident_id=f2e08c333dc64cb09f75eaab355393bz", None),
    ]),
    Body("gcp-monitoring/keep.open.5xx.json", "gcp_monitoring", [
        ("trigger", "critical", "gcp_incident_id=prod-5xx-123", "High rate of 5XX errors detected in production environment"),
    ]),
    Body("gcp-monitoring/vendor.v1.2.closed.json", "gcp_monitoring", [("resolve", "unknown", "gcp_incident_id=0.m2d61b3s6d5d", None)]),

    # Azure Monitor: monitorCondition or status; Sev0–Sev4, which classic alerts lack; alertId, else rule, resource and dimensions
    Body("azure-monitor/common-schema.metric.fired.json", "azure_monitor", [("trigger", "info", WCUS_ALERT, "WCUS-R2-Gen2")]),
    Body("azure-monitor/common-schema.metric.resolved.json", "azure_monitor", [("resolve", "info", WCUS_ALERT, None)]),
    Body("azure-monitor/metric-alert-v2.activated.json", "azure_monitor", [("trigger", "unknown", bounded_key(STORAGE), "StorageCheck")]),
    Body("azure-monitor/metric-alert-v2.deactivated.json", "azure_monitor", [("resolve", "info", bounded_key(CPU), None)]),
    Body("azure-monitor/classic.activated.json", "azure_monitor", [("trigger", "unknown", CLASSIC, "ruleName1")]),
    Body("azure-monitor/classic.activated-nested-properties.json", "azure_monitor", [
        ("trigger", "unknown", bounded_key(NESTED), "Alert_1_runscope12"),
    ]),

    # SNS: in Message, the alarm's NewStateValue and ARN, else account, region and name; no severity; a sentence is a problem of its own
    Body("aws-sns-cloudwatch/alarm.s3.json", "aws_sns", [("trigger", "unknown", S3_ALARM, "bucketbytesAlarm")]),
    Body("aws-sns-cloudwatch/lambda.alarm.single-metric.json", "aws_sns", [
        ("trigger", "unknown", "arn:aws:cloudwatch:REGION:ACCOUNT_NUMBER:alarm:EXAMPLE", "EXAMPLE"),
    ]),
    Body("aws-sns-cloudwatch/firehydrant.open.json", "aws_sns", [
        ("trigger", "unknown", None, "This is the subject/summary of the notification from SNS"),
    ]),
    Body("aws-sns-cloudwatch/firehydrant.confirm.json", "aws_sns", [
        ("ignore", "unknown", None, "subscription to AcmeCompany"),
    ], why=CONFIRM),
    Body("aws-sns-cloudwatch/subscription-confirmation.json", "aws_sns", [
        ("ignore", "unknown", None, "subscription to alerta-test"),
    ], why=CONFIRM),

    # AppDynamics' template in the shape of PagerDuty's first API is PagerDuty's: by that name each integration reads it
    Body("appdynamics/pagertree-template.trigger.json", "pagerduty", [
        ("trigger", "unknown", APPDYNAMICS, "${latestEvent.displayName} on ${latestEvent.node.name}"),
    ]),
    Body("appdynamics/pagertree-template.resolve.json", "pagerduty", [("resolve", "unknown", APPDYNAMICS, None)]),

    # LogicMonitor: alertstatus, level, internalid (else alertid)
    Body("logicmonitor/active.json", "logicmonitor", [
        ("trigger", "warning", "logicmonitor_internalid=1234567890", r"pagertree-test-server: WinVolumeUsage-C:\ PercentUsed"),
    ]),
    Body("logicmonitor/clear.json", "logicmonitor", [("resolve", "warning", "logicmonitor_internalid=1234567890", None)]),

    # ThousandEyes: eventType, alert.severity, alert.alertId
    Body("thousandeyes/agent-trigger.json", "thousandeyes", [
        ("trigger", "info", "thousandeyes_alert_id=562949955000593", "Default Agent Offline Notification: te"),
    ]),
    Body("thousandeyes/http-clear.json", "thousandeyes", [
        ("resolve", "info", "thousandeyes_alert_id=5abda706-c065-40fa-aa8c-059c3ac1ea9d", None),
    ]),

    # Cloudflare: alert_event or the health in data; data.severity; what data is about, else policy and kind
    Body("cloudflare/real-origin-monitoring.json", "cloudflare", [
        ("trigger", "unknown", "cloudflare_policy_id=def456 alert_type=real_origin_monitoring about=zone-name",
         "Testing Webhook: Requests to the following zone(s) have been failing for at least 5 minutes: zone-name"),
    ]),

    # Rackspace: details.state is state and severity; alarm and entity
    Body("rackspace/critical.json", "rackspace", [
        ("trigger", "critical", "rackspace_alarm=alTEST entity=enTEST", "Alarm Testing Notifications"),
    ]),

    # Aria Operations: status, criticality, alertId
    Body("vmware-vrealize/active.json", "vmware", [("trigger", "warning", "vmware_alert_id=sample-alert-uuid", "sample-info")]),

    # Conviva: fires only; severity, event_id
    Body("conviva/open.json", "conviva", [
        ("trigger", "info", "conviva_event_id=1457888888", "Average Payload Time: iOS Native Player and iOS"),
    ]),

    # Fastly: triggered, no severity, the definition in its addresses
    Body("fastly/open.json", "fastly", [
        ("trigger", "unknown", "fastly_definition_id=6adIMwmjtc8vIIfDK0roFx", "bandwidth high on critical stats"),
    ]),
]  # fmt: skip

CASES: list[tuple[str, str, str]] = [
    ("newrelic", "newrelic/workflow.created.json", "newrelic/workflow.closed.json"),
    ("newrelic", "newrelic/workflow.activated.json", "newrelic/workflow.closed.json"),
    ("datadog", "datadog/firehydrant.open-high.json", "datadog/firehydrant.tag-list.json"),
    ("datadog", "datadog/firehydrant.open-low.json", "datadog/firehydrant.level-unknown.json"),
    ("gcp_monitoring", "gcp-monitoring/pagertree.open.json", "gcp-monitoring/pagertree.closed.json"),
    ("gcp_monitoring", "gcp-monitoring/v1.1.open.json", "gcp-monitoring/v1.1.closed.json"),
    ("azure_monitor", "azure-monitor/common-schema.metric.fired.json", "azure-monitor/common-schema.metric.resolved.json"),
    ("pagerduty", "appdynamics/pagertree-template.trigger.json", "appdynamics/pagertree-template.resolve.json"),
    ("logicmonitor", "logicmonitor/active.json", "logicmonitor/clear.json"),
]
"""type, a body that fires, the body that resolves it"""

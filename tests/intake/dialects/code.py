"""Trackers of errors, code and work, and the webhooks of other paging tools."""

from tests.intake.dialects.table import Body

BODIES: list[Body] = [
    # Sentry: the action, of the issue or of the metric alert; level, or the action itself for a metric alert; the id, which old
    # events tell by an address alone
    Body("sentry/alerta.legacy-plugin.v9.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=5", "This is an example Python exception"),
    ]),
    Body("sentry/pagertree.error.created.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=1170820242", "ReferenceError: blooopy is not defined"),
    ]),
    Body("sentry/pagertree.issue-alert.event_alert.triggered.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=5210290442", "DataError: value too long for type character varying(15)"),
    ]),
    Body("sentry/pagertree.issue.created.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=1170820242", "ReferenceError: blooopy is not defined"),
    ]),
    Body("sentry/pagertree.legacy-plugin.webhook.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=4541177592", "ZeroDivisionError: divided by 0"),
    ]),
    Body("sentry/pagertree.metric-alert.resolved.json", "sentry", [("resolve", "unknown", "sentry_metric_alert_id=4", None)]),
    Body("sentry/vendor.comment.created.json", "sentry", [("ignore", "unknown", None, "Sentry: comment")],
         why="a comment on an issue is no alert"),
    Body("sentry/vendor.event-alert.triggered.json", "sentry", [
        ("trigger", "unknown", "sentry_issue_id=123", "Error #1: This is a test error!"),
    ]),
    Body("sentry/vendor.issue.created.json", "sentry", [("trigger", "error", "sentry_issue_id=123", "Error #1: This is a test error!")]),
    Body("sentry/vendor.issue.ignored.json", "sentry", [("resolve", "error", "sentry_issue_id=123", None)]),
    Body("sentry/vendor.issue.resolved.json", "sentry", [("resolve", "error", "sentry_issue_id=123", None)]),
    Body("sentry/zulip.event-alert.exception-python.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=1635244907", "Exception: Custom exception!"),
    ]),
    Body("sentry/zulip.event-alert.message-golang.json", "sentry", [
        ("trigger", "info", "sentry_issue_id=1638844654", "A test message event from golang."),
    ]),
    Body("sentry/zulip.issue.assigned.json", "sentry", [
        ("ignore", "error", "sentry_issue_id=1638821441", "Exception: program has entered an invalid state."),
    ], why="the issue was assigned to somebody"),
    Body("sentry/zulip.issue.created.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=1635244907", "Exception: Custom exception!"),
    ]),
    Body("sentry/zulip.issue.resolved.json", "sentry", [("resolve", "error", "sentry_issue_id=1638821441", None)]),
    Body("sentry/zulip.legacy-plugin.exception.json", "sentry", [
        ("trigger", "error", "sentry_issue_id=156699934", "This is an example python exception"),
    ]),

    # Rollbar: event_name; the item's level, a number; the item's id
    Body("rollbar/docs.new-item.json", "rollbar", [("trigger", "error", "rollbar_item_id=272716944", "testing aobg98wrwe")]),
    Body("rollbar/exp-repeat.json", "rollbar", [("trigger", "error", "rollbar_item_id=496445267", "An Error")]),
    Body("rollbar/item-velocity.json", "rollbar", [("trigger", "critical", "rollbar_item_id=495300143", "All set.")]),
    Body("rollbar/new-item.json", "rollbar", [("trigger", "error", "rollbar_item_id=496445267", "An Error")]),
    Body("rollbar/reactivated-item.json", "rollbar", [("trigger", "error", "rollbar_item_id=495300143", "All set.")]),
    Body("rollbar/reopened-item.json", "rollbar", [("trigger", "error", "rollbar_item_id=495300143", "All set.")]),
    Body("rollbar/resolved-item.json", "rollbar", [("resolve", "error", "rollbar_item_id=495300143", None)]),
    Body("rollbar/test.json", "rollbar", [
        ("trigger", "unknown", None, "This is a test payload from Rollbar. If you got this, it works!"),
    ]),

    # Raygun: the error's status, else eventType; no severity; the error's address, whose host differs between its messages
    Body("raygun/comment.json", "raygun", [("ignore", "unknown", "raygun_error=/error-url", "Script Error")],
         why="a comment on an error is no alert"),
    Body("raygun/followup.json", "raygun", [("trigger", "unknown", "raygun_error=/error-url", "error in application name")]),
    Body("raygun/new-error.json", "raygun", [("trigger", "unknown", "raygun_error=/error-url", "error in application name")]),
    Body("raygun/reoccurred.json", "raygun", [("trigger", "unknown", "raygun_error=/error-url", "error in application name")]),
    Body("raygun/status-changed.json", "raygun", [("resolve", "unknown", "raygun_error=/error-url", None)]),

    # Airbrake: fires only; no severity; the error's id
    Body("airbrake/error_message.json", "airbrake", [
        ("trigger", "unknown", "airbrake_error_id=1705190192091077626", "ZeroDivisionError: Error message from logger"),
    ]),

    # Errbit: problem.resolved; no severity; the problem's id, which is MongoDB's
    Body("errbit/problem-error_message.json", "errbit", [
        ("trigger", "unknown", "5e1fe93e1a603f3916f4f0e3", "IllegalStateException: Invalid state error"),
    ]),

    # GitHub: the run's conclusion, the deployment's and the alert's state; severity of security alerts; what is run, deployed or
    # numbered, in which repository, for which branch
    Body("github/dependabot_alert.created.json", "github", [
        ("trigger", "warning", "github_repository=wolfy1339/pika-pack dependabot_alert=20",
         "wolfy1339/pika-pack: semver vulnerable to Regular Expression Denial of Service"),
    ]),
    Body("github/dependabot_alert.fixed.json", "github", [
        ("resolve", "warning", "github_repository=octocat/hello-world dependabot_alert=1", None),
    ]),
    Body("github/deployment_status.json", "github", [
        ("resolve", "unknown", "github_repository=Codertocat/Hello-World environment=production task=deploy", None),
        ("change", "unknown", None, "Codertocat/Hello-World: master deployed to production"),
    ]),
    Body("github/workflow_run.completed.json", "github", [
        ("resolve", "unknown", "github_repository=octo-org/octo-repo workflow_id=2823525 branch=master", None),
    ]),

    # Jira: the category of the status; its priority; its id, since its key may change
    Body("jira/issue-created_v2.json", "jira", [("trigger", "error", "jira_issue_id=10400", "New bug with hook")]),
    Body("jira/pagertree.issue-created.json", "jira", [("trigger", "warning", "jira_issue_id=99291", "I feel the need for speed")]),

    # Opsgenie's webhook: action; priority; the alias
    Body("opsgenie-webhooks/acknowledge.json", "opsgenie_webhook", [("acknowledge", "unknown", "aliastest", None)]),
    Body("opsgenie-webhooks/addnote.json", "opsgenie_webhook", [("ignore", "unknown", "aliastest", "test alert")],
         why="a note on an alert is no alert"),
    Body("opsgenie-webhooks/close.json", "opsgenie_webhook", [("resolve", "unknown", "aliastest", None)]),
    Body("opsgenie-webhooks/create.json", "opsgenie_webhook", [("trigger", "warning", "alert-alias", "another alert")]),
    Body("opsgenie-webhooks/delete.json", "opsgenie_webhook", [("resolve", "unknown", "aliastest", None)]),
    Body("opsgenie-webhooks/escalate.json", "opsgenie_webhook", [
        ("ignore", "unknown", "7ba97e3a-d328-4b5e-8f9a-39e945a3869a", "alert without a message"),
    ], why="an escalation inside Opsgenie"),

    # PagerDuty's webhooks: the event, of each message; priority, else urgency (v1 has neither); the incident's id
    Body("pagerduty-webhooks/v1.acknowledge-and-resolve-in-one-body.json", "pagerduty_webhook", [
        ("acknowledge", "unknown", "pagerduty_incident_id=PIJ90N7", None),
        ("resolve", "unknown", "pagerduty_incident_id=PIJ90N7", None),
    ]),
    Body("pagerduty-webhooks/v1.acknowledge.json", "pagerduty_webhook", [
        ("ignore", "unknown", "pagerduty_incident_id=PO1XIJ5", "It is on fire"),
        ("acknowledge", "unknown", "pagerduty_incident_id=PO1XIJ5", None),
    ]),
    Body("pagerduty-webhooks/v1.auto-resolve.json", "pagerduty_webhook", [("resolve", "unknown", "pagerduty_incident_id=PX7K9J2", None)]),
    Body("pagerduty-webhooks/v1.no-subject-unicode.json", "pagerduty_webhook", [
        ("resolve", "unknown", "pagerduty_incident_id=PJKGZF9", "mp_error_block_down_critical\u2119\u01b4"),
    ]),
    Body("pagerduty-webhooks/v1.resolve.json", "pagerduty_webhook", [("resolve", "unknown", "pagerduty_incident_id=PO1XIJ5", None)]),
    Body("pagerduty-webhooks/v1.trigger.json", "pagerduty_webhook", [("trigger", "unknown", "pagerduty_incident_id=P140S4Y", "foo")]),
    Body("pagerduty-webhooks/v2.acknowledge.json", "pagerduty_webhook", [("acknowledge", "error", "pagerduty_incident_id=PRORDTY", None)]),
    Body("pagerduty-webhooks/v2.resolve.json", "pagerduty_webhook", [("resolve", "error", "pagerduty_incident_id=PRORDTY", None)]),
    Body("pagerduty-webhooks/v2.trigger.json", "pagerduty_webhook", [
        ("trigger", "error", "pagerduty_incident_id=PRORDTY", "My new incident"),
    ]),
]  # fmt: skip

CASES: list[tuple[str, str, str]] = [
    ("sentry", "sentry/vendor.issue.created.json", "sentry/vendor.issue.resolved.json"),
    ("sentry", "sentry/vendor.issue.created.json", "sentry/vendor.issue.ignored.json"),
    ("sentry", "sentry/vendor.event-alert.triggered.json", "sentry/vendor.issue.resolved.json"),
    ("rollbar", "rollbar/reactivated-item.json", "rollbar/resolved-item.json"),
    ("rollbar", "rollbar/reopened-item.json", "rollbar/resolved-item.json"),
    ("rollbar", "rollbar/item-velocity.json", "rollbar/resolved-item.json"),
    ("raygun", "raygun/new-error.json", "raygun/status-changed.json"),
    ("pagerduty_webhook", "pagerduty-webhooks/v2.trigger.json", "pagerduty-webhooks/v2.resolve.json"),
]
"""type, a body that fires, the body that resolves it"""

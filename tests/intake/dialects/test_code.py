"""What trackers of errors, code and work, and other paging tools, say beyond the bodies of the table."""

import json

import pytest
from tests.intake.payloads import integration

from oncall.intake import commands
from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.values import Reading, Received, Unreadable
from oncall.services.values import IntegrationType

NOTHING = Received("", b"")
GENERIC = DIALECTS[IntegrationType.GENERIC]
TYPES = (
    "sentry", "rollbar", "raygun", "airbrake", "errbit", "github", "gitlab", "jira", "opsgenie_webhook", "pagerduty_webhook",
)  # fmt: skip


def read_all(type: str, value: object, **headers: str) -> list[Reading]:
    received = Received("", b"", {name.replace("_", "-"): said for name, said in headers.items()})
    return DIALECTS[IntegrationType(type)].read(value, received)


def read(type: str, value: object, **headers: str) -> Reading:
    (reading,) = read_all(type, value, **headers)
    return reading


def sentry(action: str, **inner: object) -> dict[str, object]:
    return {"action": action, "installation": {"uuid": "u"}, "data": inner}


def issue(action: str, level: str = "error", **said: object) -> dict[str, object]:
    return sentry(action, issue={"id": 42, "title": "E", "level": level, **said})


def metric(action: str) -> dict[str, object]:
    return sentry(action, metric_alert={"id": 7, "alert_rule": {"id": 1, "name": "Latency"}}, description_title=f"{action}: Latency")


def rollbar(event: str, **item: object) -> dict[str, object]:
    return {"event_name": event, "data": {"item": {"id": 42, "title": "E", **item}}}


def raygun(event: str, **error: object) -> dict[str, object]:
    said = {"url": "https://app.raygun.com/crashreporting/1/errors/42", "message": "E", **error}
    return {"event": "error_activity", "eventType": event, "error": said, "application": {"name": "Shop"}}


def github(event: str, **said: object) -> dict[str, object]:
    return {"repository": {"full_name": "example/shop", "default_branch": "main"}, "sender": {"login": "ana"}, event: said}


def run(conclusion: str | None, status: str = "completed", **said: object) -> dict[str, object]:
    return github("workflow_run", workflow_id=42, name="test", head_branch="main", conclusion=conclusion, status=status, **said)


def deployed(state: str) -> dict[str, object]:
    return github("deployment_status", state=state, environment="production") | {"deployment": {"task": "deploy", "ref": "v2"}}


def alert(action: str, kind: str = "security_advisory", **said: object) -> dict[str, object]:
    return {"action": action, **github("alert", **{"number": 7, kind: {"summary": "S", "severity": "high"}, **said})}


def pipeline(status: str, **said: object) -> dict[str, object]:
    about = {"status": status, "source": "push", "ref": "main", **said}
    return {"object_kind": "pipeline", "object_attributes": about, "project": {"path_with_namespace": "example/shop"}}


def job(status: str, **said: object) -> dict[str, object]:
    place = {"ref": "main", "project_name": "Example / Shop"}
    return {"object_kind": "build", "build_name": "unit", "build_status": status, **place, **said}


def rollout(status: str) -> dict[str, object]:
    place = {"environment": "production", "project": {"path_with_namespace": "example/shop"}}
    return {"object_kind": "deployment", "status": status, "ref": "v2", **place}


def gitlab(kind: str, **about: object) -> dict[str, object]:
    return {"object_kind": kind, "object_attributes": {"title": "T", "url": "https://gitlab.example.com/1", **about}}


def jira(event: str, status: object = None, kind: str = "", **fields: object) -> dict[str, object]:
    said = {"id": "42", "key": "OPS-1", "fields": {"summary": "S", "status": status, **fields}}
    return {"webhookEvent": event, "issue": said, "issue_event_type_name": kind}


def category(key: str) -> dict[str, object]:
    return {"name": "Whatever", "statusCategory": {"key": key}}


def opsgenie(action: str, **alert: object) -> dict[str, object]:
    return {"action": action, "integrationId": "i", "alert": {"alertId": "a", "alias": "shop/pay", "message": "M", **alert}}


def pagerduty(event: str, **incident: object) -> dict[str, object]:
    said = {"id": "Q42", "type": "incident", "title": "T", **incident}
    return {"event": {"id": "e1", "event_type": event, "resource_type": "incident", "data": said}}


STATES = [
    ("sentry", issue("created"), "trigger"),
    ("sentry", issue("unresolved", substatus="regressed"), "trigger"),
    ("sentry", issue("resolved"), "resolve"),
    ("sentry", issue("archived"), "resolve"),
    ("sentry", issue("assigned"), "ignore"),
    ("sentry", issue("of tomorrow"), "trigger"),
    ("sentry", metric("critical"), "trigger"),
    ("sentry", metric("warning"), "trigger"),
    ("sentry", metric("resolved"), "resolve"),
    ("sentry", sentry("created", installation={"uuid": "u"}), "ignore"),
    ("sentry", sentry("root_cause_completed", run_id=1, group_id=42), "ignore"),
    ("sentry", sentry("of tomorrow", thing={}), "trigger"),
    ("rollbar", rollbar("new_item"), "trigger"),
    ("rollbar", rollbar("occurrence"), "trigger"),
    ("rollbar", rollbar("resolved_item"), "resolve"),
    ("rollbar", rollbar("of_tomorrow"), "trigger"),
    ("rollbar", {"event_name": "deploy", "data": {"deploy": {"revision": "abc", "environment": "production"}}}, "change"),
    ("raygun", raygun("NewErrorOccurred"), "trigger"),
    ("raygun", raygun("HourlyFollowUp"), "trigger"),
    ("raygun", raygun("StatusChanged", status="Active"), "trigger"),
    ("raygun", raygun("StatusChanged", status="Resolved"), "resolve"),
    ("raygun", raygun("StatusChanged", status="PermanentlyIgnored"), "resolve"),
    ("raygun", raygun("AssignedToUser"), "ignore"),
    ("raygun", raygun("ErrorReoccurred", status="Resolved"), "trigger"),  # its status is only told by StatusChanged
    ("raygun", raygun("HourlyFollowUp", status="Ignored"), "trigger"),
    ("raygun", raygun("CommentAdded", status="Active"), "ignore"),
    ("raygun", raygun("StatusChanged"), "trigger"),
    ("errbit", {"problem": {"_id": "65e1", "resolved": True}}, "resolve"),
    ("errbit", {"problem": {"_id": "65e1", "resolved": None}}, "trigger"),
    ("github", run("failure"), "trigger"),
    ("github", run("timed_out"), "trigger"),
    ("github", run("startup_failure"), "trigger"),
    ("github", run("of tomorrow"), "trigger"),
    ("github", run("success"), "resolve"),
    ("github", run("cancelled"), "ignore"),
    ("github", run("skipped"), "ignore"),
    ("github", run("neutral"), "ignore"),
    ("github", run("stale"), "ignore"),
    ("github", run("action_required"), "ignore"),
    ("github", run(None, "in_progress"), "ignore"),
    ("github", run("failure") | {"action": "rerequested"}, "ignore"),
    ("github", github("check_run", name="lint", conclusion="failure"), "trigger"),
    ("github", github("check_suite", app={"slug": "ci"}, conclusion="success"), "resolve"),
    ("github", github("workflow_job", name="unit", conclusion="failure"), "trigger"),
    ("github", deployed("failure"), "trigger"),
    ("github", deployed("error"), "trigger"),
    ("github", deployed("in_progress"), "ignore"),
    ("github", deployed("inactive"), "ignore"),
    ("github", alert("reintroduced", state="open"), "trigger"),
    ("github", alert("auto_dismissed", state="auto_dismissed"), "resolve"),
    ("github", alert("assignees_changed", state="open"), "ignore"),
    ("github", alert("closed_by_user", "most_recent_instance"), "resolve"),
    ("github", alert("publicly_leaked", "secret_type", state="open"), "trigger"),
    ("github", alert("resolved", "secret_type"), "resolve"),
    ("github", {"zen": "Speak like a human.", "hook_id": 1}, "ignore"),
    ("gitlab", pipeline("failed"), "trigger"),
    ("gitlab", pipeline("of tomorrow"), "trigger"),
    ("gitlab", pipeline("success"), "resolve"),
    ("gitlab", pipeline("running"), "ignore"),
    ("gitlab", pipeline("waiting_for_resource"), "ignore"),
    ("gitlab", pipeline("canceled"), "ignore"),
    ("gitlab", pipeline("manual"), "ignore"),
    ("gitlab", job("failed", build_allow_failure=False), "trigger"),
    ("gitlab", job("failed", build_allow_failure=True), "ignore"),
    ("gitlab", job("success", build_allow_failure=True), "resolve"),
    ("gitlab", rollout("failed"), "trigger"),
    ("gitlab", rollout("running"), "ignore"),
    ("gitlab", rollout("blocked"), "ignore"),
    ("gitlab", gitlab("alert", status="triggered"), "trigger"),
    ("gitlab", gitlab("alert", status="acknowledged"), "acknowledge"),
    ("gitlab", gitlab("alert", status="resolved"), "resolve"),
    ("gitlab", gitlab("alert", status="ignored"), "resolve"),
    ("gitlab", gitlab("vulnerability", state="detected"), "trigger"),
    ("gitlab", gitlab("vulnerability", state="dismissed"), "resolve"),
    ("gitlab", gitlab("issue", type="Incident", action="open", state="opened"), "trigger"),
    ("gitlab", gitlab("issue", type="Incident", action="update", state="opened"), "ignore"),
    ("gitlab", gitlab("issue", type="Incident", action="close", state="closed"), "resolve"),
    ("gitlab", gitlab("issue", type="Issue", action="open", state="opened"), "ignore"),
    ("gitlab", gitlab("push"), "ignore"),
    ("jira", jira("jira:issue_created", category("new")), "trigger"),
    ("jira", jira("jira:issue_created", category("done")), "resolve"),
    ("jira", jira("jira:issue_updated", category("indeterminate"), "issue_generic"), "trigger"),
    ("jira", jira("jira:issue_updated", category("done"), "issue_generic"), "resolve"),
    ("jira", jira("jira:issue_updated", category("new"), "issue_reopened"), "trigger"),
    ("jira", jira("jira:issue_updated", {"name": "Closed"}), "resolve"),
    ("jira", jira("jira:issue_updated", {"name": "Tested by QA"}, "issue_resolved"), "resolve"),
    ("jira", jira("jira:issue_updated", category("done"), "issue_commented"), "resolve"),  # closed with a comment
    ("jira", jira("jira:issue_updated", category("done"), "issue_assigned"), "resolve"),
    ("jira", jira("jira:issue_updated", category("new"), "issue_commented"), "ignore"),
    ("jira", jira("comment_created", category("done")), "ignore"),
    ("jira", jira("jira:issue_updated", category("new"), "issue_assigned"), "ignore"),
    ("jira", jira("jira:issue_deleted", category("new")), "resolve"),
    ("jira", jira("comment_created"), "ignore"),
    ("jira", {"webhookEvent": "sprint_started", "sprint": {}}, "ignore"),
    ("opsgenie_webhook", opsgenie("Create"), "trigger"),
    ("opsgenie_webhook", opsgenie("UnAcknowledge"), "trigger"),
    ("opsgenie_webhook", opsgenie("UpdatePriority"), "ignore"),  # of an alert that may be closed
    ("opsgenie_webhook", opsgenie("UpdatePriority", status="closed"), "ignore"),
    ("opsgenie_webhook", opsgenie("UpdatePriority", status="open"), "trigger"),
    ("opsgenie_webhook", opsgenie("Of tomorrow", status="closed"), "ignore"),
    ("opsgenie_webhook", opsgenie("Of tomorrow", status="open"), "trigger"),
    ("opsgenie_webhook", opsgenie("Create", status="closed"), "trigger"),
    ("opsgenie_webhook", opsgenie("Close", status="closed"), "resolve"),
    ("opsgenie_webhook", opsgenie("Snooze"), "acknowledge"),
    ("opsgenie_webhook", opsgenie("SnoozeEnded"), "trigger"),
    ("opsgenie_webhook", opsgenie("Delete"), "resolve"),
    ("opsgenie_webhook", opsgenie("AddTags"), "ignore"),
    ("opsgenie_webhook", opsgenie("AssignOwnership"), "ignore"),
    ("opsgenie_webhook", opsgenie("AddResponder"), "ignore"),
    ("opsgenie_webhook", opsgenie("Of tomorrow"), "trigger"),
    ("pagerduty_webhook", pagerduty("incident.triggered"), "trigger"),
    ("pagerduty_webhook", pagerduty("incident.reopened"), "trigger"),
    ("pagerduty_webhook", pagerduty("incident.unacknowledged", status="triggered"), "trigger"),
    ("pagerduty_webhook", pagerduty("incident.acknowledged"), "acknowledge"),
    ("pagerduty_webhook", pagerduty("incident.resolved"), "resolve"),
    ("pagerduty_webhook", pagerduty("incident.priority_updated", status="triggered"), "trigger"),
    ("pagerduty_webhook", pagerduty("incident.priority_updated", status="resolved"), "resolve"),
    ("pagerduty_webhook", pagerduty("incident.of_tomorrow", status="acknowledged"), "acknowledge"),
    ("pagerduty_webhook", pagerduty("incident.of_tomorrow"), "trigger"),
    ("pagerduty_webhook", pagerduty("incident.escalated", status="triggered"), "ignore"),
    ("pagerduty_webhook", pagerduty("incident.annotated", type="incident_note", incident={"id": "Q42"}), "ignore"),
    ("pagerduty_webhook", pagerduty("incident.responder.added"), "ignore"),
    ("pagerduty_webhook", pagerduty("service.updated"), "ignore"),
    ("pagerduty_webhook", pagerduty("pagey.ping", message="Hello from Pagey"), "trigger"),
    ("pagerduty_webhook", {"messages": []}, "ignore"),
]


@pytest.mark.parametrize(("type", "value", "action"), STATES)
def test_state(type: str, value: object, action: str) -> None:
    reading = read(type, value)
    assert reading.action.value == action
    assert bool(reading.reason) == (action == "ignore"), "what is ignored says why, and nothing else does"


@pytest.mark.parametrize(
    ("type", "value", "severity"),
    [
        ("sentry", issue("created", "fatal"), "critical"),
        ("sentry", issue("created", "warning"), "warning"),
        ("sentry", issue("created", "debug"), "info"),
        ("sentry", issue("created", "sample"), "unknown"),
        ("sentry", metric("critical"), "critical"),
        ("sentry", metric("warning"), "warning"),
        ("rollbar", rollbar("new_item", level=50), "critical"),
        ("rollbar", rollbar("new_item", level=30), "warning"),
        ("rollbar", rollbar("new_item", level="10"), "info"),
        ("rollbar", rollbar("new_item", last_occurrence={"level": "critical"}), "critical"),
        ("github", alert("created", state="open"), "error"),
        ("github", alert("created", "rule", rule={"security_severity_level": "critical", "severity": "warning"}), "critical"),
        ("github", alert("created", "rule", rule={"security_severity_level": None, "severity": "note"}), "info"),
        ("github", run("failure"), "unknown"),
        ("gitlab", gitlab("alert", severity="critical"), "critical"),
        ("gitlab", gitlab("vulnerability", severity="high"), "error"),
        ("gitlab", gitlab("vulnerability", severity="medium"), "warning"),
        ("gitlab", gitlab("alert", severity="unknown"), "unknown"),
        ("jira", jira("jira:issue_created", priority={"name": "Highest"}), "critical"),
        ("jira", jira("jira:issue_created", priority={"name": "Blocker"}), "critical"),
        ("jira", jira("jira:issue_created", priority="High"), "error"),
        ("jira", jira("jira:issue_created", priority={"name": "Medium"}), "warning"),
        ("jira", jira("jira:issue_created", priority={"name": "Trivial"}), "info"),
        ("jira", jira("jira:issue_created", priority={"name": "Our own"}), "unknown"),
        ("opsgenie_webhook", opsgenie("Create", priority="P1"), "critical"),
        ("opsgenie_webhook", opsgenie("Create", priority="P2"), "error"),
        ("opsgenie_webhook", opsgenie("Create", priority=5), "info"),
        ("opsgenie_webhook", opsgenie("Create", priority=None), "unknown"),
        ("pagerduty_webhook", pagerduty("incident.triggered", urgency="high"), "error"),
        ("pagerduty_webhook", pagerduty("incident.triggered", urgency="low"), "info"),
        ("pagerduty_webhook", pagerduty("incident.triggered", urgency="low", priority={"summary": "P1"}), "critical"),
    ],
)
def test_severity(type: str, value: object, severity: str) -> None:
    assert read(type, value).severity.value == severity


@pytest.mark.parametrize(
    ("type", "value", "key"),
    [
        ("sentry", sentry("triggered", event={"issue_url": "https://s.example/api/0/issues/42/"}), "sentry_issue_id=42"),
        ("sentry", issue("resolved"), "sentry_issue_id=42"),
        ("sentry", sentry("triggered", event={"title": "E", "event_id": "e"}), None),
        ("sentry", metric("resolved"), "sentry_metric_alert_id=7"),
        ("rollbar", rollbar("new_item", id=2**60 + 1), "rollbar_item_id=1152921504606846977"),
        ("rollbar", rollbar("resolved_item", id="1152921504606846977"), "rollbar_item_id=1152921504606846977"),
        (
            "raygun",
            raygun("StatusChanged", url="http://app.raygun.io/crashreporting/1/errors/42?a=b"),
            "raygun_error=/crashreporting/1/errors/42",
        ),
        ("raygun", raygun("NewErrorOccurred"), "raygun_error=/crashreporting/1/errors/42"),
        ("raygun", raygun("NewErrorOccurred", url=None), None),
        ("errbit", {"problem": {"_id": {"$oid": "65e1"}}}, "65e1"),
        (
            "github",
            run("failure", head_repository={"full_name": "example/shop"}),
            "github_repository=example/shop workflow_id=42 branch=main",
        ),
        (
            "github",
            run("failure", head_repository={"full_name": "bob/shop"}),
            "github_repository=example/shop workflow_id=42 branch=main fork=bob/shop",
        ),
        (
            "github",
            github("check_run", name="lint", app={"slug": "ci"}, check_suite={"head_branch": "main"}),
            "github_repository=example/shop app=ci check=lint branch=main",
        ),
        ("github", deployed("failure"), "github_repository=example/shop environment=production task=deploy"),
        ("github", alert("created"), "github_repository=example/shop dependabot_alert=7"),
        ("github", alert("created", "secret_type"), "github_repository=example/shop secret_scanning_alert=7"),
        ("gitlab", pipeline("failed", id=1), "gitlab_project=example/shop pipeline=push ref=main"),
        ("gitlab", pipeline("success", id=2), "gitlab_project=example/shop pipeline=push ref=main"),
        ("gitlab", pipeline("success", source="schedule"), "gitlab_project=example/shop pipeline=schedule ref=main"),
        ("gitlab", job("failed"), "gitlab_project=Example / Shop job=unit ref=main"),
        ("gitlab", rollout("failed"), "gitlab_project=example/shop environment=production"),
        ("gitlab", gitlab("alert"), "https://gitlab.example.com/1"),
        ("jira", jira("jira:issue_created"), "jira_issue_id=42"),
        ("jira", {"self": "https://j.example/rest/api/2/issue/42", "id": 42, "key": "OPS-2", "fields": {}}, "jira_issue_id=42"),
        ("opsgenie_webhook", opsgenie("Close"), "shop/pay"),
        ("opsgenie_webhook", opsgenie("Close", alias=""), "a"),
        ("pagerduty_webhook", pagerduty("incident.triggered", incident_key="of another service too"), "pagerduty_incident_id=Q42"),
        ("pagerduty_webhook", pagerduty("pagey.ping"), None),
    ],
)
def test_identity(type: str, value: object, key: str | None) -> None:
    assert read(type, value).dedup_key == key


@pytest.mark.parametrize(
    ("type", "value", "title"),
    [
        ("sentry", metric("critical"), "Latency"),
        ("sentry", sentry("triggered", event={"title": "", "metadata": {"value": "division by zero"}}), "division by zero"),
        ("rollbar", {"event_name": "deploy", "data": {"deploy": {"revision": "abc", "environment": "prod"}}}, "deploy of abc to prod"),
        ("raygun", raygun("NewErrorOccurred", message=""), "error in Shop"),
        ("sentry", sentry("of tomorrow", thing={}), "Sentry: thing"),
        ("airbrake", {"error": {"error_class": "E", "error_message": "E: out of bacon"}}, "E: out of bacon"),
        ("airbrake", {"error": {"error_class": "E", "error_message": None}}, "E"),
        ("airbrake", {"error": {}}, "error without a message"),
        ("github", run("failure"), "example/shop: test on main"),
        ("github", deployed("failure"), "example/shop: deployment to production"),
        (
            "github",
            alert("created", "secret_type", secret_type_display_name="AWS key"),
            "example/shop: secret in the code: AWS key",
        ),
        ("gitlab", pipeline("failed"), "example/shop: pipeline on main"),
        ("gitlab", pipeline("failed", name="Nightly"), "example/shop: Nightly on main"),
        ("gitlab", job("failed"), "Example / Shop: unit on main"),
        ("gitlab", rollout("failed"), "example/shop: deployment to production"),
        ("gitlab", gitlab("alert"), "a project: T"),
        ("pagerduty_webhook", pagerduty("incident.triggered", title=None, service={"summary": "Shop"}), "incident of Shop"),
        ("pagerduty_webhook", pagerduty("pagey.ping", message="Hello from Pagey"), "Hello from Pagey"),
    ],
)
def test_title(type: str, value: object, title: str) -> None:
    assert read(type, value).summary == title


@pytest.mark.parametrize(("type", "value"), [("github", deployed("success")), ("gitlab", rollout("success"))])
def test_a_deployment_that_succeeded_ends_a_failure_and_is_a_change(type: str, value: object) -> None:
    resolve, change = read_all(type, value, x_github_delivery="d", idempotency_key="d")
    assert (resolve.action.value, resolve.delivery_id) == ("resolve", "d/0")
    assert (change.action.value, change.dedup_key, change.delivery_id) == ("change", None, "d/1")
    assert change.summary == "example/shop: v2 deployed to production"


@pytest.mark.parametrize(
    ("type", "value", "headers", "id"),
    [
        ("sentry", issue("created"), {"request_id": "r", "sentry_hook_resource": "issue"}, "r"),
        ("sentry", issue("created"), {"request_id": "a proxy's"}, ""),
        ("github", run("failure"), {"x_github_delivery": "d", "x_github_event": "workflow_run"}, "d"),
        ("gitlab", pipeline("failed"), {"idempotency_key": "i", "x_gitlab_event_uuid": "of many events"}, "i"),
        ("gitlab", pipeline("failed"), {"x_gitlab_event_uuid": "of many events"}, ""),
        ("jira", jira("jira:issue_created"), {"x_atlassian_webhook_identifier": "w"}, "w"),
        ("pagerduty_webhook", pagerduty("incident.triggered"), {}, "e1"),
        ("pagerduty_webhook", {"messages": [{"id": "m1", "event": "incident.trigger", "incident": {"id": "P1"}}]}, {}, "m1"),
    ],
)
def test_delivery_id(type: str, value: object, headers: dict[str, str], id: str) -> None:
    assert read(type, value, **headers).delivery_id == id


@pytest.mark.parametrize(
    ("value", "headers", "action"),
    [
        (sentry("created", comment="c"), {"sentry_hook_resource": "comment"}, "ignore"),
        (sentry("created", thing={}), {"sentry_hook_resource": "preprod_artifact"}, "ignore"),
        (sentry("triggered", issue={"id": 42}), {"sentry_hook_resource": "activity_alert"}, "trigger"),
        (sentry("created", thing={}), {"sentry_hook_resource": "of_tomorrow"}, "trigger"),
    ],
)
def test_sentry_says_in_a_header_what_it_speaks_of(value: object, headers: dict[str, str], action: str) -> None:
    assert read("sentry", value, **headers).action.value == action


def test_a_header_tells_github_kinds_apart() -> None:
    about_many = github("deployment_status", state="success") | run("failure")
    assert read("github", about_many, x_github_event="workflow_run").action.value == "trigger"
    assert read("github", github("issue"), x_github_event="push").summary == "GitHub: push"


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ("https://j.example/jira/rest/api/2/issue/42", (("https://j.example/jira/browse/OPS-1", "OPS-1 in Jira"),)),
        ("https://api.atlassian.com/ex/jira/1/rest/api/2/issue/42", ()),
        ("https://j.example/elsewhere", ()),
    ],
)
def test_an_issue_is_linked_where_people_see_it(value: str, links: object) -> None:
    assert read("jira", {"issue": {"id": "42", "key": "OPS-1", "self": value, "fields": {}}}).links == links


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("sentry", sentry("triggered", event={"issue_id": 42, "request": {"headers": [["Authorization", "hush"]]}, "extra": "hush"})),
        ("rollbar", rollbar("new_item", last_occurrence={"level": "error", "metadata": {"access_token": "hush"}})),
        ("github", alert("created", "secret_type", secret="hush")),
        ("gitlab", pipeline("failed", variables=[{"key": "TOKEN", "value": "hush"}])),
    ],
)
def test_no_secret_gets_into_labels_or_details(type: str, value: object) -> None:
    reading = read(type, value)
    assert "hush" in json.dumps(value)
    assert "hush" not in json.dumps([reading.details, reading.labels])


def test_sentrys_tags_are_labels() -> None:
    tags = [["server_name", "shop-1"], {"key": "browser", "value": "Lynx"}, "odd"]
    reading = read("sentry", sentry("triggered", event={"tags": tags, "environment": "prod"}))
    assert (reading.source, reading.group) == ("shop-1", "prod")
    assert reading.labels == {"server_name": "shop-1", "browser": "Lynx", "tags": "odd"}


def test_opsgenie_counts_in_milliseconds_and_nanoseconds() -> None:
    reading = read("opsgenie_webhook", opsgenie("Close", createdAt=1772334720000, updatedAt=1772334780000000110))
    assert str(reading.occurred_at) == "2026-03-01 03:13:00+00:00"
    reading = read("opsgenie_webhook", opsgenie("Create", createdAt=1772334720000))
    assert str(reading.occurred_at) == "2026-03-01 03:12:00+00:00"


def test_gitlab_tells_which_jobs_failed() -> None:
    builds = [{"name": "unit", "status": "failed"}, {"name": "lint", "status": "failed", "allow_failure": True}, {"name": "e2e"}, 7]
    assert read("gitlab", pipeline("failed") | {"builds": builds}).details["failed jobs"] == ["unit"]


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("value", [{}, [], "a sentence", None, 7, {"data": []}, {"event": 1}, {"messages": {}}, {"issue": "no"}])
def test_what_is_of_another_dialect_is_unreadable(type: str, value: object) -> None:
    assert not DIALECTS[IntegrationType(type)].knows(value, NOTHING)
    with pytest.raises(Unreadable):
        read_all(type, value)


HELD = {"repository": {"full_name": "example/shop"}, "sender": {"login": "ana"}}


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("github", run("failure")),
        ("github", deployed("failure")),
        ("github", alert("created")),
        ("github", {"zen": "Speak like a human.", "hook_id": 1}),
        ("gitlab", pipeline("failed")),
        ("gitlab", gitlab("push")),
        ("jira", jira("jira:issue_created")),
        ("jira", jira("comment_created")),
        ("jira", {"webhookEvent": "sprint_started", "sprint": {}}),
        ("pagerduty_webhook", pagerduty("incident.of_tomorrow")),
        ("pagerduty_webhook", pagerduty("service.updated")),
        ("pagerduty_webhook", pagerduty("pagey.ping")),
        ("pagerduty_webhook", {"messages": [{"event": "incident.trigger", "incident": {}}]}),
        ("pagerduty_webhook", {"messages": [{"type": "incident.trigger", "data": {"incident": {}}}]}),
        ("opsgenie_webhook", opsgenie("Create")),
        ("raygun", raygun("NewErrorOccurred")),
    ],
)
def test_what_only_this_tool_says_is_known(type: str, value: object) -> None:
    assert [other.type.value for other in DIALECTS.values() if other.knows(value, NOTHING)] == [type]
    assert read_all(type, value)


@pytest.mark.parametrize(
    "value",
    [
        {**HELD, "status": "failed", "summary": "Nightly deploy failed"},
        {**HELD, "workflow_run": "nightly", "status": "failed"},
        {**HELD, "alert": {"name": "Disk"}},
        {"alert": {"rule": "disk", "host": "db-1"}, "status": "resolved"},
        {"workflow_run": {"id": 1}, "status": "resolved"},
        {"object_kind": "disk", "status": "resolved"},
        {"event_name": "disk full", "status": "resolved"},
        {"webhookEvent": "disk full", "status": "resolved"},
        {"event": {"event_type": "disk", "resource_type": "host", "data": {}}},
        {"messages": [{"event": "disk full", "incident": {}}]},
        {"messages": [{"type": "disk full", "data": {"incident": {}}}]},
        {"action": "resolve", "integrationName": "mine", "alert": {"alertId": 7}},
        {"event": "e", "eventType": "t", "error": {}, "application": {}},
        {"event": "error_activity", "eventType": "t", "error": {}, "application": "shop"},
    ],
)
def test_what_anybody_may_say_is_nobodys(value: object) -> None:
    assert [other.type.value for other in DIALECTS.values() if other.knows(value, NOTHING)] == []


@pytest.mark.parametrize(("type", "header"), [("github", "x-github-event"), ("gitlab", "x-gitlab-event")])
def test_a_header_is_enough(type: str, header: str) -> None:
    received = Received("", b"", {header: "push"})
    assert DIALECTS[IntegrationType(type)].knows({}, received)
    (reading,) = DIALECTS[IntegrationType(type)].read({}, received)
    assert reading.action.value == "ignore"


@pytest.mark.parametrize("type", TYPES)
def test_a_guides_example_is_known_by_its_own_dialect_alone(type: str) -> None:
    value, dialect = json.loads(DIALECTS[IntegrationType(type)].example), DIALECTS[IntegrationType(type)]
    assert dialect_of(value, NOTHING, but=GENERIC) is dialect
    assert [other.type for other in DIALECTS.values() if other.knows(value, NOTHING)] == [dialect.type]


def test_sentry_sends_empty_bodies_that_are_no_alerts() -> None:
    ref, headers = integration("sentry"), {"sentry-hook-resource": "issue", "content-type": "application/json"}
    (reading,) = commands.read(Received("", b"", headers), ref)
    assert (reading.action.value, reading.reason) == ("ignore", "Sentry sent an empty body")
    (reading,) = commands.read(NOTHING, ref)
    assert (reading.unreadable, reading.reason) == (True, "it is empty")

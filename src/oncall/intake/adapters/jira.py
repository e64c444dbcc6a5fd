"""Jira's webhooks, https://developer.atlassian.com/server/jira/platform/webhooks/, and Jira Automation: an issue is a problem."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, links_of, one_line, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

# Where Jira does not tell a status's category, as its servers before 7 do not, its usual names must do.
DONE = dict.fromkeys(("done", "closed", "resolved", "complete", "completed"), Action.RESOLVE)

FIELDS = Fields(
    title=("fields.summary",),
    identity={"jira_issue_id": ("id", "key")},  # a key changes when the issue moves to another project
    state=("fields.status.statusCategory.key", "fields.status.statusCategory.name", "fields.status.name", "fields.status"),
    states=DONE,
    severity=("fields.priority.name", "fields.priority"),
    severities={
        "highest": Severity.CRITICAL,
        "blocker": Severity.CRITICAL,
        "critical": Severity.CRITICAL,
        "high": Severity.ERROR,
        "major": Severity.ERROR,
        "medium": Severity.WARNING,
        "minor": Severity.WARNING,
        "low": Severity.INFO,
        "lowest": Severity.INFO,
        "trivial": Severity.INFO,
    },
    component=("fields.components.0.name",),
    group=("fields.project.key",),
    class_=("fields.issuetype.name",),
    labels=("fields.labels",),
    occurred_at=("at", "fields.updated", "fields.created"),
    untitled="issue without a summary",
)

NEWS = {
    **dict.fromkeys(("issue_commented", "issue_comment_edited", "issue_comment_deleted"), "a comment on an issue is no alert"),
    **dict.fromkeys(("issue_worklogged", "issue_worklog_updated", "issue_worklog_deleted"), "somebody logged work"),
    "issue_assigned": "the issue was assigned to somebody",
}
"""Kinds of `jira:issue_updated` that say nothing of whether the issue is open; whoever comments may close it at once."""

SAID = {
    "issue_resolved": Action.RESOLVE,
    "issue_closed": Action.RESOLVE,
    "issue_deleted": Action.RESOLVE,
    "jira:issue_deleted": Action.RESOLVE,
}
EVENTS = (
    "jira:", "comment_", "issuelink_", "worklog_", "sprint_", "board_", "project_", "user_", "option_", "attachment_", "issue_property_",
)  # fmt: skip
"""How the names of Jira's events begin."""
API = "/rest/api/"
ATLASSIANS_API = "https://api.atlassian.com/"
KEPT = ("description", "environment", "resolution.name", "status.name", "priority.name", "assignee.displayName", "reporter.displayName")


def read(value: object, received: Received) -> list[Reading]:
    """One event; the issue's id is its identity, and any status of the category `done` is the end of it."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    event = word_at(value, ("webhookEvent",))
    issue = value if _is_issue(value) else value.get("issue")
    if not isinstance(issue, dict):
        if not event:
            raise Unreadable("it has neither an issue nor a webhookEvent")
        return [Reading(Action.IGNORE, one_line(f"Jira: {event}"), reason="it is not about an issue")]
    kind = word_at(value, ("issue_event_type_name",))
    delivery_id = received.headers.get("x-atlassian-webhook-identifier", "")
    return [replace(_read_issue(issue, event, kind, value.get("timestamp")), delivery_id=delivery_id)]


def _read_issue(issue: Mapping[str, object], event: str, kind: str, at: object) -> Reading:
    reading = read_fields({**issue, "at": at}, FIELDS)
    reason = "" if reading.action is Action.RESOLVE else NEWS.get(kind, "")
    if event and not event.startswith("jira:issue_"):
        reason = "it is about a part of an issue"
    details = {name.partition(".")[0]: said for name in KEPT if (said := said_at(issue, (f"fields.{name}",)))}
    return replace(
        reading,
        action=Action.IGNORE if reason else SAID.get(event) or SAID.get(kind) or reading.action,
        reason=reason,
        links=links_of([_link(issue)]),
        details=details,
    )


def _link(issue: Mapping[str, object]) -> tuple[str, str]:
    """The issue as people see it: beside the address of the API, unless that is Atlassian's own for all sites."""
    base, found, _ = text_of(said_at(issue, ("self",))).partition(API)
    key = text_of(said_at(issue, ("key",)))
    return (f"{base}/browse/{key}" if found and key and not base.startswith(ATLASSIANS_API) else "", f"{key} in Jira")


def _is_issue(value: Mapping[str, object]) -> bool:
    """Jira Automation sends the issue itself."""
    return {"self", "key", "fields"} <= value.keys() and isinstance(value["fields"], dict)


def knows(value: object, _: Received) -> bool:
    """By the event's name, or as an issue whose address is that of Jira's API."""
    if not isinstance(value, dict):
        return False
    return word_at(value, ("webhookEvent",)).startswith(EVENTS) or (_is_issue(value) and API in text_of(value["self"]))


GUIDE = """
In Jira: **Settings → System → Webhooks → Create a WebHook**, *URL* `{url}`, *Events*: Issue **created**, **updated**, **deleted**. Limit it
by JQL to what shall page, for instance `project = OPS AND priority in (Highest, High)`. Or in **Project settings → Automation** a rule
with the action *Send web request*, *Web request URL* `{url}`, *HTTP method* POST, *Web request body* *Issue data*.

An issue triggers; one whose status is of the category *Done*, or that is deleted, resolves. Comments, logged work and assignments are
ignored, unless the issue is done by then. Priority is the severity: Highest, Blocker and Critical are critical, High and Major error,
Medium and Minor warning, Low, Lowest and Trivial info. The issue's id is its identity, since its key changes when it is moved. Leave the
status out of the JQL: else Jira does not tell when an issue is done.
"""

EXAMPLE = """{
  "timestamp": 1772334720000, "webhookEvent": "jira:issue_created", "issue_event_type_name": "issue_created",
  "user": {"displayName": "Ana", "accountId": "42"},
  "issue": {
    "id": "4200", "key": "OPS-42", "self": "https://example.atlassian.net/rest/api/2/issue/4200",
    "fields": {
      "summary": "Customers cannot pay", "description": "Since 03:10 all payments fail.", "labels": ["checkout"],
      "priority": {"id": "1", "name": "Highest"}, "issuetype": {"name": "Incident"}, "project": {"key": "OPS", "name": "Operations"},
      "components": [{"name": "Shop"}], "status": {"name": "Open", "statusCategory": {"key": "new", "name": "To Do"}}
    }
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.JIRA,
    name="Jira",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="Sends the issue with a status of the category *Done*, or says that it is deleted.",
    guide=GUIDE,
    example=EXAMPLE,
)

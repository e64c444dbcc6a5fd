"""GitHub's webhooks, https://docs.github.com/en/webhooks/webhook-events-and-payloads: pipelines, deployments, security alerts."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, Paths, delivered, labels_of, one_line, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

REPOSITORY: Paths = ("repository.full_name",)
NOT_OVER = "it is not finished"
UNFINISHED = dict.fromkeys(("queued", "requested", "in_progress", "waiting", "pending"), NOT_OVER)


def _of_run(name: str, what: Mapping[str, Paths], named: Paths) -> Fields:
    """A run fails or succeeds for a branch: the next run of the same kind there tells whether it still does."""
    branch = (f"{name}.head_branch", f"{name}.check_suite.head_branch")
    return Fields(
        title=named,
        identity={"github_repository": REPOSITORY, **what, "branch": branch, "fork": ("fork",)},
        state=(f"{name}.conclusion", f"{name}.status"),
        states={"success": Action.RESOLVE},
        ignored={
            **UNFINISHED,
            "neutral": "it ended neither well nor badly",
            "skipped": "it was skipped",
            "cancelled": "it was cancelled",
            "stale": "GitHub gave it up",
            "action_required": "it waits for an approval",
        },
        component=REPOSITORY,
        group=branch,
        class_=named,
        links={f"{name}.html_url": "run on GitHub", f"{name}.details_url": "details"},
        occurred_at=(f"{name}.completed_at", f"{name}.updated_at", f"{name}.started_at"),
    )


RUNS = {
    "workflow_job": _of_run(
        "workflow_job", {"workflow": ("workflow_job.workflow_name",), "job": ("workflow_job.name",)}, ("workflow_job.name",)
    ),
    "workflow_run": _of_run(
        "workflow_run",
        {"workflow_id": ("workflow_run.workflow_id", "workflow.id", "workflow_run.path")},
        ("workflow_run.name", "workflow.name", "workflow_run.path"),
    ),
    "check_run": _of_run(
        "check_run", {"app": ("check_run.app.slug", "check_run.app.id"), "check": ("check_run.name",)}, ("check_run.name",)
    ),
    "check_suite": _of_run("check_suite", {"check_suite": ("check_suite.app.slug", "check_suite.app.id")}, ("check_suite.app.name",)),
}

DEPLOYMENT = Fields(
    title=("deployment_status.description",),
    identity={
        "github_repository": REPOSITORY,
        "environment": ("deployment_status.environment", "deployment.environment"),
        "task": ("deployment.task",),
    },
    state=("deployment_status.state",),
    states={"success": Action.RESOLVE},
    ignored={**UNFINISHED, "inactive": "a later deployment took its place"},
    component=REPOSITORY,
    group=("deployment_status.environment", "deployment.environment"),
    class_=("deployment.task",),
    links={
        "deployment_status.log_url": "log",
        "deployment_status.target_url": "log",
        "deployment_status.environment_url": "environment",
        "repository.html_url": "repository",
    },
    occurred_at=("deployment_status.updated_at", "deployment_status.created_at"),
)


def _of_alert(event: str) -> Fields:
    """Security alerts are numbered for each repository, and each kind by itself."""
    return Fields(
        title=(
            "alert.security_advisory.summary", "alert.rule.description", "alert.rule.name", "alert.secret_type_display_name",
            "alert.secret_type", "alert.affected_package_name",
        ),
        identity={"github_repository": REPOSITORY, event: ("alert.number", "alert.id")},
        state=("alert.state", "action"),
        states=dict.fromkeys(
            ("fixed", "dismissed", "auto_dismissed", "resolved", "closed", "revoked", "closed_by_user", "dismiss", "resolve"),
            Action.RESOLVE,
        ),
        severity=(
            "alert.security_advisory.severity", "alert.security_vulnerability.severity", "alert.rule.security_severity_level",
            "alert.rule.severity", "alert.severity",
        ),
        severities={"note": Severity.INFO, "none": Severity.INFO},
        component=REPOSITORY,
        group=("alert.dependency.manifest_path", "alert.most_recent_instance.location.path"),
        class_=("alert.dependency.package.name", "alert.rule.id", "alert.secret_type"),
        links={"alert.html_url": "alert on GitHub"},
        occurred_at=("alert.updated_at", "alert.created_at"),
        untitled="security alert",
    )  # fmt: skip


SECURITY = {
    name: _of_alert(name) for name in ("dependabot_alert", "code_scanning_alert", "secret_scanning_alert", "repository_vulnerability_alert")
}
BY_MEMBER = {
    "security_advisory": "dependabot_alert",
    "rule": "code_scanning_alert",
    "most_recent_instance": "code_scanning_alert",
    "secret_type": "secret_scanning_alert",
}
"""Which member of an alert tells its kind, where the header does not."""

NO_NEWS = {
    **dict.fromkeys(("rerequested", "requested_action"), "somebody asked for another run"),
    **dict.fromkeys(("assigned", "unassigned", "assignees_changed", "updated_assignment"), "the alert was assigned to somebody"),
    "validated": "GitHub tried whether the secret is still valid",
}
KEPT = (
    "conclusion", "status", "state", "event", "display_title", "head_sha", "run_number", "run_attempt", "run_started_at", "path", "sha",
    "ref", "number", "dependency", "security_vulnerability", "rule", "most_recent_instance", "tool", "secret_type", "validity",
    "publicly_leaked", "resolution", "dismissed_reason", "dismissed_comment",
)  # fmt: skip
"""What is kept of a run, a deployment or an alert. Never `secret`, which is the one that leaked."""


def read(value: object, received: Received) -> list[Reading]:
    """One event; a deployment that succeeded is two, since it ends the failure before it and is a change as well."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    event = _event(value, received)
    if not event:
        raise Unreadable("it is no event of GitHub's")
    return delivered(_read_event(value, event), received.headers.get("x-github-delivery", ""))


def _event(body: Mapping[str, object], received: Received) -> str:
    """The kind of event: said in a header, else by what the body holds. A deployment may tell of the run that made it.

    Nothing for what the body alone does not say: whoever else speaks of a repository and a sender may mean a page.
    """
    if event := received.headers.get("x-github-event", ""):
        return event
    if found := next((name for name in ("deployment_status", *RUNS) if isinstance(body.get(name), dict)), ""):
        return found
    alert = body.get("alert")
    if isinstance(alert, dict) and (found := next((name for member, name in BY_MEMBER.items() if member in alert), "")):
        return found
    return "ping" if "zen" in body and "hook_id" in body else ""


def _read_event(body: Mapping[str, object], event: str) -> list[Reading]:
    reason = NO_NEWS.get(word_at(body, ("action",)), "")
    if event in RUNS:
        fields, about = RUNS[event], body.get(event)
    elif event in SECURITY:
        fields, about = SECURITY[event], body.get("alert")
    elif event == "deployment_status":
        fields, about = DEPLOYMENT, body.get(event)
    else:
        return [Reading(Action.IGNORE, one_line(f"GitHub: {event}"), reason=_why_not(event))]
    fork = said_at(about, ("head_repository.full_name",))
    reading = read_fields({**body, "fork": None if fork == said_at(body, REPOSITORY) else fork}, fields)
    reading = replace(
        reading,
        action=Action.IGNORE if reason else reading.action,
        reason=reason or reading.reason,
        summary=_title(reading, event),
        labels=_labels(body, about, reading),
        details={name: said for name in KEPT if (said := said_at(about, (name,))) is not None},
    )
    return [reading, _change(body, reading)] if event == "deployment_status" and reading.action is Action.RESOLVE else [reading]


def _why_not(event: str) -> str:
    return "a greeting: the webhook works" if event == "ping" else "neither a pipeline, nor a deployment, nor a security alert"


def _title(reading: Reading, event: str) -> str:
    where = reading.component or "a repository"
    if event in SECURITY:
        return one_line(f"{where}: {'secret in the code: ' if event == 'secret_scanning_alert' else ''}{reading.summary}")
    if event == "deployment_status":
        return one_line(f"{where}: deployment to {reading.group or 'an environment'}")
    return one_line(f"{where}: {reading.class_ or event.replace('_', ' ')}{f' on {reading.group}' if reading.group else ''}")


def _labels(body: Mapping[str, object], about: object, reading: Reading) -> dict[str, str]:
    """What a routing rule may want: whether it is the default branch, and what started the run."""
    said = {
        "repository": reading.component,
        "branch": said_at(about, ("head_branch", "check_suite.head_branch")) or said_at(body, ("deployment.ref",)),
        "default_branch": said_at(body, ("repository.default_branch",)),
        "event": said_at(about, ("event",)),
        "environment": said_at(about, ("environment",)),
        "actor": said_at(body, ("sender.login",)),
    }
    return labels_of({name: value for name, value in said.items() if value})


def _change(body: Mapping[str, object], deployed: Reading) -> Reading:
    """A deployment as a change."""
    what = text_of(said_at(body, ("deployment.ref", "deployment.sha"))) or "a revision"
    summary = one_line(f"{deployed.component or 'a repository'}: {what} deployed to {deployed.group or 'an environment'}")
    return replace(deployed, action=Action.CHANGE, summary=summary, dedup_key=None)


def knows(value: object, received: Received) -> bool:
    """By its header; by its greeting; by a run, a deployment or an alert in a repository with its full name."""
    if not isinstance(value, dict) or not (event := _event(value, received)):
        return False
    repository = value.get("repository")
    somewhere = "sender" in value and isinstance(repository, dict) and "full_name" in repository
    return somewhere or event == "ping" or bool(received.headers.get("x-github-event"))


GUIDE = """
In the repository or the organisation: **Settings → Webhooks → Add webhook**, *Payload URL* `{url}`, *Content type* `application/json`,
*Let me select individual events*:

* *Workflow runs* for GitHub Actions (or *Check suites* for other CI; choose one, since a failure is told by all of them);
* *Deployment statuses*;
* *Dependabot alerts*, *Code scanning alerts*, *Secret scanning alerts*.

Set a *Secret* there and the same in `"authentication": {"scheme": "github", "secrets": ["…"]}`, and nobody else
[is let in](../how-to/authenticate-senders.md).

A run that fails, times out or does not start triggers; the next success of the same workflow on the same branch resolves. Every branch
counts; to be paged for one branch only, post from a step of its workflow instead (`if: failure()`). What failed on a branch that is then
deleted, or on one of a merge queue's own, never resolves by itself, since nothing runs there again. A failed deployment triggers, the
next success to the same environment resolves it and is recorded as a change. A security alert has GitHub's severity and resolves when it
is fixed or dismissed. Anything else is ignored.
"""

EXAMPLE = """{
  "action": "completed",
  "workflow_run": {
    "id": 4200000000, "workflow_id": 42, "name": "test", "path": ".github/workflows/test.yml", "head_branch": "main", "event": "push",
    "head_sha": "0123456789abcdef0123456789abcdef01234567", "status": "completed", "conclusion": "failure", "run_number": 7,
    "run_attempt": 1, "html_url": "https://github.com/example/shop/actions/runs/4200000000", "updated_at": "2026-03-01T03:12:00Z",
    "head_repository": {"full_name": "example/shop"}
  },
  "repository": {"id": 1, "full_name": "example/shop", "default_branch": "main", "html_url": "https://github.com/example/shop"},
  "sender": {"login": "ana"}
}"""

DIALECT = Dialect(
    type=IntegrationType.GITHUB,
    name="GitHub",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="The next success of the same workflow, check or deployment resolves; security alerts say `fixed` or `dismissed`.",
    guide=GUIDE,
    example=EXAMPLE,
)

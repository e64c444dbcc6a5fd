"""GitLab's webhooks, https://docs.gitlab.com/user/project/integrations/webhook_events/: pipelines, deployments, alerts, incidents."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, Paths, delivered, labels_of, one_line, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

PROJECT: Paths = ("project.path_with_namespace", "project_name", "project.name", "project_id")
UNFINISHED = dict.fromkeys(
    ("created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "running", "scheduled", "canceling"),
    "it is not finished",
)
ENDED = {
    **UNFINISHED,
    **dict.fromkeys(("canceled", "cancelled"), "it was cancelled"),
    "skipped": "it was skipped",
    "manual": "it waits for somebody to start it",
    "blocked": "it waits for an approval",
}
WELL = {"success": Action.RESOLVE}

PIPELINE = Fields(
    title=("object_attributes.name",),
    # A schedule runs other jobs than a push does, so that neither tells whether the other would succeed.
    identity={"gitlab_project": PROJECT, "pipeline": ("object_attributes.source",), "ref": ("object_attributes.ref",)},
    state=("object_attributes.status",),
    states=WELL,
    ignored=ENDED,
    component=PROJECT,
    group=("object_attributes.ref",),
    class_=("object_attributes.name",),
    links={"object_attributes.url": "pipeline in GitLab", "commit.url": "commit"},
    occurred_at=("object_attributes.finished_at", "object_attributes.created_at"),
    untitled="pipeline",
)
JOB = Fields(
    title=("build_name",),
    identity={"gitlab_project": PROJECT, "job": ("build_name",), "ref": ("ref",)},
    state=("build_status",),
    states=WELL,
    ignored=ENDED,
    source=("runner.description",),
    component=PROJECT,
    group=("ref",),
    class_=("build_stage",),
    links={"project.web_url": "project"},
    occurred_at=("build_finished_at_iso", "build_finished_at"),
    untitled="job",
)
DEPLOYMENT = Fields(
    title=("environment",),
    identity={"gitlab_project": PROJECT, "environment": ("environment",)},
    state=("status",),
    states=WELL,
    ignored=ENDED,
    component=PROJECT,
    group=("environment",),
    class_=("environment_tier",),
    links={"deployable_url": "job", "commit_url": "commit", "environment_external_url": "environment"},
    occurred_at=("status_changed_at",),
    untitled="an environment",
)
# What GitLab itself calls an alert, a vulnerability or an incident has an address, and no other like it.
PROBLEM = Fields(
    title=("object_attributes.title", "object_attributes.name"),
    key=("object_attributes.url",),
    state=("object_attributes.state", "object_attributes.status"),
    # Whoever ignores or dismisses one asks not to hear of it.
    states={
        **dict.fromkeys(("resolved", "ignored", "dismissed", "closed"), Action.RESOLVE),
        "acknowledged": Action.ACKNOWLEDGE,
    },
    severity=("object_attributes.severity",),
    severities={"high": Severity.ERROR},
    component=PROJECT,
    class_=("object_kind",),
    links={"object_attributes.url": "in GitLab"},
    occurred_at=("object_attributes.started_at", "object_attributes.updated_at", "object_attributes.created_at"),
    untitled="alert without a title",
)

KINDS = frozenset({
    "pipeline", "build", "job", "deployment", "alert", "vulnerability", "issue", "confidential_issue", "incident", "work_item", "push",
    "tag_push", "note", "confidential_note", "merge_request", "wiki_page", "release", "feature_flag", "emoji", "access_token", "member",
    "subgroup", "project", "milestone", "repository_update",
})  # fmt: skip
"""GitLab's words for what its webhooks speak of."""
NO_ALERT = "neither a pipeline, nor a deployment, nor an alert, nor an incident"


def read(value: object, received: Received) -> list[Reading]:
    """One event; a deployment that succeeded is two, since it ends the failure before it and is a change as well."""
    if not isinstance(value, dict) or not (kind := _kind(value, received)):
        raise Unreadable("it has no object_kind")
    # Of GitLab's ids only this one is the same in each retry and in nothing else: an Event-UUID may be that of many events.
    return delivered(READERS.get(kind, _ignored)(value), received.headers.get("idempotency-key", ""))


def _kind(body: Mapping[str, object], received: Received) -> str:
    return word_at(body, ("object_kind",)) or received.headers.get("x-gitlab-event", "")


def _ignored(body: Mapping[str, object]) -> list[Reading]:
    return [Reading(Action.IGNORE, one_line(f"GitLab: {word_at(body, ('object_kind', 'event_name')) or 'an event'}"), reason=NO_ALERT)]


def _read_pipeline(body: Mapping[str, object]) -> list[Reading]:
    reading = read_fields(body, PIPELINE)
    builds = body.get("builds")
    failed = [
        said_at(build, ("name",))
        for build in islice(builds if isinstance(builds, list) else [], 1_000)
        if word_at(build, ("status",)) == "failed" and said_at(build, ("allow_failure",)) is not True
    ]
    said = {
        "failed jobs": failed,
        "source": said_at(body, ("object_attributes.source",)),
        "commit": said_at(body, ("commit.title", "commit.message")),
        "merge request": said_at(body, ("merge_request.title",)),
    }
    return [_placed(body, reading, f"{reading.summary}{_on(reading)}", said)]


def _read_job(body: Mapping[str, object]) -> list[Reading]:
    reading = read_fields(body, JOB)
    if body.get("build_allow_failure") is True and reading.action is Action.TRIGGER:
        reading = replace(reading, action=Action.IGNORE, reason="the job is allowed to fail")
    said = {
        "stage": said_at(body, ("build_stage",)),
        "failure reason": said_at(body, ("build_failure_reason",)),
        "commit": said_at(body, ("commit.message",)),
    }
    return [_placed(body, reading, f"{reading.summary}{_on(reading)}", said)]


def _read_deployment(body: Mapping[str, object]) -> list[Reading]:
    reading = read_fields(body, DEPLOYMENT)
    said = {"ref": said_at(body, ("ref",)), "commit": said_at(body, ("commit_title",)), "tier": said_at(body, ("environment_tier",))}
    deployed = _placed(body, reading, f"deployment to {reading.summary}", said)
    if deployed.action is not Action.RESOLVE:
        return [deployed]
    what = text_of(said_at(body, ("ref", "short_sha"))) or "a revision"
    change = replace(_placed(body, reading, f"{what} deployed to {reading.summary}", said), action=Action.CHANGE, dedup_key=None)
    return [deployed, change]


def _read_problem(body: Mapping[str, object]) -> list[Reading]:
    reading = read_fields(body, PROBLEM)
    kept = ("events", "report_type", "description", "action", "iid", "cvss", "location")
    return [_placed(body, reading, reading.summary, {name: said_at(body, (f"object_attributes.{name}",)) for name in kept})]


def _read_issue(body: Mapping[str, object]) -> list[Reading]:
    """An incident is an issue of a type of its own; any other is work."""
    if word_at(body, ("object_attributes.type", "object_attributes.issue_type")) != "incident":
        return _ignored(body)
    (reading,) = _read_problem(body)
    if word_at(body, ("object_attributes.action",)) == "update" and reading.action is Action.TRIGGER:
        return [replace(reading, action=Action.IGNORE, reason="an incident that is open was edited")]
    return [reading]


def _on(reading: Reading) -> str:
    return f" on {reading.group}" if reading.group else ""


def _placed(body: Mapping[str, object], reading: Reading, title: str, details: Mapping[str, object]) -> Reading:
    """The reading with its project in the title, with what a routing rule may want, and without variables, which may be secrets."""
    labels = {
        "project": reading.component,
        "ref": said_at(body, ("object_attributes.ref", "ref")),
        "default_branch": said_at(body, ("project.default_branch",)),
        "source": said_at(body, ("object_attributes.source",)),
        "environment": said_at(body, ("environment.name", "environment")),
    }
    return replace(
        reading,
        summary=one_line(f"{reading.component or 'a project'}: {title}"),
        labels=labels_of({name: said for name, said in labels.items() if said}),
        details={name: said for name, said in details.items() if said},
    )


READERS: Mapping[str, Callable[[Mapping[str, object]], list[Reading]]] = {
    "pipeline": _read_pipeline,
    "build": _read_job,
    "job": _read_job,
    "deployment": _read_deployment,
    "alert": _read_problem,
    "vulnerability": _read_problem,
    "issue": _read_issue,
    "incident": _read_issue,
    "work_item": _read_issue,
}


def knows(value: object, received: Received) -> bool:
    """By a kind of object that GitLab has, or by its header."""
    return isinstance(value, dict) and (word_at(value, ("object_kind",)) in KINDS or bool(received.headers.get("x-gitlab-event")))


GUIDE = """
In the project or the group: **Settings → Webhooks → Add new webhook**, *URL* `{url}`, *Trigger*: **Pipeline events** (or **Job events**;
choose one, since a failure is told by both), **Deployment events**, and where there are such *Vulnerability events* and *Issues events*
(of which incidents count).

Set a *Secret token* there and the same in `"authentication": {"scheme": "token", "header": "X-Gitlab-Token", "secret": "…"}`, and nobody
else [is let in](../how-to/authenticate-senders.md).

A pipeline that fails triggers; the next success from the same source (push, schedule, …) on the same branch resolves. A job counts by its
name and branch, and not if it is allowed to fail. Every branch counts; to be paged for one only, post from a job of its
pipeline instead (`when: on_failure`). A failed deployment triggers, the next success to the same environment resolves it and is recorded
as a change.
Alerts, vulnerabilities and incidents have GitLab's severity and resolve when they are resolved, ignored, dismissed or closed. Anything
else is ignored.
"""

EXAMPLE = """{
  "object_kind": "pipeline",
  "object_attributes": {
    "id": 4200, "iid": 42, "ref": "main", "tag": false, "sha": "0123456789abcdef0123456789abcdef01234567", "source": "push",
    "status": "failed", "detailed_status": "failed", "created_at": "2026-03-01T03:10:00Z", "finished_at": "2026-03-01T03:12:00Z",
    "url": "https://gitlab.example.com/example/shop/-/pipelines/4200"
  },
  "project": {
    "id": 7, "name": "Shop", "path_with_namespace": "example/shop", "default_branch": "main",
    "web_url": "https://gitlab.example.com/example/shop"
  },
  "commit": {"title": "Pay faster", "url": "https://gitlab.example.com/example/shop/-/commit/0123456"},
  "builds": [{"id": 1, "stage": "test", "name": "unit", "status": "failed", "allow_failure": false}]
}"""

DIALECT = Dialect(
    type=IntegrationType.GITLAB,
    name="GitLab",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="The next success of the same pipeline, job or deployment resolves; alerts and incidents say `resolved` or `closed`.",
    guide=GUIDE,
    example=EXAMPLE,
)

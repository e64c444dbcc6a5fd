"""Errbit's webhook, https://github.com/errbit/errbit: a problem that was noticed, as Errbit itself keeps it."""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.adapters.airbrake import title_of_error
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("problem.message",),
    key=("problem._id.$oid", "problem._id", "problem.id"),  # of MongoDB: there is no other like it
    state=("problem.resolved",),
    states={"true": Action.RESOLVE},
    component=("problem.app_name",),
    group=("problem.environment",),
    class_=("problem.error_class",),
    links={"problem.url": "problem in Errbit", "problem.issue_link": "issue"},
    occurred_at=("problem.last_notice_at", "problem.created_at"),
)

KEPT = ("where", "notices_count", "first_notice_at", "resolved_at", "issue_type", "comments_count", "message")


def read(value: object, _: Received) -> list[Reading]:
    """One event; the problem's id is its identity."""
    if not isinstance(value, dict) or not isinstance(problem := value.get("problem"), dict):
        raise Unreadable("it has no problem")
    kept = {name: said for name in KEPT if (said := problem.get(name))}
    return [replace(read_fields(value, FIELDS), summary=title_of_error(problem, "message"), details=kept)]


def knows(value: object, _: Received) -> bool:
    """By a problem with an application, a class of errors and a count of notices."""
    problem = value.get("problem") if isinstance(value, dict) else None
    return isinstance(problem, dict) and {"app_name", "error_class", "notices_count"} <= problem.keys()


GUIDE = """
In Errbit: **Apps → edit the app → Notification service**:

* *Webhook*, with the URL `{url}`;
* *Notify at notices*: after how many notices of a problem it shall be told.

The problem's id is its identity; Errbit has no severity. A body with `"resolved": true` resolves, but Errbit sends one only when an error
is noticed, not when somebody resolves it: resolve by hand.
"""

EXAMPLE = """{
  "problem": {
    "_id": "65e1a2b3c4d5e6f708192a3b", "app_id": "65e1a2b3c4d5e6f708192a3a", "app_name": "Shop", "environment": "production",
    "error_class": "TimeoutError", "message": "payment provider", "where": "checkout#pay", "notices_count": 5, "resolved": false,
    "first_notice_at": "2026-03-01T03:12:00.000Z", "last_notice_at": "2026-03-01T03:13:00.000Z",
    "url": "https://errbit.example.com/apps/65e1a2b3c4d5e6f708192a3a/problems/65e1a2b3c4d5e6f708192a3b"
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.ERRBIT,
    name="Errbit",
    group="Errors and code",
    read=read,
    knows=knows,
    resolves="Hardly ever says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)

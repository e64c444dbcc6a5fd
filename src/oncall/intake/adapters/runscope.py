"""Runscope's webhook, today BlazeMeter API Monitoring's: one run of one test, from one place, ended.

https://help.blazemeter.com/docs/guide/api-monitoring-notifications-overview.html
"""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("test_name",),
    # Each place runs the test by itself: that it passes in one says nothing of another
    identity={
        "runscope_test": ("test_id",),
        "environment": ("environment_uuid",),
        "region": ("region",),
        "agent": ("agent",),
    },
    state=("result",),
    states={"pass": Action.RESOLVE, "passed": Action.RESOLVE},
    ignored={
        **dict.fromkeys(("working", "queued", "notstarted"), "the run has not ended yet"),
        **dict.fromkeys(("cancelled", "canceled"), "the run was cancelled"),
    },
    source=("region_name", "region", "agent"),
    component=("environment_name",),
    group=("bucket_name",),
    links={"test_run_url": "run", "test_url": "test"},
    occurred_at=("finished_at", "started_at"),
    untitled="Runscope test without a name",
    delivery_id=("test_run_id",),
    secret=frozenset({"variables", "initial_variables", "trigger_url", "requests"}),  # requests hold headers
)


def knows(value: object, _: Received) -> bool:
    """By a run of a test with its result."""
    return isinstance(value, dict) and {"test_id", "test_run_id", "result", "environment_uuid"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event; a run reports its end once, so its id is that of the delivery; what it may tell before then has none."""
    if not isinstance(value, dict) or not {"test_id", "result"} <= value.keys():
        raise Unreadable("it has no test_id with a result")
    reading = read_fields(value, FIELDS)
    return [replace(reading, delivery_id="") if reading.action is Action.IGNORE else reading]


GUIDE = """
In Runscope (BlazeMeter API Monitoring), in the test's editor: **Environment → Webhooks**, and add `{url}` as a callback URL. It is called
after every run, passed or failed. For a whole team: **Connected Services → Advanced Webhooks**, with the threshold *all test runs*.

The result `pass` resolves; `fail`, and any other with which a run can end, triggers; a run that was cancelled is recorded and pages nobody.
A problem is known by test, environment and region: a test that fails in two regions is two alerts. Runscope knows no severity.
"""

EXAMPLE = """{
  "test_id": "6f1f2f6e-0000-4000-8000-000000000001", "test_name": "Checkout", "test_run_id": "6f1f2f6e-0000-4000-8000-000000000002",
  "environment_uuid": "6f1f2f6e-0000-4000-8000-000000000003", "environment_name": "Production", "bucket_name": "Shop", "result": "fail",
  "region": "eu1", "region_name": "Ireland", "agent": null, "started_at": 1772334720.5, "finished_at": 1772334724.5, "variables": {},
  "test_run_url": "https://www.runscope.com/radar/x/y/results/z", "requests": [{"url": "https://shop.example.com/pay", "result": "fail"}]
}"""

DIALECT = Dialect(
    type=IntegrationType.RUNSCOPE,
    name="Runscope (BlazeMeter API Monitoring)",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the result `pass` of the next run that passes.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""Cronitor's webhook, https://cronitor.io/docs/using-webhooks: a monitor failed or recovered."""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, labels_of, read_fields, said_at, text_of, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("monitor", "description"),
    # The key of the monitor, not of its rules: one recovery ends all that was wrong with it
    identity={"cronitor_monitor": ("id",), "environment": ("environment",)},
    state=("type",),
    states={"recovery": Action.RESOLVE},
    group=("group",),
    class_=("rule",),
    links={"issue_url": "issue", "monitor_url": "monitor"},
    untitled="Cronitor monitor without a name",
)


def knows(value: object, _: Received) -> bool:
    """By a monitor, the rule it broke, what it says about it, and one of the two types."""
    return (
        isinstance(value, dict)
        and {"id", "monitor", "rule", "description"} <= value.keys()
        and word_at(value, ("type",)) in {"alert", "recovery"}
    )


def read(value: object, _: Received) -> list[Reading]:
    """One event; its title is the monitor and the first line of the description."""
    if not isinstance(value, dict) or not {"id", "monitor"} <= value.keys():
        raise Unreadable("it has no id of a monitor")
    reading = read_fields(value, FIELDS)
    first_line = text_of(said_at(value, ("description",))).strip().partition("\n")[0]
    title = title_of(": ".join(filter(None, (text_of(said_at(value, ("monitor",))), first_line))))
    environment = said_at(value, ("environment",))
    return [replace(reading, summary=title or reading.summary, labels=labels_of({"environment": environment} if environment else {}))]


GUIDE = """
In Cronitor: **Settings → Integrations → Webhooks → Add**, URL `{url}`. Then add the webhook to the **notification list** that the monitors
use, for alerts and for recoveries.

A monitor is known by its key (`id`) and its environment, not by the rule it broke: whatever is wrong with it is one alert, which the
recovery ends. The title is the monitor and the first line of the description. Cronitor knows no severity.
"""

EXAMPLE = """{
  "id": "nightly-backup", "monitor": "Nightly backup", "type": "ALERT", "rule": "not_on_schedule", "environment": "Production",
  "description": "Did not run at the expected time.\\nSchedule: every day at 03:00", "group": null,
  "issue_url": "https://cronitor.io/app/issues/x", "monitor_url": "https://cronitor.io/app/monitors/nightly-backup"
}"""

DIALECT = Dialect(
    type=IntegrationType.CRONITOR,
    name="Cronitor",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the type `RECOVERY`.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""Dead Man's Snitch's webhook, https://deadmanssnitch.com/docs/integrations/webhooks: a job did not check in, failed, or is back."""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, key_of, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

SNITCH = "data.snitch"

FIELDS = Fields(
    title=(f"{SNITCH}.name",),
    state=("type",),
    states={"snitch.reporting": Action.RESOLVE},
    ignored={"snitch.paused": "the snitch was paused"},
    labels=(f"{SNITCH}.tags",),
    occurred_at=("timestamp",),
    untitled="snitch without a name",
)
TAGS = {"critical": Severity.CRITICAL, "error": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.INFO}
"""Tags are the user's own, so only those that can mean nothing else."""


def knows(value: object, _: Received) -> bool:
    """By a snitch with its token."""
    snitch = said_at(value, (SNITCH,))
    return isinstance(snitch, dict) and "token" in snitch


def read(value: object, _: Received) -> list[Reading]:
    """One event; its identity is a hash of the snitch's token, since who has the token can check in."""
    snitch = said_at(value, (SNITCH,))
    if not isinstance(value, dict) or not isinstance(snitch, dict):
        raise Unreadable("it has no data with a snitch")
    tags = snitch.get("tags")
    severities = [TAGS[tag] for tag in tags if isinstance(tag, str) and tag in TAGS] if isinstance(tags, list) else []
    told = ("notes", "status", "previous_status")
    return [
        replace(
            read_fields(value, FIELDS),
            dedup_key=key_of({"dead_mans_snitch": text_of(snitch.get("token")).strip()}),
            severity=next(iter(severities), Severity.UNKNOWN),
            details={name: snitch[name] for name in told if snitch.get(name)},
        )
    ]


GUIDE = """
In Dead Man's Snitch: **Integrations → Webhook → Add Integration**, URL `{url}`. All snitches of the case use it.

`snitch.missing` and `snitch.errored` trigger, `snitch.paused` is recorded and pages nobody.
A snitch is known by its token, of which the alert shows a hash. It has no severity of its own; one that is tagged `critical`, `error`,
`warning` or `info` has that one.
"""

EXAMPLE = """{
  "type": "snitch.missing", "timestamp": "2026-03-01T03:12:00.000Z",
  "data": {"snitch": {"token": "0a1b2c3d4e", "name": "Nightly backup", "notes": "See the runbook", "tags": ["db", "critical"],
    "status": "missing", "previous_status": "healthy"}}
}"""

DIALECT = Dialect(
    type=IntegrationType.DEAD_MANS_SNITCH,
    name="Dead Man's Snitch",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends `snitch.reporting` with the next check-in.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""Checkly's webhook, https://www.checklyhq.com/docs/integrations/alerts/webhooks/: a check changed its state, in the default template."""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import generic
from oncall.intake.rules import Fields, read_fields, said_at, text_of, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("check_name", "event", "alert_title"),
    key=("check_id",),  # a UUID
    state=("alert_type",),
    states={"alert_recovery": Action.RESOLVE, "alert_degraded_recovery": Action.RESOLVE},
    ignored={"no_alert": "nothing changed"},
    severity=("alert_type",),
    # A code names the state before and the one after it: the last word counts
    severities={
        **dict.fromkeys(("alert_failure", "alert_failure_remain", "alert_degraded_failure"), Severity.CRITICAL),
        **dict.fromkeys(("alert_degraded", "alert_degraded_remain", "alert_failure_degraded", "alert_ssl"), Severity.WARNING),
    },
    source=("run_location", "region"),
    group=("group_name",),
    class_=("check_type",),
    labels=("tags",),
    links={"link": "result", "result_link": "result"},
    occurred_at=("started_at",),
    untitled="Checkly check without a name",
)
WHY = ("check_error_message",)


def knows(value: object, _: Received) -> bool:
    """By the names of the default template, and one of Checkly's types."""
    if not isinstance(value, dict) or not {"alert_type", "check_id", "check_name", "check_type"} <= value.keys():
        return False
    return word_at(value, FIELDS.state).startswith(("alert_", "no_alert"))


def read(value: object, received: Received) -> list[Reading]:
    """One event; that a certificate expires is a problem beside the check. Any other template is read as anything else is."""
    if not isinstance(value, dict) or "alert_type" not in value:
        return generic.read(value, received)
    reading, why = read_fields(value, FIELDS), text_of(said_at(value, WHY))
    expires = word_at(value, FIELDS.state) == "alert_ssl"
    domain = text_of(said_at(value, ("ssl_check_domain",)))
    why = f"certificate of {domain} expires" if expires and domain else "certificate expires" if expires else why
    return [
        replace(
            reading,
            summary=title_of(f"{reading.summary}: {why}" if why else reading.summary),
            dedup_key=f"checkly_check={reading.dedup_key} about=certificate" if expires and reading.dedup_key else reading.dedup_key,
        )
    ]


GUIDE = """
In Checkly: **Alert settings → Add more channels → Webhook**, method **POST**, URL `{url}`. Leave the default body, or use:

```json
{"event": "{{ALERT_TITLE}}", "alert_type": "{{ALERT_TYPE}}", "check_name": "{{CHECK_NAME}}", "check_id": "{{CHECK_ID}}",
 "check_type": "{{CHECK_TYPE}}", "group_name": "{{GROUP_NAME}}", "check_error_message": "{{CHECK_ERROR_MESSAGE}}",
 "run_location": "{{RUN_LOCATION}}", "started_at": "{{STARTED_AT}}", "link": "{{RESULT_LINK}}", "tags": "{{TAGS}}",
 "ssl_days_remaining": "{{SSL_DAYS_REMAINING}}", "ssl_check_domain": "{{SSL_CHECK_DOMAIN}}"}
```

Subscribe the checks, and let the channel send failures, recoveries and, if you like, degradations and expiring certificates. A check is
known by `check_id`. A failure is critical; a degradation, and a certificate that expires (an alert of its own), is a warning.
"""

EXAMPLE = """{
  "event": "Shop has failed", "alert_type": "ALERT_FAILURE", "check_name": "Shop", "group_name": "",
  "check_id": "6f1f2f6e-0000-4000-8000-000000000042", "check_type": "API", "check_error_message": "", "run_location": "Ireland",
  "started_at": "2026-03-01T03:12:00.000Z", "tags": "", "link": "https://app.checklyhq.com/checks/6f1f2f6e-0000-4000-8000-000000000042"
}"""

DIALECT = Dialect(
    type=IntegrationType.CHECKLY,
    name="Checkly",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends `ALERT_RECOVERY` or `ALERT_DEGRADED_RECOVERY`; never says that a certificate was renewed.",
    guide=GUIDE,
    example=EXAMPLE,
)

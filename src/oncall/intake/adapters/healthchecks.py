"""Healthchecks' webhook, https://healthchecks.io/docs/configuring_notifications/: one check went down or came up.

The user writes the body. Read are the template of the guide, `$JSON`, which is the whole check, and what PagerDuty's first API looks like.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.adapters import generic, pagerduty
from oncall.intake.rules import Fields, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("name", "slug"),
    key=("code", "uuid"),
    identity={"healthchecks_check": ("unique_key",)},
    state=("status",),
    states={"up": Action.RESOLVE},
    ignored={
        "new": "the check has not had a ping yet",
        "paused": "the check is paused",
        "grace": "the check is late, but within its grace time",
    },
    group=("project",),
    labels=("tags",),
    links={"url": "Healthchecks"},
    occurred_at=("now",),
    untitled="Healthchecks check without a name",
    secret=frozenset({"ping_url", "update_url", "pause_url", "resume_url", "badge_url"}),
)

CODE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def knows(value: object, _: Received) -> bool:
    """By the names of the template, which are those of its placeholders, or by those of a check; and by what only a check has."""
    return (
        isinstance(value, dict)
        and ({"code", "status", "now"} <= value.keys() or {"status", "n_pings", "next_ping"} <= value.keys())
        and _is_check(value)
    )


def read(value: object, received: Received) -> list[Reading]:
    """One event; the check's UUID is its identity. Any other template is read as anything else is."""
    if pagerduty.knows(value, received):
        return pagerduty.read(value, received)
    if not isinstance(value, dict) or "status" not in value or not _is_check(value):
        return generic.read(value, received)
    reading = read_fields(value, FIELDS)
    return [replace(reading, dedup_key=reading.dedup_key or _code(value))]


def _is_check(value: Mapping[str, object]) -> bool:
    """Anybody may have a `code`; that of a check is a UUID."""
    code = value.get("code") or value.get("uuid")
    return "unique_key" in value or "ping_url" in value or (isinstance(code, str) and bool(CODE.fullmatch(code)))


def _code(check: Mapping[str, object]) -> str | None:
    """Checks of older versions say their UUID only in their addresses."""
    found = CODE.search(text_of(said_at(check, ("ping_url", "update_url"))))
    return found[0] if found else None


GUIDE = """
In Healthchecks: **Integrations → Webhook → Add Integration**. Use the same for *Execute when a check goes down* and *Execute when a check
goes up*: method **POST**, URL `{url}`, header `Content-Type: application/json`, and as request body:

```json
{"code": "$CODE", "name": $NAME_JSON, "status": "$STATUS", "tags": "$TAGS", "now": "$NOW", "exitstatus": "$EXITSTATUS",
 "url": "https://healthchecks.io/checks/$CODE/details/"}
```

(`$NAME_JSON` brings its own quotes.) `$JSON` alone, which is the whole check, is read as well. A check is known by its UUID. Healthchecks
knows no severity. Its PagerDuty integration works too, if your own Healthchecks lets you set the address.
"""

EXAMPLE = """{
  "code": "6f1f2f6e-0000-4000-8000-000000000042", "name": "Nightly backup", "status": "down", "tags": "db prod",
  "now": "2026-03-01T03:12:00+00:00", "exitstatus": "-1",
  "url": "https://healthchecks.io/checks/6f1f2f6e-0000-4000-8000-000000000042/details/"
}"""

DIALECT = Dialect(
    type=IntegrationType.HEALTHCHECKS,
    name="Healthchecks",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends `$STATUS` *up* with the next ping.",
    guide=GUIDE,
    example=EXAMPLE,
)

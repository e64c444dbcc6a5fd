"""Monit: a program that it starts, with what it says in the environment, https://mmonit.com/monit/documentation/monit.html#ENVIRONMENT."""

import re
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.adapters.nagios import titled
from oncall.intake.rules import Fields, named_key, one_line, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("MONIT_SERVICE",),
    state=("MONIT_EVENT",),
    ignored={"action done": "Monit did what it was told to do", "monit instance changed": "Monit started, stopped or read its settings"},
    source=("MONIT_HOST",),
    component=("MONIT_SERVICE",),
)

# The outcome of a test is the end of the event's name: `Connection failed`, `Connection succeeded`.
OVER = re.compile(r"(?i)\s+(?:succeeded|not changed|doesn't match|recovery|ok|up)$")
BROKEN = re.compile(r"(?i)\s+(?:failed|changed|match(?:ed)?|exceeded|error|down)$")
OF_EXISTENCE = {
    "does not exist": Action.TRIGGER,
    "exists": Action.RESOLVE,
    "does exist": Action.TRIGGER,
    "exists not": Action.RESOLVE,
}
"""`Exists not` is how a test that something is not there succeeds."""
TYPE = "invalid type"
"""Of all tests the only one whose failure has another name than its success, `Type succeeded`."""


def knows(value: object, _: Received) -> bool:
    """By an event and a service, as Monit calls them in the environment."""
    return isinstance(value, dict) and {"MONIT_EVENT", "MONIT_SERVICE"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event: a test of a service failed, or succeeds again."""
    if not isinstance(value, dict) or said_at(value, ("MONIT_EVENT", "MONIT_SERVICE")) is None:
        raise Unreadable("it names neither an event nor a service")
    reading = read_fields(value, FIELDS)
    action, test = _outcome(one_line(said_at(value, ("MONIT_EVENT",))))
    about = one_line(said_at(value, ("MONIT_RULE",))) or test
    service = titled(reading.component, reading.source) or "service without a name"
    return [
        replace(
            reading,
            action=reading.action if reading.reason else action,
            summary=(f"{service}: {about}" if about else service)[:1024],
            dedup_key=named_key({"monit_host": reading.source, "service": reading.component, "test": about}),
        )
    ]


def _outcome(event: str) -> tuple[Action, str]:
    """What an event says of a test, and the test's name."""
    existence = OF_EXISTENCE.get(event.lower())
    if existence:
        return existence, "existence"
    if event.lower() == TYPE:
        return Action.TRIGGER, "type"
    over = OVER.sub("", event)
    return (Action.RESOLVE, over.lower()) if over != event else (Action.TRIGGER, BROKEN.sub("", event).lower())


GUIDE = """
Save this as `/usr/local/bin/oncall-monit` and make it executable:

```sh
#!/bin/sh
exec curl -sS --fail --max-time 20 --retry 3 "{url}" --data-urlencode "MONIT_HOST=$MONIT_HOST" \\
  --data-urlencode "MONIT_SERVICE=$MONIT_SERVICE" \\
  --data-urlencode "MONIT_EVENT=$MONIT_EVENT" --data-urlencode "MONIT_DESCRIPTION=$MONIT_DESCRIPTION" \\
  --data-urlencode "MONIT_DATE=$MONIT_DATE" --data-urlencode "MONIT_RULE=$1"
```

In `monitrc`, for each test (the second line is what resolves):

```
check process nginx with pidfile /run/nginx.pid
  if does not exist then exec "/usr/local/bin/oncall-monit"
    else if succeeded then exec "/usr/local/bin/oncall-monit"
  if cpu > 90% for 5 cycles then exec "/usr/local/bin/oncall-monit cpu"
    else if succeeded then exec "/usr/local/bin/oncall-monit cpu"
```

The alert is known by host, service and kind of test. Where a service has several tests of one kind (`cpu` and `memory` are both
*resource limits*), name each by an argument, as above. The end of the event's name says whether the test fails.
"""

EXAMPLE = """{
  "MONIT_HOST": "web-1", "MONIT_SERVICE": "nginx", "MONIT_EVENT": "Does not exist", "MONIT_DESCRIPTION": "process is not running",
  "MONIT_DATE": "Sun, 01 Mar 2026 03:12:00", "MONIT_RULE": ""
}"""

DIALECT = Dialect(
    type=IntegrationType.MONIT,
    name="Monit",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Runs the program of `else if succeeded` with an event such as *Connection succeeded*.",
    guide=GUIDE,
    example=EXAMPLE,
)

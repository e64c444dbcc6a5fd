"""Falco's HTTP output and the webhook of Falcosidekick: https://falco.org/docs/concepts/outputs/channels/."""

import re
from dataclasses import replace

from oncall.intake.rules import Fields, labels_of, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("rule",),
    # The fields of an event hold times, counts and process ids, so only what says who did it, and where, is identity.
    identity={
        "falco_rule": ("rule",),
        "hostname": ("hostname",),
        "namespace": ("output_fields.k8s.ns.name", "output_fields.ka.target.namespace"),
        "pod": ("output_fields.k8s.pod.name", "output_fields.ka.target.name"),
        "container": ("output_fields.container.id",),
        "process": ("output_fields.proc.name",),
        "user": ("output_fields.user.name", "output_fields.ka.user.name"),
    },
    severity=("priority",),
    source=("hostname",),
    component=("output_fields.container.name", "output_fields.proc.name"),
    group=("source",),
    class_=("rule",),
    occurred_at=("time",),
    untitled="Falco event without a rule",
    delivery_id=("uuid",),
)
TYPED = re.compile(r"proc\.[ap]?(?:cmd|args|env|exeline)|evt\.(?:raw)?args?|evt\.buffer")
"""Command lines, arguments and environments: other each time, and with passwords in them. They stay among the details."""

STATED = {"status", "state", "dedup_key"}


def read(value: object, _: Received) -> list[Reading]:
    """One event; Falcosidekick gives it an id of its own, which stays when it is sent again."""
    if not isinstance(value, dict) or "priority" not in value or value.keys().isdisjoint({"rule", "output"}):
        raise Unreadable("it has no rule with a priority")
    reading, said = read_fields(value, FIELDS), value.get("output_fields")
    labels = labels_of({name: of for name, of in said.items() if not TYPED.match(name)} if isinstance(said, dict) else None)
    return [replace(reading, labels=labels, dedup_key=reading.dedup_key if said_at(value, ("rule",)) else None)]


def knows(value: object, _: Received) -> bool:
    """By a rule with its priority, what it printed and the fields of the event; Falco knows no state."""
    return isinstance(value, dict) and value.keys() >= {"rule", "priority", "output", "output_fields"} and STATED.isdisjoint(value)


GUIDE = """
In `falco.yaml`:

```yaml
json_output: true
json_include_output_fields_property: true
http_output:
  enabled: true
  url: {url}
```

or with Falcosidekick, `webhook: {address: "{url}", minimumpriority: warning}`.

Priorities *Emergency*, *Alert* and *Critical* are critical, *Error* error, *Warning* warning, the rest info. A rule is one alert for each
host, pod, container, process and user that breaks it; what was done (`output`) is among the details.
"""

EXAMPLE = """{
  "uuid": "5c3a7f0e-0000-4000-8000-000000000001", "output": "03:12:00.000000000: Notice A shell was spawned in a container (user=root)",
  "priority": "Notice", "rule": "Terminal shell in container", "time": "2026-03-01T03:12:00.000000000Z", "source": "syscall",
  "hostname": "node-1", "tags": ["container", "shell"],
  "output_fields": {"container.id": "3f2a", "container.name": "shop", "proc.name": "bash", "user.name": "root", "proc.pid": 4711}
}"""

DIALECT = Dialect(
    type=IntegrationType.FALCO,
    name="Falco",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)

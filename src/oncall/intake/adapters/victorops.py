"""The REST endpoint of VictorOps, now Splunk On-Call: https://help.victorops.com/knowledge-base/rest-endpoint-integration-guide/."""

import re
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import ACTIONS, Fields, read_fields, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("entity_display_name", "state_message", "entity_id"),
    key=("entity_id",),
    state=("message_type",),
    # Senders write what their user typed, so any word for "over" counts, and "OK" is Zabbix's.
    states={word: action for word, action in ACTIONS.items() if action is not Action.TRIGGER} | {"acknowledgement": Action.ACKNOWLEDGE},
    severity=("message_type",),
    severities={"critical": Severity.CRITICAL, "warning": Severity.WARNING, "info": Severity.INFO},
    source=("host_name", "monitoring_tool"),
    component=("service_description", "service"),
    links={"alert_url": "alert", "client_url": "client"},
    occurred_at=("state_start_time", "timestamp"),
)
ROUTED = re.compile(r"/(?:integrations/generic/[^/]+/alert|intake)/[^/]+/([^/]+)/?$")
"""The last part of an address, behind the key."""


def knows(value: object, _: Received) -> bool:
    """By its type of message and an entity; nobody else calls them so."""
    return isinstance(value, dict) and "message_type" in value and not value.keys().isdisjoint({"entity_id", "state_message"})


def read(value: object, received: Received) -> list[Reading]:
    """One event. VictorOps shows INFO and pages nobody; senders use it for problems, so here it is an alert of low urgency."""
    if not isinstance(value, dict) or not word_at(value, ("message_type",)):
        raise Unreadable("it has no message_type")
    reading = read_fields(value, FIELDS)
    routed = ROUTED.search(received.path)
    return [replace(reading, labels=reading.labels | {"routing_key": routed[1]}) if routed else reading]


GUIDE = """
Change the address, nothing else: instead of `https://alert.victorops.com/integrations/generic/20131114/alert/KEY/ROUTING_KEY`

```
{host}/integrations/generic/20131114/alert/{key}/ROUTING_KEY
```

(`{url}/ROUTING_KEY` is the same.) `CRITICAL`, `WARNING` and `INFO` trigger with that severity, `ACKNOWLEDGEMENT` acknowledges, `RECOVERY`
resolves; `entity_id` says which alert. The routing key becomes the label `routing_key`. In Alertmanager: `victorops_configs` with
`api_url: {host}/integrations/generic/20131114/alert/` and `api_key: {key}`.
"""

EXAMPLE = """{
  "message_type": "CRITICAL", "entity_id": "db-1/disk", "entity_display_name": "Disk of db-1", "state_message": "/var is 97 % full",
  "monitoring_tool": "cron", "state_start_time": 1772334720
}"""

DIALECT = Dialect(
    type=IntegrationType.VICTOROPS,
    name="VictorOps (Splunk On-Call) REST endpoint",
    group="Paging tools",
    read=read,
    knows=knows,
    resolves="Send `RECOVERY` with the same `entity_id`.",
    guide=GUIDE,
    example=EXAMPLE,
)

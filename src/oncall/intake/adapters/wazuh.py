"""An alert of Wazuh as its integrator hands it on: https://documentation.wazuh.com/current/user-manual/manager/integration-with-external-apis.html.

Bare, in the envelope of the `shuffle` integration, or as the text that Keep's script makes of it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Severity
from oncall.intake.rules import Fields, named_key, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

LEVELS = {
    **{f"{level}": Severity.INFO for level in range(7)},
    **{f"{level}": Severity.WARNING for level in range(7, 12)},
    **{f"{level}": Severity.ERROR for level in range(12, 15)},
    **{f"{level}": Severity.CRITICAL for level in range(15, 17)},
}
"""Of a rule, as Wazuh's dashboard groups them: low, medium, high, critical."""

ALERT = Fields(
    title=("rule.description",),
    identity={"wazuh_rule_id": ("rule.id",), "agent_id": ("agent.id",), "manager": ("manager.name",)},
    severity=("rule.level",),
    severities=LEVELS,
    source=("agent.name", "predecoder.hostname", "location"),
    component=("decoder.name",),
    group=("manager.name",),
    class_=("rule.id",),
    labels=("agent.labels",),
    occurred_at=("timestamp", "@timestamp"),
    untitled="Wazuh alert without a rule",
)
TOLD = Fields(title=("message",), severity=("severity",), occurred_at=("created_at",), untitled="Wazuh alert without a rule")
LINE = re.compile(r"(?m)^(Rule ID|Level|Agent ID|Agent Name) (.+)$")


def read(value: object, _: Received) -> list[Reading]:
    """One event about one rule on one agent; whatever else the rule matches there is the same problem."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    match value:
        case {"all_fields": dict(alert)}:
            return [_read_alert(alert)]
        case {"rule": dict()}:
            return [_read_alert(value)]
        case {"message": _, "severity": _, "description": str()}:
            return [_read_told(value)]
        case _:
            raise Unreadable("it has no rule")


def _read_alert(alert: Mapping[str, object]) -> Reading:
    """Its id counts within one manager, and stays when the integrator tries again."""
    reading = read_fields(alert, ALERT)
    groups, technique = said_at(alert, ("rule.groups",)), said_at(alert, ("rule.mitre.id",))
    labels = {"groups": _joined(groups), "mitre": _joined(technique)}
    delivery = named_key({"manager": said_at(alert, ("manager.name",)), "id": alert.get("id")}) if alert.get("id") else None
    return replace(
        reading,
        dedup_key=reading.dedup_key if said_at(alert, ("rule.id",)) else None,
        labels=reading.labels | {name: text for name, text in labels.items() if text},
        delivery_id=delivery or "",
    )


def _joined(value: object) -> str:
    return ", ".join(text_of(element) for element in value) if isinstance(value, list) else text_of(value)


def _read_told(value: Mapping[str, object]) -> Reading:
    """The rule and the agent stand in lines of the description."""
    said = dict(LINE.findall(text_of(value.get("description"))))
    rule_id = said.get("Rule ID")
    identity = {"wazuh_rule_id": rule_id, "agent_id": said.get("Agent ID")}
    return replace(
        read_fields(value, TOLD),
        dedup_key=named_key(identity) if rule_id else None,
        source=said.get("Agent Name", ""),
        class_=said.get("Rule ID", ""),
    )


def knows(value: object, _: Received) -> bool:
    """By a rule with a level that an agent reported to a manager, wrapped or not, or by the lines that name them."""
    match value:
        case {"dedup_key": _}:
            return False
        case {"all_fields": {"rule": {"level": _}, "agent": _}} | {"rule": {"level": _, "description": _}, "agent": dict(), "manager": _}:
            return True
        case {"message": _, "severity": _, "created_at": _, "description": str(description)}:
            return description.startswith("Rule ID ") and "\nAgent ID " in description
        case _:
            return False


GUIDE = """
Wazuh's own `shuffle` integration posts its alerts to any address. In the manager's `ossec.conf`:

```xml
<integration>
  <name>shuffle</name>
  <hook_url>{url}</hook_url>
  <level>10</level>
  <alert_format>json</alert_format>
</integration>
```

A script of your own (`custom-…`) may post the alert as it is. A rule on an agent is one alert here, however often it is broken. Levels up
to 6 are info, 7 to 11 warning, 12 to 14 error, 15 and 16 critical.
"""

EXAMPLE = """{
  "severity": 3, "pretext": "WAZUH Alert", "title": "sshd: brute force trying to get access to the system", "text": "Failed password",
  "rule_id": "5712", "timestamp": "2026-03-01T03:12:00.000+0000", "id": "1772334720.4711",
  "all_fields": {
    "timestamp": "2026-03-01T03:12:00.000+0000", "id": "1772334720.4711", "location": "/var/log/auth.log",
    "rule": {"level": 10, "id": "5712", "description": "sshd: brute force trying to get access to the system", "groups": ["sshd"]},
    "agent": {"id": "001", "name": "web-1", "ip": "192.0.2.7"}, "manager": {"name": "wazuh-1"}, "full_log": "Failed password"
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.WAZUH,
    name="Wazuh",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""Pulsetic's webhook, https://help.pulsetic.com: a monitor went offline or came back, or its certificate is about to expire."""

import re
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, one_line, read_fields, word_at
from oncall.intake.values import Dialect, LocalKey, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("monitor.name", "monitor.url"),
    identity={"pulsetic_monitor": ("monitor.id",)},
    state=("alert_type",),
    states={"monitor_online": Action.RESOLVE},
    source=("monitor.url",),
    class_=("alert_type",),
    links={"monitor.url": "what is checked"},
    untitled="Pulsetic monitor without an address",
)


TYPE = re.compile(r"(?:monitor|certificate|domain)_")


def knows(value: object, _: Received) -> bool:
    """By the type of an alert about a monitor with an address."""
    match value:
        case {"alert_type": str(type), "monitor": {"id": _, "url": _}}:
            return bool(TYPE.match(type))
        case _:
            return False


def read(value: object, _: Received) -> list[Reading]:
    """One event; what is not about the monitor itself (its certificate, its domain) is a problem beside it, and a warning."""
    if not isinstance(value, dict) or not isinstance(value.get("monitor"), dict) or "alert_type" not in value:
        raise Unreadable("it has no alert_type about a monitor")
    reading, about = read_fields(value, FIELDS), word_at(value, ("alert_type",)).partition("_")[0]
    if about not in ("certificate", "domain"):
        return [reading]
    return [
        replace(
            reading,
            summary=one_line(f"{reading.summary}: {about} expires"),
            dedup_key=reading.dedup_key.about(about) if isinstance(reading.dedup_key, LocalKey) else None,
            severity=Severity.WARNING,
        )
    ]


GUIDE = """
In Pulsetic: **Integrations → Webhooks → Add webhook**, URL `{url}`; then enable it under *Alerts* of each monitor.

`monitor_offline` triggers, and so does any type of alert that is not `monitor_online`.
A monitor is known by its number. That its certificate expires soon is an alert of its own, a warning, which nothing ends; otherwise
Pulsetic knows no severity.
"""

EXAMPLE = """{"alert_type": "monitor_offline", "monitor": {"id": 4200, "url": "https://shop.example.com/"}}"""

DIALECT = Dialect(
    type=IntegrationType.PULSETIC,
    name="Pulsetic",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends `monitor_online`; never says that a certificate was renewed.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""The API of Alerta, https://docs.alerta.io/api/reference.html: alerts and heartbeats."""

import re
from collections.abc import Mapping

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import (
    ACTIONS,
    action_of,
    instant_of,
    labels_of,
    links_of,
    named_key,
    one_line,
    said_at,
    text_of,
    title_of,
    word_at,
)
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

SEVERITIES = {
    **dict.fromkeys(("security", "critical"), Severity.CRITICAL),
    "major": Severity.ERROR,
    **dict.fromkeys(("minor", "warning"), Severity.WARNING),
    **dict.fromkeys(("informational", "debug", "trace"), Severity.INFO),
}
OVER = {"normal", "ok", "cleared"}
HREF = re.compile(r"""href=["']?([^"'\s>]+)""")
BY_DEFAULT = {"elastalert"}
"""What ElastAlert calls every resource and every event unless it is told better: that names no problem."""


def knows(value: object, _: Received) -> bool:
    """By a resource and an event, and how bad it is."""
    return isinstance(value, dict) and {"resource", "event", "severity", "environment"} <= value.keys()


def read(value: object, received: Received) -> list[Reading]:
    """One event: a heartbeat checks in; a severity of `normal`, `ok` or `cleared` resolves."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    names = value.keys()
    if received.path.rstrip("/").endswith("/heartbeat") or ("origin" in names and names.isdisjoint({"resource", "event", "severity"})):
        origin = one_line(value.get("origin")) or "unknown"
        return [Reading(Action.CHECK_IN, f"heartbeat of {origin}", f"heartbeat={origin}", details=dict(value))]
    if missing := [name for name in ("resource", "event") if not said_at(value, (name,))]:
        raise Unreadable(f'Missing mandatory value for "{missing[0]}"')
    resource, event, severity = one_line(value.get("resource")), one_line(value.get("event")), word_at(value, ("severity",))
    attributes = value.get("attributes")
    labels = labels_of(attributes) | labels_of(value.get("tags"))
    labels.pop("moreInfo", None)  # a link, in HTML
    about = {"environment": text_of(value.get("environment")), "resource": resource}
    if customer := one_line(value.get("customer")):
        about["customer"] = customer
    status = word_at(value, ("status",))  # which the original takes as well
    action = Action.RESOLVE if severity in OVER else action_of(status) if status in ACTIONS else Action.TRIGGER
    return [
        Reading(
            action,
            _title(value, resource, event),
            dedup_key=_key(value, about, event),
            severity=SEVERITIES.get(severity, Severity.UNKNOWN),
            source=resource,
            component=one_line(said_at(value, ("service.0", "service"))),
            group=one_line(value.get("group")),
            class_=event,
            labels=labels,
            links=links_of([(_href(said_at(attributes, ("moreInfo",))), "more"), (said_at(attributes, ("externalUrl",)), "more")]),
            occurred_at=instant_of(value.get("createTime")),
            # What others are found by comes first: of a long body only the beginning is kept whole.
            details={
                **about,
                **({"correlate": others} if (others := sorted({*_names(value.get("correlate"))} - {event})) else {}),
                **{name: said for name in ("value", "text", "rawData", "origin", "type") if (said := value.get(name))},
            },
            among={**about, "correlate": [event]},
        )
    ]


def _key(value: Mapping[str, object], about: Mapping[str, str], event: str) -> str | None:
    """Environment, resource and event; fail2ban's event counts attempts, so there the address that is banned says which."""
    if banned := said_at(value, ("attributes.bannedIp", "attributes.bannedip")):
        return named_key({**about, "banned": banned})
    return None if {about["resource"], event} <= BY_DEFAULT else named_key({**about, "event": event})


def _title(value: Mapping[str, object], resource: str, event: str) -> str:
    text = title_of(value.get("text"))
    if text in BY_DEFAULT:  # the rule's name is the first line of the rest
        text = title_of(text_of(value.get("rawData")).partition("\n")[0])
    return text or f"{event} on {resource}"


def _names(value: object) -> list[str]:
    return [one_line(name) for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _href(value: object) -> object:
    found = HREF.search(value) if isinstance(value, str) else None
    return found[1] if found else value


GUIDE = """
Change the address of Alerta's API to ours; the API key is the integration key.

```sh
export ALERTA_ENDPOINT={host}/api ALERTA_API_KEY={key}
alerta send -r web01 -e NodeDown -E Production -S Web -s critical -t "node is down" -C NodeDown -C NodeUp
```

`Authorization: Key …`, `X-API-Key` and `?api-key=` are understood, with and without `/api`. An alert is known by its environment, resource
and event (and customer); an event that the open alert names in `correlate` is about the same one. `normal`, `ok` and `cleared` resolve.
A heartbeat checks in the [heartbeat](../how-to/heartbeats.md) of the service whose name is its origin; where there is none it is recorded.
What sends works; what reads (`alerta query`, `history`, `ack`, …) does not: look at `/api/v1/incidents`.
"""

EXAMPLE = """{
  "resource": "web01", "event": "NodeDown", "environment": "Production", "severity": "critical", "correlate": ["NodeUp", "NodeDown"],
  "service": ["Web"], "group": "Network", "value": "0", "text": "node is down", "tags": ["rack=1"], "attributes": {"region": "EU"},
  "origin": "cron/web01", "createTime": "2026-03-01T03:12:00.000Z"
}"""

DIALECT = Dialect(
    type=IntegrationType.ALERTA,
    name="Alerta API",
    group="Paging tools",
    read=read,
    knows=knows,
    resolves="Send severity `normal`, `ok` or `cleared`.",
    guide=GUIDE,
    example=EXAMPLE,
)

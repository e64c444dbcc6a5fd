"""Events of Riemann, https://riemann.io/concepts.html, one or a list of them, as a stream posts them as JSON."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import ACTIONS, Fields, named_key, one_line, read_each, read_fields, said_at, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("service",),
    state=("state",),
    states=ACTIONS,  # any word is a state, whatever a stream calls it
    severity=("state",),
    severities={"exception": Severity.ERROR},  # `expired` says only that nobody has spoken for a while
    source=("host",),
    component=("service",),
    labels=("tags",),
    occurred_at=("time",),
    untitled="Riemann event without a service",
)
EVENT = frozenset({"host", "service", "state"})
MEASURED = frozenset({"metric", "metric_f", "metric_d", "metric_sint64", "ttl"})
NAMES = EVENT | MEASURED | {"description", "tags", "time", "time_micros"}
MAX_TTL = 366 * 24 * 3600


def read(value: object, _: Received) -> list[Reading]:
    """One event per element; host and service are its identity, as they are in Riemann's index."""
    events = value if isinstance(value, list) else [value]
    if not any(isinstance(event, dict) and event.keys() >= {"service", "state"} for event in events):
        raise Unreadable("it has no service with a state")
    return read_each(events, _read_one)


def _read_one(event: Mapping[str, object]) -> Reading:
    """An event holds for its ttl: if nothing follows, it is stale."""
    reading = read_fields(event, FIELDS)
    host, service = said_at(event, ("host",)), said_at(event, ("service",))
    named = f"{one_line(service)} on {one_line(host)}" if host and service else reading.summary
    description = one_line(said_at(event, ("description",)))
    expires_at = _expires_at(reading.occurred_at, event.get("ttl")) if reading.action is Action.TRIGGER else None
    key = named_key({"riemann_host": host, "service": service} if host else {"riemann_service": service})
    summary = title_of(f"{named}: {description}" if description else named)
    return replace(reading, summary=summary, dedup_key=key, expires_at=expires_at)


def _expires_at(at: datetime | None, ttl: object) -> datetime | None:
    return at + timedelta(seconds=ttl) if at and isinstance(ttl, int | float) and 0 < ttl <= MAX_TTL else None


def knows(value: object, _: Received) -> bool:
    """By host, service, state and a metric or ttl, and no name that is not of Riemann's own."""
    event = value[0] if isinstance(value, list) and value else value
    return isinstance(event, dict) and EVENT <= event.keys() <= NAMES and not MEASURED.isdisjoint(event)


GUIDE = """
In `riemann.config`:

```clojure
(require '[clj-http.client :as http] '[cheshire.core :as json])
(defn oncall [event]
  (http/post "{url}" {:body (json/generate-string event) :content-type :json :socket-timeout 5000}))

(streams
  (changed-state {:init "ok"} oncall))
```

Host and service say which alert it is. `ok` resolves; `warning`, `critical`, `expired` and any other state trigger. Riemann itself
says `expired` when a `ttl` is over: let it through as well.
"""

EXAMPLE = """{
  "host": "web-1", "service": "disk /var", "state": "critical", "description": "97 % used", "metric": 0.97, "tags": ["disk"],
  "time": 1772334720, "ttl": 300
}"""

DIALECT = Dialect(
    type=IntegrationType.RIEMANN,
    name="Riemann",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends the state `ok`.",
    guide=GUIDE,
    example=EXAMPLE,
)

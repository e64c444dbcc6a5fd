"""Kapacitor's HTTP POST handler, and the HTTP notification endpoint of InfluxDB 2.

https://docs.influxdata.com/kapacitor/v1/reference/event_handlers/post/, https://docs.influxdata.com/influxdb/v2/monitor-alert/
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from oncall.incidents.values import Severity
from oncall.intake.rules import ACTIONS, Fields, labels_of, named_key, read_fields, said_at, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

LEVELS = {
    "critical": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "info": Severity.INFO,
}
TAGS = "data.series.0.tags"

KAPACITOR = Fields(
    title=("message", "id"),
    identity={"kapacitor_alert_id": ("id",)},
    state=("level",),
    states=ACTIONS,
    severity=("level",),
    severities=LEVELS,
    source=(f"{TAGS}.host", f"{TAGS}.hostname", f"{TAGS}.instance"),
    class_=("data.series.0.name",),
    labels=(TAGS,),
    occurred_at=("time",),
    untitled="Kapacitor alert without a message",
)
INFLUXDB = Fields(
    title=("_message", "_check_name"),
    state=("_level",),
    states=ACTIONS,
    severity=("_level",),
    severities=LEVELS,
    source=("host", "hostname", "instance"),
    component=("_check_name",),
    class_=("_source_measurement", "_measurement"),
    occurred_at=("_status_timestamp", "_time"),
    untitled="InfluxDB check without a name",
)
MAX_TAGS = 100


def read(value: object, _: Received) -> list[Reading]:
    """One event: a Kapacitor alert by its id, or an InfluxDB check by its id and its series."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    match value:
        case {"_check_id": _} | {"_level": _}:
            return [_read_influxdb(value)]
        case {"level": _, "id": _} | {"level": _, "message": _}:
            return [_read_kapacitor(value)]
        case _:
            raise Unreadable("it has no level of an alert")


def _read_kapacitor(value: Mapping[str, object]) -> Reading:
    """The message is `ID is LEVEL` unless the script has its own; the level is no part of the title."""
    reading = read_fields(value, KAPACITOR)
    return replace(reading, summary=_without(f" is {text_of(value.get('level'))}", reading.summary))


def _read_influxdb(value: Mapping[str, object]) -> Reading:
    """A check speaks of one series at a time: its tags stand among the members that begin with no underscore, and are text."""
    tags = {name: said for name, said in islice(value.items(), MAX_TAGS) if isinstance(said, str) and not name.startswith("_")}
    reading = read_fields(value, INFLUXDB)
    check_id = said_at(value, ("_check_id",))
    return replace(
        reading,
        summary=_without(f" is: {text_of(value.get('_level'))}", reading.summary).removeprefix("Check: "),
        dedup_key=named_key({"influxdb_check_id": check_id, **dict(sorted(tags.items()))}) if check_id is not None else None,
        labels=labels_of(tags),
    )


def _without(level: str, summary: str) -> str:
    return title_of(summary.removesuffix(level)) or summary


def knows(value: object, _: Received) -> bool:
    """By the level and what Kapacitor alone has beside it, or by InfluxDB's underscored check."""
    if not isinstance(value, dict):
        return False
    if value.keys() >= {"_check_id", "_level"}:
        return True
    series = isinstance(said := value.get("data"), dict) and "series" in said and "duration" in value
    return value.keys() >= {"id", "message", "level"} and ("previousLevel" in value or series)


GUIDE = """
In a TICKscript:

```js
|alert()
    .id('{{ .Name }}/{{ .Group }}')
    .message('{{ .ID }}: {{ index .Fields "value" }}')
    .crit(lambda: "value" > 90)
    .stateChangesOnly()
    .post('{url}')
```

or for a topic, `kind: post` with `options: {url: '{url}'}`. `id` says which alert it is, `level` how bad it is; `OK` resolves, so leave
`.noRecoveries()` out. Without `.message()` the title is the id.

In InfluxDB 2: **Alerts → Notification Endpoints → Create**, destination *HTTP*, method *POST*, URL `{url}`, then a notification rule. One
check and one series (its tags) make one alert; let the rule also tell when the status changes *to OK*.
"""

EXAMPLE = """{
  "id": "cpu/host=web-1", "message": "cpu/host=web-1: 97.2", "details": "", "time": "2026-03-01T03:12:00Z", "duration": 60000000000,
  "level": "CRITICAL", "previousLevel": "OK", "recoverable": true,
  "data": {"series": [{"name": "cpu", "tags": {"host": "web-1"}, "columns": ["time", "value"],
    "values": [["2026-03-01T03:12:00Z", 97.2]]}]}
}"""

DIALECT = Dialect(
    type=IntegrationType.KAPACITOR,
    name="Kapacitor, InfluxDB",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Sends the level `OK`.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""LogicMonitor's custom HTTP delivery, https://www.logicmonitor.com/support/custom-http-delivery: a template of its alert tokens."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, one_line, read_fields, said_at, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

STATE = ("alertstatus", "status")
FIELDS = Fields(
    title=("message", "eventmsg", "datapoint", "alertid"),
    identity={"logicmonitor_internalid": ("internalid",)},
    state=STATE,
    states={
        **dict.fromkeys(("clear", "cleared"), Action.RESOLVE),
        **dict.fromkeys(("ack", "acked", "acknowledged"), Action.ACKNOWLEDGE),
    },
    ignored={"sdt": "a scheduled downtime began or ended", "comment": "somebody wrote a note"},
    severity=("level",),
    severities={"4": Severity.CRITICAL, "3": Severity.ERROR, "2": Severity.WARNING},
    source=("host", "hostname", "website", "agent"),
    component=("datasource", "service"),
    group=("group", "servicegroup"),
    class_=("datapoint", "alerttype"),
    links={"alerturl": "alert", "alertdetailurl": "alert", "hosturl": "host", "serviceurl": "service"},
    occurred_at=("startepoch", "start_epoch"),
    untitled="alert without a host",
)
BY_ALERT_ID = replace(FIELDS, identity={"logicmonitor_alertid": ("alertid",)})


def knows(value: object, _: Received) -> bool:
    """By the status of an alert and one of its ids."""
    return isinstance(value, dict) and "alertstatus" in value and ("alertid" in value or "internalid" in value)


def read(value: object, _: Received) -> list[Reading]:
    """One event, known by the alert's id. A test carries that of a real alert, so it is a problem of its own."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    if said_at(value, ("alertstatus", "alertid", "internalid")) is None:
        raise Unreadable("it has neither an alertstatus nor an alertid")
    reading = read_fields(value, FIELDS if said_at(value, ("internalid",)) is not None else BY_ALERT_ID)
    is_test = word_at(value, STATE) == "test"
    return [replace(reading, summary=_title(value) or reading.summary, dedup_key=None if is_test else reading.dedup_key)]


def _title(value: Mapping[str, object]) -> str:
    """Where and what: there is no title among the tokens."""
    where = one_line(said_at(value, ("host", "hostname", "website", "service")))
    what = " ".join(filter(None, (one_line(said_at(value, (name,))) for name in ("datasource", "datapoint"))))
    return one_line(f"{where}: {what}") if where and what else ""


GUIDE = """
In LogicMonitor: **Settings → Integrations → Add → Custom HTTP Delivery**, choose *Use the same URL and data for the various alert
notifications*, method *HTTP Post*, URL `{url}`, and this raw JSON as alert data:

```json
{
  "alertid": "##ALERTID##", "internalid": "##INTERNALID##", "alertstatus": "##ALERTSTATUS##", "level": "##LEVEL##",
  "host": "##HOST##", "datasource": "##DATASOURCE##", "datapoint": "##DATAPOINT##", "instance": "##INSTANCE##", "value": "##VALUE##",
  "threshold": "##THRESHOLD##", "group": "##GROUP##", "alerturl": "##AlertDetailURL##"
}
```

Tick all alert statuses, *cleared* and *acknowledged* above all, and use the integration in an escalation chain.

Leave `##MESSAGE##` out: LogicMonitor does not escape it, and with its line breaks and quotation marks the body would be no JSON. Host and
datapoint make the title.

`clear` resolves, `ack` acknowledges, everything else triggers. An alert is known by `internalid`, else by `alertid`; a test is always a
problem of its own.
"""

EXAMPLE = """{
  "alertid": "LMD4200", "internalid": "LMD4200", "alertstatus": "active", "level": "critical", "host": "db-1", "datasource": "Volumes-/var",
  "datapoint": "PercentUsed", "instance": "/var", "value": "97", "threshold": "> 90", "group": "databases",
  "alerturl": "https://shop.example.com/santaba/uiv4/alerts/LMD4200"
}"""

DIALECT = Dialect(
    type=IntegrationType.LOGICMONITOR,
    name="LogicMonitor",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `clear` when the status *cleared* is ticked in the integration.",
    guide=GUIDE,
    example=EXAMPLE,
)

"""LibreNMS' API transport with the variables of its templates, https://docs.librenms.org/Alerting/Templates/."""

from dataclasses import replace
from html import unescape

from oncall.incidents.values import Action
from oncall.intake.rules import ACTIONS, Fields, cut, named_key, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

HOST = ("hostname", "sysName")
RULE = ("rule_id", "name", "rule_name", "rule")

FIELDS = Fields(
    title=("title", "name", "rule_name"),
    state=("state", "status"),
    # 1 is a new alert; 3, 4 and 5 one that became worse, better, or another
    states=ACTIONS | {"0": Action.RESOLVE, "2": Action.ACKNOWLEDGE},
    severity=("severity",),
    source=("sysName", "display", "hostname"),
    group=("location",),
    class_=("name", "rule_name"),
    links={"url": "LibreNMS", "device_url": "LibreNMS"},
)


NUMBERS = {"alert_id", "device_id", "rule_id", "uid"}


def knows(value: object, _: Received) -> bool:
    """By the system's name as SNMP tells it, the state and the severity, and one of the numbers of its templates."""
    if not isinstance(value, dict):
        return False
    return {"sysName", "state", "severity"} <= value.keys() and not NUMBERS.isdisjoint(value)


def read(value: object, _: Received) -> list[Reading]:
    """One event. `alert_id` stays while the rule is broken on the device; `uid` and `id` count what happens to the alert."""
    if not isinstance(value, dict) or said_at(value, (*FIELDS.title, *HOST, *RULE)) is None:
        raise Unreadable("it names neither an alert nor a device")
    # The templates write HTML
    said = {name: unescape(of) if isinstance(of, str) else of for name, of in value.items()}
    reading = read_fields(said, FIELDS)
    numbered = {"librenms_alert_id": said_at(said, ("alert_id",))}
    broken = {"librenms_rule": said_at(said, RULE)}
    on = {"device": said_at(said, ("device_id", *HOST))}
    if numbered["librenms_alert_id"] is not None:
        key = named_key({**numbered, **on})
    elif broken["librenms_rule"] is not None:
        key = named_key({**broken, **on})
    else:
        key = None
    title = FIELDS.untitled if reading.summary == FIELDS.untitled else _without_state(reading.summary)
    return [replace(reading, summary=cut(title, 1024), dedup_key=key)]


def _without_state(title: str) -> str:
    """LibreNMS writes `Alert for device …` and, when it is over, `Device … recovered from …`."""
    return title.removeprefix("Alert for device ")


GUIDE = """
**Alerts → Alert Transports → Create alert transport**, transport type *API*:

| setting | value |
| --- | --- |
| API Method | `POST` |
| API URL | `{url}` |
| API Headers | `Content-Type=application/json` |
| API Body | the following |

```
{"alert_id": "{{ $alert_id }}", "device_id": "{{ $device_id }}", "hostname": "{{ $hostname }}", "sysName": "{{ $sysName }}",
 "title": "{{ $title }}", "name": "{{ $name }}", "state": "{{ $state }}", "severity": "{{ $severity }}", "location": "{{ $location }}"}
```

Then choose the transport in the alert rules (or make it the default), with *Recovery alerts* on. The alert is known by `alert_id` and the
device. State 0 resolves, 2 acknowledges; worse and better are repeats of the same alert.
"""

EXAMPLE = """{
  "alert_id": "418", "device_id": "12", "hostname": "192.0.2.1", "sysName": "switch-1.example.com", "title": "Port down on switch-1",
  "name": "Port down", "state": "1", "severity": "critical", "location": "rack 4"
}"""

DIALECT = Dialect(
    type=IntegrationType.LIBRENMS,
    name="LibreNMS",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends state 0 (the rule has *Recovery alerts* on).",
    guide=GUIDE,
    example=EXAMPLE,
)

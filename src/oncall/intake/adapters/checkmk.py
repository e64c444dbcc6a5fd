"""Checkmk: what a notification script gets, https://docs.checkmk.com/latest/en/notifications.html#environment_variables."""

from oncall.intake.adapters.nagios import IGNORED, SEVERITIES, STATES, plain, read_notification
from oncall.intake.rules import Fields, said_at, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

HOST = ("hostname", "host")
SERVICE = ("servicedesc", "service")

FIELDS = Fields(
    title=SERVICE + HOST,
    identity={"checkmk_host": HOST, "service": SERVICE, "site": ("omdsite", "site")},
    state=("notificationtype", "servicestate", "hoststate", "status"),
    states=STATES,
    ignored=IGNORED | {"alerthandler": "an alert handler ran"},
    # The script that others publish says `OK` of every host, and its true state under `status`.
    severity=("servicestate", "serviceshortstate", "severity", "hoststate", "status"),
    severities=SEVERITIES,
    source=HOST,
    component=SERVICE,
    class_=("servicecheckcommand", "checkcommand", "hostcheckcommand"),
    labels=("hosttags",),
    links={"serviceurl": "Checkmk", "hosturl": "Checkmk", "url": "Checkmk"},
    occurred_at=("microtime", "timet"),
)
SPELLINGS = (
    {"WHAT", "NOTIFICATIONTYPE", "HOSTNAME"},
    {"NOTIFY_WHAT", "NOTIFY_NOTIFICATIONTYPE", "NOTIFY_HOSTNAME"},
    {"what", "notification_type", "host", "site"},
)
SECRETS = ("parameter", "contact", "vault")
"""With these begin the names of what is the script's own: its parameters hold keys, and a contact is a person."""


def knows(value: object, _: Received) -> bool:
    """By what it is about (HOST or SERVICE), the type of the notification and the host."""
    return isinstance(value, dict) and any(names <= value.keys() for names in SPELLINGS)


def read(value: object, _: Received) -> list[Reading]:
    """One event: a service on a host, or the host itself."""
    if not isinstance(value, dict):
        raise Unreadable("it has no fields")
    said = {name: of for name, of in plain(value, "notify_").items() if not name.startswith(SECRETS)}
    if not said_at(said, FIELDS.state):
        raise Unreadable("it has neither a notification type nor a state")
    # `ALERTHANDLER (OK)`, `ACKNOWLEDGEMENT (WARNING)`: the type is the first word
    said["notificationtype"] = word_at(said, ("notificationtype",)).partition(" (")[0]
    return [read_notification(said, FIELDS, ("servicestate", "hoststate", "status"))]


GUIDE = """
Save this on the Checkmk server as `~/local/share/check_mk/notifications/oncall` of the site's user, and make it executable:

```python
#!/usr/bin/env python3
# oncall
import os, sys, requests

NAMES = ("WHAT NOTIFICATIONTYPE HOSTNAME HOSTALIAS HOSTADDRESS HOSTSTATE HOSTOUTPUT SERVICEDESC SERVICESTATE SERVICEOUTPUT "
         "NOTIFICATIONCOMMENT NOTIFICATIONAUTHOR MICROTIME").split()
said = {name: os.environ.get("NOTIFY_" + name, "") for name in NAMES}
said["OMD_SITE"] = os.environ.get("OMD_SITE", "")
try:
    requests.post(os.environ["NOTIFY_PARAMETER_1"], json=said, timeout=20).raise_for_status()
except requests.RequestException as error:
    print(type(error).__name__)
    sys.exit(1)  # Checkmk tries again
```

Then **Setup → Events → Notifications → Add rule**, notification method *oncall*, *Call with the following parameters*: `{url}`. The alert
is known by host, service and site. `RECOVERY` resolves, `ACKNOWLEDGEMENT` acknowledges, notices about flapping, downtimes and alert
handlers are recorded and page nobody. Bodies of the script that Keep publishes are understood too.
"""

EXAMPLE = """{
  "WHAT": "SERVICE", "NOTIFICATIONTYPE": "PROBLEM", "OMD_SITE": "prod", "HOSTNAME": "db-1", "HOSTADDRESS": "192.0.2.7", "HOSTSTATE": "UP",
  "SERVICEDESC": "Filesystem /var", "SERVICESTATE": "WARNING", "SERVICEOUTPUT": "Used: 84.1% - 42.0 GiB of 50.0 GiB"
}"""

DIALECT = Dialect(
    type=IntegrationType.CHECKMK,
    name="Checkmk",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends `RECOVERY`.",
    guide=GUIDE,
    example=EXAMPLE,
)

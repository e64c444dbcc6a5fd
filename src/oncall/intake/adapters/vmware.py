"""VMware Aria Operations (vRealize Operations), REST notification plug-in, https://techdocs.broadcom.com/us/en/vmware-cis/aria.html."""

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

LEVELS = {
    "critical": Severity.CRITICAL,
    "immediate": Severity.ERROR,
    "warning": Severity.WARNING,
    **dict.fromkeys(("info", "information", "normal"), Severity.INFO),
}
FIELDS = Fields(
    title=("alertName", "info", "message"),
    identity={"vmware_alert_id": ("alertId",)},
    state=("status",),
    states=dict.fromkeys(("canceled", "cancelled", "inactive"), Action.RESOLVE),
    severity=("criticality",),
    severities=LEVELS | {f"alert_criticality_level_{word}": severity for word, severity in LEVELS.items()},
    source=("resourceName", "resourceId"),
    component=("resourceKind",),
    group=("adapterKind",),
    class_=("subType", "type"),
    occurred_at=("startDate",),
    untitled="alert without a name",
)


def knows(value: object, _: Received) -> bool:
    """By an alert with its criticality and the adapter that it comes from."""
    return isinstance(value, dict) and {"alertId", "criticality", "adapterKind", "status"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event, known by the alert's id. Only `status` says what it is: active alerts have a `cancelDate` too."""
    if not isinstance(value, dict) or "alertId" not in value:
        raise Unreadable("it has no alertId")
    return [read_fields(value, FIELDS)]


GUIDE = """
In Aria Operations: **Administration → Outbound Settings → Add**, plug-in type *Rest Notification Plugin*, URL `{url}`, content type
*application/json*. Then **Alerts → Configuration → Notifications → Create**, with this instance, for *New*, *Updated* and *Canceled*.

`ACTIVE` triggers, `CANCELED` resolves. An alert is known by its `alertId`. Of the criticalities *Immediate* is an error, *Automatic* and
*Unknown* are unknown, which pages like an error.
"""

EXAMPLE = """{
  "startDate": 1772334720000, "updateDate": 1772334720000, "cancelDate": 0, "status": "ACTIVE",
  "criticality": "ALERT_CRITICALITY_LEVEL_CRITICAL", "alertId": "4200aaaa-0000-4000-8000-000000000042", "alertName": "Datastore is full",
  "type": "ALERT_TYPE_STORAGE", "subType": "ALERT_SUBTYPE_CAPACITY_PROBLEM", "resourceId": "42bb", "resourceName": "datastore-1",
  "resourceKind": "Datastore", "adapterKind": "VMWARE", "info": "Free space is below 3 %"
}"""

DIALECT = Dialect(
    type=IntegrationType.VMWARE,
    name="VMware Aria Operations",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `CANCELED` if the notification has that state.",
    guide=GUIDE,
    example=EXAMPLE,
)

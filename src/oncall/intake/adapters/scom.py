"""System Center Operations Manager: a command notification, https://learn.microsoft.com/system-center/scom/manage-notifications-channels."""

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("alertName", "AlertName"),
    key=("alertId", "AlertId"),  # a GUID
    state=("resolutionState", "ResolutionState"),
    # Any other, from New (0) over Evaluated (247) and Scheduled (250) to what somebody defined, is of an alert that is still open.
    states={
        **dict.fromkeys(("closed", "255", "resolved", "254"), Action.RESOLVE),
        **dict.fromkeys(("acknowledged", "249"), Action.ACKNOWLEDGE),
    },
    severity=("severity", "Severity"),
    severities={
        **dict.fromkeys(("2", "error"), Severity.CRITICAL),
        **dict.fromkeys(("1", "warning"), Severity.WARNING),
        **dict.fromkeys(("0", "information"), Severity.INFO),
    },
    source=("managedEntitySource", "ManagedEntityDisplayName", "ManagedEntitySource"),
    component=("managedEntityPath", "ManagedEntityPath"),
    group=("managementGroup",),
    class_=("category", "Category"),
    links={"webConsoleUrl": "web console"},
    untitled="alert without a name",
)
SPELLINGS = ({"alertId", "alertName", "resolutionState"}, {"AlertId", "AlertName", "ResolutionState"})


def knows(value: object, _: Received) -> bool:
    """By an alert's number, name and state of resolution."""
    return isinstance(value, dict) and any(names <= value.keys() for names in SPELLINGS)


def read(value: object, _: Received) -> list[Reading]:
    """One event; what SCOM calls severity 2 is critical in its console."""
    if not isinstance(value, dict) or not said_at(value, (*FIELDS.title, *FIELDS.key)):
        raise Unreadable("it names no alert")
    return [read_fields(value, FIELDS)]


GUIDE = """
**Administration → Notifications → Channels → New → Command**. Full path of the command file:
`C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`; command line parameters:

```
-NoProfile -File "C:\\oncall.ps1" -AlertId "$Data[Default='']/Context/DataItem/AlertId$"
```

and `C:\\oncall.ps1` on the management servers:

```powershell
param([string]$AlertId)
Import-Module OperationsManager
$a = Get-SCOMAlert -Id $AlertId
$said = @{ alertId = $AlertId; alertName = $a.Name; alertDescription = $a.Description; category = "$($a.Category)";
  resolutionState = "$($a.ResolutionState)"; severity = "$([int]$a.Severity)"; priority = "$([int]$a.Priority)";
  managedEntitySource = $a.MonitoringObjectDisplayName; managedEntityPath = $a.MonitoringObjectPath }
Invoke-RestMethod -Method Post -Uri "{url}" -ContentType "application/json; charset=utf-8" `
  -Body ([Text.Encoding]::UTF8.GetBytes(($said | ConvertTo-Json)))
```

Subscribe a subscriber with this channel to the alerts that shall page, with resolution state *New* and *Closed* among the criteria.
"""

EXAMPLE = """{
  "alertId": "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}", "alertName": "Logical disk is low on space", "alertDescription": "C: has 1 GB left",
  "resolutionState": "0", "severity": "2", "priority": "1", "category": "PerformanceHealth",
  "managedEntitySource": "C:", "managedEntityPath": "win-1.example.com"
}"""

DIALECT = Dialect(
    type=IntegrationType.SCOM,
    name="System Center Operations Manager",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends resolution state *Closed* (255).",
    guide=GUIDE,
    example=EXAMPLE,
)

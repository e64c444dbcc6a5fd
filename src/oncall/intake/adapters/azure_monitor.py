"""Azure Monitor's webhook actions: the common alert schema, and the schema of each kind of alert.

https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
"""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, labels_of, named_key, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

WORDS = {
    "critical": Severity.CRITICAL,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    **dict.fromkeys(("informational", "verbose"), Severity.INFO),
}
BY_NUMBER = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.INFO)
SEVERITIES = WORDS | {f"{sev}{n}": severity for n, severity in enumerate(BY_NUMBER) for sev in ("sev", "sev ", "")}
LEVELS = WORDS | {f"{n}": severity for n, severity in enumerate(BY_NUMBER, start=1)}
"""The activity log has levels, and they count from one."""

OVER = dict.fromkeys(("resolved", "deactivated"), Action.RESOLVE)
HEALTHY = {"available"}
MENDED = {"resolved", "complete", "completed", "canceled", "cancelled", "rca"}
NAMES = {"AlertRuleName", "BudgetName"}
"""One of them is in the schemas that have neither `essentials` nor `context`."""

ABOUT_PEOPLE = {"authorization", "claims", "httpRequest"}

COMMON = Fields(
    title=("essentials.alertRule", "essentials.description"),
    key=("essentials.alertId", "essentials.originAlertId"),
    state=("essentials.monitorCondition",),
    states=OVER,
    severity=("essentials.severity",),
    severities=SEVERITIES,
    source=("essentials.configurationItems.0", "essentials.alertTargetIDs.0"),
    component=("essentials.targetResourceType",),
    group=("essentials.targetResourceGroup",),
    class_=("essentials.monitoringService", "essentials.signalType"),
    links={
        "essentials.investigationLink": "alert",
        "alertContext.condition.allOf.0.linkToFilteredSearchResultsUI": "search results",
        "alertContext.condition.allOf.0.linkToSearchResultsUI": "search results",
        "alertContext.LinkToFilteredSearchResultsUI": "search results",
        "alertContext.LinkToSearchResults": "search results",
        "alertContext.PortalLink": "portal",
    },
    occurred_at=("essentials.firedDateTime",),
    untitled="alert without a rule",
)
METRIC = Fields(
    title=("context.name", "context.description"),
    state=("status",),
    states=OVER,
    severity=("context.severity",),
    severities=SEVERITIES,
    source=("context.resourceName", "context.resourceId"),
    component=("context.resourceType",),
    group=("context.resourceGroupName",),
    class_=("context.condition.allOf.0.metricName", "context.condition.metricName", "context.conditionType"),
    links={"context.portalLink": "portal"},
    occurred_at=("context.timestamp",),
    untitled="alert without a rule",
)
ACTIVITY = Fields(
    title=("properties.title", "description", "operationName"),
    severity=("level",),
    severities=LEVELS,
    source=("resourceId", "properties.service"),
    component=("resourceType", "resourceProviderName"),
    group=("resourceGroupName",),
    class_=("eventSource",),
    occurred_at=("eventTimestamp", "submissionTimestamp"),
    untitled="event of the activity log",
)
LOG = Fields(
    title=("AlertRuleName", "Description"),
    severity=("Severity",),
    severities=SEVERITIES,
    source=("AffectedConfigurationItems.0",),
    links={"LinkToFilteredSearchResultsUI": "search results", "LinkToSearchResults": "search results"},
    occurred_at=("SearchIntervalEndtimeUtc",),
    untitled="alert without a rule",
)
BUDGET = Fields(
    title=("BudgetName",),
    identity={"azure_subscription": ("SubscriptionId",), "budget": ("BudgetName",), "threshold": ("NotificationThresholdAmount",)},
    source=("SubscriptionName",),
    group=("ResourceGroup",),
    untitled="budget",
)
AUTOSCALE = Fields(
    title=("context.details", "operation"),
    otherwise=Action.CHANGE,
    source=("context.resourceName",),
    component=("context.resourceType",),
    group=("context.resourceGroupName",),
    links={"context.portalLink": "portal"},
    occurred_at=("context.timestamp",),
)


def knows(value: object, _: Received) -> bool:
    """By a schema's id beside its members; the oldest kinds, which have none, by the resource or the query they are about."""
    if not isinstance(value, dict):
        return False
    context = value.get("context")
    data = value.get("data")
    with_schema = "schemaId" in value and isinstance(data, dict) and _is_schemas(data)
    classic = isinstance(context, dict) and {"id", "resourceId", "portalLink"} <= context.keys()
    return with_schema or classic or {"AlertRuleName", "SearchQuery"} <= value.keys()


def _is_schemas(data: Mapping[str, object]) -> bool:
    return any(isinstance(data.get(name), dict) for name in ("essentials", "context")) or not NAMES.isdisjoint(data)


def read(value: object, _: Received) -> list[Reading]:
    """One event, by the members of its schema."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    inner = value.get("data")
    body = inner if isinstance(inner, dict) else value
    match body:
        case {"essentials": dict()}:
            return [_common(body)]
        case {"context": {"activityLog": dict(activity)}}:
            return [_activity(activity)]
        case {"context": dict(), "operation": _}:
            return [read_fields(body, AUTOSCALE)]
        case {"context": dict()}:
            return [_metric(body)]
        case {"AlertRuleName": _}:
            return [_log(body)]
        case {"BudgetName": _}:
            return [read_fields(body, BUDGET)]
        case _:
            raise Unreadable("it follows no alert schema of Azure Monitor")


def _common(body: Mapping[str, object]) -> Reading:
    reading = read_fields(body, COMMON)
    context, essentials = body.get("alertContext"), body.get("essentials")
    said: Mapping[str, object] = context if isinstance(context, dict) else {}
    labels = labels_of(said_at(body, ("customProperties", "alertContext.properties"))) | _dimensions(said.get("condition"))
    reading = replace(
        reading,
        labels={name: text for name, text in labels.items() if len(text) <= 200},
        details={"essentials": essentials, "alertContext": {name: what for name, what in said.items() if name not in ABOUT_PEOPLE}},
    )
    if not {"level", "eventSource"} & said.keys():
        return reading
    # An alert on the activity log is Fired and Sev4 whatever happened: the event in it tells more.
    event = read_fields({"resourceId": said_at(essentials, ("alertTargetIDs.0",)), **said}, ACTIVITY)
    of_health = _health(said, said_at(essentials, ("alertTargetIDs.0",)))
    return replace(
        reading,
        summary=event.summary if said_at(said, ("properties.title",)) else reading.summary,
        action=Action.RESOLVE if _is_mended(said) else reading.action,
        severity=event.severity if event.severity is not Severity.UNKNOWN else reading.severity,
        dedup_key=_of_the_world(of_health) or reading.dedup_key,
    )


def _activity(activity: Mapping[str, object]) -> Reading:
    """An event of the activity log; only those about health say that they are over, the others are over when they happen."""
    said = {name: what for name, what in activity.items() if name not in ABOUT_PEOPLE}
    reading = read_fields(said, ACTIVITY)
    of_health = _of_the_world(_health(said, said.get("resourceId")))
    what = _of_the_world({"resource": said.get("resourceId"), "operation": said_at(said, ("operationName",))})
    return replace(
        reading,
        action=Action.RESOLVE if _is_mended(said) else Action.TRIGGER,
        dedup_key=of_health or (what if said.get("resourceId") else None),
        labels={name: text for name, text in labels_of(said.get("properties")).items() if len(text) <= 200},
    )


def _health(event: Mapping[str, object], resource: object) -> dict[str, object]:
    """What names an incident of a service of Azure's, or a resource that is not well."""
    if tracking_id := said_at(event, ("properties.trackingId",)):
        return {"trackingId": tracking_id}
    return {"resource_health": resource} if said_at(event, ("properties.currentHealthStatus",)) else {}


def _of_the_world(identity: Mapping[str, object]) -> str | None:
    """A key of what Azure names once in the world, so that no integration needs to tell it apart."""
    key = named_key(identity)
    return str(key) if key else None


def _is_mended(event: Mapping[str, object]) -> bool:
    if said_at(event, ("properties.trackingId",)):
        return word_at(event, ("properties.stage", "status")) in MENDED
    return word_at(event, ("properties.currentHealthStatus",)) in HEALTHY


def _metric(body: Mapping[str, object]) -> Reading:
    """Of a metric alert with dimensions each time series is a problem of its own."""
    context = body.get("context")
    dimensions = _dimensions(said_at(context, ("condition",)))
    apart = {name: text for name, text in dimensions.items() if not name.lower().startswith("microsoft.resource")}
    key = _of_the_world({"rule": said_at(context, ("id",)), "resource": said_at(context, ("resourceId",)), **apart})
    return replace(read_fields(body, METRIC), dedup_key=key, labels=labels_of(body.get("properties")) | dimensions)


def _log(body: Mapping[str, object]) -> Reading:
    dimensions = labels_of(body.get("Dimensions"))
    rule = {"azure_subscription": said_at(body, ("SubscriptionId", "WorkspaceId")), "rule": text_of(body.get("AlertRuleName"))}
    return replace(read_fields(body, LOG), dedup_key=named_key(rule | dimensions) if rule["rule"] else None, labels=dimensions)


def _dimensions(condition: object) -> dict[str, str]:
    """The dimensions of all criteria, whose names say which time series it is."""
    criteria = said_at(condition, ("allOf",))
    dimensions: dict[str, str] = {}
    for criterion in criteria[:20] if isinstance(criteria, list) else ():
        dimensions |= labels_of(said_at(criterion, ("dimensions",)))
    return dimensions


GUIDE = """
In the Azure portal: **Monitor → Alerts → Action groups → Create**, under *Actions* choose *Webhook*, URI `{url}`, and set *Enable the
common alert schema* to *Yes*. Use the action group in each alert rule, and leave *Automatically resolve alerts* ticked.

`Fired` and `Activated` trigger, `Resolved` and `Deactivated` resolve. An alert is known by its `alertId`; without the common schema by its
rule, its resource and its dimensions. *Sev0* is critical, *Sev1* an error, *Sev2* a warning, *Sev3* and *Sev4* are information: raise the
severity of the rule if it shall page like an error. Alerts on service health and resource health take their severity from the level in
the activity log, and resolve when the incident is over or the resource is available again. What autoscale did is recorded as a change.
"""

EXAMPLE = """{
  "schemaId": "azureMonitorCommonAlertSchema",
  "data": {
    "essentials": {
      "alertId": "/subscriptions/00000000/providers/Microsoft.AlertsManagement/alerts/4b1d7c52-0000-4000-8000-000000000042",
      "alertRule": "Shop: CPU", "severity": "Sev1", "signalType": "Metric", "monitorCondition": "Fired", "monitoringService": "Platform",
      "alertTargetIDs": ["/subscriptions/00000000/resourcegroups/shop/providers/microsoft.compute/virtualmachines/shop-1"],
      "configurationItems": ["shop-1"], "firedDateTime": "2026-03-01T03:12:00.0000000Z", "description": "CPU above 90 %"
    },
    "alertContext": {"conditionType": "SingleResourceMultipleMetricCriteria", "condition": {"windowSize": "PT5M", "allOf": []}}
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.AZURE_MONITOR,
    name="Azure Monitor",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `Resolved` (without the common schema `Deactivated`) when the rule resolves by itself.",
    guide=GUIDE,
    example=EXAMPLE,
    comes_again=True,
)

"""What services of AWS say, through SNS or EventBridge: alarms of CloudWatch, events of EventBridge, of RDS and of Auto Scaling.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html,
https://docs.aws.amazon.com/eventbridge/latest/ref/events.html
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import generic
from oncall.intake.rules import Fields, links_of, named_key, one_line, read_each, read_fields, said_at, severity_of, text_of, word_at
from oncall.intake.values import Reading, Received

EVENT = frozenset({"detail-type", "source", "detail"})
WHERE = ("InstanceId", "DBInstanceIdentifier", "DBClusterIdentifier", "FunctionName", "QueueName", "BucketName", "TableName", "ClusterName")
ARN = re.compile(r"arn:(?P<partition>aws[\w-]*):cloudwatch:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+):\d*:alarm:(?P<name>.+)")
CONSOLES = {"aws": "aws.amazon.com", "aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}

# INSUFFICIENT_DATA comes only to those who asked for it, so it is a problem.
ALARM_STATES = {"ok": Action.RESOLVE}
ALARM = Fields(
    title=("AlarmName",),
    key=("AlarmArn",),
    identity={"AWSAccountId": ("AWSAccountId",), "Region": ("Region",), "AlarmName": ("AlarmName",)},
    state=("NewStateValue",),
    states=ALARM_STATES,
    component=("Trigger.MetricName",),
    group=("Region",),
    class_=("Trigger.Namespace",),
    labels=("Trigger.Dimensions", "AlarmContributorAttributes"),
    occurred_at=("StateChangeTime",),
    untitled="alarm without a name",
)
# Of EventBridge, and what an alarm hands to a Lambda function.
ALARM_CHANGED = Fields(
    title=("detail.alarmName", "alarmData.alarmName"),
    key=("alarmArn", "resources.0"),
    identity={"AWSAccountId": ("account",), "Region": ("region",), "AlarmName": ("detail.alarmName",)},
    state=("detail.state.value", "alarmData.state.value"),
    states=ALARM_STATES,
    component=("detail.configuration.metrics.0.metricStat.metric.name",),
    group=("region",),
    class_=("detail.configuration.metrics.0.metricStat.metric.namespace",),
    labels=("detail.configuration.metrics.0.metricStat.metric.dimensions", "detail.alarmContributor.attributes"),
    occurred_at=("detail.state.timestamp", "alarmData.state.timestamp", "time"),
    untitled="alarm without a name",
)
CONTRIBUTOR = ("AlarmContributorId", "detail.alarmContributor.id", "detail.alarmContributor.contributorId")
HEALTH = Fields(
    title=("detail.eventTypeCode",),
    key=("detail.eventArn",),
    state=("detail.statusCode",),
    states={"closed": Action.RESOLVE},
    severity=("detail.eventTypeCategory",),
    severities={"scheduledchange": Severity.WARNING, "accountnotification": Severity.INFO},
    source=("detail.affectedEntities.0.entityValue",),
    component=("detail.service",),
    group=("detail.eventRegion", "region"),
    class_=("detail.eventTypeCategory",),
    occurred_at=("time",),
)
GUARDDUTY = Fields(
    title=("detail.title", "detail.type"),
    key=("detail.arn",),
    identity={"aws_account": ("account",), "finding": ("detail.id",)},
    source=("detail.resource.instanceDetails.instanceId", "detail.resource.resourceType"),
    group=("region",),
    class_=("detail.type",),
    occurred_at=("detail.updatedAt", "time"),
)
FINDING = Fields(
    title=("Title",),
    key=("Id",),
    state=("Workflow.Status",),
    states={"resolved": Action.RESOLVE, "suppressed": Action.RESOLVE},
    severity=("Severity.Label",),
    source=("Resources.0.Id",),
    component=("ProductName",),
    group=("Region",),
    class_=("GeneratorId",),
    links={"SourceUrl": "finding", "Remediation.Recommendation.Url": "remediation"},
    occurred_at=("UpdatedAt",),
)
DATABASE = Fields(
    title=("Event Message",),
    source=("Source ID",),
    component=("Event Source",),
    links={"Identifier Link": "console", "Event ID": "about this event"},
    occurred_at=("Event Time",),
)
SCALING = Fields(
    title=("Description", "Event"),
    identity={"aws_group": ("AutoScalingGroupARN", "AutoScalingGroupName"), "event": ("Event",)},
    state=("Event",),
    ignored={
        "autoscaling:test_notification": "Auto Scaling only tests that its notifications arrive",
        "s3:testevent": "S3 only tests that its notifications arrive",
    },
    source=("AutoScalingGroupName", "Bucket"),
    component=("EC2InstanceId",),
    class_=("Event",),
    occurred_at=("Time",),
)

STEADY = ("_steady_state", "service_deployment_completed")
"""How the names of those events of ECS end by which a service does as it should."""

UNDER_WAY = {"started", "resumed", "superseded", "stopping", "stopped", "canceled", "cancelled", "abandoned"}


def knows(value: object) -> bool:
    """By the names of an alarm, of an event of EventBridge, of RDS or of Auto Scaling."""
    if not isinstance(value, dict):
        return False
    names = value.keys()
    alarm = {"AlarmName", "NewStateValue"} <= names or {"alarmArn", "alarmData"} <= names
    return alarm or names >= EVENT or {"Event Source", "Event Message"} <= names or {"Event", "AutoScalingGroupName"} <= names


def read(value: Mapping[str, object], received: Received) -> list[Reading]:
    """What one message says; of services that are not known here as generously as anything else."""
    match value:
        case {"NewStateValue": _}:
            return [_alarm(value, ALARM)]
        case {"alarmData": _}:
            return [_alarm(value, ALARM_CHANGED)]
        case {"detail-type": _, "detail": dict(detail)}:
            return _event(value, detail, received)
        case {"Event Message": _}:
            return [_database(value)]
        case {"Event": str(event)} if "AutoScalingGroupName" in value or event == "s3:TestEvent":
            failed = Severity.ERROR if event.lower().endswith("_error") else Severity.INFO
            return [replace(read_fields(value, SCALING), severity=failed)]
        case _:
            return generic.read(value, received)


def _alarm(value: Mapping[str, object], fields: Fields) -> Reading:
    reading = read_fields(value, fields)
    key = reading.dedup_key
    if key and (contributor := said_at(value, CONTRIBUTOR)):  # one of the time series of an alarm that tells of each
        key = f"{key} contributor={text_of(contributor)}"
    arn = text_of(said_at(value, fields.key)) if fields is ALARM_CHANGED else text_of(value.get("AlarmArn"))
    source = next((reading.labels[name] for name in WHERE if name in reading.labels), "")
    return replace(reading, dedup_key=key, source=one_line(source), links=links_of([(_console(arn), "alarm")]))


def _console(arn: str) -> str:
    """Where the console shows an alarm; its message has no link."""
    found = ARN.fullmatch(arn)
    if not found or found["partition"] not in CONSOLES:
        return ""
    region = found["region"]
    host = f"{region}.console.{CONSOLES[found['partition']]}"
    return f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(found['name'], safe='')}"


def _event(value: Mapping[str, object], detail: Mapping[str, object], received: Received) -> list[Reading]:
    """An event of EventBridge, by who sent it."""
    match value.get("source"):
        case "aws.cloudwatch" if "alarmName" in detail:
            return [_alarm(value, ALARM_CHANGED)]
        case "aws.health":
            reading = read_fields(value, HEALTH)
            return [replace(reading, summary=_joined(said_at(value, ("detail.service",)), reading.summary, reading.group))]
        case "aws.guardduty":
            return [replace(read_fields(value, GUARDDUTY), severity=_of_guardduty(detail.get("severity")))]
        case "aws.securityhub" if isinstance(findings := detail.get("findings"), list) and findings:
            return read_each(findings, _finding)
    return [_of_any_service(value, detail, received)]


def _of_any_service(value: Mapping[str, object], detail: Mapping[str, object], received: Received) -> Reading:
    reading = generic.read(dict(detail), received)[0]
    what, resource = value.get("detail-type"), text_of(said_at(value, ("resources.0",)))
    says = said_at(detail, ("title", "Title", "Message", "message", "description")) or re.split("[:/]", resource)[-1]
    where = {"aws_detail_type": what, "resource": resource, "event": said_at(detail, ("EventID",))}
    where |= {name: said_at(detail, (name,)) for name in ("stage", "action")} if value.get("source") == "aws.codepipeline" else {}
    action, reason = _outcome(value, detail, reading)
    return replace(
        reading,
        action=action,
        reason=reason,
        summary=_joined(what, says) or "event of AWS",
        dedup_key=named_key(where) if resource else reading.dedup_key,
        source=reading.source or one_line(resource),
        component=reading.component or one_line(value.get("source")),
        group=reading.group or one_line(value.get("region")),
        class_=one_line(what),
    )


def _outcome(value: Mapping[str, object], detail: Mapping[str, object], reading: Reading) -> tuple[Action, str]:
    """What became of a service of ECS or of a pipeline; of others what the common words say."""
    match value.get("source"):
        case "aws.ecs" if word_at(detail, ("eventName",)).endswith(STEADY):
            return Action.RESOLVE, ""
        case "aws.ecs" if word_at(detail, ("eventType",)) == "info":
            return Action.IGNORE, "the service only tells what it does"
        case "aws.codepipeline" if word_at(detail, ("state",)) in UNDER_WAY:
            return Action.IGNORE, "the pipeline neither failed nor succeeded"
    return reading.action, reading.reason


def _joined(*said: object) -> str:
    return one_line(": ".join(text for part in said if (text := one_line(part))))


def _of_guardduty(severity: object) -> Severity:
    """Up to 3.9 is low, up to 6.9 medium, up to 8.9 high, beyond it critical."""
    if isinstance(severity, bool) or not isinstance(severity, int | float):
        return severity_of(severity)
    steps = ((9, Severity.CRITICAL), (7, Severity.ERROR), (4, Severity.WARNING), (0, Severity.INFO))
    return next((word for least, word in steps if severity >= least), Severity.UNKNOWN)


def _finding(finding: Mapping[str, object]) -> Reading:
    """A finding of Security Hub, which is over when somebody says so, when it is archived, or when its control passes."""
    reading = read_fields(finding, FINDING)
    over = word_at(finding, ("RecordState",)) == "archived" or word_at(finding, ("Compliance.Status",)) == "passed"
    return replace(reading, action=Action.RESOLVE if over else reading.action)


def _database(value: Mapping[str, object]) -> Reading:
    """An event of RDS: each kind of event of a database is a problem of its own, and none says that it is over."""
    event = text_of(value.get("Event ID")).rpartition("#")[2]
    source = said_at(value, ("Source ARN", "Source ID"))
    reading = read_fields(value, DATABASE)
    summary = _joined(said_at(value, ("Source ID",)), reading.summary)
    return replace(reading, summary=summary, dedup_key=named_key({"aws_source": source, "event": event}) if source else None)

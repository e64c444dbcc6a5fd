"""Amazon SNS (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html), and EventBridge's API destinations."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import aws_messages, generic
from oncall.intake.rules import decode, delivered, instant_of, labels_of, links_of, one_line, severity_of, text_of, title_of, word_at
from oncall.intake.rules.sns import is_confirmation
from oncall.intake.values import Dialect, Opened, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

CONFIRMATIONS = {
    "subscriptionconfirmation": "the topic asks for a confirmation: open the SubscribeURL once, or nothing will come",
    "unsubscribeconfirmation": "the subscription was deleted, and nothing more will come: open the SubscribeURL to subscribe again",
}
MAX_RECORDS = 5_000
RAW = "x-amz-sns-message-id"
"""With raw message delivery the envelope is in headers."""


def knows(value: object, _: Received) -> bool:
    """By the envelope of SNS, that of Lambda around it, or what a service of AWS says without one."""
    if not isinstance(value, dict):
        return False
    if {"TopicArn", "MessageId", "Message"} <= value.keys():
        return True
    return bool(_enveloped(value)) or aws_messages.knows(value)


def read(value: object, received: Received) -> list[Reading]:
    """The events in a notification; a confirmation is ignored, with the link that confirms."""
    if isinstance(value, dict):
        if "TopicArn" in value and "Message" in value:
            return _opened(value, received)
        if records := _enveloped(value):
            return [reading for record in records for reading in _opened(record, received)]
        if aws_messages.knows(value):
            return delivered(aws_messages.read(value, received), received.headers.get(RAW, "") or text_of(value.get("id")))
    if id := received.headers.get(RAW, ""):
        return delivered(_message(value, "", received), id)
    raise Unreadable("it is neither a notification of SNS nor a message of AWS")


def _enveloped(value: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The notifications in what SNS hands to a Lambda function, which may have been sent on as it came."""
    records = value.get("Records")
    found = [record.get("Sns") for record in records[:MAX_RECORDS] if isinstance(record, dict)] if isinstance(records, list) else []
    return [sns for sns in found if isinstance(sns, dict)]


def _opened(envelope: Mapping[str, object], received: Received) -> list[Reading]:
    topic = text_of(envelope.get("TopicArn")).rpartition(":")[2]
    if reason := CONFIRMATIONS.get(word_at(envelope, ("Type",))):
        href = text_of(envelope.get("SubscribeURL"))
        links = links_of([(href, "confirm the subscription")]) if is_confirmation(href) else ()
        return [Reading(Action.IGNORE, f"subscription to {topic}"[:200], group=one_line(topic), links=links, reason=reason)]
    labels = _attributes(envelope.get("MessageAttributes"))
    said = labels.get("severity"), labels.get("priority")
    readings = [
        replace(
            reading,
            severity=severity_of(*said) if reading.severity is Severity.UNKNOWN else reading.severity,
            group=reading.group or one_line(topic),
            labels=reading.labels | labels,
            occurred_at=reading.occurred_at or instant_of(envelope.get("Timestamp")),
        )
        for reading in _message(envelope.get("Message"), envelope.get("Subject"), received)
    ]
    return delivered(readings, text_of(envelope.get("MessageId")))


def _message(message: object, subject: object, received: Received) -> list[Reading]:
    """What a publisher said: a service of AWS in its words, anybody else in JSON or in plain text."""
    inner = _parsed(message)
    title = title_of(subject)
    if aws_messages.knows(inner) and isinstance(inner, dict):
        return aws_messages.read(inner, received)
    if isinstance(inner, dict | list):
        readings = aws_messages.read(inner, received) if isinstance(inner, dict) else generic.read(inner, received)
        return [replace(r, summary=title) if title and r.summary.startswith(generic.UNTITLED) else r for r in readings]
    text = text_of(inner).strip()
    title = title or title_of(text.partition("\n")[0])
    return [Reading(Action.TRIGGER, title or "message without a subject", details={"text": text} if text else {})]


def opens(value: object, _: Received) -> Opened | None:
    """A message in JSON that no service of AWS sent: perhaps another monitor's body, handed on by a topic."""
    if not isinstance(value, dict) or "TopicArn" not in value or word_at(value, ("Type",)) in CONFIRMATIONS:
        return None
    inner = _parsed(value.get("Message"))
    is_anothers = isinstance(inner, dict | list) and not aws_messages.knows(inner)
    return Opened(inner, text_of(value.get("MessageId"))) if is_anothers else None


def _parsed(message: object) -> object:
    if not isinstance(message, str) or not message.lstrip().startswith(("{", "[")):
        return message
    try:
        return decode(Received("", message.encode("utf-8", "replace")))
    except Unreadable:
        return message


def _attributes(value: object) -> dict[str, str]:
    """What a publisher wrote beside its message."""
    attributes = value if isinstance(value, dict) else {}
    return labels_of({name: said["Value"] for name, said in attributes.items() if isinstance(said, dict) and "Value" in said})


GUIDE = """
Make a topic, subscribe this address to it, and confirm the subscription:

```sh
aws sns subscribe --topic-arn TOPIC_ARN --protocol https --notification-endpoint {url}
aws cloudwatch put-metric-alarm … --alarm-actions TOPIC_ARN --ok-actions TOPIC_ARN
```

SNS signs what it sends. With `"authentication": {"scheme": "sns", "topic_arns": ["TOPIC_ARN"]}` on the integration, set before you
subscribe, only these topics [are let in](../how-to/authenticate-senders.md), and the subscription is confirmed by itself: an event that is
ignored says so, or why not. Without `topic_arns` any topic of anybody's may send that knows the key; raw message delivery is not signed,
and refused. Message attributes are not signed, so that somebody in between could change them. The certificate is fetched from
`https://sns.REGION.amazonaws.com`, which must be reachable.

Without the scheme the topic's first message, a *SubscriptionConfirmation*, is recorded as ignored. Find it with
`GET /api/v1/events?integration_id=…&decision=ignored`, look at it with `GET /api/v1/events/{id}`, and open the `SubscribeURL` in its body
once.

Composite alarms, events of RDS and Auto Scaling, and anything published to the topic are read as well, with raw message delivery or
without, and so are EventBridge rules with the topic, or an API destination with this address, as their target.

An alarm is known by its ARN: `ALARM` triggers, `OK` resolves (only with `--ok-actions`), and `INSUFFICIENT_DATA` triggers for those who
asked for it. CloudWatch has no severity; a message attribute `severity` is read where a publisher sets one. AWS Health resolves by
`closed`, Security Hub by `RESOLVED`, `ARCHIVED` or a control that passes; GuardDuty, RDS and plain text never say that it is over.
"""

EXAMPLE = """{
  "Type": "Notification", "MessageId": "7d0c4200-0000-5000-8000-000000000042", "TopicArn": "arn:aws:sns:eu-central-1:000000000042:pages",
  "Subject": "ALARM: \\"shop-cpu\\" in EU (Frankfurt)", "Timestamp": "2026-03-01T03:12:00.000Z", "SignatureVersion": "1",
  "Message": "{\\"AlarmName\\": \\"shop-cpu\\", \\"AlarmArn\\": \\"arn:aws:cloudwatch:eu-central-1:000000000042:alarm:shop-cpu\\", \
\\"NewStateValue\\": \\"ALARM\\", \\"OldStateValue\\": \\"OK\\", \\"StateChangeTime\\": \\"2026-03-01T03:12:00.000+0000\\", \
\\"Region\\": \\"EU (Frankfurt)\\", \\"Trigger\\": {\\"MetricName\\": \\"CPUUtilization\\", \\"Namespace\\": \\"AWS/EC2\\"}}"
}"""

DIALECT = Dialect(
    type=IntegrationType.AWS_SNS,
    name="AWS: SNS, CloudWatch, EventBridge",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `OK` for an alarm whose `--ok-actions` name the topic.",
    guide=GUIDE,
    example=EXAMPLE,
    comes_again=True,
    opens=opens,
)

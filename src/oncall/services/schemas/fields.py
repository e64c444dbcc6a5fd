"""The fields of an authentication: what each must be, and what is wrong with one that is not."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from oncall.kit.http import Duration
from oncall.services.values.senders import read_webhook_secret

SHORTEST = 8
"""Characters of a secret."""

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]+:[A-Za-z0-9_.-]{1,256}")
BRACES = re.compile(r"\{([^{}]*)\}")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _long_enough(value: str) -> str:
    if len(value) < SHORTEST:
        raise ValueError(f"must have at least {SHORTEST} characters: what is shorter can be guessed")
    return value


def _of_webhooks(value: str) -> str:
    key = read_webhook_secret(value)
    if key is None or len(key) < SHORTEST:
        raise ValueError(f"must be whsec_ followed by base64, of {SHORTEST} bytes at least, as the sender shows it")
    return value


def _header(value: str) -> str:
    if not HEADER.fullmatch(value):
        raise ValueError('must be the name of a header, such as "X-Signature": up to 100 letters, digits and hyphens, no spaces, no colon')
    return value


def _username(value: str) -> str:
    if ":" in value:
        raise ValueError("must hold no colon: in Authorization: Basic the password begins behind the first one")
    return value


def _topic(value: str) -> str:
    if not TOPIC.fullmatch(value):
        raise ValueError("must be the ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME")
    return value


def _template(value: str) -> str:
    if "{body}" not in value or not {*BRACES.findall(value)} <= {"body", "timestamp"}:
        raise ValueError("must hold {body}, may hold {timestamp}, and nothing else in braces")
    return value


def needs_its_header(tolerance: timedelta | None, timestamp_header: str | None) -> None:
    if tolerance is not None and timestamp_header is None:
        raise ValueError("tolerance is for a timestamp_header: name the header that says when it was signed, or leave tolerance out")


Line = StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")
Secret = Annotated[str, Line, AfterValidator(_long_enough), Field(json_schema_extra={"minLength": SHORTEST})]
WebhookSecret = Annotated[Secret, AfterValidator(_of_webhooks)]
Header = Annotated[str, AfterValidator(_header), Field(json_schema_extra={"pattern": f"^{HEADER.pattern}$"})]
Username = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"), AfterValidator(_username)]
TopicArn = Annotated[str, AfterValidator(_topic), Field(json_schema_extra={"pattern": f"^{TOPIC.pattern}$"})]
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Template = Annotated[Text, AfterValidator(_template)]

Tolerance = Annotated[Duration | None, Field(description="How far the timestamp may be off; PT5M unless it is said.")]

STAYS = "one, or two while it is changed; left out in an edit it stays; never shown"
OneOrTwo = Annotated[
    Annotated[Sequence[Secret], Field(min_length=1, max_length=2)] | None,
    BeforeValidator(_listed),
    Field(exclude=True, description=STAYS),
]
OneOrTwoOfWebhooks = Annotated[
    Annotated[Sequence[WebhookSecret], Field(min_length=1, max_length=2)] | None,
    BeforeValidator(_listed),
    Field(exclude=True, description=f"`whsec_…`; {STAYS}"),
]

"""How senders prove themselves, as REST takes and shows it: the same fields both ways, but secrets only come in."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from oncall.kit.http import Duration, Strict
from oncall.services.values.senders import TOLERANCE, Algorithm, Authentication, Encoding, Scheme, read_webhook_secret

BRACES = re.compile(r"\{([^{}]*)\}")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _of_webhooks(value: str) -> str:
    if read_webhook_secret(value) is None:
        raise ValueError("must be whsec_ followed by base64, as the sender shows it")
    return value


def _template(value: str) -> str:
    if "{body}" not in value or not {*BRACES.findall(value)} <= {"body", "timestamp"}:
        raise ValueError("must hold {body}, may hold {timestamp}, and nothing else in braces")
    return value


Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
WebhookSecret = Annotated[Secret, AfterValidator(_of_webhooks)]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]

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


class Basic(Strict):
    scheme: Literal["basic"]
    username: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^:\x00-\x1f\x7f]*$")]
    password: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.BASIC, tuple(self.password or ()), username=self.username)

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="basic", username=said.username)


class Bearer(Strict):
    scheme: Literal["bearer"]
    token: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.BEARER, tuple(self.token or ()))

    @classmethod
    def of(cls, _: Authentication) -> Self:
        return cls(scheme="bearer")


class Token(Strict):
    """A secret as it is in a header, such as GitLab's `X-Gitlab-Token`."""

    scheme: Literal["token"]
    header: Header
    secret: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.TOKEN, tuple(self.secret or ()), header=self.header)

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="token", header=said.header)


class Hmac(Strict):
    """`signed` says what is signed; with a `timestamp_header` that is `{timestamp}.{body}` unless it says otherwise."""

    scheme: Literal["hmac"]
    header: Header
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: Text = ""
    timestamp_header: Header | None = None
    tolerance: Duration = TOLERANCE
    signed: Annotated[Text, AfterValidator(_template)] | None = None
    secrets: OneOrTwo = None

    @model_validator(mode="after")
    def _timestamp_is_signed(self) -> Self:
        if self.signed is not None and ("{timestamp}" in self.signed) != (self.timestamp_header is not None):
            raise ValueError(
                "signed holds {timestamp} if there is a timestamp_header, and only then: an instant nobody signed proves nothing"
            )
        return self

    def authentication(self) -> Authentication:
        return Authentication(
            Scheme.HMAC,
            tuple(self.secrets or ()),
            "",
            self.header,
            self.algorithm,
            self.encoding,
            self.prefix,
            self.timestamp_header or "",
            self.tolerance,
            self.signed or ("{timestamp}.{body}" if self.timestamp_header else "{body}"),
        )

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(
            scheme="hmac",
            header=said.header,
            algorithm=said.algorithm,
            encoding=said.encoding,
            prefix=said.prefix,
            timestamp_header=said.timestamp_header or None,
            tolerance=said.tolerance,
            signed=said.signed,
        )


class Signed(Strict):
    """As the product of this name signs: Sentry, GitHub and PagerDuty leave nothing to set but the secret."""

    scheme: Literal["sentry", "github", "pagerduty"]
    secrets: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme(self.scheme), tuple(self.secrets or ()))

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls.model_validate({"scheme": said.scheme.value})


class Grafana(Strict):
    """`header` and `timestamp_header` as they are set in Grafana's contact point."""

    scheme: Literal["grafana"]
    header: Header = "X-Grafana-Alerting-Signature"
    timestamp_header: Header | None = None
    tolerance: Duration = TOLERANCE
    secrets: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(
            Scheme.GRAFANA,
            tuple(self.secrets or ()),
            header=self.header,
            timestamp_header=self.timestamp_header or "",
            tolerance=self.tolerance,
        )

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="grafana", header=said.header, timestamp_header=said.timestamp_header or None, tolerance=said.tolerance)


class StandardWebhooks(Strict):
    scheme: Literal["standard_webhooks"]
    tolerance: Duration = TOLERANCE
    secrets: OneOrTwoOfWebhooks = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.STANDARD_WEBHOOKS, tuple(self.secrets or ()), tolerance=self.tolerance)

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="standard_webhooks", tolerance=said.tolerance)


class Sns(Strict):
    """The signature of Amazon SNS. Without `topic_arns` any topic of anybody's is let in that knows the key."""

    scheme: Literal["sns"]
    topic_arns: Annotated[
        Sequence[Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]+:[A-Za-z0-9_.-]{1,256}$")]],
        Field(max_length=100),
    ] = ()

    def authentication(self) -> Authentication:
        return Authentication(Scheme.SNS, topic_arns=tuple(self.topic_arns))

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="sns", topic_arns=said.topic_arns)


class Lost(Strict):
    """Its secrets were sealed with a key that this node does not have, and nobody is let in. Shown; an edit may leave it so."""

    scheme: Literal["lost"]

    def authentication(self) -> Authentication:
        return Authentication(Scheme.LOST)

    @classmethod
    def of(cls, _: Authentication) -> Self:
        return cls(scheme="lost")


AuthenticationIn = Annotated[
    Basic | Bearer | Token | Hmac | Signed | Grafana | StandardWebhooks | Sns,
    Field(discriminator="scheme"),
]
AuthenticationOut = Annotated[
    Basic | Bearer | Token | Hmac | Signed | Grafana | StandardWebhooks | Sns | Lost,
    Field(discriminator="scheme"),
]

SHOWN: dict[Scheme, type[Basic | Bearer | Token | Hmac | Signed | Grafana | StandardWebhooks | Sns | Lost]] = {
    Scheme.BASIC: Basic,
    Scheme.BEARER: Bearer,
    Scheme.TOKEN: Token,
    Scheme.HMAC: Hmac,
    Scheme.SENTRY: Signed,
    Scheme.GITHUB: Signed,
    Scheme.PAGERDUTY: Signed,
    Scheme.GRAFANA: Grafana,
    Scheme.STANDARD_WEBHOOKS: StandardWebhooks,
    Scheme.SNS: Sns,
    Scheme.LOST: Lost,
}


def shown(said: object) -> object:
    """What may be seen of how an integration's senders prove themselves."""
    return SHOWN[said.scheme].of(said) if isinstance(said, Authentication) else said

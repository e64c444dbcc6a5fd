"""How senders prove themselves, as REST takes and shows it: the same fields both ways, but secrets only come in."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from oncall.kit.http import Duration, Strict
from oncall.services.schemas.fields import (
    Header,
    OneOrTwo,
    OneOrTwoOfWebhooks,
    Template,
    Text,
    Tolerance,
    TopicArn,
    Username,
    needs_its_header,
)
from oncall.services.values.senders import TOLERANCE, Algorithm, Authentication, Encoding, Scheme


class Said(Strict):
    """A scheme and its fields; a field that another scheme has, or that is nearly right, is named."""

    @model_validator(mode="before")
    @classmethod
    def _fields_are_its_own(cls, value: object) -> object:
        if isinstance(value, dict) and (unknown := [name for name in value if name not in cls.model_fields]):
            near = get_close_matches(str(unknown[0]), cls.model_fields, n=1)
            raise ValueError(
                f"there is no field {str(unknown[0])[:40]!r} in this scheme: "
                + (f"{near[0]} is meant" if near else f"it has {', '.join(cls.model_fields)}")
            )
        return value


class Basic(Said):
    scheme: Literal["basic"]
    username: Username
    password: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.BASIC, tuple(self.password or ()), username=self.username)

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="basic", username=said.username)


class Bearer(Said):
    scheme: Literal["bearer"]
    token: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.BEARER, tuple(self.token or ()))

    @classmethod
    def of(cls, _: Authentication) -> Self:
        return cls(scheme="bearer")


class Token(Said):
    """A secret as it is in a header, such as GitLab's `X-Gitlab-Token`."""

    scheme: Literal["token"]
    header: Header
    secret: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.TOKEN, tuple(self.secret or ()), header=self.header)

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="token", header=said.header)


class Hmac(Said):
    """`signed` says what is signed; with a `timestamp_header` that is `{timestamp}.{body}` unless it says otherwise."""

    scheme: Literal["hmac"]
    header: Header
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    prefix: Text = ""
    timestamp_header: Header | None = None
    tolerance: Tolerance = None
    signed: Template | None = None
    secrets: OneOrTwo = None

    @model_validator(mode="after")
    def _timestamp_is_signed(self) -> Self:
        needs_its_header(self.tolerance, self.timestamp_header)
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
            TOLERANCE if self.tolerance is None else self.tolerance,
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
            tolerance=said.tolerance if said.timestamp_header else None,
            signed=said.signed,
        )


class Signed(Said):
    """As the product of this name signs: Sentry, GitHub and PagerDuty leave nothing to set but the secret."""

    scheme: Literal["sentry", "github", "pagerduty"]
    secrets: OneOrTwo = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme(self.scheme), tuple(self.secrets or ()))

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls.model_validate({"scheme": said.scheme.value})


class Grafana(Said):
    """`header` and `timestamp_header` as they are set in Grafana's contact point."""

    scheme: Literal["grafana"]
    header: Header = "X-Grafana-Alerting-Signature"
    timestamp_header: Header | None = None
    tolerance: Tolerance = None
    secrets: OneOrTwo = None

    @model_validator(mode="after")
    def _tolerance_is_of_something(self) -> Self:
        needs_its_header(self.tolerance, self.timestamp_header)
        return self

    def authentication(self) -> Authentication:
        return Authentication(
            Scheme.GRAFANA,
            tuple(self.secrets or ()),
            header=self.header,
            timestamp_header=self.timestamp_header or "",
            tolerance=TOLERANCE if self.tolerance is None else self.tolerance,
        )

    @classmethod
    def of(cls, said: Authentication) -> Self:
        timestamp_header, tolerance = said.timestamp_header or None, said.tolerance if said.timestamp_header else None
        return cls(scheme="grafana", header=said.header, timestamp_header=timestamp_header, tolerance=tolerance)


class StandardWebhooks(Said):
    scheme: Literal["standard_webhooks"]
    tolerance: Duration = TOLERANCE
    secrets: OneOrTwoOfWebhooks = None

    def authentication(self) -> Authentication:
        return Authentication(Scheme.STANDARD_WEBHOOKS, tuple(self.secrets or ()), tolerance=self.tolerance)

    @classmethod
    def of(cls, said: Authentication) -> Self:
        return cls(scheme="standard_webhooks", tolerance=said.tolerance)


class Sns(Said):
    """The signature of Amazon SNS. Without `topic_arns` any topic of anybody's is let in that knows the key."""

    scheme: Literal["sns"]
    topic_arns: Annotated[Sequence[TopicArn], Field(max_length=100)] = ()

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


def _with_a_scheme(value: object) -> object:
    """What names no scheme is answered with those that there are."""
    if isinstance(value, dict) and value.get("scheme") not in list(Scheme):
        raise ValueError(f"scheme must be one of {', '.join(scheme for scheme in Scheme if scheme is not Scheme.LOST)}")
    return value


AuthenticationIn = Annotated[
    Basic | Bearer | Token | Hmac | Signed | Grafana | StandardWebhooks | Sns,
    Field(discriminator="scheme"),
    BeforeValidator(_with_a_scheme),
]
AuthenticationOut = Annotated[
    Basic | Bearer | Token | Hmac | Signed | Grafana | StandardWebhooks | Sns | Lost,
    Field(discriminator="scheme"),
    BeforeValidator(_with_a_scheme),
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

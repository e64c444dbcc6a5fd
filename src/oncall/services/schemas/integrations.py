"""What integrations and their keys look like over REST."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from oncall.desk.values import ReporterKind
from oncall.kit.http import Duration, Instant, Name, ReadOnly, Shown, Strict
from oncall.services.schemas.judging import Span
from oncall.services.schemas.senders import AuthenticationIn, AuthenticationOut, shown
from oncall.services.values import Integration, IntegrationSettings, IntegrationType, OnUnreadable, takes_mail


def _known(value: object) -> object:
    """A type that does not exist is answered with those that sound like it, not with all eighty."""
    types = [type.value for type in IntegrationType]
    if value in types:
        return value
    near = get_close_matches(str(value).lower().replace("-", "_").replace(" ", "_"), types, n=3)
    meant = f"perhaps {' or '.join(near)} is meant" if near else "use generic for what has no page in docs/integrations"
    raise ValueError(f"there is no such type of integration; {meant}")


class IntegrationIn(Strict):
    """`mapping` says how bodies are read that no dialect knows; `on_unreadable`, whether one that cannot be read pages or is recorded;
    `authentication`, what its senders must show beside the key: null asks for nothing; `auto_resolve_after`, how long after its last
    trigger an alert counts as resolved, for monitors that never resolve: null leaves it open; `reporter_kind`, of type `email`, whose mails
    come in by it: `monitor`, or people who report what is wrong, who are each an `employee`, a `customer` or a `vendor`."""

    name: Name
    type: Annotated[IntegrationType, BeforeValidator(_known)]
    mapping: dict[str, Any] | None = None
    on_unreadable: OnUnreadable = OnUnreadable.PAGE
    authentication: AuthenticationIn | None = None
    auto_resolve_after: Span | None = None
    reporter_kind: ReporterKind = ReporterKind.MONITOR

    def settings(self) -> IntegrationSettings:
        asked = self.authentication.authentication() if self.authentication else None
        words = self.name, self.type, self.mapping, self.on_unreadable, asked, self.auto_resolve_after
        return IntegrationSettings(*words, reporter_kind=self.reporter_kind)


def _without_defaults(schema: dict[str, Any]) -> None:
    for member in schema["properties"].values():
        member.pop("default", None)


class IntegrationEdit(Strict):
    """What an integration shall be from now on. A member that is left out stays as it is, null takes it away; so do secrets that are left
    out, as long as the scheme stays. All of what GET shows may be written back.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Name = ""
    type: Annotated[IntegrationType, BeforeValidator(_known)] = IntegrationType.GENERIC
    mapping: dict[str, Any] | None = None
    on_unreadable: OnUnreadable = OnUnreadable.PAGE
    authentication: AuthenticationOut | None = None
    auto_resolve_after: Span | None = None
    reporter_kind: ReporterKind = ReporterKind.MONITOR
    id: ReadOnly = None
    service_id: ReadOnly = None
    key_prefix: ReadOnly = None
    keys: ReadOnly = None
    created_at: ReadOnly = None

    def settings(self) -> IntegrationSettings:
        asked = self.authentication.authentication() if self.authentication else None
        unsaid = frozenset(IntegrationIn.model_fields.keys() - self.model_fields_set)
        words = self.name, self.type, self.mapping, self.on_unreadable, asked, self.auto_resolve_after
        return IntegrationSettings(*words, unsaid, self.reporter_kind)


class KeyShown(Shown):
    key_prefix: str
    created_at: Instant


class IntegrationOut(Shown):
    """`key_prefix` is that of the newest key; there are two while senders are moved from one to the other."""

    id: UUID
    service_id: UUID
    name: str
    type: IntegrationType
    key_prefix: str
    keys: Sequence[KeyShown]
    mapping: dict[str, Any] | None
    on_unreadable: OnUnreadable
    authentication: Annotated[AuthenticationOut, BeforeValidator(shown)] | None
    auto_resolve_after: Duration | None
    reporter_kind: ReporterKind
    created_at: Instant


Url = Annotated[str, Field(examples=["https://oncall.example.com/intake/…"])]

Email = Annotated[str | None, Field(examples=["…@oncall.example.com"])]


class IntegrationMade(IntegrationOut):
    """The only answer that ever holds the key itself: by itself, as the address to post to, and, where mails are taken, to send them to."""

    key: str
    url: Url
    email: Email


class KeyMade(KeyShown):
    """The only answer that ever holds this key."""

    key: str
    url: Url
    email: Email


def address_of(key: str, base_url: str) -> str:
    """Where whoever has the key posts to."""
    return f"{base_url}/intake/{key}"


def mail_address_of(key: str, integration: Integration, domain: str | None) -> str | None:
    """Where they send mails to; None where no mails are taken, or none of this integration's senders."""
    return f"{key}@{domain}" if domain and takes_mail(integration) else None

"""What the routes about keys take and show."""

from typing import Literal

from oncall.access.values import Scope
from oncall.kit.http import Instant, Name, Shown, Strict
from oncall.kit.ids import ApiKeyId, UserId


class ApiKeyIn(Strict):
    """A key to be made; with a `user_id` its acts are written down as that person's."""

    name: Name
    scope: Scope
    user_id: UserId | None = None


class ApiKeyShown(Shown):
    id: ApiKeyId
    prefix: str
    name: str
    scope: Scope
    user_id: UserId | None
    created_at: Instant
    revoked_at: Instant | None


class ApiKeyMade(ApiKeyShown):
    """The only answer that ever holds the key itself."""

    key: str


class Me(Shown):
    """Who the caller is, as far as the key says."""

    kind: Literal["key", "environment"]
    key_id: ApiKeyId | None
    name: str
    scope: Scope
    user_id: UserId | None

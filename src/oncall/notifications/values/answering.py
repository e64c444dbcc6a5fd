"""What is known of a message when somebody answers it."""

from dataclasses import dataclass
from uuid import UUID

from oncall.kit.ids import NotificationId, UserId
from oncall.notifications.values import Step


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message, and to whom; `page` is where in an incident's escalation it belongs, if it is one of a page."""

    id: NotificationId
    user_id: UserId
    contact_method_id: UUID
    channel: str
    address: str
    page: Step | None


@dataclass(frozen=True, slots=True)
class PageSent:
    """Somebody was paged, and is who they are still."""

    id: NotificationId
    at: Step
    user_id: UserId
    user_name: str

"""What a receipt made of a message."""

from dataclasses import dataclass

from oncall.kit.ids import NotificationId
from oncall.notifications.values import Status


@dataclass(frozen=True, slots=True)
class Received:
    """What a receipt made of its message; `changed` is false for one that says nothing new."""

    notification_id: NotificationId
    status: Status
    changed: bool

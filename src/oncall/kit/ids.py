"""Ids that cross rooms. All are UUIDv7, made by the application, so no database extension is needed."""

from typing import NewType
from uuid import UUID

from asyncpg.pgproto import pgproto
from uuid_utils import uuid7

UserId = NewType("UserId", UUID)
TeamId = NewType("TeamId", UUID)
ContactMethodId = NewType("ContactMethodId", UUID)
ScheduleId = NewType("ScheduleId", UUID)
PolicyId = NewType("PolicyId", UUID)
ServiceId = NewType("ServiceId", UUID)
IntegrationId = NewType("IntegrationId", UUID)
RoutingRuleId = NewType("RoutingRuleId", UUID)
EventId = NewType("EventId", UUID)
AlertId = NewType("AlertId", UUID)
IncidentId = NewType("IncidentId", UUID)
PageId = NewType("PageId", UUID)
NotificationId = NewType("NotificationId", UUID)
BundleId = NewType("BundleId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)


def new_id() -> UUID:
    """A fresh UUIDv7: later ids sort after earlier ones, which keeps indexes dense and lists in order of creation."""
    made: UUID = pgproto.UUID(uuid7().bytes)  # the kind that rows bring along, which is a UUID; made and sent in half the time
    return made

"""What a group of services is."""

from dataclasses import dataclass
from typing import NewType
from uuid import UUID

from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ServiceId

ServiceGroupId = NewType("ServiceGroupId", UUID)

MAX_MEMBERS = 500


class UnknownGroup(NotFound):
    """There is no group of services with this id."""


class UnknownMember(Invalid):
    """A group names services that do not exist."""


class GroupNameTaken(Conflict):
    """Another group of services has this name."""

    code = "name_taken"
    title = "Name taken"


@dataclass(frozen=True, slots=True)
class Group:
    """Services that people outside think of as one: what a status feed speaks about."""

    id: ServiceGroupId
    name: str
    description: str
    service_ids: tuple[ServiceId, ...]
    version: int = 1

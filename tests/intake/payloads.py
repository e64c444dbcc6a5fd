"""Real bodies: those that real programs sent on loopback lie in `bodies/`, those of other projects beside the repository."""

from pathlib import Path

import pytest

from oncall.incidents.values import Event
from oncall.intake.commands import read, received_as, to_events
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.services.values import IntegrationRef, IntegrationType

CAPTURED = Path(__file__).parent / "bodies"
SHARED = Path(__file__).parents[3] / "shared" / "payloads"


def body(name: str) -> bytes:
    """The bytes of `folder/file`; skips the test if they are only in the shared folder and that is absent."""
    for folder in (CAPTURED, SHARED):
        if (folder / name).exists():
            return (folder / name).read_bytes()
    pytest.skip(f"{name} is not here: it lies in ../shared/payloads, which is absent")


def bare(event: Event) -> str:
    """The dedup key without the integration, which keys of what only one monitor numbers are told apart by."""
    return event.dedup_key.removesuffix(f" integration={event.integration_id.hex[-8:]}")


def integration(type: str) -> IntegrationRef:
    return IntegrationRef(IntegrationId(new_id()), ServiceId(new_id()), "prod", IntegrationType(type))


def events(type: str, raw: bytes, *, encoding: str = "") -> list[Event]:
    """What an integration of this type makes of a body."""
    headers = {"content-type": "application/json", "content-encoding": encoding}
    received, ref = received_as(raw, headers=headers), integration(type)
    return to_events(read(received, ref), received, ref)

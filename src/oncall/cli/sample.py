"""What the very first start finds instead of nothing: a service that a first alert can be sent to."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, Scope
from oncall.channels.ports import Channel
from oncall.contacts.commands import add_contact_method
from oncall.escalation.commands import create_policy
from oncall.escalation.values import Policy, Step, Target, TargetType
from oncall.kit.db import one_at_a_time
from oncall.kit.ids import PolicyId, ServiceId, new_id
from oncall.kit.sealing import Sealing
from oncall.services.commands import create_integration, create_service, list_services
from oncall.services.values import IntegrationSettings, IntegrationType, Service, UrgencyMode
from oncall.teams.commands import create_team, create_user, list_users, set_member
from oncall.teams.values import TeamRole

SETUP = Caller("environment", None, "first start", Scope.ADMIN, None)


async def make_sample(tx: AsyncConnection, email: Channel, sealing: Sealing, *, now: datetime) -> str | None:
    """Two people, a policy that pages one after the other, a service; returns the key of its integration.

    None where anybody or any service exists already.
    """
    await one_at_a_time(tx, "sample")
    if await list_users(tx, limit=1) or await list_services(tx, after=None, limit=1):
        return None
    team = await create_team(tx, name="Sample team", now=now)
    steps = []
    for name in ("First", "Second"):
        # An address nobody else will want, and that no mail server delivers to.
        user = await create_user(tx, name=f"{name} responder (sample)", email=f"{name.lower()}.responder@sample.invalid", now=now)
        await add_contact_method(
            tx,
            user.id,
            channel=email.name,
            address=user.email,
            verified=True,
            caller=SETUP,
            channels={email.name: email},
            sealing=sealing,
            now=now,
        )
        await set_member(tx, team.id, user.id, TeamRole.RESPONDER)
        steps.append(Step(timedelta(minutes=5), (Target(TargetType.USER, user.id),)))
    policy = await create_policy(tx, Policy(PolicyId(new_id()), "Sample policy", team.id, 2, tuple(steps)), now=now)
    service = Service(
        ServiceId(new_id()), "sample-service", team.id, policy.id, timedelta(minutes=30), UrgencyMode.BY_SEVERITY, timedelta(minutes=15)
    )
    await create_service(tx, service, now=now)
    settings = IntegrationSettings("sample", IntegrationType.GENERIC)
    _, key = await create_integration(tx, service.id, settings, sealing=sealing, check_mapping=lambda _: None, now=now)  # it has none
    return key

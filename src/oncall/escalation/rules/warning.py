"""What a careful colleague would say about a policy. Pure."""

from collections.abc import Mapping

from oncall.contacts.rules import reachability, silence_hint
from oncall.contacts.values import Reach
from oncall.desk.values import Priority
from oncall.escalation.rules.whom import unmet
from oncall.escalation.values import ALL_SEVERITIES, About, OnDuty, People, Policy, PolicyWarning, TargetType


def warnings_of(policy: Policy, people: People, lacking: Mapping[str, str]) -> list[PolicyWarning]:
    """What a careful colleague would say about a policy as of now: whom no page reaches, and which step reaches nobody. By what is
    `lacking` nothing is sent.
    """
    found: list[PolicyWarning] = []
    ways = {user: reachability(reach, lacking) for user, reach in people.reach.items()}
    for level, step in enumerate(policy.steps, 1):
        duties = [people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists")) for target in step.targets]
        known = [(people.reach[user], duty) for duty in duties for user in duty.users if user in people.reach]
        lost = {reach.user_id: (reach, duty) for reach, duty in known if not ways[reach.user_id].high.reachable}
        found += [
            PolicyWarning(
                "unreachable",
                level,
                None if reach.team_id else id,
                f"Step {level} names {reach.name} ({duty.reason}). {_sentence(ways[id].high.why, reach)}",
            )
            for id, (reach, duty) in lost.items()
        ]
        low = {reach.user_id: reach for reach, _ in known if reach.user_id not in lost and not ways[reach.user_id].low.reachable}
        found += [
            PolicyWarning("unreachable", level, None if reach.team_id else id, f"Step {level}, at low urgency: {ways[id].low.why}.")
            for id, reach in low.items()
        ]
        hints = {reach.user_id: hint for reach, _ in known if reach.user_id not in lost and (hint := silence_hint(reach))}
        found += [PolicyWarning("not_proven_on_silent", level, id, f"Step {level}: {hint}") for id, hint in hints.items()]
        if len({reach.user_id for reach, _ in known}) == len(lost):
            why = "; ".join(dict.fromkeys(duty.reason for duty in duties if not duty.users))
            found.append(PolicyWarning("reaches_nobody", level, None, f"Step {level} reaches nobody now{f': {why}' if why else ''}."))
    if all(target.type is TargetType.CHANNEL for step in policy.steps for target in step.targets):
        only = f"Policy {policy.name} points only at channels: no person is paged, and nobody is woken, by any of its steps."
        found.append(PolicyWarning("only_channels", 1, None, only))
    for_none = [about for about in EVERY_KIND if all(unmet(step, about) is not None for step in policy.steps)]
    if for_none:
        said = f"No step of policy {policy.name} is for an incident that is {_kind(for_none[0])}: it would page nobody."
        found.append(PolicyWarning("not_for_all", 1, None, said))
    return found


EVERY_KIND = tuple(
    About(severity, priority, is_supported)
    for is_supported in (True, False)
    for priority in (None, *Priority)
    for severity in ALL_SEVERITIES
)
"""All that conditions of steps may tell apart."""


def _kind(about: About) -> str:
    priority = f"of priority {about.priority}" if about.priority else "without a priority"
    return f"{about.severity}, {priority}, {'within' if about.is_supported else 'outside'} support hours"


def _sentence(words: str, reach: Reach) -> str:
    """A person's name stays as it is written."""
    return f"{words}." if reach.team_id is None and words.startswith(reach.name) else f"{words[:1].upper()}{words[1:]}."

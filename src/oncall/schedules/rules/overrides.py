"""What overrides make of the people a schedule would put on call: a fold in the order of their creation, so the last created wins."""

from collections.abc import Iterable
from typing import assert_never

from oncall.schedules.values import OnCall, Override, OverrideKind, People, Source, SourceKind


def fold(on_call: OnCall, active: Iterable[Override]) -> OnCall:
    """Apply the overrides active at one instant, in the order given; each acts on what its author saw.

    `cover` and `clear` replace every source before them; the others become a source when they changed something.
    """
    users, sources = on_call.users, on_call.sources
    for override in active:
        changed = apply(override, users)
        source = Source(SourceKind.OVERRIDE, override.id, override.kind.value)
        if override.kind in {OverrideKind.COVER, OverrideKind.CLEAR}:
            sources = (source,)
        elif changed != users:
            sources = (*sources, source)
        users = changed
    return OnCall(users, sources)


def apply(override: Override, users: People) -> People:
    """Who is on call once this override is applied to `users`, without repetition."""
    own = () if override.user is None else (override.user,)
    match override.kind:
        case OverrideKind.COVER:
            return own
        case OverrideKind.CLEAR:
            return ()
        case OverrideKind.ADD:
            return tuple(dict.fromkeys(users + own))
        case OverrideKind.REMOVE:
            return tuple(user for user in users if user not in own)
        case OverrideKind.REPLACE:
            replaced = dict(override.replacements)
            return tuple(dict.fromkeys(replaced.get(user, user) for user in users))
        case _:
            assert_never(override.kind)

"""How many examples a property is tried with: few in `make test`, thirty times as many in `make soak`."""

from hypothesis import settings

USUAL = 100
"""What the `oncall` profile tries; `soak` tries more, and so does every property by the same measure."""


STORIES = 10
"""What `make test` tells of those that take half a second each."""


def stories(*, one_in: int) -> int:
    """How many long stories a state machine tells: a few; where the profile tries more than usual, so many of what it tries."""
    tried = settings().max_examples
    return STORIES if tried == USUAL else tried // one_in


def examples(usual: int) -> settings:
    """`usual` ones, where the profile has its usual number."""
    return settings(max_examples=usual * settings().max_examples // USUAL)

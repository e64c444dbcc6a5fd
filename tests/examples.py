"""How many examples a property is tried with: few in `make test`, thirty times as many in `make soak`."""

from hypothesis import settings

USUAL = 100
"""What the `oncall` profile tries; `soak` tries more, and so does every property by the same measure."""


def examples(usual: int) -> settings:
    """`usual` ones, where the profile has its usual number."""
    return settings(max_examples=usual * settings().max_examples // USUAL)

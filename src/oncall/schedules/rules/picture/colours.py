"""Which colour stands for whom in pictures. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

# As far apart as they can be while white letters are readable on each (4.5:1), each stands out from white and from nearly black paper
# (3:1), and none is taken for the red of a gap or the grey of what cannot be told apart.
PALETTE = (
    "#2360c5", "#bc37c6", "#298509", "#966c13", "#aa5d83", "#7f52f5", "#7c50a8", "#328173", "#c90084", "#5975a4",
    "#5d6a33", "#91574d", "#3266fc", "#a43c92", "#b85725", "#9731cf", "#246d85", "#83587f", "#6463d4", "#03734a",
)  # fmt: skip

# Who shares a colour with somebody else in the picture has dark dots on it, or lines; the fourth is plain again. Gaps alone are hatched.
TEXTURES = ("", '<circle cx="3" cy="3" r="2"/><circle cx="8" cy="8" r="2"/>', '<path d="M0 0H10V5H0Z"/>')


@dataclass(frozen=True, slots=True)
class Fill:
    """A colour and a texture, by its number; 0 is plain."""

    colour: str
    texture: int = 0

    @property
    def paint(self) -> str:
        """What an SVG's `fill` says."""
        return f"url(#{self._id})" if self.texture else self.colour

    @property
    def pattern(self) -> str:
        """What `paint` points at, to be defined once; nothing for a plain colour."""
        if not self.texture:
            return ""
        return (
            f'<pattern id="{self._id}" width="10" height="10" patternUnits="userSpaceOnUse">'
            f'<rect width="10" height="10" fill="{self.colour}"/><g fill-opacity=".35">{TEXTURES[self.texture]}</g></pattern>'
        )

    @property
    def _id(self) -> str:
        return f"schedule-picture-{self.colour[1:]}-{self.texture}"


def fills_of(names: Iterable[str]) -> dict[str, Fill]:
    """For each name the colour of its hash, which it has in every picture; the texture depends on with whom it shares it in this one."""
    shared: Counter[str] = Counter()
    found: dict[str, Fill] = {}
    for hashed, name in sorted((_hash(name), name) for name in set(names)):
        colour = PALETTE[hashed % len(PALETTE)]
        found[name] = Fill(colour, shared[colour] % len(TEXTURES))
        shared[colour] += 1
    return found


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")

"""A schedule as a picture: one SVG that stands alone, for light and dark pages, telephones and screen readers. Pure."""

from oncall.schedules.rules.picture.drawing import draw

__all__ = ["draw"]

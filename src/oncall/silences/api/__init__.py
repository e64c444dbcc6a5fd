"""REST for what mutes."""

from oncall.kit.narrow import together
from oncall.silences.api import inhibitions, silences, windows

router = together(silences.router, windows.router, inhibitions.router)

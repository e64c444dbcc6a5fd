"""REST for what would happen, and would have happened."""

from oncall.kit.narrow import together
from oncall.simulate.api import advising, previewing, replaying, simulating

router = together(advising.router, previewing.router, replaying.router, simulating.router)

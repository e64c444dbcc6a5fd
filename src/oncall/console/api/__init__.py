"""Pages for people: the links of messages, the form by which anybody reports that something is broken, and the reference of the API."""

from oncall.console.api import links, reporting
from oncall.kit.narrow import together

router = together(links.router, reporting.router)

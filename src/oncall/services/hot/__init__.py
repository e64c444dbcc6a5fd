"""Who is on call, answered from memory: plain Starlette routes, since every dashboard and script asks."""

from oncall.services.hot.document import DOCUMENT
from oncall.services.hot.oncalls import ROUTES

__all__ = ["DOCUMENT", "ROUTES"]

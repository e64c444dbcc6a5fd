"""Status pages, answered from memory: everybody may ask, and many do at once."""

from oncall.communications.hot.pages import DOCUMENT, ROUTES

__all__ = ["DOCUMENT", "ROUTES"]

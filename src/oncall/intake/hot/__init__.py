"""The routes monitors post to: plain Starlette routes, since they carry every alert there is."""

from oncall.intake.hot import alerta, intake, opsgenie, pagerduty, victorops
from oncall.intake.hot.document import DOCUMENT

# What carries storms comes first: addresses are looked through in this order.
ROUTES = [*intake.ROUTES, *pagerduty.ROUTES, *victorops.ROUTES, *alerta.ROUTES, *opsgenie.ROUTES]

__all__ = ["DOCUMENT", "ROUTES"]

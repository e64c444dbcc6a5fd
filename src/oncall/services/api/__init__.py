"""REST for services: integrations and keys, dependencies, groups, report forms, and the rules that send events to them."""

from oncall.kit.narrow import together
from oncall.services.api import dependencies, groups, report_forms, routing, services

router = together(services.router, report_forms.router, dependencies.router, groups.router, routing.router)

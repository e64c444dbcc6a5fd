"""What can be done with services and integrations."""

from oncall.services.commands.dependencies import dependencies_of
from oncall.services.commands.integrations import (
    create_integration,
    create_key,
    delete_integration,
    delete_key,
    get_integration,
    get_integration_ref,
    integration_keys,
    list_integrations,
    reseal,
    update_integration,
)
from oncall.services.commands.routing import load_routing
from oncall.services.commands.services import (
    ROUTING,
    all_services,
    create_service,
    delete_service,
    get_profiles,
    get_service,
    get_services,
    list_services,
    services_of,
    services_that_page,
    update_service,
)
from oncall.services.commands.support import get_supported, with_hours

__all__ = [
    "ROUTING",
    "all_services",
    "create_integration",
    "create_key",
    "create_service",
    "delete_integration",
    "delete_key",
    "delete_service",
    "dependencies_of",
    "get_integration",
    "get_integration_ref",
    "get_profiles",
    "get_service",
    "get_services",
    "get_supported",
    "integration_keys",
    "list_integrations",
    "list_services",
    "load_routing",
    "reseal",
    "services_of",
    "services_that_page",
    "update_integration",
    "update_service",
    "with_hours",
]

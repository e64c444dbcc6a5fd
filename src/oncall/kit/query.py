"""Query parameters that a route does not have are refused, as unknown fields of a body are: a filter with a typing error would show
everything.
"""

from functools import cached_property

from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from oncall.kit.strict import PREFIX

LONGEST = 100
"""Characters of an unknown name that are said again."""


class KnownQuery:
    """What answers a route, but for requests with parameters in the query that it does not have. It is asked before who sends it, as bodies
    are: it says only what the API reference does.
    """

    def __init__(self, app: ASGIApp, route: APIRoute) -> None:
        self._app, self._route = app, route

    @cached_property
    def names(self) -> frozenset[str]:
        """Those of what it depends on included."""
        params = [param for param in get_flat_params(self._route.dependant) if isinstance(param.field_info, Query)]
        return frozenset(param.alias for param in params)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"] and (unknown := QueryParams(scope["query_string"]).keys() - self.names):
            there_are = f"those there are: {', '.join(sorted(self.names))}" if self.names else "this address takes none"
            message = f"there is no such parameter here; {there_are}"
            raise RequestValidationError(
                [{"type": "unknown_parameter", "loc": ("query", name[:LONGEST]), "msg": message} for name in sorted(unknown)]
            )
        await self._app(scope, receive, send)


def refuse_unknown_query(route: BaseRoute) -> None:
    """From now on, if it is of the REST API."""
    if isinstance(route, APIRoute) and route.path.startswith(f"{PREFIX}/") and not isinstance(route.app, KnownQuery):
        route.app = KnownQuery(route.app, route)

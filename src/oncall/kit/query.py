"""Query parameters that a route does not have are refused, as unknown fields of a body are: a filter with a typing error would show
everything.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from fastapi._compat import field_annotation_is_sequence
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
    def _takes_many(self) -> Mapping[str, bool]:
        """Whether a parameter may be there more than once, by its name; those of what it depends on included."""
        params = [param for param in get_flat_params(self._route.dependant) if isinstance(param.field_info, Query)]
        return {param.alias: field_annotation_is_sequence(param.field_info.annotation) for param in params}

    @property
    def names(self) -> AbstractSet[str]:
        return self._takes_many.keys()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"] and (faults := list(self._faults(QueryParams(scope["query_string"])))):
            raise RequestValidationError(faults)
        await self._app(scope, receive, send)

    def _faults(self, asked: QueryParams) -> Iterator[dict[str, object]]:
        there_are = f"those there are: {', '.join(sorted(self.names))}" if self.names else "this address takes none"
        for name in sorted(asked.keys() - self.names):
            yield _fault("unknown_parameter", name[:LONGEST], f"there is no such parameter here; {there_are}")
        for name in sorted(asked.keys() & self.names):
            if len(asked.getlist(name)) > 1 and not self._takes_many[name]:  # of two values one would be ignored
                yield _fault("repeated_parameter", name, "is there more than once, and takes one value")


def _fault(kind: str, name: str, message: str) -> dict[str, object]:
    return {"type": kind, "loc": ("query", name), "msg": message}


def refuse_unknown_query(route: BaseRoute) -> None:
    """From now on, if it is of the REST API."""
    if isinstance(route, APIRoute) and route.path.startswith(f"{PREFIX}/") and not isinstance(route.app, KnownQuery):
        route.app = KnownQuery(route.app, route)

"""All dialects: a file in `adapters` that holds a `DIALECT` is registered by that alone."""

from importlib import import_module
from pkgutil import iter_modules

from oncall.intake import adapters
from oncall.intake.values import Dialect, Received
from oncall.services.values import IntegrationType


def _found() -> dict[IntegrationType, Dialect]:
    modules = (import_module(f"{adapters.__name__}.{module.name}") for module in iter_modules(adapters.__path__))
    return {module.DIALECT.type: module.DIALECT for module in modules if hasattr(module, "DIALECT")}


DIALECTS = _found()


def dialect_of(value: object, received: Received, *, but: Dialect) -> Dialect | None:
    """The dialect that knows this body, if any but `but` does. A body with a key of its own is somebody's own, whatever its other names."""
    is_keyed = isinstance(value, dict) and "dedup_key" in value
    asked = (dialect for dialect in DIALECTS.values() if dialect is not but and (dialect.has_keys or not is_keyed))
    return next((dialect for dialect in asked if dialect.knows(value, received)), None)

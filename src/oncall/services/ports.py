"""What higher rooms plug into changes of integrations."""

from collections.abc import Callable, Mapping

CheckMapping = Callable[[Mapping[str, object]], None]
"""Raises a refusal that says what is wrong with a mapping, in words for whoever wrote it."""

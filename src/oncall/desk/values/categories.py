"""What a category is, and what can be wrong with the tree of them."""

from dataclasses import dataclass
from datetime import datetime

from oncall.desk.values import CategoryId
from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound

DEEPEST = 5
"""Levels of the tree: what lies deeper nobody finds in a list."""

MOST_CATEGORIES = 2_000


class UnknownCategory(NotFound):
    """There is no category with this id."""


class WrongParent(Invalid):
    """A category cannot be below that one."""


class CategoryNameTaken(Conflict):
    """Those below one category are known by their names."""

    code = "exists"
    title = "Already exists"


class TooManyCategories(Conflict):
    """The tree is as large as it may be."""

    code = "too_many_categories"
    title = "Too many categories"


class MayNotFile(Forbidden):
    """Categories are for admins and the service desk to edit."""


@dataclass(frozen=True, slots=True)
class Category:
    """What an incident may be about, and what that is part of; None: of nothing."""

    id: CategoryId
    name: str
    parent_id: CategoryId | None
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Branch:
    """A category with all that is below it, by name."""

    category: Category
    children: tuple["Branch", ...]

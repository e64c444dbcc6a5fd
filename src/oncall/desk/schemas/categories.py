"""What categories look like over REST."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

from pydantic import Field

from oncall.desk.values import CategoryId
from oncall.desk.values.categories import Branch, Category
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict


class CategoryIn(Strict):
    name: Name
    parent_id: CategoryId | None = Field(None, description="What it is part of; null: it is at the top. Five levels at most.")


class CategoryEdit(CategoryIn):
    """All of it, as GET shows it; another parent moves it with all that is below it."""

    id: ReadOnly = None
    path: ReadOnly = None
    created_at: ReadOnly = None


class CategoryOut(Shown):
    id: UUID
    name: str
    parent_id: UUID | None
    path: list[str] = Field(description="The names from the top down to it.")
    created_at: Instant

    @classmethod
    def of(cls, category: Category, path: Sequence[str]) -> Self:
        return cls(id=category.id, name=category.name, parent_id=category.parent_id, path=list(path), created_at=category.created_at)


class BranchOut(Shown):
    id: UUID
    name: str
    children: list["BranchOut"]

    @classmethod
    def of(cls, branch: Branch) -> Self:
        return cls(id=branch.category.id, name=branch.category.name, children=[BranchOut.of(child) for child in branch.children])


class TreeOut(Shown):
    """The whole tree; those of one level by their names."""

    items: list[BranchOut]

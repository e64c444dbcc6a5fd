"""SQL about categories."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import CategoryId
from oncall.desk.values.categories import Category

ALL = text("SELECT id, name, parent_id, created_at, version FROM categories ORDER BY id")
# Where something moves depends on all of it: whoever changes the tree has it for themselves.
LOCK_ALL = text("SELECT id, name, parent_id, created_at, version FROM categories ORDER BY id FOR NO KEY UPDATE")
PAGE = text("SELECT id, name, parent_id, created_at, version FROM categories WHERE id > :after ORDER BY id LIMIT :limit")
ADD = text("INSERT INTO categories (id, name, parent_id, created_at) VALUES (:id, :name, :parent_id, :created_at)")
SAVE = text("UPDATE categories SET name = :name, parent_id = :parent_id, version = :version WHERE id = :id")
DELETE = text("DELETE FROM categories WHERE id = :id")


async def all_categories(tx: AsyncConnection, *, lock: bool = False) -> dict[CategoryId, Category]:
    return {category.id: category for category in map(_category, await tx.execute(LOCK_ALL if lock else ALL))}


async def list_categories(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Category]:
    return [_category(r) for r in await tx.execute(PAGE, {"after": after, "limit": limit})]


async def add_category(tx: AsyncConnection, category: Category) -> None:
    params = {"id": category.id, "name": category.name, "parent_id": category.parent_id, "created_at": category.created_at}
    await tx.execute(ADD, params)


async def save_category(tx: AsyncConnection, category: Category) -> None:
    params = {"id": category.id, "name": category.name, "parent_id": category.parent_id, "version": category.version}
    await tx.execute(SAVE, params)


async def delete_category(tx: AsyncConnection, id: CategoryId) -> None:
    await tx.execute(DELETE, {"id": id})


def _category(r: Row[Any]) -> Category:
    parent = CategoryId(r.parent_id) if r.parent_id else None
    return Category(CategoryId(r.id), r.name, parent, r.created_at, r.version)

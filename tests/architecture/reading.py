"""How the checks read a source file: its tree, its comments, what a name was imported as, and which strings are SQL."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "oncall"

SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|RETURNING|CREATE TABLE|ALTER TABLE|WHERE|VALUES|INTERVAL)\b"
    r"|^\s*(?i:select\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()"
)
TAKES_SQL = frozenset({"text", "CheckConstraint", "Index", "exec_driver_sql", "literal_column", "execute", "Computed", "DDL"})
KEYWORDS_OF_SQL = frozenset({"server_default", "server_onupdate", "postgresql_where", "sqltext"})


@dataclass(frozen=True)
class Source:
    """One file of src/oncall; `path` is relative to it ("incidents/store.py")."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def room(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")

    @property
    def file(self) -> str:
        """What part of its room this is: "store" for store.py and for everything in store/; "__init__" for the room's sign."""
        return self.path.partition("/")[2].partition("/")[0].removesuffix(".py")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def commented(self) -> frozenset[int]:
        """Numbers of the lines that bear a comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return frozenset(token.start[0] for token in tokens if token.type == tokenize.COMMENT)

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """Local name → full name: {"dt": "datetime.datetime"} after `from datetime import datetime as dt`."""
        names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                names |= {a.asname: a.name for a in node.names if a.asname}
                names |= {a.name.partition(".")[0]: a.name.partition(".")[0] for a in node.names if not a.asname}
            elif isinstance(node, ast.ImportFrom):
                names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        return names

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Each imported module or name in full, with the statement that imports it."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)

    def full_name(self, node: ast.AST) -> str:
        """The dotted name of an expression with imports resolved, "" if it has none; calls and subscripts read `name()`, `name[]`."""
        match node:
            case ast.Name():
                return self.imported.get(node.id, node.id)
            case ast.Attribute():
                return f"{of}.{node.attr}" if (of := self.full_name(node.value)) else ""
            case ast.Call():
                return f"{of}()" if (of := self.full_name(node.func)) else ""
            case ast.Subscript():
                return f"{of}[]" if (of := self.full_name(node.value)) else ""
            case _:
                return ""

    def uses(self, within: ast.AST | None = None) -> Iterator[tuple[ast.expr, str]]:
        """Every name and attribute that is used, in full."""
        for node in ast.walk(within) if within else self.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and (name := self.full_name(node)):
                yield node, name

    def strings(self) -> Iterator[tuple[ast.Constant, str, bool]]:
        """Every string that is not a docstring, its text, and whether that is SQL: by what it says, or by what takes it."""
        docs = {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}
        taken = {id(part) for argument in self._arguments_of_sql() for part in ast.walk(argument)}
        for node in self.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield node, node.value, id(node) in taken or bool(SQL.search(node.value))

    def _arguments_of_sql(self) -> Iterator[ast.expr]:
        for call in self.nodes:
            if isinstance(call, ast.Call):
                if self.full_name(call.func).rpartition(".")[2] in TAKES_SQL:
                    yield from call.args[:1]
                yield from (keyword.value for keyword in call.keywords if keyword.arg in KEYWORDS_OF_SQL)

    def at(self, node: ast.AST | int, message: str) -> str:
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"src/oncall/{self.path}:{line}: {message}"


def sources(root: Path = SRC) -> list[Source]:
    """Every Python file of the package."""
    return [Source(path.relative_to(root).as_posix(), path.read_text()) for path in sorted(root.rglob("*.py"))]

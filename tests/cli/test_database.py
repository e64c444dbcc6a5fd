"""What only looks at a database, or mends one, makes none: an empty one would hide that the settings are another oncall's."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from oncall.cli import app


@pytest.mark.parametrize("command", ["audit", "reseal"])
def test_where_there_is_no_database_none_is_made(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONCALL_DATABASE_URL", raising=False)
    folder = tmp_path / "elsewhere"
    done = CliRunner().invoke(app, [command], env={"ONCALL_DATA_DIR": str(folder)})
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"oncall: There is no database in {folder}: set ONCALL_DATABASE_URL or ONCALL_DATA_DIR as they are for the oncall that runs.\n"
    )
    assert not folder.exists()

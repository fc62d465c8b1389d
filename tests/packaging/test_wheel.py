"""The wheel holds every file the program reads, and finds them in an environment without the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from scidex_console import __version__

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "README.md", ".gitignore", "scidex_console", "styles")


def run(*words: object, cwd: Path) -> str:
    result = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"
    return result.stdout


def data_files(folder: Path, prefix: str) -> set[str]:
    """Everything but Python's own files, as the wheel would name it."""
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the checkout, by the installed build backend."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ".", cwd=copy)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it, and our dependencies but not our checkout beside it."""
    environment = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    site = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment).strip()
    )
    # A path file read by another path file's folder is not followed, so an editable checkout stays outside.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    words = [
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
    ]
    run(sys.executable, "-m", "pip", *words, wheel, cwd=environment)
    return environment


def test_the_wheel_has_styles_statements_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    styles = data_files(ROOT / "styles", "scidex_console/styles")
    data = data_files(ROOT / "scidex_console", "scidex_console")
    assert styles and any(name.endswith(".tcss") for name in styles)
    assert any("/queries/" in name for name in data) and any("/schema/" in name for name in data)
    assert any(name.startswith("scidex_console/demo/data/") for name in data)
    assert styles | data <= names
    assert "scidex_console/py.typed" in names
    strangers = {name.split("/")[0] for name in names} - {
        "scidex_console",
        f"scidex_console-{__version__}.dist-info",
    }
    assert not strangers


def test_the_installed_program_runs_from_its_own_files(installed: Path, tmp_path: Path) -> None:
    assert (
        run(installed / "bin" / "scidex-console", "--version", cwd=tmp_path)
        == f"scidex-console {__version__}\n"
    )
    where = run(
        installed / "bin" / "python",
        "-c",
        "import scidex_console; print(scidex_console.__file__)",
        cwd=tmp_path,
    )
    assert Path(where.strip()).is_relative_to(installed)


def test_the_installed_program_finds_styles_statements_and_data(installed: Path, tmp_path: Path) -> None:
    style_names = sorted(path.name for path in (ROOT / "styles").glob("*.tcss"))
    program = f"""
from importlib.resources import files
from scidex_console.styling import style_path
from scidex_console.adapters.postgres.database import query
from scidex_console.adapters.postgres.schema_files import schema_files

for name in {style_names!r}:
    path = style_path(name)
    assert path.read_text(), name
    assert path.parent.parent.name == "scidex_console", path
assert [file.version for file in schema_files()] == list(range(1, len(schema_files()) + 1))
for file in files("scidex_console.adapters.postgres").joinpath("queries").iterdir():
    assert query(file.name.removesuffix(".sql"))
assert [file for file in files("scidex_console.demo.data").iterdir() if file.name.endswith(".tsv")]
assert files("scidex_console.demo").joinpath("scidex_tables.sql").read_text()
print("found")
"""
    assert run(installed / "bin" / "python", "-c", program, cwd=tmp_path) == "found\n"

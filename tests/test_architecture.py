"""The shape of the house: what is imported when, which files there are, what each package says it offers."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import fairasr
from fairasr.discovery import METHODS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "fairasr"
HEAVY = (
    "torch",
    "geopandas",
    "plotly",
    "sklearn",
    "numpy",
    "pandas",
    "scipy",
    "pyarrow",
    "shapely",
    "jinja2",
    "whisper_normalizer",
)
"""What `import fairasr` and the help must do without; the first four are never needed to audit."""
MOST_LINES = 300
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}
PACKAGES = sorted(module.name for module in pkgutil.iter_modules(fairasr.__path__) if module.ispkg)


def source_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def method_files() -> dict[str, Path]:
    """Name of every discovery method of ours -> its file."""
    return {name: PACKAGE / "discovery" / f"{method.module.rpartition('.')[2]}.py" for name, method in METHODS.items()}


def imports_of(path: Path) -> set[str]:
    """Modules a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def loaded_after(code: str) -> list[str]:
    report = f"import sys\n{code}\nprint('LOADED', *[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


def test_importing_fairasr_loads_nothing_heavy() -> None:
    assert loaded_after("import fairasr") == []


def test_the_help_loads_nothing_heavy() -> None:
    assert loaded_after("from fairasr.cli.main import run\ntry: run(['--help'])\nexcept SystemExit: pass") == []


def test_the_check_for_heavy_imports_sees_one() -> None:
    assert "numpy" in loaded_after("import fairasr.core")


def test_an_audit_loads_no_torch() -> None:
    """With every discovery: vectors come from outside."""
    loaded = loaded_after("import fairasr.auditing, fairasr.report, fairasr.testing, fairasr.discovery.speaker_kmeans")
    assert "pandas" in loaded
    assert set(loaded).isdisjoint({"torch", "geopandas", "plotly", "sklearn"})


def test_methods_are_the_discoverer_files() -> None:
    """Every file that defines a discoverer (a class with `search` and `obstacle`) is a method, but for rules used as they are."""
    found = set()
    for path in sorted((PACKAGE / "discovery").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                functions = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
                if {"search", "obstacle"} <= functions:
                    found.add(path.name)
    assert found
    assert found - {"base.py", "frozen.py"} == {path.name for path in method_files().values()}


def test_every_method_is_a_discoverer_of_its_name() -> None:
    assert len(METHODS) >= 4
    for name, method in METHODS.items():
        settings = method.load()
        assert all(hasattr(settings, part) for part in ("method", "obstacle", "search")), name
        assert hasattr(method.load_rule(), "from_json"), name


def test_methods_do_not_import_each_other() -> None:
    files = method_files()
    assert len(files) >= 4
    modules = {f"fairasr.discovery.{path.stem}" for path in files.values()}
    for path in files.values():
        others = modules - {f"fairasr.discovery.{path.stem}"}
        assert imports_of(path) & others == set(), path.name


@pytest.mark.parametrize("package", ["fairasr", *(f"fairasr.{name}" for name in PACKAGES)])
def test_a_package_offers_exactly_what_it_says(package: str) -> None:
    module = importlib.import_module(package)
    names = getattr(module, "__all__", [])
    imported = {
        alias.asname or alias.name
        for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fairasr")
        for alias in node.names
    }
    assert imported <= set(names), "imported and not offered"
    assert [name for name in names if not hasattr(module, name)] == []
    assert list(names) == sorted(set(names), key=_constants_classes_functions)


def _constants_classes_functions(name: str) -> tuple[int, str]:
    """The order of names in `__all__`: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_there_are_packages_to_check() -> None:
    assert {"core", "ingest", "scoring", "discovery", "statistics", "report", "models", "auditing", "cli"} <= set(PACKAGES)


def test_no_file_is_longer_than_one_idea() -> None:
    files = source_files()
    assert len(files) > 50
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_file_is_a_drawer() -> None:
    assert [path for path in source_files() if path.name in FORBIDDEN_NAMES] == []
    assert source_files()


def test_import_contracts_hold() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout

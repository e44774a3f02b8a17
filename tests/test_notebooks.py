"""The tutorials run as they are, and are stored without outputs."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONGEST_S = 90 * 4
"""Of one cell: generous, so that a busy machine does not fail it."""


def test_there_is_a_tutorial() -> None:
    assert FOLDER / "first_audit.ipynb" in NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_outputs_are_stored(path: Path) -> None:
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook after a run in `folder`."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=LONGEST_S, kernel_name="python3", resources=resources).execute()


def printed(notebook: nbformat.NotebookNode, fragment: str) -> str:
    """What the one code cell whose source has `fragment` printed and showed."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and fragment in cell.source]
    return "".join(
        output.get("text", "") or output.get("data", {}).get("text/html", "") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def test_the_first_audit_runs_and_shows_what_its_text_says(tmp_path: Path) -> None:
    notebook = executed(FOLDER / "first_audit.ipynb", tmp_path)
    streams = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs if o.get("name") == "stderr"]
    assert streams == [], "a warning in a tutorial frightens its reader"
    refusal = printed(notebook, "broken = ")
    for wrong in ("latitude_deg", "zip_code", "utterance_id"):
        assert wrong in refusal
    assert "2,000 speakers" in printed(notebook, "corpus = fa.read(")
    assert printed(notebook, "languages = ").startswith("worst: Spanish")
    assert "<svg" in printed(notebook, "map_svg(audit")
    for file in ("report.html", "report.json", "cohorts.parquet", "regions.geojson", "rules/geo-tree.json"):
        assert (tmp_path / "out" / "first-audit" / "report" / file).is_file()
    verdict = printed(notebook, "findings = verdict(")
    assert verdict.count("Found:") >= 3
    assert "False alarm" not in verdict

"""Whatever goes wrong, wherever: the former files, whole, or the new ones, whole."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from fairasr.core import atomic
from fairasr.core.atomic import replace_files, write_file
from fairasr.core.errors import OutputError

FORMER = {Path("a.txt"): b"former a", Path("rules/x.json"): b"former x"}
NEW = {Path("a.txt"): b"new a", Path("b.txt"): b"new b", Path("rules/y.json"): b"new y"}
OWNED = {*FORMER, *NEW}


def owned(folder: Path) -> Iterator[Path]:
    return (path for path in OWNED if (folder / path).is_file())


def below(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(params=["whole folder", "beside foreign files"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    replace_files(folder, FORMER, owned=owned)
    if request.param == "beside foreign files":
        (folder / "foreign.txt").write_bytes(b"foreign")
    return folder


def foreign(folder: Path) -> dict[Path, bytes]:
    return {Path("foreign.txt"): b"foreign"} if (folder / "foreign.txt").exists() else {}


def test_files_are_replaced_and_stale_ones_removed(folder: Path) -> None:
    kept = foreign(folder)
    assert replace_files(folder, NEW, owned=owned) == sorted(folder / path for path in NEW)
    assert below(folder) == {**NEW, **kept}
    assert [path.name for path in folder.parent.iterdir()] == ["out"]
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


class Interruptions:
    """Raises at the n-th call of any of the watched functions, before or after it did its work."""

    def __init__(self, *, at: int, error: BaseException, after: bool) -> None:
        self.at, self.error, self.after, self.calls = at, error, after, 0

    def watch(self, function: Any) -> Any:
        def watched(*args: Any, **keywords: Any) -> Any:
            self.calls += 1
            mine = self.calls == self.at
            if mine and not self.after:
                raise self.error
            result = function(*args, **keywords)
            if mine:
                raise self.error
            return result

        return watched


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "disk full")], ids=["Ctrl-C", "disk full"])
def test_interrupted_at_any_step_the_folder_holds_all_former_or_all_new_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, *, after: bool
) -> None:
    kept = foreign(folder)
    outcomes = []
    for at in range(1, 200):
        interruptions = Interruptions(at=at, error=error, after=after)
        with monkeypatch.context() as patch:
            for name in ("rename", "fsync", "open"):
                patch.setattr(atomic.os, name, interruptions.watch(getattr(os, name)))
            patch.setattr(Path, "open", interruptions.watch(Path.open))
            patch.setattr(Path, "mkdir", interruptions.watch(Path.mkdir))
            try:
                replace_files(folder, NEW, owned=owned)
                outcomes.append("done")
            except (KeyboardInterrupt, OutputError):
                outcomes.append("interrupted")
        whole = without_litter(folder)
        assert whole in ({**FORMER, **kept}, {**NEW, **kept}), f"half done at step {at}"
        if isinstance(error, OSError) and outcomes[-1] == "interrupted":
            assert whole == {**FORMER, **kept}, f"step {at}: the error says that the former files are unchanged"
        if interruptions.calls < at:
            break
        replace_files(folder, FORMER, owned=owned)
    assert outcomes[-1] == "done"
    assert outcomes.count("interrupted") > 10
    assert without_litter(folder) == {**NEW, **kept}


def without_litter(folder: Path) -> dict[Path, bytes]:
    """Files below, less the hidden folder that stays where the clearing up itself was interrupted."""
    return {path: content for path, content in below(folder).items() if not path.parts[0].startswith(".out.")}


@contextmanager
def files_at_most(n_bytes: int) -> Iterator[None]:
    """No file of this process can grow past `n_bytes`: a write fails half way, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_half_way_leaves_the_former_files_and_no_litter(folder: Path) -> None:
    before = below(folder.parent)
    with files_at_most(5000), pytest.raises(OutputError, match=r"cannot write .*What was there before is unchanged\. Free space"):
        replace_files(folder, {Path("a.txt"): b"new", Path("b.txt"): b"x" * 10_000}, owned=owned)
    assert below(folder.parent) == before


def test_a_file_that_is_written_in_parts_is_as_whole_as_one_of_bytes(folder: Path) -> None:
    def parts(stream: BinaryIO) -> None:
        for part in (b"one ", b"two ", b"three"):
            stream.write(part)

    kept = foreign(folder)
    replace_files(folder, {Path("a.txt"): parts}, owned=owned)
    assert below(folder) == {Path("a.txt"): b"one two three", **kept}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug"), OSError(errno.ENOSPC, "disk full")])
def test_a_writer_that_fails_between_its_parts_leaves_the_former_files_and_no_litter(folder: Path, error: BaseException) -> None:
    def parts(stream: BinaryIO) -> None:
        stream.write(b"one ")
        raise error

    before = below(folder.parent)
    with pytest.raises(OutputError if isinstance(error, OSError) else type(error)):
        replace_files(folder, {Path("a.txt"): b"new", Path("b.txt"): parts}, owned=owned)
    assert below(folder.parent) == before


def test_a_single_file_that_fails_half_way_leaves_the_former_one(tmp_path: Path) -> None:
    path = write_file(tmp_path / "page.html", b"former")
    with files_at_most(5000), pytest.raises(OutputError):
        write_file(path, b"x" * 10_000)
    assert below(tmp_path) == {Path("page.html"): b"former"}


def test_a_folder_that_cannot_be_made_is_an_output_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def denied(self: Path, *args: Any, **keywords: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(OutputError, match=r"Permission denied.*allow writing there, or choose another place"):
        replace_files(tmp_path / "out", NEW, owned=owned)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_an_output_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            replace_files(tmp_path / "out", NEW, owned=owned)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_whose_parent_cannot_be_written_to_is_still_replaced(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(atomic, "_can_be_renamed", lambda _: False)
    kept = foreign(folder)
    replace_files(folder, NEW, owned=owned)
    assert below(folder) == {**NEW, **kept}


def test_a_link_to_a_folder_stays_a_link(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to(folder)
    kept = foreign(folder)
    replace_files(link, NEW, owned=owned)
    assert link.is_symlink()
    assert below(folder) == {**NEW, **kept}


def test_permissions_of_the_folder_are_kept(folder: Path) -> None:
    folder.chmod(0o750)
    replace_files(folder, NEW, owned=owned)
    assert folder.stat().st_mode & 0o777 == 0o750

"""Models on disk: all or nothing, loaded as saved, and one clear error for whatever is wrong with a folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from fairasr.core import atomic  # noqa: E402
from fairasr.core.errors import ModelError, OutputError  # noqa: E402
from fairasr.models import ARCHITECTURES, initialised, load  # noqa: E402
from fairasr.models.architectures import class_at  # noqa: E402
from fairasr.models.ctc import CTCRecognizer  # noqa: E402
from fairasr.models.hugging_face import MODEL_TYPES  # noqa: E402
from fairasr.models.weights import RECORD_FILE, WEIGHTS_FILE, weights_sha256  # noqa: E402


def model_of(*, seed: int = 0, d_model: int = 8, references: tuple[str, ...] = ("Grüße, it's",)) -> CTCRecognizer:
    made = initialised(
        "conformer-ctc",
        references=references,
        settings={"d_model": d_model, "n_heads": 2, "n_blocks": 1, "n_mels": 4, "dropout": 0.2},
        sample_rate_hz=8_000,
        name="a model",
        seed=seed,
    )
    assert isinstance(made, CTCRecognizer)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    model_of().save(place)
    return place


def edited(folder: Path, **changes: Any) -> None:
    path = folder / RECORD_FILE
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def test_a_model_loads_as_it_was_saved(folder: Path) -> None:
    saved, loaded = model_of(), load(folder)
    assert isinstance(loaded, CTCRecognizer)
    assert (loaded.name, loaded.sample_rate_hz) == ("a model", 8_000)
    assert (loaded.settings, loaded.vocabulary) == (saved.settings, saved.vocabulary)
    assert weights_sha256(loaded) == weights_sha256(saved)
    assert all(parameter.requires_grad for parameter in loaded.module.parameters())
    assert sorted(path.name for path in folder.iterdir()) == [RECORD_FILE, WEIGHTS_FILE]


def test_the_same_model_makes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    model_of().save(tmp_path / "again")
    for name in (RECORD_FILE, WEIGHTS_FILE):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_full_disk_leaves_the_model_that_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "_write_synced", full)
    with pytest.raises(OutputError, match="No space left"):
        model_of(seed=1).save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_weights_differ_in_their_digest_by_any_value_name_or_shape() -> None:
    model = model_of()
    digests = {weights_sha256(model), weights_sha256(model_of(seed=1)), weights_sha256(model_of(d_model=12))}
    clone = model.clone()
    clone.module.output.bias.data[0] += 1e-6
    assert len(digests | {weights_sha256(clone)}) == 4
    assert weights_sha256(model.clone()) in digests
    assert weights_sha256(object()) == ""


def test_a_folder_that_is_not_there_or_holds_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model folder '.*gone'.*never downloaded"):
        load(tmp_path / "gone")
    with pytest.raises(ModelError, match=r"holds no model: there is neither fairasr\.json nor config\.json"):
        load(tmp_path)


def test_damaged_weights_are_refused(folder: Path) -> None:
    path = folder / WEIGHTS_FILE
    content = path.read_bytes()
    for damaged in (content[:-10], content[:-1] + bytes([content[-1] ^ 1]), b"", content + b"\0"):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match="SHA-256 is another"):
            load(folder)
    path.unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors' cannot be read: No such file"):
        load(folder)


def test_weights_that_are_no_weights_are_refused_even_with_their_digest(folder: Path) -> None:
    (folder / WEIGHTS_FILE).write_bytes(b"rubbish")
    edited(folder, weights_sha256=hashlib.sha256(b"rubbish").hexdigest())
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"format": "other"}, "no model's record: it has no 'format'"),
        ({"format_version": 2}, "format version 2; this fairasr reads version 1"),
        (
            {"architecture": "transducer"},
            "names the architecture 'transducer', which is not known here; there are amortised-transducer,",
        ),
        ({"settings": None, "name": 3}, r"2 of 6 entries are missing or of another kind \(first: 'name'\)"),
        ({"settings": {"depth": 1}}, "none of a Conformer"),
        ({"vocabulary": {}}, "vocabulary is broken"),
        ({"vocabulary": {"symbols": "ab", "ignored": ""}}, r"'output\.bias' has shape \(11,\), not \(3,\)"),
        ({"settings": {"d_model": 8, "n_heads": 2, "n_blocks": 2, "n_mels": 4}}, r"first: 'blocks\.1\..*' is missing"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(folder: Path, change: dict[str, Any], wrong: str) -> None:
    edited(folder, **change)
    with pytest.raises(ModelError, match=wrong):
        load(folder)


def test_a_tensor_too_many_is_refused(folder: Path) -> None:
    save_file(load_file(folder / WEIGHTS_FILE) | {"extra": torch.zeros(1)}, folder / WEIGHTS_FILE)
    edited(folder, weights_sha256=hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest())
    with pytest.raises(ModelError, match=r"1 of \d+ tensors do not \(first: 'extra' is not of this architecture"):
        load(folder)


@pytest.mark.parametrize("name", ["fairasr.json", "config.json"])
@pytest.mark.parametrize("content", ["{", "[]", "{}", "\ud800".encode("utf-8", "surrogatepass")])
def test_a_broken_file_is_one_clear_error(tmp_path: Path, name: str, content: str | bytes) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelError, match=name):
        load(tmp_path)


def test_a_hugging_face_model_of_another_type_says_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match=r"names the model_type 'bert'.*wav2vec2.*whisper"):
        load(tmp_path)


@pytest.mark.parametrize("where", [*ARCHITECTURES.values(), *MODEL_TYPES.values()])
def test_every_architecture_has_its_class(where: str) -> None:
    assert hasattr(class_at(where), "load")


@pytest.mark.parametrize("absent", ["torch", "safetensors"])
def test_an_absent_library_says_what_to_install(folder: Path, absent: str) -> None:
    code = (
        f"import sys\nsys.modules[{absent!r}] = None\n"
        "from fairasr.core.errors import FairasrError\nfrom fairasr.models import load\n"
        "try: load(sys.argv[1])\nexcept FairasrError as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f'MissingExtraError recognisers need {absent}: pip install "fairasr[train]"'

"""Small print of the answers: where links of error pages and the token lead, what stays in no cache, what is sound."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from example import example
from flask.testing import FlaskClient
from kept_world import write_audit, write_kept

from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.audio_types import AUDIO_TYPES, audio_type
from fairasr.dashboard.results import Library
from fairasr.report.export import json_bytes

LOCAL = {"Host": "127.0.0.1:8050"}
TOKEN = "a-token-that-is-long-enough"
ODD = "50% of #1?"
QUOTED = "50%25%20of%20%231%3F"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ODD).mkdir()
    (tmp_path / ODD / "report.json").write_bytes(json_bytes(example().to_json()))
    return tmp_path


def client_of(root: Path, **access: str) -> FlaskClient:
    return application(Library(root), Access(**{"host": "127.0.0.1", **access})).test_client()


@pytest.mark.parametrize("what", ["result", "export", "csv"])
def test_the_page_of_a_broken_address_leads_back_to_the_result(root: Path, what: str) -> None:
    client = client_of(root)
    answer = client.get(f"/{what}/{QUOTED}?cohort=atlantis", headers=LOCAL)
    assert answer.status_code == 404
    back = re.search(r'<a href="([^"]*)">This result', answer.get_data(as_text=True))
    assert back is not None
    assert back[1] == f"/result/{QUOTED}"
    assert client.get(back[1], headers=LOCAL).status_code == 200


@pytest.mark.parametrize(
    ("address", "location"),
    [
        (f"/result/{QUOTED}?cohort=r+1&token={TOKEN}&sort=rate", f"/result/{QUOTED}?cohort=r+1&sort=rate"),
        (f"/?token={TOKEN}", "/"),
        (f"//elsewhere.example/?token={TOKEN}", "/elsewhere.example/"),
    ],
)
def test_the_token_is_taken_out_and_the_rest_of_the_address_stays(root: Path, address: str, location: str) -> None:
    path, _, query = address.partition("?")
    # The test client would take two slashes for the name of a server.
    given = {"PATH_INFO": unquote(path), "QUERY_STRING": query}
    answer = client_of(root, token=TOKEN).get("/", headers=LOCAL, environ_overrides=given)
    assert (answer.status_code, answer.headers["Location"]) == (302, location)


@pytest.mark.parametrize("query", ["page=" + "1" * 5000, "page=" + "0" * 5000, "page=99999999999", "page=0", "page=²"])
def test_a_number_too_long_to_be_one_is_a_broken_address(root: Path, query: str) -> None:
    answer = client_of(root).get(f"/result/{QUOTED}?{query}", headers=LOCAL)
    assert answer.status_code == 404
    assert "is no number from 1" in answer.get_data(as_text=True)


def test_recordings_are_sent_as_sound_and_kept_in_no_cache(tmp_path: Path) -> None:
    sounds = tmp_path / "corpus" / "a.FLAC", tmp_path / "corpus" / "b.svg"
    sounds[0].parent.mkdir()
    for sound in sounds:
        sound.write_bytes(b"0123456789")
    write_kept(tmp_path / "audit", write_audit(tmp_path / "audit"), recordings=sounds)
    client = client_of(tmp_path)
    answer = client.get("/audio/audit?row=0", headers=LOCAL)
    assert (answer.status_code, answer.headers["Content-Type"], answer.data) == (200, "audio/flac", b"0123456789")
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
    part = client.get("/audio/audit?row=0", headers={**LOCAL, "Range": "bytes=2-3"})
    assert (part.status_code, part.data, part.headers["Cache-Control"]) == (206, b"23", "no-store")
    part.close()
    for row in ("1", "2", "-1", "", "²", "0" * 5000, "9" * 5000):
        assert client.get("/audio/audit", query_string={"row": row}, headers=LOCAL).status_code == 404, row[:9]


def test_only_the_ends_of_names_of_recordings_are_sound() -> None:
    ends = ("wav", "flac", "ogg", "oga", "opus", "mp3", "m4a", "aac", "webm", "aif", "aiff")
    assert set(AUDIO_TYPES) == {f".{end}" for end in ends}
    assert all(kind.startswith("audio/") for kind in AUDIO_TYPES.values())
    for name in ("a", "a.html", "a.svg", "a.wav.html", "wav", ".wav"):
        assert audio_type(Path(name)) is None, name

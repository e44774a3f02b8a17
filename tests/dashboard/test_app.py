"""The web application by its answers: what it sends, what it refuses, what it says of bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from change_example import comparison, mitigation
from example import example
from flask.testing import FlaskClient
from verification_example import verification

from fairasr.core import AuditResult
from fairasr.core.errors import OutputError
from fairasr.dashboard.access import HEADERS, Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.dashboard.serving import address_of, bound, port_of
from fairasr.report.export import json_bytes

TOKEN = "a-token-that-is-long-enough"
LOCAL = "127.0.0.1:8050"


def write(folder: Path, result: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_bytes(json_bytes(result.to_json()))
    (folder / "report.html").write_text("<p>the full report</p>")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "audit", example())
    write(tmp_path / "change", comparison())
    write(tmp_path / "job", mitigation())
    write(tmp_path / "verify", verification())
    return tmp_path


def client_of(root: Path, *, host: str = "127.0.0.1", token: str = "") -> FlaskClient:
    return application(Library(root), Access(host=host, token=token)).test_client()


@pytest.fixture
def client(root: Path) -> Iterator[FlaskClient]:
    return client_of(root)


def get(client: FlaskClient, address: str, *, status: int = 200, host: str = LOCAL) -> str:
    answer = client.get(address, headers={"Host": host})
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


PAGES = ["/", "/result/audit", "/result/change", "/result/job", "/result/verify"]
EVERYTHING = [
    *PAGES,
    "/dashboard.css",
    "/dashboard.js",
    "/csv/audit",
    "/csv/verify",
    "/export/audit",
    "/export/verify",
    "/report/audit",
    "/nowhere",
]


@pytest.mark.parametrize("address", EVERYTHING)
def test_every_answer_carries_the_guarding_headers(client: FlaskClient, address: str) -> None:
    answer = client.get(address, headers={"Host": LOCAL})
    for name in HEADERS:
        assert name in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    if not address.startswith("/report/"):
        assert "unsafe-inline" not in policy
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("address", PAGES)
def test_every_page_holds_all_its_links_on_this_server(client: FlaskClient, address: str) -> None:
    page = get(client, address)
    links = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    assert len(links) > 5
    outside = [link for link in links if not link.startswith(("/", "#", "data:,"))]
    assert outside == []


def test_results_of_one_title_are_headed_by_their_folders(tmp_path: Path) -> None:
    for name in ("lost", "late"):
        write(tmp_path / "turns" / name, example(title="turns"))
    page = get(client_of(tmp_path), "/")
    assert re.findall(r"<h3><a [^>]*><bdi>(.*?)</bdi></a></h3>", page) == ["turns/late", "turns/lost"]
    assert page.count('<p class="small"><bdi>turns</bdi></p>') == 2
    assert re.findall(r"From <a [^>]*><bdi>(.*?)</bdi></a> \(<bdi>turns</bdi>\)", page) == ["turns/late"]


def test_every_link_of_an_audit_leads_to_a_page(client: FlaskClient) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', get(client, "/result/audit")))
    assert len(links) > 20
    for link in links:
        get(client, link.replace("&amp;", "&"))


def test_without_its_token_nothing_is_shown(root: Path) -> None:
    client = client_of(root, host="0.0.0.0", token=TOKEN)
    for address in EVERYTHING:
        text = get(client, address, status=401, host="dashboard.example")
        assert "cloud-a" not in text


def test_the_token_is_taken_out_of_the_address_and_kept_as_a_cookie(root: Path) -> None:
    client = client_of(root, host="0.0.0.0", token=TOKEN)
    answer = client.get(f"/result/audit?token={TOKEN}", headers={"Host": "dashboard.example"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/result/audit")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    client.set_cookie("fairasr-dashboard", cookie.partition("=")[2].partition(";")[0], domain="dashboard.example")
    get(client, "/result/audit", host="dashboard.example")


def test_a_request_by_a_foreign_name_is_refused(client: FlaskClient) -> None:
    assert "this machine" in get(client, "/result/audit", status=403, host="evil.example:8050")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("system=nobody", "there is no &#39;nobody&#39;"),
        ("method=astrology", "there is no &#39;astrology&#39;"),
        ("cohort=atlantis", "there is no &#39;atlantis&#39;"),
        ("measure=beauty", "there is no &#39;beauty&#39;"),
        ("raw=cooked", "there is no &#39;cooked&#39;"),
        ("sort=luck", "there is no &#39;luck&#39;"),
        ("kind=other", "there is no &#39;other&#39;"),
        ("page=minus", "is no number from 1"),
        ("find=" + "x" * 300, "more than 200"),
        ("cohort=%3Cscript%3E", "&lt;script&gt;"),
    ],
)
def test_a_broken_address_says_what_is_wrong_and_leads_back(client: FlaskClient, query: str, said: str) -> None:
    text = get(client, f"/result/audit?{query}", status=404)
    assert said in text
    assert 'href="/result/audit"' in text


def suppressed_of(result: AuditResult) -> list[tuple[str, str, str]]:
    return [
        (system.system, report.method, str(label))
        for system in result.systems
        for report in system.reports.values()
        for label in report.cohorts.loc[report.cohorts["suppressed"] != "", "cohort"]
    ]


def test_a_suppressed_cohort_cannot_be_chosen_in_any_address(client: FlaskClient) -> None:
    hidden = suppressed_of(example())
    assert hidden
    for system, method, label in hidden:
        for page in ("result", "export"):
            answer = client.get(
                f"/{page}/audit", query_string={"system": system, "method": method, "cohort": label}, headers={"Host": LOCAL}
            )
            assert answer.status_code == 404


def test_no_link_of_any_page_leads_to_a_suppressed_cohort(client: FlaskClient) -> None:
    for system, method, label in suppressed_of(example()):
        query = {"system": system, "method": method}
        page = client.get("/result/audit", query_string=query, headers={"Host": LOCAL}).get_data(as_text=True)
        assert f"cohort={label.replace(' ', '+')}" not in page


def test_numbers_that_a_result_should_have_suppressed_do_not_reach_a_page(root: Path) -> None:
    path = root / "audit" / "report.json"
    data = json.loads(path.read_text())
    planted = 0
    for system in data["systems"]:
        for report in system["reports"].values():
            for row in report["cohorts"]:
                if row["suppressed"]:
                    row |= {"rate": 0.98765, "rate_shrunken": 0.98765, "n_speakers": 98765, "n_ref_words": 98765}
                    planted += 1
    assert planted
    path.write_text(json.dumps(data))
    client = client_of(root)
    for system, method, _ in suppressed_of(example()):
        for what in ("result", "export", "csv"):
            query = {"system": system, "method": method}
            text = client.get(f"/{what}/audit", query_string=query, headers={"Host": LOCAL}).get_data(as_text=True)
            assert "98.8" not in text
            assert "98765" not in text
            assert "98,765" not in text


def test_groups_of_a_verifier_that_are_withheld_cannot_be_chosen(client: FlaskClient) -> None:
    for label in ("r4", "r5"):
        assert f"there is no &#39;{label}&#39;" in get(client, f"/result/verify?method=geo-tree&cohort={label}", status=404)
    assert 'aria-current="true"' in get(client, "/result/verify?method=geo-tree&cohort=r1")


def test_the_csv_holds_the_cohorts_that_the_page_shows(client: FlaskClient, tmp_path: Path) -> None:
    report = example()["geo-tree"]
    answer = client.get("/csv/audit?method=geo-tree", headers={"Host": LOCAL})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fairasr-audit.csv"'
    (tmp_path / "table.csv").write_bytes(answer.data)
    table = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, dtype=str)
    assert table["cohort"].tolist() == report.cohorts["cohort"].tolist()
    assert (table.loc[table["suppressed"] != "", "n_speakers"] == "").all()


def test_an_exported_page_stands_alone(client: FlaskClient) -> None:
    answer = client.get("/export/audit?method=geo-tree&measure=gap", headers={"Host": LOCAL})
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    page = answer.get_data(as_text=True)
    assert "<script" not in page
    assert "<link" not in page
    assert {link[0] for link in re.findall(r'(?:href|src)="([^"]*)"', page)} <= {"#"}
    assert ".dashboard {" in page


def test_a_result_that_vanishes_while_it_is_shown_is_said_to_be_gone(root: Path, client: FlaskClient) -> None:
    get(client, "/result/audit")
    for file in sorted((root / "audit").iterdir()):
        file.unlink()
    assert "removed while it was shown" in get(client, "/result/audit", status=404)
    assert "/result/audit" not in get(client, "/")


def test_a_file_that_is_no_result_is_listed_and_explained(root: Path, client: FlaskClient) -> None:
    (root / "other").mkdir()
    (root / "other" / "report.json").write_text('{"format": "fairasr-audit", "format_version": 99}')
    assert "format version 99" in get(client, "/")
    assert "format version 99" in get(client, "/result/other", status=404)


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    assert "There is no result in this folder yet" in get(client_of(tmp_path), "/")


@pytest.mark.parametrize(
    "address",
    ["/result/../secret", "/result/..%2f..%2fetc", "/report/audit/../../x", "/result/%2e%2e/x", "/csv//etc/passwd", "/result/"],
)
def test_no_address_leads_out_of_the_folder(root: Path, address: str) -> None:
    write(root / "inner" / "audit", example())
    write(root / "secret", example(title="A secret"))
    answer = client_of(root / "inner").get(address, headers={"Host": LOCAL})
    assert answer.status_code in (301, 302, 308, 404)
    assert "A secret" not in answer.get_data(as_text=True)


def test_only_reading_is_allowed(client: FlaskClient) -> None:
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client, method)("/result/audit", headers={"Host": LOCAL}).status_code == 405


def test_a_fault_of_ours_is_told_without_its_inside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("inside")

    monkeypatch.setattr("fairasr.dashboard.pages.audit_view", fail)
    text = get(client_of(root), "/result/audit", status=500)
    assert "Something went wrong" in text
    assert "inside" not in text


HOSTILE = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\" onmouseover=\"window.ran=1"


def test_texts_of_a_result_are_escaped_wherever_they_stand(tmp_path: Path) -> None:
    one = example().system("conformer-large").reports["geo-tree"]
    table = one.cohorts.copy()
    table["description"] = HOSTILE
    bad = replace(one, system=HOSTILE, cohorts=table, notes=(HOSTILE,))
    system = replace(example().system("conformer-large"), system=HOSTILE, reports={"geo-tree": bad}, normaliser=HOSTILE)
    write(
        tmp_path / "<b onclick=x>",
        example(title=HOSTILE, systems=(system,), focus=HOSTILE, comparisons=(), warnings=(HOSTILE,), skipped={HOSTILE: HOSTILE}),
    )
    client = client_of(tmp_path)
    label = str(table.loc[table["suppressed"] == "", "cohort"].iloc[0])
    for address in ("/", "/result/%3Cb%20onclick=x%3E", f"/result/%3Cb%20onclick=x%3E?cohort={label}"):
        page = get(client, address)
        assert "<script>window" not in page
        assert "<img" not in page
        assert "<b onclick" not in page
        assert '" onmouseover="' not in page


def test_every_map_is_well_formed(client: FlaskClient) -> None:
    for method in example().system(example().focus).reports:
        for drawing in re.findall(r"<figure[^>]*>(<svg.*?</svg>)", get(client, f"/result/audit?method={method}"), flags=re.DOTALL):
            ElementTree.fromstring(drawing)


def test_a_port_in_use_is_said_and_what_to_do(root: Path) -> None:
    app = application(Library(root), Access(host="127.0.0.1"))
    first = bound(app, host="127.0.0.1", port=0)
    try:
        with pytest.raises(OutputError, match=r"cannot listen on 127\.0\.0\.1 port \d+: .* Choose another with --port"):
            bound(app, host="127.0.0.1", port=port_of(first))
    finally:
        first.close()


def test_the_address_to_open_carries_the_token() -> None:
    assert address_of("127.0.0.1", 8050, "") == "http://127.0.0.1:8050/"
    assert address_of("::1", 8050, "a b") == "http://[::1]:8050/?token=a+b"

"""The page of a fine-tuning job by the answers of the server: finished, under way, stopped, damaged."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path

import pytest
from browser_checks import ACCESSIBILITY, CONTRAST, OPENED, Visit
from change_example import mitigation
from flask.testing import FlaskClient
from job_world import NOW_S, age, line, write_run
from playwright.sync_api import Browser

from fairasr.core import MitigationResult
from fairasr.dashboard import job_page
from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.history import History
from fairasr.dashboard.job_page import MOST_NAMED, named_runs
from fairasr.dashboard.job_tables import duration
from fairasr.dashboard.results import Library
from fairasr.dashboard.run_folder import Run, State
from fairasr.report.export import json_bytes

UNMARKED = "() => document.querySelectorAll('tr.current').forEach(row => row.classList.remove('current'))"
"""The tint of a chosen row is a mixture with nothing, which the check of contrast does not know."""

LOCAL = "127.0.0.1:8050"
SILENT_S = 3600.0
HOSTILE = '"><script>alert(1)<'


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server looks at the moment the folders were made for."""
    monkeypatch.setattr(job_page.time, "time", lambda: NOW_S)


def steps(*losses: float, penalty: float = 0.0) -> list[str]:
    return [line(step, loss_task=loss, loss_penalty=penalty, audio_s=30.0) for step, loss in enumerate(losses, start=1)]


@pytest.fixture
def under_way(tmp_path: Path) -> Path:
    """Three runs: one finished, one running, one that failed."""
    job = tmp_path / "job"
    write_run(job, "ewc-10-00000000-seed0", lines=steps(3, 2, 1, penalty=0.5), status="finished", is_finished=True)
    write_run(job, "ewc-2-00000000-seed0", lines=[*steps(3, 2.5), '{"step": 3, "lo'])
    write_run(job, "replay-0.5-00000000-seed0", lines=[*steps(4), "damaged\n"], status="failed")
    age(job, 3.0)
    return tmp_path


def get(root: Path, address: str, *, status: int = 200) -> str:
    client: FlaskClient = application(Library(root), Access(host="127.0.0.1")).test_client()
    answer = client.get(address, headers={"Host": LOCAL})
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def write_report(folder: Path, result: MitigationResult | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_bytes(json_bytes((result or mitigation()).to_json()))


def test_a_job_under_way_says_how_far_its_runs_are(under_way: Path) -> None:
    html = get(under_way, "/result/job")
    text = words(html)
    assert (
        "State of the job running The job is under way. 3 runs: 1 running, 1 finished, 1 failed. Last sign of life 3 s ago." in text
    )
    rows = {words(row)[:7]: words(row) for row in re.findall(r"<tr role=\"row\".*?</tr>", html, flags=re.DOTALL)}
    assert rows["ewc 10,"] == "ewc 10, seed 0 line 2 finished 3 of 10 1 0.5 1 min 30 s"
    assert rows["ewc 2, "] == "ewc 2, seed 0 line 1 running 2 of 10 2.5 0 1 min 00 s"
    assert rows["replay "] == "replay 0.5, seed 0 line 3. 1 line of its history is damaged and left out failed 1 of 10 4 0 30 s"


def test_a_running_job_refreshes_a_finished_one_does_not_and_a_stopped_one_seldom(under_way: Path) -> None:
    assert 'data-refresh="4"' in get(under_way, "/result/job")
    age(under_way / "job", SILENT_S)
    stopped = get(under_way, "/result/job")
    assert 'data-refresh="60"' in stopped
    assert "The job has stopped. A run failed. No sign of life for 1 h 00 min." in words(stopped)
    write_report(under_way / "job")
    finished = get(under_way, "/result/job")
    assert "data-refresh" not in finished
    assert "The job is finished. 3 runs: 1 finished, 1 failed, 1 stopped." in words(finished)


def test_a_saved_page_does_not_refresh_and_leads_nowhere(under_way: Path) -> None:
    for is_finished in (False, True):
        if is_finished:
            write_report(under_way / "job")
        html = get(under_way, "/export/job?run=ewc-2-00000000-seed0")
        assert "data-refresh" not in html
        assert "<script" not in html
        assert [link for link in re.findall(r'href="([^"]*)"', html) if not link.startswith("#")] == []
        assert "ewc 2, seed 0" in html


def test_the_lines_of_a_drawing_have_the_numbers_of_the_table(under_way: Path) -> None:
    html = get(under_way, "/result/job")
    drawings = re.findall(r'<svg class="curve history wide-only".*?</svg>', html, flags=re.DOTALL)
    named = [re.findall(r'<text class="name[^"]*"[^>]*>([^<]*)<', drawing) for drawing in drawings]
    assert [sorted(names) for names in named] == [
        ["1 ewc 2, seed 0", "2 ewc 10, seed 0", "3 replay 0.5, seed 0"],
        ["2 ewc 10, seed 0"],  # the only one whose penalty is not 0 throughout
    ]


def test_a_chosen_run_shows_its_settings_and_every_quantity(under_way: Path) -> None:
    html = get(under_way, "/result/job?run=ewc-10-00000000-seed0")
    text = words(html)
    assert "3 of 10 steps made, on 1 min 30 s of audio." in text
    assert html.count('class="curve history alone"') == 3
    assert "Loss 1 1 3 Penalty 0.5 0.5 0.5 Seconds of audio in the batch 30 30 30" in text
    assert "budget.n_steps 10" in text
    assert "fingerprint.method ewc" in text
    assert 'href="/result/job">Show all runs again' in html


def test_a_run_that_is_not_there_cannot_be_chosen(under_way: Path) -> None:
    for name in ("nothing", "../job", "replay-0.5-00000000-seed0/../../..", HOSTILE):
        html = get(under_way, f"/result/job?run={name}", status=404)
        assert "Run: there is no" in words(html)
        assert "<script>alert" not in html


def test_a_job_whose_runs_have_not_begun_says_so(tmp_path: Path) -> None:
    (tmp_path / "job" / "runs").mkdir(parents=True)
    (tmp_path / "job" / "job.json").write_text("{}")
    age(tmp_path / "job", 5.0)
    html = get(tmp_path, "/result/job")
    assert "The job is under way. No run has begun. Between runs the job prepares" in words(html)
    assert "<table" not in html


def test_a_run_without_a_step_has_a_row_and_no_line(tmp_path: Path) -> None:
    write_run(tmp_path / "job", "ewc-1-00000000-seed0")
    html = get(tmp_path, "/result/job")
    assert "ewc 1, seed 0 running 0 of 10 – – –" in words(html)
    assert 'class="curve history' not in html
    assert 'class="curve history' not in get(tmp_path, "/result/job?run=ewc-1-00000000-seed0")


def test_names_in_files_and_folders_are_never_markup(tmp_path: Path) -> None:
    job = tmp_path / "job"
    record = {"fingerprint": {"method": HOSTILE, HOSTILE: HOSTILE}, "budget": {"n_steps": 2}}
    write_run(job, HOSTILE, lines=[line(1, **{HOSTILE: 1.0, "loss_task": 2.0})], record=record)
    html = get(tmp_path, "/result/job")
    link = next(link for link in re.findall(r'href="([^"]*)"', html) if "run=" in link)
    chosen = get(tmp_path, unescape(link))
    for page in (html, chosen):
        assert "<script>" not in page
    assert words(chosen).count("alert(1)<") > 3


def test_a_finished_job_leads_from_the_league_to_the_change_of_each_method(tmp_path: Path) -> None:
    write_report(tmp_path / "job")
    html = get(tmp_path, "/result/job")
    league = html[html.index('id="league"') : html.index('id="tradeoff"')]
    links = [unescape(link) for link in re.findall(r'href="([^"]*)"', league)]
    systems = [system.after for system in mitigation().comparison.systems]
    assert len(links) == len(systems)
    assert 'class="curve wide-only"' in html
    for link, method in zip(links, mitigation().league["method"], strict=True):
        assert f"conformer-s → {method}: relative change" in words(get(tmp_path, link))


def test_a_job_shows_a_group_of_its_comparison_and_refuses_withheld_ones(tmp_path: Path) -> None:
    write_report(tmp_path / "job")
    assert "region 4" in get(tmp_path, "/result/job?cohort=r4&map=change")
    assert "Group: there is no &#39;tiny&#39;" in get(tmp_path, "/result/job?cohort=tiny", status=404)


def test_a_report_without_its_run_folders_tells_what_it_recorded(tmp_path: Path) -> None:
    run = {
        "method": "ewc",
        "setting": "strength = 10",
        "seed": 0,
        "step": 400,
        "folder": "runs/a",
        "audio_s": 90.0,
        "wall_s": 3720.0,
    }
    write_report(tmp_path / "job", mitigation(runs=(run, {**run, "seed": 1, "folder": "runs/b"})))
    html = get(tmp_path, "/result/job")
    assert "2 runs The runs, as the job recorded them" in words(html)
    assert "ewc strength = 10 0 400 1 min 30 s 1 h 02 min" in words(html)


def test_numbers_of_speakers_are_those_of_the_report(tmp_path: Path) -> None:
    """A target with fewer than ten speakers in a part is not counted out."""
    speakers = {"training": 900, "training target": 7, "development": 210, "test": 437, "test target": 60}
    write_report(tmp_path / "job", mitigation(speakers=speakers))
    text = words(get(tmp_path, "/result/job"))
    assert "900 training speakers fewer than 10 in the target 210 development speakers 437 test speakers 60 in the target" in text


def run(name: str, *, method: str, state: State = "finished", has_steps: bool = True) -> Run:
    points = {"loss_task": ((1, 1.0),)} if has_steps else {}
    return Run(
        name=name,
        title=name,
        method=method,
        seed=0,
        state=state,
        n_steps=9,
        settings={},
        history=History(points=points),
        changed_s=0.0,
    )


def test_at_most_twelve_lines_are_named_and_no_method_hides_the_others() -> None:
    runs = [*(run(f"ewc {i}", method="ewc") for i in range(40)), run("replay", method="replay"), run("mix", method="mix")]
    named = named_runs(runs, selected="")
    assert list(named.values()) == list(range(1, MOST_NAMED + 1))
    assert set(named) == {*(f"ewc {i}" for i in range(10)), "replay", "mix"}


def test_the_chosen_run_and_those_that_run_are_always_named() -> None:
    runs = [run(f"ewc {i}", method="ewc", state="running" if i == 30 else "finished") for i in range(40)]
    named = named_runs(runs, selected="ewc 39")
    assert {"ewc 39", "ewc 30", "ewc 0"} <= set(named)
    assert len(named) == MOST_NAMED


def test_a_run_without_steps_takes_no_line() -> None:
    assert named_runs([run("a", method="ewc", has_steps=False), run("b", method="ewc")], selected="a") == {"b": 1}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7680, "2 h 08 min"), (float("nan"), "not recorded")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.browser
@pytest.mark.parametrize(("width_px", "scheme"), [(1280, "light"), (375, "dark")], ids=str)
@pytest.mark.parametrize("is_finished", [False, True], ids=["under way", "finished"])
def test_the_page_can_be_used_by_everybody(
    under_way: Path, browser: Browser, width_px: int, scheme: str, is_finished: bool
) -> None:
    """Saved pages, which need no server: names, headings, landmarks, contrast, and no scrolling sideways."""
    if is_finished:
        write_report(under_way / "job")
    saved = under_way / "saved.html"
    saved.write_text(get(under_way, "/export/job?run=ewc-10-00000000-seed0"))
    visit = Visit(browser, saved, width_px=width_px, scheme=scheme, bypass_csp=True)
    visit.page.evaluate(OPENED)
    wrong = [problem for problem in visit.page.evaluate(ACCESSIBILITY) if problem != "no nav"]
    visit.page.evaluate(UNMARKED)
    contrast = visit.page.evaluate(CONTRAST)
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    visit.context.close()
    assert wrong == []
    assert contrast["low"] == []
    assert contrast["n"] > 50
    assert width <= width_px
    assert visit.complaints == []


def test_a_page_of_many_long_histories_is_small_and_quick(tmp_path: Path) -> None:
    """40 runs of 5,000 steps: the second look reads nothing again."""
    many = steps(*(2.0 + (step * 7919 % 101) / 101 for step in range(5_000)))
    for seed in range(40):
        write_run(tmp_path / "job", f"ewc-1-00000000-seed{seed}", lines=many)
    html = get(tmp_path, "/result/job")
    began_s = time.process_time()
    assert get(tmp_path, "/result/job") == html
    assert time.process_time() - began_s < 2.0
    assert len(html) < 1_500_000

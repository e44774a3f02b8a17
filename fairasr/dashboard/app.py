"""The web application: an address in, a page out. It reads results and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fairasr.core.errors import MissingExtraError
from fairasr.dashboard import rendering
from fairasr.dashboard.access import COOKIE, HEADERS, REPORT_POLICY, Access
from fairasr.dashboard.address import SAFE, AddressError, whole_number
from fairasr.dashboard.audio_types import audio_type
from fairasr.dashboard.overview_page import overview_view
from fairasr.dashboard.pages import page_of, table_of
from fairasr.dashboard.result_files import inside
from fairasr.dashboard.results import ROOT_NAME, Entry, Library, writable
from fairasr.dashboard.shelf import Shelf

if TYPE_CHECKING:
    from flask import Flask, Response

POLICY = "Content-Security-Policy"
UNAUTHORISED, FORBIDDEN, NOT_FOUND, FAILED = 401, 403, 404, 500


def application(library: Library, access: Access) -> Flask:
    """The application over one folder of results, as any WSGI server runs it.

    Raises:
        MissingExtraError: Flask is not installed.
    """
    try:
        from flask import Flask, redirect, request, send_file
    except ImportError as error:
        raise MissingExtraError("the dashboard needs Flask and waitress: install fairasr[dashboard]") from error
    app, shelf = Flask("fairasr.dashboard", static_folder=None), Shelf()

    def message(status: int, title: str, parts: tuple[str, ...], *, back: str = "/") -> Any:
        return rendering.page("message.html.jinja", {"title": title, "parts": parts, "back": back}), status

    @app.before_request
    def admit() -> Any:
        if not access.is_own_host(request.host):
            return message(FORBIDDEN, "Not this address", ("This server answers only to this machine's own names.",))
        if access.is_token(request.args.get("token", "")):
            # One slash: a browser takes two for the name of another server.
            place = "/" + quote(request.path.lstrip("/"), safe=SAFE)
            rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != "token"])
            answer = redirect(f"{place}?{rest}" if rest else place)
            answer.set_cookie(COOKIE, access.cookie(), httponly=True, samesite="Strict")
            return answer
        if not access.is_known(request.cookies.get(COOKIE, "")):
            parts = ("Open the address with its token, as it was printed when the dashboard was started.",)
            return message(UNAUTHORISED, "A token is needed", parts)
        return None

    @app.after_request
    def guard(answer: Response) -> Response:
        for name, value in HEADERS.items():
            # Only the full report has a policy of its own.
            if name != POLICY or POLICY not in answer.headers:
                answer.headers[name] = value
        return answer

    @app.errorhandler(AddressError)
    def broken(error: AddressError) -> Any:
        name = (request.view_args or {}).get("name")
        back = "/" if name is None else quote(f"/result/{name}", safe=SAFE)
        return message(NOT_FOUND, "This address asks for what is not there", error.parts, back=back)

    @app.errorhandler(404)
    def missing(_: Exception) -> Any:
        return message(NOT_FOUND, "There is no such page", ("Start from the overview.",))

    @app.errorhandler(500)
    def failed(_: Exception) -> Any:
        parts = ("This is a fault of the dashboard, not yours. What went wrong is in the terminal it was started from.",)
        return message(FAILED, "Something went wrong", parts)

    @app.get("/")
    def overview() -> Any:
        return rendering.page("overview.html.jinja", {**overview_view(library.listing()), "root": writable(library.root.name)})

    @app.get("/result/<path:name>")
    def result(name: str) -> Any:
        return with_result(name, lambda entry: page_of(entry, request.args.to_dict(), shelf, is_static=False))

    @app.get("/export/<path:name>")
    def export(name: str) -> Any:
        def file(entry: Entry) -> Any:
            answer = app.make_response(page_of(entry, request.args.to_dict(), shelf, is_static=True))
            answer.headers["Content-Disposition"] = f'attachment; filename="{_file_stem(entry)}.html"'
            return answer

        return with_result(name, file)

    @app.get("/csv/<path:name>")
    def table(name: str) -> Any:
        def file(entry: Entry) -> Any:
            content = table_of(entry, request.args.to_dict())
            if content is None:
                return message(NOT_FOUND, "There is no such table yet", ("The job has no result so far.",), back=entry.link)
            answer = app.make_response(content)
            answer.headers["Content-Type"] = "text/csv; charset=utf-8"
            answer.headers["Content-Disposition"] = f'attachment; filename="{_file_stem(entry)}.csv"'
            return answer

        return with_result(name, file)

    @app.get("/audio/<path:name>")
    def audio(name: str) -> Any:
        def file(entry: Entry) -> Any:
            kept = shelf.utterances(entry)
            row = whole_number(request.args.get("row", ""))
            recording = None if kept is None or row is None else kept.audio_of(row)
            kind = None if recording is None else audio_type(recording)
            if recording is None or kind is None:
                return message(
                    NOT_FOUND, "There is no such recording", ("It may have been moved since the audit.",), back=entry.link
                )
            return send_file(recording, mimetype=kind, conditional=True)

        return with_result(name, file)

    @app.get("/report/<path:name>")
    def report(name: str) -> Any:
        def file(entry: Entry) -> Any:
            page = entry.folder / "report.html"
            try:
                content = page.read_bytes() if inside(entry.root, page) else None
            except OSError:
                content = None
            if content is None:
                return message(NOT_FOUND, "There is no report page", ("`fairasr report` writes it again.",), back=entry.link)
            return content, {POLICY: REPORT_POLICY, "Content-Type": "text/html; charset=utf-8"}

        return with_result(name, file)

    @app.get("/dashboard.css")
    def style() -> Any:
        return rendering.style(), {"Content-Type": "text/css; charset=utf-8"}

    @app.get("/dashboard.js")
    def script() -> Any:
        return rendering.script(), {"Content-Type": "text/javascript; charset=utf-8"}

    def with_result(name: str, make: Callable[[Entry], Any]) -> Any:
        entry = library.entry(name)
        if entry is None:
            parts = (f"No result is called {name!r} (any longer). It may have been moved or removed while it was shown.",)
            return message(NOT_FOUND, "This result is not there", parts)
        if entry.kind == "unreadable":
            return message(NOT_FOUND, "This result cannot be read", (entry.problem,))
        return make(entry)

    return app


def _file_stem(entry: Entry) -> str:
    name = "" if entry.name == ROOT_NAME else entry.name
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name).strip("-")
    return f"fairasr-{stem or entry.kind}"

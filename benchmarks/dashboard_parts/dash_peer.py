"""The peer: Dash with plotly over the files of one audit, as its documentation builds such a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PAGE_SIZE = 25
MEASURES = {"rate": "WER", "substitution_rate": "wrong words", "deletion_rate": "left out", "insertion_rate": "put in"}
COLUMNS = ("utterance_id", "reference", "hypothesis", "errors", "words")

NO_BORDERS = """window.PlotlyGeoAssets = {topojson: {
  world_110m: {type: "Topology", objects: {}, arcs: []},
  usa_110m: {type: "Topology", objects: {}, arcs: []},
}};"""
"""Asset that keeps plotly from asking another server for the borders of the world, which are not drawn."""


def application(folder: Path, *, system: str, method: str) -> Any:
    """The application as a WSGI callable.

    Args:
        folder: of the audit.
        system: whose errors.
        method: of the cohorts.
    """
    from dash import Dash, Input, Output, State, ctx, dash_table, dcc, html
    from plotly import graph_objects

    assets = folder.parent / f"assets-{folder.name}"
    assets.mkdir(exist_ok=True)
    (assets / "no-borders.js").write_text(NO_BORDERS)
    report = json.loads((folder / "report.json").read_text())["systems"][0]["reports"][method]
    cohorts, boxes = report["cohorts"], report["map"]["boxes"]
    cohorts = cohorts if isinstance(cohorts, list) else cohorts["rows"]
    listing = Listing(folder, system=system, method=method)
    polygons = {"type": "FeatureCollection", "features": [polygon(label, *box) for label, box in boxes.items()]}

    def figure(measure: str) -> Any:
        trace = graph_objects.Choropleth(
            geojson=polygons,
            locations=[row["cohort"] for row in cohorts],
            z=[row[measure] for row in cohorts],
            text=[row["description"] for row in cohorts],
            colorbar={"title": {"text": MEASURES[measure]}},
        )
        drawn = graph_objects.Figure(trace)
        drawn.update_geos(visible=False, fitbounds="locations")
        return drawn.update_layout(margin=dict.fromkeys("lrtb", 0), height=480)

    app = Dash(__name__, assets_folder=str(assets.resolve()), serve_locally=True)
    app.layout = html.Div(
        [
            dcc.RadioItems(MEASURES, "rate", id="measure"),
            dcc.Graph(id="map", figure=figure("rate")),
            html.H2("All speakers", id="group"),
            html.P(id="rate"),
            html.Button("All speakers", id="clear"),
            dcc.Store(id="chosen", data=""),
            dash_table.DataTable(
                [{"id": row["cohort"]} | {key: row[key] for key in ("description", "rate", "n_speakers")} for row in cohorts],
                [{"name": key, "id": key} for key in ("description", "rate", "n_speakers")],
                id="cohorts",
                page_action="none",
            ),
            dcc.Input(id="find", debounce=True),
            dash_table.DataTable(
                columns=[{"name": key, "id": key} for key in COLUMNS],
                id="utterances",
                page_action="custom",
                page_current=0,
                page_size=PAGE_SIZE,
            ),
        ]
    )

    @app.callback(Output("map", "figure"), Input("measure", "value"), prevent_initial_call=True)
    def drawn(measure: str) -> Any:
        return figure(measure)

    @app.callback(
        Output("chosen", "data"),
        Output("group", "children"),
        Output("rate", "children"),
        Output("utterances", "data"),
        Output("utterances", "page_count"),
        Output("utterances", "page_current"),
        Input("map", "clickData"),
        Input("cohorts", "active_cell"),
        Input("clear", "n_clicks"),
        Input("find", "value"),
        Input("utterances", "page_current"),
        State("chosen", "data"),
    )
    def listed(click: Any, cell: Any, _: Any, find: str | None, page: int, chosen: str) -> Any:
        match ctx.triggered_id:
            case "map":
                chosen = click["points"][0]["location"]
            case "cohorts" if cell:
                chosen = cell["row_id"]
            case "clear":
                chosen = ""
        page = page if ctx.triggered_id == "utterances" else 0
        row = next((row for row in cohorts if row["cohort"] == chosen), None)
        rows, n_pages = listing.page(chosen, find or "", page)
        words = f"{row['rate']:.1%} ({row['rate_lo']:.1%} to {row['rate_hi']:.1%})" if row else ""
        return chosen, row["description"] if row else "All speakers", words, rows, n_pages, page

    return app.server


def polygon(label: str, south: float, west: float, north: float, east: float) -> dict[str, Any]:
    """A box as GeoJSON; clockwise, or plotly fills the rest of the world."""
    ring = [[west, south], [west, north], [east, north], [east, south], [west, south]]
    return {"type": "Feature", "id": label, "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


class Listing:
    """The utterances of the confirmation half, most errors first, sorted once."""

    def __init__(self, folder: Path, *, system: str, method: str) -> None:
        table = pa.ipc.open_file(pa.memory_map(str(folder / "utterances.arrow"))).read_all()
        self._table = table
        counts = {name: table[f"{name}:{system}"].to_numpy() for name in ("substitutions", "deletions", "insertions", "n_ref")}
        self._words = counts.pop("n_ref")
        self._errors = np.add.reduce([count.astype(np.int64) for count in counts.values()])
        self._labels, self._texts = table[f"cohort:{system}:{method}"], table[f"hypothesis:{system}"]
        order = np.argsort(-self._errors, kind="stable")
        self._order = order[table["is_confirmation"].to_numpy()[order]]

    def page(self, label: str, find: str, page: int) -> tuple[list[dict[str, Any]], int]:
        """Rows of one page, counted from 0, and how many pages there are."""
        rows = self._order
        if label:
            rows = rows[pc.equal(self._labels, label).to_numpy()[rows]]
        if find:
            said, heard = (pc.match_substring(text, find, ignore_case=True) for text in (self._table["reference"], self._texts))
            rows = rows[pc.or_(said, heard).to_numpy()[rows]]
        shown = rows[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
        columns = (self._table["utterance_id"], self._table["reference"], self._texts)
        lines = zip(
            *(column.take(pa.array(shown)).to_pylist() for column in columns), self._errors[shown], self._words[shown], strict=True
        )
        return [dict(zip(COLUMNS, map(str, line), strict=True)) for line in lines], -(-len(rows) // PAGE_SIZE)

"""Names and codes of areas: which bundled areas the values of a column speak of."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Collection, Mapping
from functools import cache

from fairasr.geography.layers import FOLDER, NAMES, boundaries

LEAST_SHARE = 0.9
"""Of the values, that must name an area: codes of cantons, states and countries overlap (NE, CA), accents are called like some."""

LEAST_AREAS = 2

COLUMN_WORDS = {
    "countries": ("country", "countries", "nation"),
    "us_states": ("state",),
    "swiss_cantons": ("canton", "kanton"),
}
"""Words in a column's name that settle which areas are meant where its values fit several."""

LANGUAGE_WORD = "lang"
"""In a column's name: its values are languages, whose codes look like those of countries (DE, FR)."""

CODE_LETTERS = 2
"""Codes of two letters count in capitals alone: in small ones they are languages or words (de, in)."""

POSTAL_CODES = (
    "AL 01 AK 02 AZ 04 AR 05 CA 06 CO 08 CT 09 DE 10 DC 11 FL 12 GA 13 HI 15 ID 16 IL 17 IN 18 IA 19 KS 20 KY 21 LA 22 ME 23 MD 24 "
    "MA 25 MI 26 MN 27 MS 28 MO 29 MT 30 NE 31 NV 32 NH 33 NJ 34 NM 35 NY 36 NC 37 ND 38 OH 39 OK 40 OR 41 PA 42 RI 44 SC 45 SD 46 "
    "TN 47 TX 48 UT 49 VT 50 VA 51 WA 53 WV 54 WI 55 WY 56 AS 60 GU 66 MP 69 PR 72 VI 78"
)
"""Two letters of the US Postal Service and the FIPS code, state by state."""

CANTON_NAMES = {
    "AG": ("Aargau", "Argovie", "Argovia"),
    "AI": ("Appenzell Innerrhoden", "Appenzell Rhodes-Intérieures", "Appenzell Inner Rhodes"),
    "AR": ("Appenzell Ausserrhoden", "Appenzell Rhodes-Extérieures", "Appenzell Outer Rhodes"),
    "BE": ("Bern", "Berne"),
    "BL": ("Basel-Landschaft", "Baselland", "Bâle-Campagne", "Basel-Country"),
    "BS": ("Basel-Stadt", "Bâle-Ville", "Basel-City"),
    "FR": ("Freiburg", "Fribourg"),
    "GE": ("Genf", "Genève", "Geneva"),
    "GL": ("Glarus", "Glaris"),
    "GR": ("Graubünden", "Graubuenden", "Grisons"),
    "JU": ("Jura",),
    "LU": ("Luzern", "Lucerne"),
    "NE": ("Neuenburg", "Neuchâtel"),
    "NW": ("Nidwalden", "Nidwald"),
    "OW": ("Obwalden", "Obwald"),
    "SG": ("St. Gallen", "Sankt Gallen", "Saint-Gall"),
    "SH": ("Schaffhausen", "Schaffhouse"),
    "SO": ("Solothurn", "Soleure"),
    "SZ": ("Schwyz", "Schwytz"),
    "TG": ("Thurgau", "Thurgovie"),
    "TI": ("Tessin", "Ticino"),
    "UR": ("Uri",),
    "VD": ("Waadt", "Vaud"),
    "VS": ("Wallis", "Valais"),
    "ZG": ("Zug", "Zoug"),
    "ZH": ("Zürich", "Zuerich", "Zurich"),
}
"""German, French and English; spellings without diacritics are equal to those with them."""


def area_ids(labels: Collection[str], *, boundaries: str) -> dict[str, str]:
    """Label -> id of the area it names in a bundled layer, for the labels that name one, by name or code.

    Case, diacritics and punctuation do not matter, but codes of two letters are in capitals.

    Args:
        labels: texts, as a column holds them.
        boundaries: "countries" (English names, ISO 3166-1 codes), "us_states" (names, postal codes) or "swiss_cantons" (German,
            French and English names, two-letter codes).

    Raises:
        ValueError: no layer of that name is bundled.
    """
    known = _known(boundaries)
    folded = {label: _folded(label) for label in labels if len(label.strip()) > CODE_LETTERS or label == label.upper()}
    return {label: known[word] for label, word in folded.items() if word in known}


def areas_named(labels: Collection[str], *, column: str = "") -> str | None:
    """Name of the layer whose areas the labels are; None where they are no areas or could be those of two layers.

    At least 9 of 10 labels must name an area, and no two the same one: a map by area is then a map of these very groups.

    Args:
        labels: distinct values of a column.
        column: its name; "country", "state" or "canton" in it settles codes that fit several layers, and a
            column of languages is none of areas.
    """
    if LANGUAGE_WORD in column.casefold():
        return None
    fitting: dict[str, int] = {}
    for name in NAMES:
        found = area_ids(labels, boundaries=name)
        if len(found) >= max(LEAST_SHARE * len(set(labels)), LEAST_AREAS) and len(set(found.values())) == len(found):
            fitting[name] = len(found)
    hinted = [name for name in fitting if any(word in column.casefold() for word in COLUMN_WORDS[name])]
    if len(hinted) == 1:
        return hinted[0]
    most = [name for name, n_found in fitting.items() if n_found == max(fitting.values())]
    return most[0] if len(most) == 1 else None


@cache
def _known(name: str) -> Mapping[str, str]:
    """Folded name or code -> id; what two areas share names neither."""
    layer = boundaries(name)
    named = [*zip(layer.names, layer.ids, strict=True), *_codes(name)]
    known: dict[str, str] = {}
    shared = set()
    for word, identifier in named:
        folded = _folded(word)
        if known.setdefault(folded, identifier) != identifier:
            shared.add(folded)
    return {word: identifier for word, identifier in known.items() if word and word not in shared}


def _codes(name: str) -> list[tuple[str, str]]:
    """Further names and the codes of a layer's areas, each with its id."""
    if name == "us_states":
        words = POSTAL_CODES.split()
        return [*zip(words[::2], words[1::2], strict=True), ("Washington DC", "11")]
    if name == "swiss_cantons":
        return [(word, code) for code, words in CANTON_NAMES.items() for word in (code, *words)]
    with (FOLDER / "country_names.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (word, row["id"]) for row in rows for word in (row["id"], row["alpha_2"], row["alpha_3"], *row["names"].split("|")) if word
    ]


def _folded(word: str) -> str:
    """Lower case, without diacritics and punctuation, "St" for "Saint" and "Sankt", no leading "the"."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    words = "".join(character if character.isalnum() else " " for character in letters.replace("&", " and ")).split()
    words = words[1:] if words[:1] == ["the"] else words
    return " ".join({"saint": "st", "sankt": "st"}.get(word, word) for word in words)

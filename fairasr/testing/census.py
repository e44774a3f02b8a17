"""A made-up census of the real zip codes. No share, income or margin in it is anybody's statistic."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from fairasr.testing.places import homes

MAKING = 20_220_715
"""Seed of the made-up table: one table serves all worlds, as one census serves all corpora."""

LANGUAGE = "share_other_language_at_home"
"""The attribute worlds plant their zip gap on."""

MAJORITY = 0.5
N_UNLISTED = 4
"""Codes in which speakers live and which the table lacks, as real ones do: new codes, post boxes."""

SHARES = {
    LANGUAGE: "residents speak a language other than English at home",
    "share_foreign_born": "residents were born abroad",
    "share_college": "adults have a college degree",
    "share_urban": "residents live in urban blocks",
}
"""Column -> what is so of that part of the people."""

VALUES = {"median_income": ("median household income", "US dollars a year"), "median_age": ("median age", "years")}
"""Column -> what it is, unit."""

MARGIN_CONFIDENCE = 0.9


@cache
def made_up_census() -> pd.DataFrame:
    """One row per zip code, sorted: zip_code, point of its city [degrees], SHARES (0..1), VALUES, their margins `<column>_moe`.

    Holds the codes of `homes()` but for N_UNLISTED, and for each the two numbers after it as neighbours nobody lives in.
    About one code in six has a majority that speaks another language at home; which one has nothing to do with where it is.
    """
    generator = np.random.default_rng(MAKING)
    lived_in = homes()["zip_code"].to_numpy()
    neighbours = {f"{int(code) + step:05d}": row for row, code in enumerate(lived_in) for step in (1, 2)}
    city_rows = {**neighbours, **{code: row for row, code in enumerate(lived_in)}}
    for code in generator.choice(lived_in, size=N_UNLISTED, replace=False):
        del city_rows[code]
    codes = sorted(city_rows)
    points = homes().loc[[city_rows[code] for code in codes], ["latitude_deg", "longitude_deg"]].reset_index(drop=True)
    n = len(codes)
    is_majority = generator.random(n) < 1 / 6
    language = np.where(is_majority, generator.uniform(0.55, 0.88, n), generator.beta(1.6, 9.0, n).clip(0.01, 0.42))
    abroad = (0.25 * language + generator.beta(2.0, 9.0, n)).clip(0.01, 0.9)
    college = generator.beta(3.0, 6.0, n).clip(0.03, 0.9)
    urban = generator.beta(6.0, 1.5, n).clip(0.05, 1.0)
    income = 28_000 + 90_000 * generator.beta(2.0, 4.0, n)
    age = generator.normal(38.0, 5.0, n).clip(20.0, 70.0)
    margins = generator.uniform(0.01, 0.05, size=(len(SHARES), n))
    table = points.assign(zip_code=codes)[["zip_code", *points.columns]]
    for position, (name, share) in enumerate(zip(SHARES, (language, abroad, college, urban), strict=True)):
        table[name] = np.round(share, 3)
        table[f"{name}_moe"] = np.round(margins[position], 3)
    table["median_income"] = np.round(income, -2).astype(int)
    table["median_income_moe"] = np.round(generator.uniform(1_500, 9_000, n), -2).astype(int)
    table["median_age"] = np.round(age, 1)
    table["median_age_moe"] = np.round(generator.uniform(0.4, 2.5, n), 1)
    return table


@cache
def homes_of_majority() -> np.ndarray:
    """Whether most residents of each row of `homes()` speak another language at home: bool array; unlisted codes are False."""
    share = made_up_census().set_index("zip_code")[LANGUAGE]
    known: np.ndarray = share.reindex(homes()["zip_code"]).to_numpy(dtype=float) >= MAJORITY
    return known

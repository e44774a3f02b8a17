"""What every test here pays once."""

import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def transformers_is_imported() -> None:
    """The trainer collects garbage before each run: with transformers' half a million objects that is most of a toy's time."""
    import fairasr.training.sitting  # noqa: F401

    gc.collect()
    gc.freeze()

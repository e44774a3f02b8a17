"""A fine-tuning job, whole: a job file in, a league table and a verdict out."""

__all__: list[str] = []

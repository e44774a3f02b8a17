"""Systems judged against the one they would replace, from transcripts alone."""

__all__: list[str] = []

"""Streaming recognisers: transducers whose encoders see nothing of the future. Importing this imports torch."""

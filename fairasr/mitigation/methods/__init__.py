"""One method per file, named in METHODS of `fairasr.mitigation.registry`."""

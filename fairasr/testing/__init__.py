"""Worlds with planted and absent gaps: to see that an audit finds what is there and nothing else. Public, for plug-in authors.

`null_world`, `planted_region_world`, `planted_zip_world` and `planted_cluster_world` draw counts: hundreds in seconds, for
properties that hold as rates over seeds. `demo_corpus` draws a whole corpus with texts of two systems; `write_demo` writes it as
the files a user would bring; `verdict` says what an audit of it found and missed.
"""

from fairasr.testing.count_worlds import Speech, null_world, planted_cluster_world, planted_region_world, planted_zip_world
from fairasr.testing.demo import demo_corpus
from fairasr.testing.demo_files import DemoFiles, write_census, write_demo
from fairasr.testing.verdict import Finding, findings, verdict, what_was_planted
from fairasr.testing.world import Planted, World

__all__ = [
    "DemoFiles",
    "Finding",
    "Planted",
    "Speech",
    "World",
    "demo_corpus",
    "findings",
    "null_world",
    "planted_cluster_world",
    "planted_region_world",
    "planted_zip_world",
    "verdict",
    "what_was_planted",
    "write_census",
    "write_demo",
]

"""What fairasr raises. Every message says what, how many of how many, the first case and the remedy.

FairasrError                 exit status 1 on the command line, the message and no traceback
├── IngestError              a file cannot be read, or two files do not fit together
│   └── SchemaError          a table breaks column rules; every broken rule is in the one message
├── ScoringError             references and hypotheses cannot be scored
├── DiscoveryError           a discovery method cannot run on this manifest
│   └── RuleError            a saved rule is broken, of another version, or of an unknown method
├── StatisticsError          too few speakers or cohorts for what was asked
│   └── DoubleDippingError   estimates were asked for on speakers the cohorts were found on
├── ModelError               a model cannot be loaded, saved or used
├── TrainingError            training cannot start or go on; the last good checkpoint is still there
│   └── JobError             a job file breaks its rules; every broken rule is in the one message
├── OutputError              a result cannot be written; the last good one is still there
└── MissingExtraError        an optional dependency is not installed; says what to install
"""

from __future__ import annotations


class FairasrError(Exception):
    """Base of everything fairasr raises on purpose."""


class IngestError(FairasrError):
    """A file cannot be read, or two files do not fit together."""


class SchemaError(IngestError):
    """A table breaks its column rules."""


class ScoringError(FairasrError):
    """References and hypotheses cannot be scored."""


class DiscoveryError(FairasrError):
    """A discovery method cannot run on this manifest."""


class RuleError(DiscoveryError):
    """A saved rule is broken, of another version, or of an unknown method."""


class StatisticsError(FairasrError):
    """Too few speakers or cohorts for what was asked."""


class DoubleDippingError(StatisticsError):
    """Estimates were asked for on speakers the cohorts were found on."""


class OutputError(FairasrError):
    """A result cannot be written; the last good one is still there."""


class MissingExtraError(FairasrError):
    """An optional dependency is not installed."""


class ModelError(FairasrError):
    """A model cannot be loaded, saved or used: no such folder, another architecture, a broken file."""


class TrainingError(FairasrError):
    """Training cannot start or go on; the last good checkpoint is still there."""


class JobError(TrainingError):
    """A job file breaks its rules; every broken rule is in the one message."""

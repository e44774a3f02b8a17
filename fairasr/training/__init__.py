"""The one training loop and what it says to the methods. It knows no method; torch is imported when it runs."""

from fairasr.training.base import Budget, HasState, Hooks, Step, Term, Trained, TrainingData
from fairasr.training.loop import HISTORY_COLUMNS, train
from fairasr.training.model_card import model_card
from fairasr.training.tracking import FolderTracker, MlflowTracker, Tracker
from fairasr.training.weights import load_snapshot

__all__ = [
    "HISTORY_COLUMNS",
    "Budget",
    "FolderTracker",
    "HasState",
    "Hooks",
    "MlflowTracker",
    "Step",
    "Term",
    "Tracker",
    "Trained",
    "TrainingData",
    "load_snapshot",
    "model_card",
    "train",
]

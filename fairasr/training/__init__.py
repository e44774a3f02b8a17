"""The one training loop and what it says to the methods. It knows no method; torch is imported when it runs."""

from fairasr.training.base import Budget, HasState, Hooks, Step, Term, Trained, TrainingData

__all__ = ["Budget", "HasState", "Hooks", "Step", "Term", "Trained", "TrainingData"]

"""The last few results of slow questions, for several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Answers to the last `most` questions. Two threads that ask the same new one at once may both work it out."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[Key, tuple[Hashable, Value]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, question: Key, work_out: Callable[[], Value], *, version: Hashable = None) -> Value:
        """The answer to `question`, from `work_out` where it is not remembered.

        Args:
            question: what is asked.
            work_out: makes the answer.
            version: of what the answer rests on. An answer of another version is let go before a new one is made.
        """
        with self._lock:
            if question in self._answers:
                known, answer = self._answers[question]
                if known == version:
                    self._answers.move_to_end(question)
                    return answer
                del self._answers[question], answer  # not to hold two, one of them of a file that is gone
        answer = work_out()
        with self._lock:
            self._answers[question] = version, answer
            self._answers.move_to_end(question)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer

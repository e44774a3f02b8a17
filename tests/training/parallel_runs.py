"""Runs that torchrun starts as two processes: `parallel_runs.py FOLDER` does every case in a folder of its name."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from toy_recogniser import Toy, toy_data

from fairasr.core.errors import TrainingError
from fairasr.training import Budget, Hooks, Step, train

SGD = Budget(n_steps=5, batch_size=8, learning_rate=0.1, optimiser="sgd", checkpoint_every=2, clip_norm=0.5)


def pull(step: Step) -> torch.Tensor:
    """Touches a parameter that the forward pass does not, as a penalty may."""
    return 0.1 * sum((weight**2).sum() for weight in step.model.module.parameters())  # type: ignore[return-value]


class Hardest:
    """Weighs utterances by their share of the loss of the whole batch: needs the losses of all processes."""

    def __init__(self) -> None:
        self.seen = torch.zeros(1)

    def __call__(self, step: Step) -> torch.Tensor:
        from fairasr.training.world import gathered

        losses = step.losses_per_symbol
        total = gathered(losses).detach().sum()
        assert len(gathered(losses)) == step.global_size
        self.seen = self.seen + total.cpu()
        return (losses.detach() / total * losses).sum()

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.seen = state["seen"].clone()


class StopsAt:
    """No penalty; ends the run in its n-th call."""

    def __init__(self, call: int) -> None:
        self.calls_left = call

    def __call__(self, step: Step) -> torch.Tensor:
        self.calls_left -= 1
        if not self.calls_left:
            raise InterruptedError
        return step.losses.sum() * 0


def stop_and_go_on(folder: Path) -> int:
    """One run undisturbed, another stopped in step 4 and gone on with; the step it was stopped in."""
    budget = dataclasses.replace(SGD, optimiser="adamw")
    for name, call in (("whole", 0), ("stopped", 4), ("stopped", 0)):
        try:
            train(Toy(dropout=0.3), toy_data(), Hooks(penalty=StopsAt(call)), budget, seed=2, folder=folder / name)
        except InterruptedError:
            stopped_in = call
    return stopped_in


class Unused(Toy):
    """Has a parameter that no loss depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.module.idle = torch.nn.Linear(2, 1)
        torch.nn.init.ones_(self.module.idle.weight)
        torch.nn.init.zeros_(self.module.idle.bias)


CASES: dict[str, tuple[Budget, Callable[[], Hooks]]] = {
    "even": (SGD, Hooks),
    "uneven": (dataclasses.replace(SGD, batch_size=7), Hooks),
    "accumulated": (dataclasses.replace(SGD, batch_size=10, accumulation=2), lambda: Hooks(penalty=pull)),
    "gathered": (dataclasses.replace(SGD, batch_size=5), lambda: Hooks(reduce=Hardest())),
}


def run_case(case: str, folder: Path) -> list[float]:
    """Train, and give the total that `Hardest` has seen, if it was there."""
    budget, fresh = CASES[case]
    hooks = fresh()
    train(Unused(), toy_data(), hooks, budget, seed=2, folder=folder / case)
    return hooks.reduce.seen.tolist() if isinstance(hooks.reduce, Hardest) else []


def main(folder: Path) -> None:
    from fairasr.training import world

    assert (world.world_size(), world.is_main()) == (2, world.rank() == 0), "torchrun says so before the processes have met"
    world.connect()
    told: dict[str, object] = {case: run_case(case, folder) for case in CASES}
    told["again"] = run_case("gathered", folder)
    told["stopped"] = stop_and_go_on(folder)
    mine = torch.full((world.rank() + 1, 2), float(world.rank()), requires_grad=True)
    together = world.gathered(mine)
    (together * torch.arange(1.0, 4.0)[:, None]).sum().backward()
    told["together"] = together.tolist()
    told["gradient"] = None if mine.grad is None else mine.grad.tolist()
    told["scalar"] = world.gathered(torch.tensor(float(world.rank()))).tolist()
    try:
        world.told_by_main(fail)
    except TrainingError as error:
        told["error"] = str(error)
    try:
        train(Toy(), toy_data(), Hooks(), dataclasses.replace(SGD, batch_size=1), seed=2, folder=folder / "small")
    except TrainingError as error:
        told["small"] = str(error)
    try:
        lost = Hooks(penalty=lambda step: step.losses.sum() * float("nan" if world.rank() else 1))
        train(Toy(), toy_data(), lost, SGD, seed=2, folder=folder / "lost")
    except TrainingError as error:
        told["lost"] = str(error)
    (folder / f"rank-{world.rank()}.json").write_text(json.dumps(told))


def fail() -> None:
    raise TrainingError("only the main process knows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

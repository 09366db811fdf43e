from __future__ import annotations

import gc
import signal
import subprocess
import sys
from dataclasses import dataclass, fields

import pytest
import torch

import zoo
from pellucid.attribution.evaluate import reserves
from pellucid.attribution.method import Method, method
from pellucid.attribution.run import Run
from pellucid.attribution.tape.tape import Value
from pellucid.core.errors import Interrupted, InvalidInputError, NotApplicableError
from pellucid.core.progress import shown_by


@dataclass(frozen=True, slots=True, kw_only=True)
class InputXGradient(Method):
    """The example of the documentation: one line."""

    def relevance(self, run):
        run.declare(base=torch.zeros(len(run.samples), run.classes.shape[1]))
        return run.inputs * run.gradient()


def test_a_methods_author_writes_one_line():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    answer = InputXGradient()(module, x, target="all")
    leaf = x.clone().requires_grad_()
    for number in range(3):
        gradient = torch.autograd.grad(module(leaf)[:, number].sum(), leaf)[0]
        assert torch.allclose(answer.relevance[:, number], x * gradient, atol=1e-6)
    assert answer.method == "input_x_gradient"
    assert torch.equal(answer.classes, torch.tensor([[0, 1, 2]] * 3))


def test_the_gap_is_relative_to_the_difference_of_the_scores():
    answer = InputXGradient()(zoo.network("plain", 1), zoo.inputs(1), target=0)
    expected = (answer.relevance.flatten(1).sum(1) - answer.score).abs() / answer.score.abs()
    assert torch.allclose(answer.gap, expected.double(), rtol=1e-4)
    assert "misses the score" in answer.warnings[0]
    assert answer.remarks == ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Method):
    """Returns what it is told to."""

    shape: tuple[int, ...] = (1,)
    value: float = 0.0

    def relevance(self, run):
        return torch.full(self.shape, self.value)


def test_relevance_of_another_shape_or_no_number_is_an_error():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    with pytest.raises(InvalidInputError, match=r"the shape \(3, 1, 4, 24\); got \(3, 4, 24\)"):
        Broken(shape=(3, 4, 24))(module, x, target=0)
    with pytest.raises(NotApplicableError, match="'broken' gave NaN"):
        Broken(shape=(3, 1, 1, 24), value=float("nan"))(module, x, target=0)


def test_an_axis_of_one_is_spread_and_an_empty_map_is_said():
    answer = Broken(shape=(1, 1, 1, 24))(zoo.network("plain", 1), zoo.inputs(1, 1), target="all")
    assert answer.relevance.shape == (1, 3, 4, 24)
    assert answer.empty.all()
    assert answer.warnings == ("the relevance is zero everywhere: broken has nothing to show",)


def test_some_empty_maps_are_counted():
    texts = reserves(method("grad_cam"), None, empty=True, of=" for 2 of 9 maps")
    assert texts == ("the relevance is zero everywhere for 2 of 9 maps: grad_cam has nothing to show",)
    assert reserves(method("integrated_gradients"), 0.001, empty=False) == ()


def test_a_long_batch_shows_its_progress():
    ticks = []

    def display(title, total):
        ticks.append((title, total))
        return ticks.append

    with shown_by(display):
        method("saliency")(zoo.network("plain", 1), zoo.inputs(1, 5), target=0, memory=1)
        method("saliency")(zoo.network("plain", 1), zoo.inputs(1, 20), target=0)
    assert ticks == [("saliency: samples", 5), 1, 2, 3, 4, 5, ("saliency: samples", 20), 16, 20]


def test_batch_norm_by_batch_statistics_is_found_by_a_second_row():
    class Mixing(zoo.Plain):
        def forward(self, x):
            return super().forward(torch.nn.functional.batch_norm(x, None, None, training=True))

    with pytest.raises(NotApplicableError, match="statistics of its batch"):
        method("saliency")(zoo.seeded(Mixing(1)), zoo.inputs(1, 1), target=0)


def test_tensors_of_the_call_are_recorded_by_hash_and_fields_by_name():
    answer = method("integrated_gradients", steps=2)(
        zoo.network("plain", 1), zoo.inputs(1), target=0, baseline=torch.zeros(4, 24)
    )
    assert len(answer.settings["baseline"]["sha256"]) == 64
    assert answer.settings["steps"] == 2


def test_a_tensor_of_a_type_that_numpy_has_not_is_recorded_too():
    module, x = zoo.network("plain", 1).to(torch.bfloat16), zoo.inputs(1).to(torch.bfloat16)
    answer = method("occlusion")(module, x, target=0, baseline=torch.zeros(4, 24, dtype=torch.bfloat16))
    assert len(answer.settings["baseline"]["sha256"]) == 64


def test_a_function_is_recorded_by_its_name():
    answer = method("kernel_shap", parts=2)(zoo.network("plain", 1), zoo.inputs(1, 1), target=0, rebuild=torch.clone)
    assert answer.settings["rebuild"].endswith("clone")


class OneWayOrAnother(torch.nn.Module):
    """Pools only what is loud, as its first sample decides."""

    def forward(self, x):
        loud = torch.nn.functional.max_pool1d(x, 4) if x.amax() > 10 else x[..., ::4]
        return torch.relu(loud).flatten(1)[:, :3] * 2


def test_details_that_only_some_samples_have_are_left_out():
    x = zoo.inputs(1, 2)
    x[0] = x[0] / x[0].abs().max() * 20
    x[1] = x[1] / x[1].abs().max()
    ask = method("deconvolution", switches=True)
    assert list(ask(OneWayOrAnother().eval(), x[:1], target=0).details) == ["switches of max_pool2d_with_indices"]
    assert ask(OneWayOrAnother().eval(), x, target=0, memory=1).details == {}


@pytest.mark.parametrize("name", ["saliency", "lrp"])
def test_a_batch_that_the_module_does_not_take_is_refused_in_words(name):
    class OfOne(zoo.Plain):
        def forward(self, x):
            return super().forward(x.reshape(1, 4, 24))

    with pytest.raises(InvalidInputError, match=r"inputs must be what the module was built for.*reshape"):
        method(name)(zoo.seeded(OfOne(1)), zoo.inputs(1, 3), target=0)


def test_a_tape_is_let_go_of_before_the_next_is_made():
    """Values and operations hold each other: without care the memory of all batches would wait for the collector."""
    module, x = zoo.network("residual", 1), zoo.inputs(1, 4)
    gc.collect()
    gc.disable()
    try:
        method("lrp")(module, x, target=0, memory=1)
        left = sum(type(thing) is Value for thing in gc.get_objects())
    finally:
        gc.enable()
    assert left == 0


class Stopped(torch.nn.Module):
    """Raises what Ctrl-C does at its k-th pass, after it has written into itself."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.register_buffer("seen", torch.zeros(1))
        self.eval()

    def forward(self, x):
        PASSES.append(len(x))
        self.seen += 1
        self.last = x
        if len(PASSES) == STOP[0]:
            raise KeyboardInterrupt
        return self.inner(x)


PASSES: list[int] = []
STOP = [0]


def until(stop, ask):
    """Ask with Ctrl-C at a pass (0: never), and return how many passes there were."""
    PASSES.clear()
    STOP[0] = stop
    try:
        ask()
    finally:
        STOP[0] = 0
    return len(PASSES)


def same(one, other):
    """Whether two values are the same to the last bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return same(one.lines, other.lines) if hasattr(one, "lines") else one == other


LONG = [
    ("occlusion", {"window": 6}),
    ("lime", {"parts": 2, "samples": 32}),
    ("kernel_shap", {"parts": 2}),
    ("integrated_gradients", {}),
    ("integrated_gradients", {"steps": 5}),
    ("smooth_grad", {"samples": 8}),
    ("smooth_grad", {"samples": 3, "of": {"name": "lrp"}}),
]


@pytest.mark.parametrize("target", [1, [2, 1, 0, 1, 2, 0], "all"])
@pytest.mark.parametrize(("name", "settings"), LONG)
def test_an_interrupt_keeps_the_first_samples_as_if_asked_alone(name, settings, target):
    ask, module, x = method(name, **settings), Stopped(zoo.network("norms", 1)), zoo.inputs(1, 6)
    passes = until(0, lambda: ask(module, x, target=target))
    with pytest.raises(Interrupted, match="interrupted after 4 of 6 samples") as caught:
        until(passes, lambda: ask(module, x, target=target))
    alone = ask(module, x[:4], target=target[:4] if isinstance(target, list) else target)
    found = caught.value.finished
    assert [
        field.name for field in fields(found) if not same(getattr(found, field.name), getattr(alone, field.name))
    ] == []
    assert len(found.relevance) == 4
    assert module.seen == 0
    assert not hasattr(module, "last")


@pytest.mark.parametrize("name", ["saliency", "lrp", "grad_cam"])
def test_quick_methods_keep_what_fitted_into_memory(name):
    module, x = Stopped(zoo.network("plain", 1)), zoo.inputs(1, 20)
    ask = method(name)
    with pytest.raises(Interrupted, match="after 16 of 20") as caught:
        until(until(0, lambda: ask(module, x, target=1)), lambda: ask(module, x, target=1))
    assert same(caught.value.finished.relevance, ask(module, x[:16], target=1).relevance)
    with pytest.raises(Interrupted, match="after 18 of 20") as caught:
        until(until(0, lambda: ask(module, x, target=1, memory=1)) - 1, lambda: ask(module, x, target=1, memory=1))
    found, alone = caught.value.finished, ask(module, x[:18], target=1, memory=1)
    assert found.geometry == alone.geometry
    assert same(found.ledger, alone.ledger)
    assert same(found.score, alone.score)


def test_several_inputs_stay_a_tuple():
    class Both(torch.nn.Module):
        def forward(self, x, y):
            PASSES.append(len(x))
            if len(PASSES) == STOP[0]:
                raise KeyboardInterrupt
            return x.sum(1) * y.sum(1)

    x, y = torch.ones(6, 2), 2 * torch.ones(6, 3)
    ask = method("occlusion", window=1)
    passes = until(0, lambda: ask(Both(), (x, y)))
    with pytest.raises(Interrupted) as caught:
        until(passes, lambda: ask(Both(), (x, y)))
    assert [tensor.shape for tensor in caught.value.finished.relevance] == [(4, 2), (4, 3)]


def test_with_nothing_finished_it_is_the_plain_interrupt():
    module, ask = Stopped(zoo.network("plain", 1)), method("occlusion", window=6)
    with pytest.raises(KeyboardInterrupt) as caught:
        until(6, lambda: ask(module, zoo.inputs(1, 6), target=1))
    assert type(caught.value) is KeyboardInterrupt
    assert module.seen == 0


def test_the_interrupt_does_not_hold_the_passes_that_were_stopped():
    module, x, ask = Stopped(zoo.network("plain", 1)), zoo.inputs(1, 6), method("occlusion", window=6)
    passes = until(0, lambda: ask(module, x, target=1))
    with pytest.raises(Interrupted) as caught:
        until(passes, lambda: ask(module, x, target=1))
    gc.collect()
    assert caught.value.__context__ is None
    assert not [one for one in gc.get_objects() if type(one) is Run]


def test_a_module_that_changes_its_weights_gives_nothing_to_an_interrupt():
    class Moving(torch.nn.Linear):
        def forward(self, x):
            PASSES.append(len(x))
            if len(PASSES) == STOP[0]:
                with torch.no_grad():
                    self.weight.add_(1)
                raise KeyboardInterrupt
            return super().forward(x)

    module, x, ask = Moving(4, 2), torch.ones(6, 4), method("occlusion", window=1)
    passes = until(0, lambda: ask(module, x, target=1))
    with pytest.raises(KeyboardInterrupt) as caught:
        until(passes, lambda: ask(module, x, target=1))
    assert type(caught.value) is KeyboardInterrupt
    assert "changes its own parameter 'weight'" in str(caught.value.__cause__)


class Wide(torch.nn.Module):
    """Makes 16 MiB of every sample."""

    def forward(self, x):
        PASSES.append(len(x))
        if len(PASSES) == STOP[0]:
            raise KeyboardInterrupt
        return (x[:, :, None] * torch.ones(2**21)).mean(2)


def test_a_large_module_is_asked_sample_by_sample():
    x, ask, ticks = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), method("occlusion", window=1), []
    with shown_by(lambda title, total: lambda done: ticks.append((title, done, total))):
        passes = until(0, lambda: ask(Wide(), x, target=1))
    assert [tick for tick in ticks if "samples" in tick[0]] == [("occlusion: samples", n, 3) for n in (1, 2, 3)]
    with pytest.raises(Interrupted, match="after 2 of 3 samples") as caught:
        until(passes, lambda: ask(Wide(), x, target=1))
    assert caught.value.finished.relevance.tolist() == [[0, 2], [0, 4]]


PROGRAM = """
import signal, time, torch, pellucid

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored

class Slow(torch.nn.Module):
    passes = 0

    def forward(self, x):
        Slow.passes += 1
        if Slow.passes == 13:
            print("waiting", flush=True)
            time.sleep(60)
        return (x * torch.arange(1.0, 4.0)).sum(1)

try:
    pellucid.attribute(Slow(), torch.ones(9, 3), "occlusion", window=1)
except KeyboardInterrupt as stop:
    print(stop.finished.relevance.tolist(), flush=True)
    raise
"""


def test_ctrl_c_in_a_program():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout.readline() == "waiting\n"
        program.send_signal(signal.SIGINT)
        found, said = program.communicate(timeout=60)
    assert found == f"{[[1.0, 2.0, 3.0]] * 8}\n"
    assert said.splitlines()[-1] == (
        "pellucid.core.errors.Interrupted: interrupted after 8 of 9 samples; the exception's .finished holds their "
        "Attribution (in a notebook or at the prompt: import sys; sys.last_value.finished)."
    )
    assert program.returncode != 0

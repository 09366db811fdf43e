from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.inside.activations import activations
from pellucid.attribution.inside.gradient_ascent import gradient_ascent
from pellucid.attribution.method import method
from pellucid.core.errors import InvalidInputError, NotApplicableError

ONE_OF_EACH_PASS = pytest.mark.parametrize("name", ["saliency", "lrp", "grad_cam", "occlusion"])


@ONE_OF_EACH_PASS
@pytest.mark.parametrize(
    ("network", "shape", "words"),
    [
        (
            "plain",
            (8, 3, 24),
            r"conv1d on \(1, 3, 24\), \(6, 4, 5\), \(6,\) in submodule 'features.0' \(Conv1d\), .*Given",
        ),
        ("plain", (8, 4, 24, 2), r"conv1d on \(1, 4, 24, 2\), .* 'features.0' .* Expected 2D"),
        ("flat_head", (8, 4, 30), r"linear on \(1, 32\), \(3, 24\), \(3,\) in submodule 'head' \(Linear\), .*mat1"),
    ],
    ids=["leads", "axes", "length"],
)
def test_a_wrong_shape_is_told_with_the_place_that_refuses_it(name, network, shape, words):
    with pytest.raises(InvalidInputError, match=words) as caught:
        method(name)(zoo.network(network, 1), torch.zeros(shape), target=0)
    assert f"got shape {shape}. Bring it to the shape that module(inputs) takes. Refused by" in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


@ONE_OF_EACH_PASS
def test_another_type_is_told_with_both_types(name):
    with pytest.raises(InvalidInputError, match=r"torch\.float32 on cpu; got torch\.float64 on cpu, .*'features\.0'"):
        method(name)(zoo.network("plain", 1), torch.zeros(2, 4, 24, dtype=torch.float64), target=0)
    with pytest.raises(InvalidInputError, match="must have values"):
        method(name)(zoo.network("plain", 1), torch.zeros(2, 4, 24, device="meta"), target=0)


class Mixed(nn.Module):
    """Its first parameter is of another type than what it takes."""

    def __init__(self):
        super().__init__()
        self.scale, self.head = nn.Parameter(torch.ones(())), nn.Linear(3, 2).double()

    def forward(self, x):
        return self.head(x) * self.scale


def test_where_tensors_of_one_type_met_the_shape_is_wrong():
    with pytest.raises(InvalidInputError, match=r"built for .*; got shape \(2, 4\)\. Bring it .*linear on \(1, 4\)"):
        method("saliency")(Mixed(), torch.zeros(2, 4).double(), target=0)
    assert method("saliency")(Mixed(), torch.ones(2, 3).double(), target=0).relevance.dtype == torch.float64


def test_of_several_inputs_the_wrong_one_is_named():
    module = zoo.network("signal_and_age", 1)
    with pytest.raises(InvalidInputError, match=r"^input 1 must be .* got shape \(3, 2\)\. .*submodule 'age'"):
        method("saliency")(module, (zoo.inputs(1), torch.zeros(3, 2)), target=0)
    with pytest.raises(InvalidInputError, match=r"^input 1 must be .*float32 on cpu; got torch\.float64"):
        method("saliency")(module, (zoo.inputs(1), torch.zeros(3, 1).double()), target=0)
    with pytest.raises(InvalidInputError, match=r"Several inputs are a tuple; .*positional argument: 'age'"):
        method("saliency")(module, zoo.inputs(1), target=0)


class Asserts(nn.Module):
    def forward(self, x):
        assert x.shape[1] == 12, "twelve leads"
        return x.sum((1, 2))


def test_a_refusal_of_the_modules_own_keeps_its_words():
    module = nn.Sequential(nn.Identity(), Asserts())
    with pytest.raises(InvalidInputError, match=r"Refused by submodule '1' \(Asserts\), in its words: twelve leads$"):
        method("saliency")(module, zoo.inputs(1))
    with pytest.raises(InvalidInputError, match=r"submodule '0' \(BatchNorm2d\), in its words: expected 4D"):
        method("saliency")(nn.Sequential(nn.BatchNorm2d(4), Asserts()).eval(), zoo.inputs(1))


def test_a_scripted_module_says_what_torch_said_last():
    with pytest.deprecated_call():
        scripted = torch.jit.script(zoo.network("plain", 1))
    with pytest.raises(InvalidInputError, match=r"the module itself .* to have 4 channels, but got 3"):
        method("saliency")(scripted, torch.zeros(2, 3, 24), target=0)


def test_a_module_of_one_batch_size_is_told_apart():
    class Eight(nn.Module):
        def forward(self, x):
            return x.view(8, -1) @ torch.ones(2, 3)

    with pytest.raises(NotApplicableError, match=r"any number of samples; it runs on 8, not on 1: .*x\.flatten\(1\)"):
        method("saliency")(Eight(), torch.zeros(8, 1, 2), target=0)


def test_what_fails_only_while_it_is_watched_is_no_wrong_input():
    calls = []

    class Once(nn.Module):
        def forward(self, x):
            calls.append(1)
            if len(calls) == 1:
                raise RuntimeError("not yet")
            return x.sum(1)

    with pytest.raises(RuntimeError, match=r"^not yet$"):
        method("saliency")(Once(), torch.zeros(2, 3))
    assert len(calls) == 2


def test_an_interruption_and_other_errors_pass():
    class Stops(nn.Module):
        def forward(self, x):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        method("saliency")(Stops(), torch.zeros(2, 3))


def test_looking_inside_says_the_same():
    with pytest.raises(InvalidInputError, match=r"got shape \(2, 3, 24\)\. .*'features\.0'"):
        activations(zoo.network("plain", 1), torch.zeros(2, 3, 24))
    with pytest.raises(InvalidInputError, match=r"got shape \(1, 3, 24\)\. .*'features\.0'"):
        gradient_ascent(zoo.network("plain", 1), (3, 24), target=0)


class Fails(nn.Module):
    """Tells the size of each batch, and fails after an operation."""

    def __init__(self, error, tell=len):
        super().__init__()
        self.error, self.tell = error, tell

    def forward(self, x):
        self.tell(x)
        torch.cat([x] * 100)
        raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError("DefaultCPUAllocator: can't allocate memory"), torch.OutOfMemoryError("CUDA out of memory")]
)
def test_where_memory_ends_the_inputs_are_not_blamed(error):
    sizes = []
    with pytest.raises(RuntimeError) as caught:
        method("saliency")(Fails(error, lambda x: sizes.append(len(x))), torch.zeros(2, 3))
    assert caught.value is error
    assert sizes == [1]


def test_a_fault_of_the_modules_own_is_not_called_a_wrong_number_of_inputs():
    with pytest.raises(InvalidInputError, match=r"Bring it .*in its words: object of type 'int' has no len\(\)"):
        method("saliency")(Fails(TypeError("object of type 'int' has no len()")), torch.zeros(2, 3))


@pytest.mark.parametrize(("memory", "passes"), [("1MB", [1, 1, 9]), ("2KB", [1, 1])])
def test_the_whole_batch_is_tried_only_where_it_fits_into_memory(memory, passes):
    sizes = []
    module = Fails(ValueError("no"), lambda x: sizes.append(len(x)))
    with pytest.raises(InvalidInputError, match="in its words: no"):
        method("saliency")(module, torch.zeros(9, 3), memory=memory)
    assert sizes == passes

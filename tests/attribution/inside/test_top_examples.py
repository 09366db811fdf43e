from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.inside.top_examples import top_examples
from pellucid.core.errors import Interrupted, InvalidInputError, NotApplicableError


def cut(x, groups, size=4):
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        yield x[rows], groups[rows], [f"record {number}" for number in range(len(x))[rows]]


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("count", [1, 3, 9, 50])
def test_they_are_those_of_a_full_sort_one_a_group(dim, count):
    module, x = zoo.network("plain", dim), zoo.inputs(dim, 30)
    groups = [number * 7 % 11 for number in range(30)]
    with torch.no_grad():
        values = module.features(x)[:, 2]
    order = sorted(range(30), key=lambda number: -float(values[number].max()))
    expected = list({groups[number]: number for number in reversed(order)}.items())  # the highest of each group
    expected = sorted((number for _, number in expected), key=order.index)[:count]
    found = top_examples(module, cut(x, groups), "features", 2, count)
    assert [example.name for example in found] == [f"record {number}" for number in expected]
    assert [example.group for example in found] == [groups[number] for number in expected]
    for example, number in zip(found, expected, strict=True):
        assert example.value == pytest.approx(float(values[number].max()), abs=1e-5)
        assert float(values[number][example.cell]) == pytest.approx(example.value, abs=1e-5)


class Spike(nn.Module):
    """Sees five samples, every second of them a cell."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 5, stride=2, padding=2, bias=False)
        nn.init.ones_(self.conv.weight)

    def forward(self, x):
        return self.conv(x).mean(2)


@pytest.mark.parametrize(("at", "window"), [(0, (0, 3)), (10, (8, 13)), (19, (16, 20))])
def test_the_excerpt_is_what_the_cell_sees_cut_to_the_input(at, window):
    x = torch.zeros(1, 1, 20)
    x[0, 0, at] = 1
    x[0, 0, max(0, at - 1) : at + 2] += 0.1
    (example,) = top_examples(Spike(), [(x, ["a"], ["one"])], "conv", 0)
    assert example.centre == (2.0 * example.cell[0],)
    assert example.window == (window,)
    assert torch.equal(example.excerpt, x[0, :, slice(*window)])
    assert example.lead is None


def test_where_leads_are_apart_the_excerpt_is_of_the_lead():
    module, x = zoo.network("leads_apart", 1), zoo.inputs(1)
    with torch.no_grad():
        values = torch.relu(module.encoder(x.flatten(0, 1)[:, None])).unflatten(0, x.shape[:2])[:, :, 1]
    best = top_examples(module, cut(x, "abc"), "unfolded", 1)[0]
    record = int(best.name.split()[1])
    assert best.value == pytest.approx(float(values.max()))
    assert float(values[record, best.lead, best.cell[0]]) == pytest.approx(best.value)
    assert torch.equal(best.excerpt, x[record, best.lead : best.lead + 1, slice(*best.window[0])])


def test_of_equal_values_the_first_stays():
    x = torch.ones(5, 1, 20)
    found = top_examples(Spike(), cut(x, [0, 1, 2, 1, 3], 2), "conv", 0, 2)
    assert [example.name for example in found] == ["record 0", "record 1"]
    rising = torch.ones(5, 1, 20) * torch.tensor([1.0, 1.0, 3.0, 1.0, 2.0])[:, None, None]
    found = top_examples(Spike(), cut(rising, [0, 1, 2, 3, 4], 2), "conv", 0, 3)
    assert [example.name for example in found] == ["record 2", "record 4", "record 0"]


def test_an_excerpt_is_a_copy_so_that_the_records_can_go():
    x = torch.ones(1, 1, 20)
    (example,) = top_examples(Spike(), [(x, [0], ["a"])], "conv", 0)
    assert example.excerpt.untyped_storage().nbytes() == example.excerpt.numel() * 4


def test_wrong_questions_are_errors_in_words():
    x = zoo.inputs(1)
    module = zoo.network("plain", 1)
    with pytest.raises(InvalidInputError, match="count must be 1"):
        top_examples(module, cut(x, "abc"), "features", 0, 0)
    with pytest.raises(InvalidInputError, match="one a row, 3; got 2 and 3"):
        top_examples(module, [(x, [0, 1], "abc")], "features", 0)
    with pytest.raises(InvalidInputError, match="0 to 5"):
        top_examples(module, cut(x, "abc"), "features", 6)
    with pytest.raises(NotApplicableError, match="training mode"):
        top_examples(module.train(), cut(x, "abc"), "features", 0)


def test_an_interrupt_keeps_the_best_of_the_batches_before_it():
    module, x = zoo.network("plain", 1), zoo.inputs(1, 12)
    groups = [number % 5 for number in range(12)]

    def stopped(after):
        for number, batch in enumerate(cut(x, groups)):
            if number == after:
                raise KeyboardInterrupt
            yield batch

    with pytest.raises(Interrupted, match=r"after 8 records; .* holds the best of these") as caught:
        top_examples(module, stopped(2), "features", 2, 3)
    alone = top_examples(module, cut(x[:8], groups[:8]), "features", 2, 3)
    assert [(one.name, one.value) for one in caught.value.finished] == [(one.name, one.value) for one in alone]
    with pytest.raises(KeyboardInterrupt) as caught:
        top_examples(module, stopped(0), "features", 2, 3)
    assert type(caught.value) is KeyboardInterrupt


def test_of_a_batch_in_which_it_comes_nothing_is_taken():
    module, x = zoo.network("plain", 1), zoo.inputs(1, 8)

    class Group(int):
        def __hash__(self):
            if self == 6:
                raise KeyboardInterrupt
            return int(self)

    groups = [Group(number) for number in range(8)]
    with pytest.raises(Interrupted, match="after 4 records") as caught:
        top_examples(module, cut(x, groups), "features", 2)
    assert {example.name for example in caught.value.finished} == {f"record {number}" for number in range(4)}

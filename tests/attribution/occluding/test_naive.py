from __future__ import annotations

import torch

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.occluding.naive import naive, replaced
from pellucid.attribution.occluding.windows import grid
from pellucid.attribution.question import Question
from pellucid.attribution.run import Run


def run_of(module, rows, arguments=()):
    question = Question(module=module, inputs=rows, arguments=arguments)
    return Run(question, rows, torch.arange(len(rows[0])), torch.zeros(len(rows[0]), 1).long(), bytes_a_row=2**27)


def test_a_copy_for_each_window_with_that_window_replaced():
    row = torch.arange(6.0).reshape(2, 3)
    windows = grid((2, 3), 2, 1, each=True, centred=False).windows
    copies = replaced(row, windows, lambda window: torch.full_like(row, -1.0)[window])
    assert copies[0].tolist() == [[-1, -1, 2], [3, 4, 5]]
    assert copies[3].tolist() == [[0, 1, 2], [3, -1, -1]]


def test_the_logits_are_the_modules_own_in_pieces_that_fit():
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64)
    windows = grid(x.shape[1:], 2, 1, each=False, centred=False).windows
    run = run_of(module, (x,))
    pieces = list(naive(run, 1, windows, torch.zeros_like(x[1]).__getitem__))
    assert [len(piece) for piece in pieces] == [16, 7]
    copies = replaced(x[1], windows, torch.zeros_like(x[1]).__getitem__)
    assert torch.allclose(torch.cat(pieces), module(copies).detach(), atol=1e-12)


def test_other_inputs_and_arguments_are_the_samples_own():
    signal, age = zoo.everything("signal_and_age", 1, dtype=torch.float64)
    module = zoo.network("signal_and_age", 1, dtype=torch.float64)
    ask = method("occlusion", window=8, stride=8)
    both = ask(module, (signal, age), target=1).relevance
    only = ask(module, signal, arguments=(age,), target=1).relevance
    assert torch.allclose(both[0], only, atol=1e-12)
    assert torch.allclose(both[0][2:], ask(module, (signal[2:], age[2:]), target=1).relevance[0], atol=1e-12)

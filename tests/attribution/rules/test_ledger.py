from __future__ import annotations

import torch

from pellucid.attribution.rules.ledger import BIAS, EPSILON, Book, Ledger

LINES = {
    ("head (linear)", BIAS): torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
    ("(relu)", EPSILON): torch.tensor([[0.1, 0.2], [0.3, 0.4]]),
}


def test_the_total_is_by_sample_and_target():
    assert torch.allclose(Ledger(LINES).total(), torch.tensor([[1.1, 2.2], [3.3, 4.4]]))


def test_the_table_is_in_the_order_of_execution():
    table = Ledger(LINES).table(1, 0)
    assert table.columns.tolist() == ["layer", "cause", "relevance"]
    assert table.layer.tolist() == ["(relu)", "head (linear)"]
    assert table.cause.tolist() == ["epsilon", "bias"]
    assert torch.allclose(torch.tensor(table.relevance.tolist()), torch.tensor([0.3, 3.0]))
    single = Ledger({line: taken[:, 0] for line, taken in LINES.items()})
    assert single.table(0).relevance.tolist()[1] == 1
    assert "head (linear)" in single._repr_html_()


def test_a_book_adds_up_rows_by_sample():
    book = Book(2)
    book.take("one", BIAS, torch.tensor([1.0, 2.0, 3.0, 4.0]))  # two rows a sample
    book.take("one", BIAS, torch.tensor([10.0, 20.0]))
    book.take("one", EPSILON, torch.tensor([5.0, 6.0]))
    assert book.lines["one", BIAS].tolist() == [13, 27]
    assert book.lines["one", EPSILON].tolist() == [5, 6]

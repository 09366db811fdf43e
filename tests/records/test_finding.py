from __future__ import annotations

from pellucid.records.finding import Finding


def test_equal_findings_are_one():
    assert len({Finding("flat", ("V1",), "V1 is flat."), Finding("flat", ("V1",), "V1 is flat.")}) == 1

from __future__ import annotations

from pathlib import PurePath

import pytest

from pellucid.reports.folders import safe_name, safe_names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("00282_hr", "00282_hr"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "unnamed"),
        ("a b\tc", "a_b_c"),
        ("C:\\x", "C_x"),
        ("con", "con_"),
        ("Иванов 7", "Иванов_7"),
        ("</script>", "script"),
        (".hidden", "hidden"),
        ("x" * 300, "x" * 80),
    ],
)
def test_names_lead_nowhere_else(text, name):
    assert safe_name(text) == name
    assert PurePath(name).parts == (name,)


def test_equal_names_are_told_apart_where_case_is_not_kept():
    assert safe_names(["a/b", "a_b", "A_B", "a_b-2", "c"]) == ["a_b", "a_b-2", "A_B-3", "a_b-2-2", "c"]

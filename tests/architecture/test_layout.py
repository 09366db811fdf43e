"""Where things stand and what they are called."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "pellucid"
TESTS = ROOT / "tests"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

# Rooms of tests that look at the whole, and so mirror nothing.
ACROSS = {"architecture", "browser", "examples", "oracles", "properties"}
# One class or function under test, one list or table: tested through the file beside it that uses it.
TESTED_ELSEWHERE: dict[str, str] = {}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}
LONGEST = 400


def _is_tested_by_itself(module: Path) -> bool:
    return module.name not in ("__init__.py", "__main__.py") and str(module) not in TESTED_ELSEWHERE


def test_every_module_has_its_test_file():
    expected = {
        module.with_name(f"test_{module.name.lstrip('_')}") for module in MODULES if _is_tested_by_itself(module)
    }
    missing = sorted(str(path) for path in expected if not (TESTS / path).is_file())
    assert missing == [], "write tests/" + ", tests/".join(missing)


def test_every_test_file_has_its_module():
    orphans = []
    for path in sorted(TESTS.rglob("test_*.py")):
        place = path.relative_to(TESTS)
        if place.parts[0] in ACROSS or len(place.parts) == 1:
            continue
        if place.with_name(place.name.removeprefix("test_")) not in MODULES:
            orphans.append(str(place))
    assert orphans == [], "no module of that name under src/pellucid"


def test_tests_are_no_packages():
    assert sorted(TESTS.rglob("__init__.py")) == []


def test_every_module_has_a_name_that_says_something():
    nameless = [str(module) for module in MODULES if NAMELESS & {*module.parent.parts, module.stem}]
    assert nameless == [], "a thing has a name or it is not understood yet"


def test_no_file_is_longer_than_a_reader_can_hold():
    files = sorted([*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py")])
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}, "split it by what it is about"


def test_folders_of_code_are_packages():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").is_file()) == []

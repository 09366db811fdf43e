from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest

import pellucid
from pellucid.cli import main as command_line
from pellucid.cli.main import application, main
from pellucid.core.registry import Registry

GREET = '''
from __future__ import annotations
from pathlib import Path
from typing import Literal
from pellucid.cli import output
from pellucid.core.progress import track

def greet_all(
    names: list[str], /, *, loud_voice: bool = False, style: str = "plain", hand: Literal["no", "Left-hand"] = "no"
) -> int:
    """Greet everybody in the list,
    one after the other.

    The names may be
    in any order.

    Parameters
    ----------
    names
        Whom to greet.
    loud_voice
        In capitals.

    Examples
    --------
    pellucid greet-all Ada Grace
    """
    failures = output.Failures()
    for name in track(names, "greeting"):
        with failures.skipping(name):
            if name == "Nobody":
                raise FileNotFoundError(2, "No such person", name)
            text = f"Hello {name} in {style}" + ("" if hand == "no" else f" with {hand}")
            output.result(text.upper() if loud_voice else text)
    return failures.exit_code
'''

FAIL = '''
from __future__ import annotations
import warnings
from pellucid.core.errors import PellucidWarning, unknown_name

def fail(how: str) -> None:
    """Fail."""
    if how == "name":
        raise unknown_name("lead", "V11", ["V1", "V2"])
    if how == "file":
        open("not/there").read()
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "bug":
        raise ZeroDivisionError("a mistake of ours")
    if how == "warn":
        warnings.warn("two leads are flat", PellucidWarning, stacklevel=1)
        warnings.warn("somebody else's", UserWarning, stacklevel=1)
    if how == "wait":
        import time
        print("waiting", flush=True)
        time.sleep(60)
    if how == "talk":
        for number in range(100_000):
            print(number)
'''

SEE = "See: pellucid greet-all --help\n"


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Two commands in a folder of their own, in place of pellucid's."""
    name = f"trial_commands_{tmp_path.name}".replace("-", "_")
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "greet_all.py").write_text(GREET)
    (folder / "fail.py").write_text(FAIL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("PELLUCID_DEBUG", raising=False)
    monkeypatch.setattr(command_line, "COMMANDS", Registry(name, "command"))
    return name


@pytest.fixture
def shell(commands, tmp_path):
    """Start the same commands in a process of their own."""

    def start(*words: str) -> subprocess.Popen[str]:
        code = (
            "import sys; from pellucid.cli import main as m; from pellucid.core.registry import Registry\n"
            f"m.COMMANDS = Registry({commands!r}, 'command'); sys.exit(m.main())"
        )
        return subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )

    return start


def test_the_list_names_each_command_with_its_first_line_and_imports_none(commands, capsys):
    assert main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "greet-all Greet everybody in the list, one after the other." in shown
    assert "fail Fail." in shown
    assert "The names may" not in shown
    assert f"{commands}.greet_all" not in sys.modules


def test_without_a_word_the_list_is_shown(commands, capsys):
    assert main([]) == 0
    assert "greet-all" in capsys.readouterr().out


def test_help_shows_description_parameters_and_examples(commands, capsys):
    assert main(["greet-all", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "The names may be in any order." in shown
    assert "Whom to greet." in shown
    assert shown.rstrip().endswith("Examples:\n\npellucid greet-all Ada Grace")


@pytest.mark.parametrize("word", ["greet-all", "greet_all", "Greet-All"])
@pytest.mark.parametrize("option", ["--loud-voice", "--loud_voice"])
def test_dash_and_underscore_are_equal_in_commands_and_options(word, option, commands, capsys):
    assert main([word, "Ada", option, "--style=my_own"]) == 0
    assert capsys.readouterr().out == "HELLO ADA IN MY_OWN\n"


@pytest.mark.parametrize("option", [["--hand", "left_hand"], ["--hand=LEFT-hand"], ["--hand", "Left-hand"]])
def test_dash_underscore_and_case_are_equal_where_one_of_a_few_is_chosen(option, commands, capsys):
    assert main(["greet-all", "left_hand", *option, "--style", "left_hand"]) == 0
    assert capsys.readouterr().out == "Hello left_hand in left_hand with Left-hand\n"
    assert main(["greet-all", "Ada", "--hand", "feet"]) == 2


def test_what_follows_two_dashes_is_taken_as_it_is(commands, capsys):
    assert main(["greet-all", "--", "--a_b", "--debug"]) == 0
    assert capsys.readouterr().out == "Hello --a_b in plain\nHello --debug in plain\n"


def test_a_failed_input_is_named_and_skipped_and_the_exit_code_says_so(commands, capsys):
    assert main(["greet-all", "Ada", "Nobody", "Grace"]) == 1
    out, err = capsys.readouterr()
    assert out == "Hello Ada in plain\nHello Grace in plain\n"
    assert err == "error: Nobody skipped: [Errno 2] No such person: 'Nobody'\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fail", "name"], "error: lead 'V11' is not known; known: V1, V2. Did you mean 'V1'?\n"),
        (["fail", "file"], "error: [Errno 2] No such file or directory: 'not/there'\n"),
        (["fial"], "error: command 'fial' is not known; known: fail, greet-all. Did you mean 'fail'?\n"),
        (["greet-all", "A", "--lowd-voice"], f"error: Unknown option: --lowd-voice. Did you mean --loud-voice? {SEE}"),
        (["greet-all"], f'error: Command "greet-all" parameter NAMES requires an argument. {SEE}'),
        (["greet-all", "A", "--style"], f'error: Command "greet-all" parameter --style requires an argument. {SEE}'),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_exit_code_2(words, said, commands, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", said)


@pytest.mark.parametrize("by", ["option", "environment"])
def test_with_debug_the_traceback_stands_before_the_line(by, commands, capsys, monkeypatch):
    if by == "environment":
        monkeypatch.setenv("PELLUCID_DEBUG", "1")
    assert main(["fail", "name", *(["--debug"] if by == "option" else [])]) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):")
    assert err.splitlines()[-1].startswith("error: lead 'V11'")


def test_a_mistake_of_ours_keeps_its_traceback(commands):
    with pytest.raises(ZeroDivisionError, match="a mistake of ours"):
        main(["fail", "bug"])


def test_an_interruption_is_one_line(commands, capsys):
    assert main(["fail", "interrupt"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_only_our_own_warnings_are_shown_and_in_words(shell):
    out, err = shell("fail", "warn").communicate(timeout=60)
    assert (out, err) == ("", "warning: two leads are flat\n")


def test_control_c_ends_a_running_command_in_one_line(shell):
    running = shell("fail", "wait")
    assert running.stdout.readline() == "waiting\n"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "interrupted\n")


def test_a_reader_who_leaves_early_is_no_error_to_speak_of(shell):
    running = shell("fail", "talk")
    assert running.stdout.readline() == "0\n"
    running.stdout.close()
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running.returncode == 1
    assert running.stderr.read() == ""
    running.stderr.close()


def test_version(commands, capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pellucid {pellucid.__version__}\n"


def test_python_m_pellucid_is_the_command():
    done = subprocess.run([sys.executable, "-m", "pellucid", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"pellucid {pellucid.__version__}\n")


def test_the_application_can_be_had_whole_for_documentation(commands):
    app = application()
    assert {"greet-all", "fail"} <= set(app)
    assert app["greet-all"].default_command is import_module(f"{commands}.greet_all").greet_all

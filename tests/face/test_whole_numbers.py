"""Options that take whole numbers, of all commands, and sizes that no machine holds."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest

from taskalign.cli import main
from taskalign.options import Whole, WholeIfGiven, app

POINT = ["--train", "power:0.9:8", "--alpha", "2", "--tau", "4", "--kappa", "1", "--rho", "0.01"]
SAMPLES = ["--sample", "5", "--out", "samples.csv"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("taskalign: ")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("taskalign: ").rstrip("\n")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["simulate", *POINT], "--d"),
        (["simulate", *POINT], "--repeats"),
        (["simulate", *POINT], "--seed"),
        (["figure", "kappa-sweep"], "--d"),
        (["figure", "kappa-sweep"], "--repeats"),
        (["predict", *POINT, "--out", "samples.csv"], "--sample"),
        (["predict", *POINT, *SAMPLES], "--seed"),
        (["evaluate", *POINT], "--precise"),
        (["spearman"], "--d"),
        (["spearman"], "--contexts"),
        (["scan", "--out", "rows"], "--random"),
    ],
)
@pytest.mark.parametrize("text", ["1.5", "2.0", "nan", "two", ""])
def test_a_fraction_was_rounded_to_a_whole_number(arguments, option, text, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, *arguments, f"{option}={text}") == f"{option}: {text!r} is not a whole number"
    assert not list(tmp_path.iterdir())


def test_every_whole_option_is_read_as_it_is_written():
    """No command may annotate an option as a plain int, which is rounded."""
    checked = 0
    for name in app:
        command: Any = app[name]
        if not callable(command.default_command):
            continue
        hints = inspect.get_annotations(command.default_command, eval_str=True)
        whole = {option: hint for option, hint in hints.items() if _holds_int(hint)}
        assert all(hint in (Whole, WholeIfGiven) for hint in whole.values()), (name, whole)
        checked += len(whole)
    assert checked > 15


def _holds_int(hint: Any) -> bool:
    return hint is int or any(map(_holds_int, get_args(hint)))


@pytest.mark.parametrize("command", [["simulate", *POINT], ["predict", *POINT, *SAMPLES]], ids=["simulate", "predict"])
def test_a_seed_of_many_digits_made_a_traceback(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--seed", "9" * 30]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--tau", "1e13"], "--d: 8 is not allowed with these ratios, "),
        (["--kappa", "1e14"], "--d: 8 is not allowed with these ratios, "),
        (["--tau", "1.7e308"], "--tau: 1.7e+308 is not allowed, must be at most "),
        (["--alpha", "1e30"], "--alpha: 1e+30 is not allowed, must be at most "),
        (["--train", "iso", "--d", "1000000"], "--d: 1000000 is not allowed with these ratios, 4000000000000 contexts"),
        (["--train", "power:1", "--d", "1000000000000"], "not enough memory: "),
    ],
)
def test_a_size_beyond_the_memory_made_a_traceback(change, message, capsys):
    given = dict(zip(POINT[::2], POINT[1::2], strict=True)) | dict(zip(change[::2], change[1::2], strict=True))
    assert refused(capsys, "simulate", *(text for pair in given.items() for text in pair)).startswith(message)


def test_whole_contexts_beyond_the_memory_are_refused(capsys):
    assert refused(capsys, "spearman", "--d", "1000").startswith("--d: 1000 is not allowed with these ratios, ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--test"], "--test"),
        (["--test", "--json"], "--test"),
        (["--test", "=iso"], "'=iso' is not allowed, must be SPECTRUM or NAME=SPECTRUM"),
        (["--test", "a=iso", "a=power:1"], "'a' is given twice"),
    ],
)
def test_an_empty_test_was_taken_for_none(arguments, message, capsys):
    assert message in refused(capsys, "simulate", *POINT, *arguments)


def test_a_file_as_the_folder_of_a_file_made_a_traceback(capsys, tmp_path):
    (tmp_path / "file").write_text("kept")
    out = tmp_path / "file" / "samples.csv"
    found = refused(capsys, "predict", *POINT, "--sample", "5", "--out", str(out))
    assert found == f"--out: {out}: Not a directory"
    assert (tmp_path / "file").read_text() == "kept"

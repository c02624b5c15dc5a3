"""Numbers, lists and ranges as options have them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskalign.cli import main
from taskalign.numerics import InputError
from taskalign.values import MOST_POINTS, exact, listed, number, numbers, whole

BAD = [
    "",
    " ",
    " 1",
    "1 ",
    "1_0",
    "1__0",
    "٣",
    "１",
    "1,",
    "0x10",
    "1e",
    "e5",
    ".",
    "+",
    "--1",
    "1.2.3",
    "1/0",
    "1/2/3",
]
BAD += [
    "1.5/2",
    "1/-2",
    "1e5/2",
    "007",
    "1/02",
    "NaN",
    "infinity",
    "Inf",
    "1e400",
    "-1e400",
    "1e-400",
    "1/1" + "0" * 400,
]
BAD += ["1" * 5000, "True", "None", "1f", "1j", "−1", "½", "1d3", "1e5_0", "0.0000e-", "1\n", "9" * 400 + "/1"]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_number(text):
    with pytest.raises(InputError, match=r"^--tau: ") as caught:
        number("--tau", text)
    with pytest.raises(InputError):
        numbers("--tau", text)
    with pytest.raises(InputError):
        exact("--tau", text)
    assert len(str(caught.value)) < 150
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", Fraction(2)),
        ("+2.", Fraction(2)),
        (".5", Fraction(1, 2)),
        ("-0.1", Fraction(-1, 10)),
        ("3/2", Fraction(3, 2)),
        ("-1/3", Fraction(-1, 3)),
        ("+0/7", Fraction(0)),
        ("1e-3", Fraction(1, 1000)),
        ("1E+02", Fraction(100)),
        ("5e-324", Fraction(5, 10**324)),
        ("0e-400", Fraction(0)),
        ("0.00", Fraction(0)),
        ("10/" + "3" * 300, Fraction(10, int("3" * 300))),
    ],
)
def test_numbers_are_exact_and_rounded_once(text, value):
    assert exact("--tau", text) == value
    assert isinstance(exact("--tau", text), Fraction)
    assert number("--tau", text) == float(value) == numbers("--tau", text)


def test_infinity_and_minus_zero():
    assert number("--kappa", "inf") == number("--kappa", "+inf") == exact("--kappa", "inf") == np.inf
    assert number("--kappa", "-inf") == -np.inf
    for text in ("-0", "-0.0", "-0e5", "-0/3"):
        assert not np.signbit(number("--rho", text))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(value):
    assert number("--tau", repr(value)) == value
    assert exact("--tau", repr(value)) == Fraction(repr(value))


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30))
def test_fractions_are_rounded_as_one_division(above, below):
    assert number("--tau", f"{above}/{below}") == above / below


def test_lists_and_ranges():
    assert np.asarray(numbers("--tau", "0.2,1,10")).tolist() == [0.2, 1.0, 10.0]
    assert np.asarray(numbers("--kappa", "1/2,inf")).tolist() == [0.5, np.inf]
    assert np.asarray(numbers("--tau", "1/2:2:4")).tolist() == [0.5, 1.0, 1.5, 2.0]
    assert np.asarray(numbers("--tau", "2:1:3")).tolist() == [2.0, 1.5, 1.0]
    assert np.asarray(numbers("--tau", "3:3:1")).tolist() == [3.0]
    np.testing.assert_allclose(numbers("--tau", "1/100:100:3:log"), [0.01, 1, 100], rtol=1e-14, atol=0)
    assert np.size(numbers("--tau", f"1:2:{MOST_POINTS}")) == MOST_POINTS
    assert np.size(numbers("--tau", ",".join(["1"] * 1000))) == 1000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",", "an empty list is not allowed"),
        ("1,,2", "an empty entry in '1,,2' is not allowed"),
        ("1, 2", "' 2' is not a number"),
        ("1:2", "'1:2' is no range, must be a number, a list such as"),
        ("1:2:3,4", "is no range"),
        ("1:2:3:lin", "is no range"),
        ("1:2:3:4:5", "is no range"),
        ("1:2:1", "'1:2:1' has two ends and one point, must have at least 2 points"),
        ("1:2:0", "0 is not allowed, must be a whole number >= 1"),
        ("1:2:1.5", "'1.5' is not a whole number"),
        ("1:2:٣", "is not a whole number"),
        ("1:inf:3", "the ends of '1:inf:3' must be finite"),
        ("-1.7e308:1.7e308:3", "must be finite"),
        ("0:2:5:log", "the ends of the logarithmic range '0:2:5:log' must be > 0"),
        ("-2:-1:5:log", "must be > 0"),
        (f"1:2:{MOST_POINTS + 1}", "1000001 points are too many, at most 1000000"),
    ],
)
def test_bad_lists_and_ranges(text, message):
    with pytest.raises(InputError) as caught:
        numbers("--tau", text)
    assert str(caught.value).startswith("--tau: ")
    assert message in str(caught.value)


def test_a_list_of_too_many_points():
    with pytest.raises(InputError, match="1000001 points are too many"):
        numbers("--tau", "1," * MOST_POINTS + "1")


@pytest.mark.parametrize("text", ["2:3:2", "2,3"])
def test_several_where_one_is_needed(text):
    with pytest.raises(InputError, match=f"^--tau: '{text}' is more than one value, must be a number"):
        number("--tau", text)


def test_whole_numbers():
    assert whole("--d", "12", 1) == 12
    assert whole("--d", "-3") == -3
    for text in ("1.0", "1_0", "٣", " 1", "1e3", "007", "", "9" * 5000):
        with pytest.raises(InputError, match=r"is not a whole number$"):
            whole("--d", text)
    with pytest.raises(InputError, match=r"^--d: 0 is not allowed, must be a whole number >= 1$"):
        whole("--d", "0", 1)


def test_lists_of_names():
    assert listed("--equations", "K, q") == ["K", " q"]


COMMANDS = [
    ["evaluate", "--train", "iso", "--tau", "4", "--kappa", "1", "--rho", "1", "--alpha"],
    ["predict", "--train", "iso", "--tau", "4", "--kappa", "1", "--rho", "1", "--alpha"],
    ["report", "--train", "iso", "--tau", "4", "--kappa", "1", "--rho", "1", "--out", "r", "--alpha"],
    ["simulate", "--train", "power:1:4", "--tau", "4", "--kappa", "1", "--rho", "1", "--alpha"],
    ["lowrank", "--rank-fraction", "1/2", "--tau", "4", "--kappa", "1", "--alpha"],
    ["certify", "--train", "iso", "--tau", "4", "--kappa", "1", "--rho", "1", "--out", "c", "--alpha"],
    ["phase", "--train", "iso", "--out", "p", "--kappa"],
    ["phase", "--train", "iso", "--out", "p", "--share"],
    ["spearman", "--alpha"],
    ["spearman", "--learning-rate"],
    ["spearman", "--kappa"],
    ["scan", "--train", "iso", "--out", "s", "--random", "5", "--wait"],
    ["evaluate", "--train", "iso", "--tau", "4", "--kappa", "1", "--rho", "1", "--alpha", "2", "--tolerance"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command[0]} {command[-1]}")
@pytest.mark.parametrize("text", ["1_0", "٣", " 2", "1e400", "1e-400", "nan"])
def test_every_command_reads_numbers_alike(command, text, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*command, text]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"taskalign: {command[-1]}: ")
    assert captured.err.count("\n") == 1
    assert not captured.out
    assert not list(tmp_path.iterdir())

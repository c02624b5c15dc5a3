"""Tables as programs save them: the right numbers, or a refusal that names the line and the field."""

import csv
import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskalign.cli import main
from taskalign.inputs import spectrum_of, tasks
from taskalign.numerics import InputError, Spectrum
from taskalign.sources import read
from taskalign.tables import read_table

MATRIX = [[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]]
PAIR = [[2.0, 0.5], [0.5, 1.0]]
COLUMN = [[2.0], [1.0], [0.5], [0.25]]
POINT = ["--alpha", "2", "--tau", "4", "--kappa", "1", "--rho", "0.01"]


def table(text, encoding="utf-8"):
    return read_table(text.encode(encoding)).values


# --- what is read -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "values"),
    [
        # pandas: with index and header, without the one, without the other, MultiIndex columns
        (",a,b,c\na,2.0,0.5,0.1\nb,0.5,1.0,0.2\nc,0.1,0.2,0.7\n", MATRIX),
        (",0,1,2\n0,2.0,0.5,0.1\n1,0.5,1.0,0.2\n2,0.1,0.2,0.7\n", MATRIX),
        ("0,1,2\n2.0,0.5,0.1\n0.5,1.0,0.2\n0.1,0.2,0.7\n", MATRIX),
        ("1,2,3\n2.0,0.5,0.1\n0.5,1.0,0.2\n0.1,0.2,0.7\n", MATRIX),
        ("0,2.0,0.5,0.1\n1,0.5,1.0,0.2\n2,0.1,0.2,0.7\n", MATRIX),
        ("a,b,c\n2.0,0.5,0.1\n0.5,1.0,0.2\n0.1,0.2,0.7\n", MATRIX),
        (",x,x,y\n,a,b,c\n0,2.0,0.5,0.1\n1,0.5,1.0,0.2\n2,0.1,0.2,0.7\n", MATRIX),
        ("name,0,1\na,2.0,0.5\nb,0.5,1.0\n", PAIR),
        (",0\n0,2.0\n1,1.0\n2,0.5\n3,0.25\n", COLUMN),
        (",c\n2019-01-01,2.0\n2019-01-02,1.0\n2019-01-03,0.5\n2019-01-04,0.25\n", COLUMN),
        ("0,2.0\n1,1.0\n2,0.5\n3,0.25\n", COLUMN),
        ("id,c\n1,2\n2,1\n3,0.5\n4,0.25\n", COLUMN),
        # R: write.csv, write.table, names of rows with blanks
        ('"","V1","V2"\n"1",2,0.5\n"2",0.5,1\n', PAIR),
        ('"V1" "V2"\n"1" 2 0.5\n"2" 0.5 1\n', PAIR),
        ('"a b" "c, d"\n"a b" 2 0.5\n"c, d" 0.5 1\n', PAIR),
        ('"";"a";"b"\n"a";2,0;0,5\n"b";0,5;1,0\n', PAIR),
        # NumPy: comments, exponents; blanks of any number
        ("# a b\n# c\n2.000000000000000000e+00 5.0e-01\n5.0e-01 1.0e+00\n", PAIR),
        ("  2.0   0.5 \n  0.5   1.0 # last\n", PAIR),
        # spreadsheets: sep=, a mark at the start, CRLF, decimal commas, tabs, quotes, empty lines, last delimiters
        ("\ufeffsep=;\r\na;b\r\n2,0;0,5\r\n0,5;1,0\r\n", PAIR),
        ('"sep=,"\n2,0.5\n0.5,1\n', PAIR),
        ("2,0\t0,5\n0,5\t1,0\n", PAIR),
        ("2.0\t0.5\t\n0.5\t1.0\t\n", PAIR),
        ('"2.0","0.5"\r\n\r\n"0.5","1.0"\r\n', PAIR),
        ("2.0;0.5;\n0.5;1.0;\n;;\n", PAIR),
        ("a,b\n2.0,0.5,\n0.5,1.0,\n", PAIR),
        ("2.0, 0.5\n 0.5,1.0 \n", PAIR),
        ("2\r1\r0.5\r.25\r", COLUMN),
        ("1.5;0,5", None),
        # a column with a name, a name and a unit, a name with a comma; whole numbers first that are values
        ("c\n2\n1\n0.5\n0.25", COLUMN),
        ("eigenvalue\nvariance\n2\n1\n+5e-1\n25e-2", COLUMN),
        ("Eigenvalues, sorted\n2\n1\n1/2\n1/4", COLUMN),
        ("2\n1.0\n0.5\n0.25", COLUMN),
        ("0\n2\n", [[0.0], [2.0]]),
        ("0\n0.5\n1\n2\n", [[0.0], [0.5], [1.0], [2.0]]),
        ("1000\n1\n1\n", [[1000.0], [1.0], [1.0]]),
        ("lambda,3,2,1", [[3.0, 2.0, 1.0]]),
        ("-0\n1", [[0.0], [1.0]]),
    ],
)
def test_reads(text, values):
    if values is None:
        with pytest.raises(InputError):
            table(text)
        return
    found = table(text)
    assert found == values
    assert not np.signbit(found).any()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_reads_encodings(encoding):
    text = "größe;b\n2,0;0,5\n0,5;1,0\n"
    assert table(text, encoding) == PAIR
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        assert read_table(mark + text.encode(name)).values == PAIR


@given(
    st.lists(st.floats(0, 1e6), min_size=4, max_size=4), st.sampled_from(list(",;\t ")), st.booleans(), st.booleans()
)
def test_what_the_writers_of_the_standard_library_and_numpy_write_is_read_back(entries, delimiter, quoted, header):
    matrix = np.reshape(entries, (2, 2))
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([["a", "b"], *matrix.tolist()] if header else matrix.tolist())
    assert table(stream.getvalue()) == matrix.tolist()
    saved = io.BytesIO()
    np.savetxt(saved, matrix, delimiter=delimiter, header="a b" if header else "")
    assert read_table(saved.getvalue()).values == matrix.tolist()


# --- what is refused ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "message"),
    [
        # names that are numbers
        ("0\n2.0\n1.0\n0.5\n0.25\n", "line 1, field 1: '0' may be a number or the name of the column"),
        ("0\n0.25\n0.5\n1.0\n", "line 1, field 1: '0' may be"),
        ("0\n2\n1\n1\n", "line 1, field 1: '0' may be"),
        ("0\n1.0\n", "line 1, field 1: '0' may be"),
        ("5\n0.5\n2.5\n1.5\n", "line 1, field 1: '5' may be"),
        ("2019\n2\n1\n.5\n", "line 1, field 1: '2019' may be"),
        ("2019\n2.0\n1.0\n", "line 1, field 1: '2019' may be"),
        ("name,0\na,2.0\nb,1.0\n", "line 1, field 2: '0' may be"),
        ("2019,2020\n2.0,0.5\n0.5,1.0\n", "line 1, field 1: '2019' may be a number or the name of a column"),
        ("1,2.0\n2,5.0\n", "line 1, field 1: '1' may be a number or count the lines"),
        ("1,50\n2,25\n3,75\n4,50\n", "line 1, field 1: '1' may count the lines or stand before a decimal comma"),
        # damaged or missing
        ("NA\n1.0\n0.5\n", "line 1, field 1: 'NA' is not a number"),
        ("#N/A\n1.0\n", "line 1, field 1: '#N/A' is not a number"),
        ("2.0.1\n1.0\n0.5\n", "line 1, field 1: '2.0.1' is not a number"),
        ("O.5\n1\n0.25\n", "line 1, field 1: 'O.5' is not a number"),
        ("$2\n1\n0.25\n", "line 1, field 1: '$2' is not a number"),
        ("nan\n1\n", "line 1, field 1: 'nan' is not a number"),
        ("1\ninf\n", "line 2, field 1: 'inf' is not allowed, must be finite"),
        ("a,b\n1,2\n2,\n", "line 3, field 2 is empty"),
        (",0.5\n0.5,1\n", "line 1, field 1 is empty"),
        (",0\n0,1\n", "line 1, field 1 is empty"),
        ("1;2\n3\n", "line 2 holds 1 numbers, the first 2 (line 1)"),
        ("x\n1,2\n\n1,2,3\n", "line 4 holds 3 numbers, the first 2 (line 2)"),
        ("a,1,2\nb,2,x\n", "line 2, field 3: 'x' is not a number"),
        ("a\nb\nc\n1\n", "line 3, field 1: 'c' is not a number"),
        ("1\na\n2\n", "line 2, field 1: 'a' is not a number"),
        ("a,b\n", "holds no numbers"),
        ("# nothing\n", "holds no numbers"),
        # two readings
        ("2,5;1,5;0,5\n", "line 1, field 1: '2,5' may be a number with a decimal comma or a row of a matrix"),
        ("1,234;5,678\n2,345;6,789\n", "line 1, field 1: '1,234' may be a decimal comma or part thousands"),
        ("2,5;1.5\n1.5;2,5\n", "line 1, field 1: '2,5' has a decimal comma, line 1 a decimal point"),
        ('"1,234"\n"2,000"\n', "line 1, field 1: '1,234' is not a number"),
        ("2,5 1,5\n1,5 2,5\n", "line 1, field 2: '5 1' is not a number"),
        ("1 000\n2 000\n", "line 1, field 2: '000' is not a number"),
        ("1\u2009000\n2\u2009000\n", "line 1, field 1: '1\\u2009000' is not a number"),
        ("1.234,5;1\n1;1.234,5\n", "line 1, field 1: '1.234,5' is not a number"),
        # other scripts, underscores, out of range
        ("1_000\n1_0\n", "line 1, field 1: '1_000' is not a number, must be a number such as 2"),
        ("٣\n٢\n", "line 1, field 1: '٣' is not a number"),
        ("1\n1e400\n", "line 2, field 1: '1e400' is beyond double precision"),
        ("1\n1e-400\n", "line 2, field 1: '1e-400' is beyond double precision"),
        ("1\n007\n", "line 2, field 1: '007' is not a number"),
        # no table
        ("1\n2\x00\n", "not a text file"),
        ("a" * 200_000 + "\n1\n", "line 1: field larger than field limit"),
        ('1\n"2\n', "line 2: "),
        ("sep=x\n1\n", "line 1: 'x' parts no fields"),
    ],
)
def test_refuses(text, message):
    with pytest.raises(InputError) as caught:
        table(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 220


def test_an_even_count_of_bytes_with_a_mark_is_needed():
    with pytest.raises(InputError, match="not a text file"):
        read_table(b"\xff\xfe1")


# --- files --------------------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys, *arguments):
    assert main(["evaluate", "--train", *arguments, *POINT]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err.removeprefix("taskalign: --train: ").rstrip("\n")


def test_what_is_no_file_is_said_at_once(folder, capsys):
    os.mkfifo("pipe.csv")
    os.symlink("/dev/zero", "zero.csv")
    os.symlink("/dev/zero", "zero.npy")
    for name in ("pipe.csv", "zero.csv", "zero.npy"):
        assert said(capsys, name) == f"{name}: not a regular file, save what it gives in one"
    with (folder / "large.csv").open("wb") as file:
        file.truncate(100_000_001)
    assert said(capsys, "large.csv").startswith("large.csv: 100000001 bytes of text are too many, at most 100000000")


def test_arrays_that_are_none(folder, capsys):
    np.savez("z.npz", a=np.eye(2))
    os.replace("z.npz", "archive.npy")
    assert said(capsys, "archive.npy") == "archive.npy: is an archive of arrays (.npz), must hold one: numpy.save"
    with open("lie.npy", "wb") as file:
        shape = {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
        np.lib.format.write_array_header_1_0(file, shape)
        file.write(b"0" * 64)
    assert said(capsys, "lie.npy").startswith("lie.npy: not a .npy file that NumPy can read: ")
    (folder / "header.npy").write_bytes(b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b"{" * 100_000)
    assert said(capsys, "header.npy").startswith("header.npy: not a .npy file that NumPy can read: ")
    np.save("when.npy", np.array(["2019"], dtype="M8[D]"))
    assert said(capsys, "when.npy") == "when.npy: holds entries of type datetime64[D], must be real numbers"


# --- rounding -----------------------------------------------------------------------------------------------------
def low_rank(d=120, n=40):
    X = np.random.default_rng(0).normal(size=(n, d))
    return X.T @ X / n


def saved(name, array, fmt="%.18e"):
    if name.endswith(".npy"):
        np.save(name, array)
    else:
        np.savetxt(name, array, delimiter=",", fmt=fmt)
    return name


@pytest.mark.parametrize(
    ("name", "dtype", "fmt", "rtol"),
    [
        ("c.npy", "f4", "", 1e-6),
        ("c.npy", "f2", "", 1e-2),
        ("c.csv", "f8", "%.4f", 1e-3),
        ("c.csv", "f8", "%.6f", 1e-5),
        ("c.csv", "f8", "%.5g", 1e-3),
        ("c.csv", "f4", "%.8g", 1e-6),
    ],
)
def test_rounding_of_a_file_made_it_no_covariance(folder, capsys, name, dtype, fmt, rtol):
    exact = low_rank()
    found = tasks(saved(name, exact.astype(dtype), fmt), None).spectrum
    assert found.rank_fraction == pytest.approx(1 / 3, rel=1e-14, abs=0)
    top = np.linalg.eigvalsh(exact)[::-1][:40]
    np.testing.assert_allclose(found.eigenvalues[:40], top, rtol=0, atol=rtol * top[0])
    err = capsys.readouterr().err
    assert err.startswith(f"taskalign: --train: {name}: its digits were rounded: ")
    assert "80 eigenvalues" in err
    assert err.count("\n") == 1
    with pytest.raises(InputError, match="give a larger --tolerance"):
        tasks(name, None, 1e-12)
    assert tasks(name, None, 0.05).spectrum.tolerance == 0.05


def test_asymmetry_of_single_precision(folder, capsys):
    matrix = np.array([[2.0, 0.3 + 6e-8], [0.3, 1.0]])
    found = tasks(saved("c.csv", matrix, "%.8f"), None).spectrum
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh((matrix + matrix.T) / 2)[::-1], rtol=1e-9, atol=0)
    assert "0 eigenvalues" in capsys.readouterr().err
    with pytest.raises(InputError, match="not symmetric"):
        tasks(saved("c.csv", matrix + np.array([[0, 1e-6], [0, 0]]), "%.8f"), None)


@pytest.mark.parametrize(
    "text", ["1,2\n2,1\n", "1.0,1.1\n1.1,1.0\n", "1.00,1.01\n1.01,1.00\n", "1.0000,1.0010\n1.0010,1\n"]
)
def test_a_matrix_of_few_digits_or_far_from_a_covariance_is_refused(folder, text):
    (folder / "c.csv").write_text(text)
    with pytest.raises(InputError, match="not positive semi-definite"):
        tasks("c.csv", None)


def test_a_small_eigenvalue_that_is_positive_is_kept(folder, capsys):
    (folder / "c.csv").write_text("1.0000,0.0000\n0.0000,0.0001\n")
    assert tasks("c.csv", None).spectrum.eigenvalues.tolist() == [1.0, 0.0001]
    assert capsys.readouterr().err == ""


def test_eigenvalues_with_rounding(folder, capsys):
    values = np.linalg.eigvalsh(low_rank())
    assert values[0] < 0
    for name in ("e.npy", "e.txt"):
        assert tasks(saved(name, values), None).spectrum.rank_fraction == pytest.approx(1 / 3, rel=1e-14, abs=0)
    single = np.linalg.eigvalsh(low_rank().astype("f4"))
    assert single[0] < -1e-8
    assert tasks(saved("e.npy", single), None).spectrum.rank_fraction == pytest.approx(1 / 3, rel=1e-14, abs=0)
    (folder / "test.txt").write_text("1.0\n-1e-17\n0.5\n")
    (folder / "three.txt").write_text("3\n2\n1\n")
    assert tasks("three.txt", "test.txt").test.tolist() == [1.0, 0.0, 0.5]


def test_both_covariances_with_rounding(folder):
    exact = low_rank()
    found = tasks(saved("a.csv", exact, "%.5f"), saved("b.npy", exact.astype("f4")))
    np.testing.assert_allclose(found.test, found.spectrum.eigenvalues, rtol=0, atol=1e-4)
    assert found.C_train is not None
    np.testing.assert_array_equal(found.C_train, found.C_train.T)


def test_eigenvalues_that_the_digits_do_not_tell_apart_are_one_atom(folder):
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))
    matrix = (rotation * [2, 2, 2, 1, 1, 1]) @ rotation.T
    found = tasks(saved("c.csv", (matrix + matrix.T) / 2, "%.5f"), None).spectrum
    np.testing.assert_allclose(found.atoms()[0], [2, 1], rtol=1e-5, atol=0)
    assert len(set(found.eigenvalues.tolist())) == 6


def test_the_same_covariance_of_repeated_eigenvalues_is_ordered(folder, capsys):
    """K(0.5) = 2.10 > K(5.5) = 0.77, by arithmetic of many digits."""
    saved("eq5.csv", 0.5 * np.eye(5) + 1, "%.17g")
    point = ["--alpha", "500", "--tau", ".5", "--kappa", "1", "--rho", ".5"]
    assert main(["evaluate", "--train", "eq5.csv", *point]) == 0
    lines = {line.split()[0]: line.split()[2] for line in capsys.readouterr().out.splitlines()[1:]}
    assert lines["ordered"] == "yes"
    assert float(lines["tolerance"]) == pytest.approx(16 * 2.0**-52, rel=1e-11, abs=0)


def test_short_forms_are_exact():
    assert spectrum_of("--train", read("--train", "power:1:3")).tolerance == Spectrum.power_law(3, 1).tolerance == 0

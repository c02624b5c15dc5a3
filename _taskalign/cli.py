"""The command line. Each command reads its arguments, calls the library and prints; libraries load when needed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

from cyclopts import CycloptsError, Parameter

import taskalign.figure_command
import taskalign.lowrank_command
import taskalign.predict_command
import taskalign.proof_commands
import taskalign.simulate_command
import taskalign.spearman_command  # noqa: F401 (their commands join the application)
from taskalign.numerics.errors import ConvergenceError, InputError, need_library
from taskalign.options import (
    Alpha,
    AlphaTest,
    CheckFailed,
    Kappa,
    PathGiven,
    PathIfGiven,
    Rho,
    RhoTest,
    Ridge,
    Spectrum,
    Tau,
    Test,
    Tolerance,
    WholeIfGiven,
    app,
    read_tolerance,
)
from taskalign.values import is_several, listed, shorten

#: arguments of the library -> options of the command line
_OPTIONS = {
    **{name: f"--{name}" for name in ("alpha", "tau", "kappa", "rho", "ridge", "train", "test", "target")},
    **{name: f"--{name}" for name in ("equations", "sections", "notation")},
    "alpha_test": "--alpha-test",
    "rho_test": "--rho-test",
    "digits": "--precise",
    "spectrum": "--train",
    "eigenvalues": "--train",
    "weights": "--train",
    "covariance": "--train",
    "C_train": "--train",
    "C_test": "--test",
    "rank_fraction": "--rank-fraction",
    "noise_std": "--noise-std",
    "kappas": "--kappa",
    "learning_rate": "--learning-rate",
    "checkpoint": "--out",
    **{name: f"--{name}" for name in ("d", "kind", "repeats", "seed", "seeds", "exponent", "width", "steps", "batch")},
    **{name: f"--{name}" for name in ("contexts", "device", "out")},
}
#: widths of a terminal that help is printed in
_NARROWEST, _WIDEST = 20, 10_000


@app.command
def evaluate(
    *,
    train: Spectrum,
    test: Test = None,
    alpha: Alpha,
    tau: Tau,
    kappa: Kappa,
    rho: Rho,
    ridge: Ridge = "0",
    alpha_test: AlphaTest = None,
    rho_test: RhoTest = None,
    tolerance: Tolerance = None,
    precise: WholeIfGiven = None,
    json: bool = False,
) -> None:
    """Evaluate the theory: effective ridge, error and its parts, ordering of K.

    Any parameter may be a list 0.2,1,10 or a range LOW:HIGH:COUNT[:log]; the output is then CSV, a row for each point
    of the product. With tau = 1 among them and no ridge, the error is inf there.

    Args:
        precise: Number of digits, with arithmetic of that precision; parameters are taken as the decimals they are.
        json: Print JSON with all digits.
    """
    from taskalign import console, evaluation, inputs

    tasks = inputs.tasks(train, test, read_tolerance(tolerance))
    texts = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}
    texts |= {"alpha_test": alpha_test, "rho_test": rho_test}
    if evaluation.is_grid(texts):
        if precise is not None:
            several = next(name for name, text in texts.items() if text is not None and is_several(text))
            raise InputError(
                f"--precise: takes single numbers, {evaluation.option(several)} is {shorten(str(texts[several]))}:"
                " give one value, or leave --precise out"
            )
        names, rows = evaluation.grid_rows(tasks, evaluation.parameters(texts))
        if json:
            print(evaluation.as_json_rows(names, rows))
        else:
            sys.stdout.write(evaluation.as_csv(names, rows))
        return
    given = evaluation.parameters(texts)
    if precise is None:
        values = evaluation.point_values(tasks, given)
    else:
        values = evaluation.precise_values(tasks, texts, precise)
    if json:
        print(evaluation.as_json(values))
    else:
        console.print_values(evaluation.title(values["inputs"]), evaluation.table_rows(values))


@app.command
def report(
    *,
    train: Spectrum,
    test: Test = None,
    alpha: Alpha,
    tau: Tau,
    kappa: Kappa,
    rho: Rho,
    ridge: Ridge = "0",
    alpha_test: AlphaTest = None,
    rho_test: RhoTest = None,
    tolerance: Tolerance = None,
    out: PathGiven,
) -> None:
    """Write a report: derivation with the numbers in it, page with plots, all values.

    Into the folder go theory.tex (and theory.pdf where pdflatex is found),
    report.html (one file that opens offline), values.json and the plots as PNG.

    Args:
        out: Folder, made if it is not there; the report's own files in it are overwritten.
    """
    from taskalign import files, inputs
    from taskalign.evaluation import single_parameters

    need_library("matplotlib", "latex2mathml")
    texts = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho, "ridge": ridge}
    texts |= {"alpha_test": alpha_test, "rho_test": rho_test}
    given = single_parameters(texts)
    files.check_folder("--out", out)
    tasks = inputs.tasks(train, test, read_tolerance(tolerance))

    from taskalign import artifacts
    from taskalign.report import Parameters, report_data
    from taskalign.verdict import in_plain, verdict

    data = report_data(tasks, Parameters(**given))
    folder = files.folder("--out", out)
    for line in artifacts.write_report(data, folder):
        print(line, flush=True)
    for sentence in verdict(data):
        print(in_plain(sentence))


@app.command
def latex(
    word: str | None = None,
    /,
    *,
    equations: str | None = None,
    sections: str | None = None,
    notation: tuple[str, ...] = (),
    out: PathIfGiven = None,
    pdf: bool = False,
    list_: Annotated[bool, Parameter(name="--list")] = False,
    symbols: bool = False,
) -> None:
    r"""Print the derivation as a LaTeX document, or single equations as LaTeX.

    Args:
        word: With --list or --symbols: list what holds this word alone.
        equations: Names, separated by commas: print these alone, one a line, without delimiters.
        sections: Sections of the document, separated by commas; all if not given.
        notation: NAME=LATEX writes a symbol otherwise, for instance effective_ridge='\xi'; may be repeated.
        out: File to write to; standard output if not given.
        pdf: Compile the document with pdflatex as well, beside --out.
        list_: List the equations by section: name, title, and the file and line that make them.
        symbols: List the symbols: name in code, LaTeX and meaning.
    """
    from taskalign import files, tex

    if list_ or symbols:
        print(tex.listing(word or "") if list_ else tex.symbols(word or ""))
        return
    if word is not None:
        raise InputError(f"WORD: {word!r} needs --list or --symbols beside it")
    renamed = tex.notation(notation)
    if pdf and (out is None or equations is not None):
        raise InputError(
            "--pdf: needs a whole document and a file to write to, give --out FILE.tex without --equations"
        )
    if equations is not None and sections is not None:
        raise InputError("--sections: not allowed with --equations")
    if out is not None:
        files.check_file("--out", out)
    text = tex.selected(equations, renamed) if equations is not None else tex.whole(sections, renamed)
    if out is None:
        print(text)
        return
    files.write("--out", out, text + "\n")
    print(f"wrote {out}")
    if pdf:
        compiled = tex.compiled(text)
        if compiled.pdf is None:
            raise InputError(f"--pdf: {compiled.problem}")
        files.write("--pdf", out.with_suffix(".pdf"), compiled.pdf)
        print(f"wrote {out.with_suffix('.pdf')}")


@app.command
def export(
    *,
    train: Spectrum,
    test: Test = None,
    tolerance: Tolerance = None,
    equations: str = "e_icl",
    target: str = "numpy",
    out: PathIfGiven = None,
) -> None:
    """Write a stand-alone Python module that evaluates equations for a spectrum, without taskalign.

    Args:
        equations: Names, separated by commas, as `taskalign latex --list` shows them.
        target: Array library of the module: numpy or torch.
        out: File to write to; standard output if not given.
    """
    from taskalign import files, inputs
    from taskalign.numerics.export import export_module

    tasks = inputs.tasks(train, test, read_tolerance(tolerance))
    names = [name.strip() for name in listed("--equations", equations)]
    if out is not None:
        files.check_file("--out", out)
    text = export_module(tasks.spectrum, names, target, test=tasks.test)
    if out is None:
        print(text)
        return
    files.write("--out", out, text)
    print(f"wrote {out}")


def _in_options(message: str) -> str:
    """A message of the library, `name: what is wrong`, in one line and with the option in place of the name."""
    name, colon, rest = " ".join(message.split()).partition(":")
    return f"{_OPTIONS.get(name, name)}{colon}{rest}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is the result."""
    if sys.stderr is None:  # it was closed; messages must not go to standard output instead
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (as long as the process)
    if sys.stdout is None:  # the next file to be opened would take its place
        print("taskalign: standard output is closed", file=sys.stderr)
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without Unicode, names of files that are no text
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")
    # rich raises for a width of 0, and needs minutes for one of a few letters
    columns = shutil.get_terminal_size().columns
    if "COLUMNS" in os.environ or columns < _NARROWEST:
        os.environ["COLUMNS"] = str(min(max(columns, _NARROWEST), _WIDEST))
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        _leave_output()
        return 0
    except OSError as error:
        _leave_output()
        where = error.filename if error.filename is not None else "standard output"
        print(f"taskalign: {where}: {error.strerror or error}", file=sys.stderr)
        return 2


def _leave_output() -> None:
    """Nothing may be flushed to standard output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except (InputError, ConvergenceError) as error:
        print(f"taskalign: {_in_options(str(error))}", file=sys.stderr)
        return 2
    except CheckFailed as error:
        print(f"taskalign: {error}", file=sys.stderr)
        return 1
    except CycloptsError as error:
        # a converter of ours has named the option already
        said = error.__cause__ if isinstance(error.__cause__, InputError) else error
        print(f"taskalign: {' '.join(str(said).split())}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(
            f"taskalign: not enough memory: {' '.join(str(error).split()) or 'take smaller numbers'}", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        print("taskalign: interrupted", file=sys.stderr)
        return 130
    return 0

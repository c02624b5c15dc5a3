"""The verifier, on its own: it accepts what is shipped, and refuses thousands of changed copies."""

from __future__ import annotations

import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from taskalign.numerics import InputError
from taskalign.proofs_check import Certificate, certify, shipped, verify
from taskalign.proofs_check import verify_certificate as verifier
from taskalign.proofs_check.certificate import FOLDER

FILES = sorted(FOLDER.glob("*.json"))
VERIFIER = Path(verifier.__file__)


def accepted(entries: Any) -> bool:
    try:
        verifier.check(entries)
    except verifier.Refused:
        return False
    return True


# --- what is shipped --------------------------------------------------------------------------------
def test_all_are_there() -> None:
    assert {file.stem for file in FILES} == {entry.name for entry in shipped.SHIPPED}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_certificate(file: Path) -> None:
    """Accepted, and what certify makes of its inputs today."""
    assert verify(file)
    given = Certificate.load(file)
    parameters = {name: getattr(given, name) for name in ("alpha", "tau", "kappa", "rho")}
    made = certify(given.eigenvalues, given.weights, **parameters, claim=given.claim)
    assert made.text() == file.read_text(encoding="utf-8")
    assert given.claim == "ordering-" + file.stem.partition("-")[0]


@pytest.mark.parametrize("entry", [e for e in shipped.SHIPPED if "search" not in e.about], ids=lambda e: e.name)
def test_shipped_certificate_is_what_is_described(entry: shipped.Shipped) -> None:
    assert entry.make() == Certificate.load(FOLDER / f"{entry.name}.json")


def test_the_table_describes_the_files() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for entry in shipped.SHIPPED:
        assert shipped.table_row(entry, Certificate.load(FOLDER / f"{entry.name}.json")) in text


def test_writing_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "SHIPPED", shipped.SHIPPED[:1])
    shipped.main(tmp_path)
    name = f"{shipped.SHIPPED[0].name}.json"
    assert (tmp_path / name).read_text() == (FOLDER / name).read_text()
    assert name in (tmp_path / "README.md").read_text()


def test_what_is_asked_of_them() -> None:
    loaded = {file.stem: Certificate.load(file) for file in FILES}
    noise_free = [c for c in loaded.values() if c.claim == "ordering-fails" and c.rho == 0]
    assert noise_free
    assert any(len(c.eigenvalues) >= 20 and c.claim == "ordering-fails" for c in loaded.values())
    assert all(c.tau < 1 for c in loaded.values())
    power_law = loaded["fails-power-law"]
    assert {c * j for j, c in enumerate(reversed(power_law.eigenvalues), 1)} == {power_law.eigenvalues[-1]}
    assert sum(c * w for c, w in zip(power_law.eigenvalues, power_law.weights, strict=True)) == 1


# --- alone ------------------------------------------------------------------------------------------
def run_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier in a folder by itself, without site-packages and without the environment's variables."""
    shutil.copy(VERIFIER, folder)
    command = [sys.executable, "-I", "-S", VERIFIER.name, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_alone(tmp_path: Path) -> None:
    for file in FILES:
        shutil.copy(file, tmp_path)
        found = run_alone(tmp_path, file.name)
        assert found.returncode == 0, found.stderr
        assert found.stdout.startswith("proved ordering-")
        assert len(found.stdout.splitlines()) == 1
        assert not found.stderr


def test_alone_refusing(tmp_path: Path) -> None:
    entries = json.loads(FILES[0].read_text())
    entries["rho"] = "2"
    (tmp_path / "changed.json").write_text(json.dumps(entries))
    found = run_alone(tmp_path, "changed.json")
    assert (found.returncode, found.stdout) == (1, "refused t: the root is not between the ends\n")
    (tmp_path / "twice.json").write_text(
        FILES[0].read_text().replace('"claim"', '"claim": "ordering-holds",\n "claim"')
    )
    found = run_alone(tmp_path, "twice.json")
    assert (found.returncode, found.stdout) == (1, "refused fields: one stands twice\n")


@pytest.mark.parametrize("arguments", [(), ("missing.json",), ("broken.json",), ("a", "b"), (".",), ("deep.json",)])
def test_alone_with_a_bad_file(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "broken.json").write_bytes(b"{\xff")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    found = run_alone(tmp_path, *arguments)
    assert found.returncode == 2
    assert not found.stdout
    assert len(found.stderr.splitlines()) == 1


def in_one_line(found: subprocess.CompletedProcess[str], code: int, message: str) -> None:
    said = found.stdout if code == 1 else found.stderr
    assert found.returncode == code, said
    assert len((found.stdout + found.stderr).splitlines()) == 1
    assert message in said


@pytest.mark.parametrize("script", [True, False], ids=["script", "command"])
def test_files_that_are_no_certificates(tmp_path: Path, script: bool) -> None:
    """One line and an exit code at once, whatever the file is: none of them is read without end."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(100 * 2**20)
    (tmp_path / "just_too_large.json").write_bytes(b" " * (verifier.BYTES + 1))
    (tmp_path / "blank.json").write_bytes(b" " * verifier.BYTES)
    for name, message in {
        "folder": "not a file",
        "fifo": "not a file",
        "/dev/zero": "not a file",
        "large.json": "not a file of at most 4194304 bytes",
        "just_too_large.json": "not a file of at most 4194304 bytes",
        "blank.json": "Expecting value",
        "missing.json": "No such file",
    }.items():
        if script:
            in_one_line(run_alone(tmp_path, name), 2, f"cannot read {name}: ")
            in_one_line(run_alone(tmp_path, name), 2, message)
        else:
            with pytest.raises(InputError, match=f"^path: cannot read .*{message}"):
                verify(tmp_path / name)


def test_alone_with_other_than_one_file(tmp_path: Path) -> None:
    for arguments in ((), ("a", "b")):
        in_one_line(run_alone(tmp_path, *arguments), 2, "give one file: python verify_certificate.py FILE")


def test_numbers_of_thousands_of_digits(tmp_path: Path) -> None:
    """Python writes no integer of more than 4300 digits; here a bound of K has more."""
    entries = json.loads((FOLDER / "fails-half-rank.json").read_text())
    tau = str(1 + Fraction(1, 10**4290))
    (tmp_path / "long.json").write_text(json.dumps(entries | {"alpha": "1" + "0" * 50, "tau": tau, "kappa": "10"}))
    s = Fraction(2, 10**50)
    places = 60
    low, high = Fraction(0), Fraction(1)
    while high - low > Fraction(1, 10**places):  # t (10 - D) = 10 s
        t = (low + high) / 2
        low, high = (t, high) if t * (10 - 1 / (2 + t)) < 10 * s else (low, t)
    start = Fraction(low * 10**places // 1, 10**places)
    ends = [verifier.written(start + k * Fraction(1, 10**places), places) for k in (0, 1)]
    long = entries | {"alpha": "1" + "0" * 50, "tau": tau, "kappa": "10", "t": ends}
    (tmp_path / "long.json").write_text(json.dumps(long))
    in_one_line(run_alone(tmp_path, "long.json"), 1, "refused K: a bound has more than 4000 digits")
    assert not verify(tmp_path / "long.json")


@pytest.mark.parametrize(("count", "digits"), [(100, 4000), (1000, 350), (74, 4000)])
def test_time_is_bounded(count: int, digits: int) -> None:
    """What is too large is refused before any arithmetic; what is not takes seconds."""
    rng = random.Random(1)
    entries = json.loads((FOLDER / "fails-half-rank.json").read_text())
    c = sorted({Fraction(rng.randrange(10 ** (digits - 1), 10**digits)) for _ in range(count)})
    long = entries | {"eigenvalues": [str(x) for x in c], "weights": [str(Fraction(1, count))] * count}
    began = time.process_time()
    with pytest.raises(verifier.Refused, match="^size: more than" if count >= 100 else "^t: "):
        verifier.check(long)
    assert time.process_time() - began < (1 if count >= 100 else 60)


def test_it_imports_the_standard_library_alone() -> None:
    """Four modules of it, no floating point, and short enough to be read."""
    tree = ast.parse(VERIFIER.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported == {"json", "os", "sys", "fractions"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, float)]
    assert "float" not in {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    assert len(VERIFIER.read_text().splitlines()) <= 210


# --- changed copies ---------------------------------------------------------------------------------
def places(entries: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every entry stands, at any depth."""
    pairs = entries.items() if isinstance(entries, dict) else enumerate(entries) if isinstance(entries, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def holder(entries: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        entries = entries[key]
    return entries


def change_a_character(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    character = rng.choice("0123456789/.-e+ ")
    return rng.choice(
        [text[:at] + character + text[at:], text[:at] + text[at + 1 :], text[:at] + character + text[at + 1 :]]
    )


def change_a_number(rng: random.Random, text: str) -> str:
    """Another number, in the same form."""
    if "." in text:
        count = len(text.partition(".")[2])
        step = rng.choice([-1, 1]) * 10 ** rng.randrange(count + 1)
        return verifier.written(abs(Fraction(text) + Fraction(step, 10**count)), count)
    value = Fraction(text)
    other = Fraction(
        max(0, value.numerator + rng.choice([-1, 0, 1]) * 10 ** rng.randrange(len(str(value.numerator)))),
        max(1, value.denominator + rng.choice([-1, 0, 1]) * 10 ** rng.randrange(len(str(value.denominator)))),
    )
    return str(other)


def changed(rng: random.Random, original: dict[str, Any]) -> dict[str, Any]:
    """One random change: of a digit, an entry, a field, a type, an order."""
    entries = copy.deepcopy(original)
    path = rng.choice(list(places(entries)))
    where, key = holder(entries, path), path[-1]
    value = where[key]
    kind = rng.randrange(9)
    if kind <= 2 and isinstance(value, str):
        where[key] = change_a_character(rng, value)
    elif kind <= 4 and isinstance(value, str) and value[:1].isdigit():
        where[key] = change_a_number(rng, value)
    elif kind == 5:
        del where[key]
    elif kind == 6:
        other = rng.choice(list(places(entries)))
        there = holder(entries, other)
        if path != other[: len(path)] and other != path[: len(other)]:
            where[key], there[other[-1]] = there[other[-1]], where[key]
    elif kind == 7:
        where[key] = rng.choice([None, True, 0, 1.5, "", "0", [], {}, [value], float("nan"), value * 2 if value else 1])
    elif isinstance(where, list):
        where.insert(rng.randrange(len(where) + 1), copy.deepcopy(value))
    else:
        where[rng.choice(["ridge", "claim ", "K2", key + "s"])] = value
    return entries


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_changed_copies_are_refused(file: Path) -> None:
    original = json.loads(file.read_text())
    assert accepted(original)
    rng = random.Random(file.stem)
    tried = 0
    attempts = 1000 if len(original["K"]) < 10 else 200
    for _ in range(attempts):
        entries = changed(rng, original)
        if entries == original:
            continue
        tried += 1
        assert not accepted(entries), entries
    assert tried > 0.85 * attempts


SHORT = [file for file in FILES if "holds-power-law" not in file.stem]


@pytest.mark.parametrize("file", SHORT, ids=lambda file: file.stem)
def test_every_last_digit_matters(file: Path) -> None:
    """Each number, moved by one unit of its last place (numerator, denominator or decimal), and each field removed."""
    original = json.loads(file.read_text())
    for path in places(original):
        value = holder(original, path)[path[-1]]
        others: list[Any] = []
        if isinstance(value, str) and value[0].isdigit():
            if "." in value:
                unit = Fraction(1, 10 ** len(value.partition(".")[2]))
                moved = [Fraction(value) + unit, Fraction(value) - unit]
                others = [verifier.written(x, len(value.partition(".")[2])) for x in moved if x >= 0]
            else:
                x = Fraction(value)
                moved = [Fraction(x.numerator + 1, x.denominator), Fraction(x.numerator, x.denominator + 1)]
                others = [str(y) for y in moved if y != x]
        for other in others:
            entries = copy.deepcopy(original)
            holder(entries, path)[path[-1]] = other
            assert not accepted(entries), (path, other)
        entries = copy.deepcopy(original)
        del holder(entries, path)[path[-1]]
        assert not accepted(entries), path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_other_claim_is_refused(file: Path) -> None:
    entries = json.loads(file.read_text())
    other = {"ordering-holds": "ordering-fails", "ordering-fails": "ordering-holds"}[entries["claim"]]
    assert not accepted(entries | {"claim": other})


def test_a_root_off_the_branch_is_refused() -> None:
    """Below the branch two negative factors make g increase through zero again: that root is no solution."""
    # c = 1 alone, so D = 1/(1+t), with kappa and tau far below it
    alpha, tau, kappa, rho = Fraction(100), Fraction(1, 2), Fraction(1, 4), Fraction(1)
    s = (rho + 1) / alpha

    def g(t: Fraction) -> Fraction:
        D = 1 / (1 + t)
        return t * (kappa - D) * (tau - D) / (1 - D) - s * kappa

    unit = Fraction(1, 10**20)
    # scan for a sign change from below to above zero, or the other way, with D above both kappa and tau
    low, high = Fraction(1, 10**6), 1 / tau - 1 - Fraction(1, 10**6)
    assert g(low) > 0 > g(high)
    while high - low > unit:
        middle = (low + high) / 2
        low, high = (middle, high) if g(middle) > 0 else (low, middle)
    start = Fraction(low * 10**20 // 1, 10**20)
    for ends in ((start, start + unit), (start - unit, start)):
        with pytest.raises(verifier.Refused, match="branch"):
            verifier.bounds_of_K([Fraction(1)], [Fraction(1)], alpha, tau, kappa, rho, *ends)


def test_numbers_have_one_form() -> None:
    entries = json.loads((FOLDER / "fails-half-rank.json").read_text())
    for name, texts in {
        "alpha": ["050", "50.0", "100/2", "50/1", " 50", "5e1", "+50", "٥٠", "5_0", "", "/", "50/0", "9" * 5000],
        "rho": ["-1", "1.", "01", "-0", "1/-1"],
    }.items():
        for text in texts:
            assert not accepted(entries | {name: text}), text
    for low in ("1.6302416", "1.63024160313825", "-1.6", "1e0", "1" * 200 + ".1", "0.0"):
        assert not accepted(entries | {"t": [low, entries["t"][1]]}), low
    assert not accepted(entries | {"t": ["1." + "0" * 5000, "1." + "0" * 4999 + "1"]})


def test_white_space_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "one_line.json"
    path.write_text(json.dumps(json.loads(FILES[0].read_text()), separators=(",", ":")))
    assert verify(path)


# --- consistent in all its numbers ---------------------------------------------------------------------------------
def consistent(c: list[Fraction], w: list[Fraction], places: int, claim: str, **p: Fraction) -> dict[str, Any]:
    """A certificate whose t and K are the verifier's own, whatever is wrong with the rest of it."""
    unit = Fraction(1, 10**places)
    low, high = 0, 10**6 * 10**places
    while high - low > 1:
        middle = (low + high) // 2
        try:
            found = verifier.bounds_of_K(c, w, **p, low=middle * unit, high=(middle + 1) * unit)
            low = middle
            break
        except verifier.Refused as reason:
            t = middle * unit
            D = sum(x * y / (y + t) for x, y in zip(w, c, strict=True))
            s = (p["rho"] + sum(x * y for x, y in zip(w, c, strict=True))) / p["alpha"]
            below = "branch" in str(reason) or (
                t * (p["kappa"] - D) * ((p["tau"] - D) / (1 - D) if p["tau"] < 1 else 1) < s * p["kappa"]
            )
            low, high = (middle, high) if below else (low, middle)
    else:
        raise AssertionError("no root")
    return {
        "format": verifier.FORMAT,
        "claim": claim,
        **{name: str(value) for name, value in p.items()},
        "eigenvalues": [str(x) for x in c],
        "weights": [str(x) for x in w],
        "t": [verifier.written(x, places) for x in (low * unit, (low + 1) * unit)],
        "K": [verifier.outward(x, places) for x in found],
    }


FAILS = {"alpha": Fraction(50), "tau": Fraction(3, 10), "kappa": Fraction(1), "rho": Fraction(1)}
HALVES = [Fraction(1, 2), Fraction(1, 2)]


def test_the_helper_makes_what_is_accepted() -> None:
    made = consistent([Fraction(0), Fraction(2)], HALVES, 12, "ordering-fails", **FAILS)
    assert verifier.check(made).startswith("ordering-fails")


@pytest.mark.parametrize(
    "w", [[Fraction(1), Fraction(1)], [Fraction(1, 4), Fraction(1, 4)], [Fraction(1, 2), Fraction(3, 5)]]
)
def test_weights_that_do_not_sum_to_one(w: list[Fraction]) -> None:
    p = {"alpha": Fraction(1, 2), "tau": Fraction(4), "kappa": Fraction(5), "rho": Fraction(1)}
    for claim in ("ordering-fails", "ordering-holds"):
        with pytest.raises(verifier.Refused, match="weights"):
            verifier.check(consistent([Fraction(1, 2), Fraction(2)], w, 12, claim, **p))


@pytest.mark.parametrize("tau", [Fraction(3, 10), Fraction(4)])
@pytest.mark.parametrize("claim", ["ordering-holds", "ordering-fails"])
def test_bounds_that_overlap_prove_nothing(claim: str, tau: Fraction) -> None:
    """Two eigenvalues so close that K at both is in the other's range at this accuracy."""
    near = [Fraction(1), Fraction(1) + Fraction(1, 10**9)]
    with pytest.raises(verifier.Refused, match="claim"):
        verifier.check(consistent(near, HALVES, 4, claim, **{**FAILS, "tau": tau}))


def test_ranges_are_rounded_outwards() -> None:
    third = verifier.Positive(Fraction(1, 3))
    assert third.low < Fraction(1, 3) < third.high
    assert third.high - third.low <= Fraction(1, 2**250)
    for x in (third + third, third * third, third / verifier.Positive(Fraction(3, 7))):
        assert x.low < x.high
    assert verifier.outward(verifier.Positive(Fraction(1, 3)), 2) == ["0.33", "0.34"]


def test_ends_of_t_further_apart_than_a_unit() -> None:
    made = consistent([Fraction(0), Fraction(2)], HALVES, 12, "ordering-fails", **FAILS)
    low, high = (Fraction(x) for x in made["t"])
    wide = high + Fraction(1, 10**12)
    found = verifier.bounds_of_K([Fraction(0), Fraction(2)], HALVES, **FAILS, low=low, high=wide)
    made |= {"t": [made["t"][0], verifier.written(wide, 12)], "K": [verifier.outward(x, 12) for x in found]}
    with pytest.raises(verifier.Refused, match=r"^t: "):
        verifier.check(made)


# --- tolerance --------------------------------------------------------------------------------------------------------
def test_the_tolerance_is_stated_and_checked() -> None:
    """Eigenvalues must be further apart than it says, and it is written as every other number is."""
    made = consistent([Fraction(0), Fraction(1), Fraction(2)], [Fraction(1, 3)] * 3, 12, "ordering-fails", **FAILS)
    assert accepted(made)
    assert accepted(made | {"tolerance": "0"})
    assert accepted(made | {"tolerance": "49/100"})
    for text in ("1/2", "3/4", "2", "0.1", "-1", "", "1/0", 0, None):
        with pytest.raises(verifier.Refused, match=r"^(tolerance|eigenvalues): "):
            verifier.check(made | {"tolerance": text})

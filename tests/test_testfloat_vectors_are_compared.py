"""The command that holds elementwise operations to TestFloat sees what agrees and what does not.

TestFloat itself is no part of this: a stand-in says vectors whose results are those of IEEE 754, or
are not.  With Berkeley's program, ``python -m bitpde.validation.testfloat --build DIR``.
"""

import sys
from pathlib import Path

import pytest

from bitpde.formats import FormatError
from bitpde.validation.testfloat import (
    OPERATIONS,
    PREDICATES,
    ROUNDINGS,
    compare_operation,
    compare_predicate,
    main,
    parse,
)

#: 1 + 2^-11, a tie, in each direction; the largest number doubled; inf - inf and a NaN's payload.
SUMS = {
    "near_even": "3C00 1000 3C00 01\n7BFF 7BFF 7C00 05\n7C00 FC00 FE00 10\n7E01 3C00 7E01 00\n",
    "near_maxMag": "3C00 1000 3C01 01\n7BFF 7BFF 7C00 05\n",
    "minMag": "BC00 9000 BC00 01\n7BFF 7BFF 7BFF 05\n",
    "min": "BC00 9000 BC01 01\n7BFF 7BFF 7BFF 05\n3C00 BC00 8000 00\n",
    "max": "3C00 1000 3C01 01\nFBFF FBFF FBFF 05\n3C00 BC00 0000 00\n",
    "odd": "3C00 1000 3C01 01\n7BFF 7BFF 7BFF 05\n",
}
OTHERS = {
    "f16_sub": "3C00 3C00 0000 00\n", "f16_mul": "0001 0001 0000 03\n",
    "f16_div": "3C00 0000 7C00 08\n", "f16_sqrt": "8000 8000 00\n",
    "f16_mulAdd": "3C01 3C01 BC02 0010 00\n", "f16_eq": "0000 8000 1 00\n7E00 7E00 0 00\n",
    "f16_le": "BC00 3C00 1 00\n", "f16_lt": "3C00 3C00 0 00\n",
}  # fmt: skip


def stand_in(folder: Path, sums: dict[str, str], *, status: int = 0) -> Path:
    """Write a program that says these vectors, whatever the rounding for all but sums."""
    program = folder / "testfloat_gen"
    lines = [
        f"#!{sys.executable}", "import sys", f"SUMS, OTHERS = {sums!r}, {OTHERS!r}",
        "name = sys.argv[-1]",
        "mode = sys.argv[1].removeprefix('-r')",
        "sys.stdout.write(SUMS.get(mode, '') if name == 'f16_add' else OTHERS[name])",
        f"sys.exit({status})",
    ]  # fmt: skip
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    return program


def test_everything_that_is_shared_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # What the stand-in says of other operations holds to nearest; comparisons round nothing.
    program = stand_in(tmp_path, SUMS)
    for mode in ROUNDINGS:
        count = compare_operation(program, "add", mode)
        assert (count.mismatches, count.vectors) == (0, SUMS[mode].count("\n"))
    assert compare_operation(program, "add", "near_even").nans == 2
    for name in OPERATIONS.keys() - {"add"}:
        assert compare_operation(program, name, "near_even").describe().endswith("0 mismatches")
    for name in PREDICATES:
        assert compare_predicate(program, name).mismatches == 0
    assert main(["--build", str(tmp_path), "--only", "add", "eq"]) == 0
    assert "18 vectors, 0 mismatches" in capsys.readouterr().out


def test_a_vector_that_differs_is_counted_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**SUMS, "near_even": SUMS["near_even"] + "3C00 3C00 4001 00\n7C00 3C00 FE00 00\n"}
    stand_in(tmp_path, wrong)
    assert main(["--build", str(tmp_path), "--only", "add"]) == 1
    out = capsys.readouterr().out
    assert "f16_add near_even: 6 vectors, 3 NaN, 2 mismatches" in out
    assert "3C00 3C00: 4000, SoftFloat has 4001" in out
    assert "7C00 3C00: 7C00, SoftFloat has FE00" in out


def test_what_is_no_vector_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FormatError, match="is no line of 2 operands"):
        parse(b"3C00 3C00 4000 00 \n", 2, 4)
    with pytest.raises(FormatError, match="failed"):
        compare_operation(stand_in(tmp_path, SUMS, status=2), "add", "odd")
    with pytest.raises(SystemExit):
        main(["--build", str(tmp_path / "nowhere")])
    assert "there is no" in capsys.readouterr().err

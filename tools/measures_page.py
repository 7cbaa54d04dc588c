"""Writes docs/measures.md from the register of measures; --check only says whether it is fresh."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from motus_register import CHANNELS, CLASSES, EXERCISES, MEASURES, PHASE_MEASURES, SET_MEASURES, Measure

PAGE = Path(__file__).resolve().parent.parent / "docs/measures.md"


def table(measures: Iterable[Measure]) -> str:
    """A Markdown table of measures."""
    rows = ["| name | unit | what it is | source | grade |", "|---|---|---|---|---|"]
    for m in measures:
        cells = (f"`{m.name}`", m.unit, m.definition, m.source, m.grade_rule)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def page() -> str:
    """The whole page."""
    exercises, recognised = (
        ", ".join(f"`{name}`" for name in names) for names in (EXERCISES, CLASSES[len(EXERCISES) :])
    )
    return f"""# Measures

Written by `make docs` from `protos/src/motus_register/measures.toml`, where the grade rules are explained.

## Channels: values over time

{table(CHANNELS.values())}

## Measures of a repetition

{table(MEASURES.values())}

## Measures of a phase

{table(PHASE_MEASURES.values())}

## Measures of a set

{table(SET_MEASURES.values())}

## Exercises

{exercises}

Recognised as well: {recognised}, and `taught/<movement>` for what an athlete has taught.
"""


def main() -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the page is fresh")
    if not parser.parse_args().check:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        print("docs/measures.md is not fresh: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Plain text tables, as good in a file as on a terminal."""

from collections.abc import Sequence

NONE = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by blanks: the first to the left, figures to the right; the last one is not padded."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    figures = [bool(rows) and all(_is_figure(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if figure else cell.ljust(width)
            for cell, width, figure in zip(line, widths, figures, strict=True)
        ).rstrip()
        for line in lines
    )


def figure(value: float | None, digits: int = 1) -> str:
    """A figure with so many digits after the point; `-` for none."""
    return NONE if value is None else f"{value:.{digits}f}"


def _is_figure(cell: str) -> bool:
    return cell == NONE or cell.rstrip("°%").replace(".", "", 1).replace("-", "", 1).isdigit()

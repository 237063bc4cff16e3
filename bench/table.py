"""A measured row beside its limit, and the table a person reads."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

Pairs = Sequence[tuple[float, float]]
"""What each round measured: the base's value and the other's, taken right after each other."""


@dataclass(frozen=True)
class Row:
    """One line of the table: medians in `unit`; a row without a limit only informs."""

    group: str
    name: str
    unit: str
    base: float | None
    other: float
    ratio: float | None = None
    limit: str = ""
    passed: bool | None = None


def compared(
    group: str,
    name: str,
    unit: str,
    pairs: Pairs,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """Compare rounds: medians for the eye, and for the limit the median of the rounds' ratios.

    A round's two values are taken right after each other, so what else the machine does at that
    moment divides out.
    """
    base, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(after / before for before, after in pairs)
    if at_most is not None:
        return Row(group, name, unit, base, other, ratio, f"<= {at_most:.2f}x", ratio <= at_most)
    if at_least is not None:
        return Row(group, name, unit, base, other, ratio, f">= {at_least:.2f}x", ratio >= at_least)
    return Row(group, name, unit, base, other, ratio)


def bounded(group: str, name: str, unit: str, value: float, most: float | None = None) -> Row:
    """Make the row of an absolute value, with its limit if it has one."""
    if most is None:
        return Row(group, name, unit, None, value)
    return Row(group, name, unit, None, value, None, f"<= {most:.0f}", value <= most)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as JSON values."""
    return [asdict(row) for row in rows]


def number(value: float | None) -> str:
    """Write a value with three digits that matter."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def verdict(row: Row) -> str:
    """Say whether a row keeps its limit."""
    return {None: "", True: "pass", False: "MISS"}[row.passed]


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as a table of Markdown, groups in order of appearance."""
    lines = ["| | | base | other | ratio | limit | |", "|---|---|--:|--:|--:|---|---|"]
    group = ""
    for row in rows:
        shown, group = (row.group if row.group != group else ""), row.group
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        cells = (f"{row.name}, {row.unit}", number(row.base), number(row.other), ratio, row.limit)
        lines.append(f"| {shown} | " + " | ".join(cells) + f" | {verdict(row)} |")
    return "\n".join(lines)

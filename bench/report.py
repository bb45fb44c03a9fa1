"""What a part of the bench says: a table, and goals that were reached or missed."""

from dataclasses import dataclass, field


@dataclass
class Goal:
    """`value` should be at most `limit` (or at least, with at_least). `later`: a goal of work to
    come, shown beside the figure, never counted as missed."""

    what: str
    value: float
    limit: float
    at_least: bool = False
    later: bool = False

    @property
    def reached(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self):
        verdict = "reached" if self.reached else ("not yet" if self.later else "MISSED")
        side = "at least" if self.at_least else "at most"
        figures = f"{side} {_number(self.limit)}, is {_number(self.value)}"
        return f"  {'later' if self.later else 'goal':6}{self.what}: {figures}  {verdict}"


@dataclass
class Report:
    title: str
    columns: list
    rows: list = field(default_factory=list)  # lists of cells, the first one a name
    goals: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def __str__(self):
        cells = [self.columns, *([_cell(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [f"== {self.title}"]
        for row in cells:
            rest = "  ".join(text.rjust(width) for text, width in zip(row[1:], widths[1:]))
            lines.append(f"  {row[0].ljust(widths[0])}  {rest}")
        lines += [str(goal) for goal in self.goals]
        lines += [f"  note  {note}" for note in self.notes]
        return "\n".join(lines)


def _number(value):
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}"


def _cell(value):
    if isinstance(value, str):
        return value
    return (
        f"{value:,}"
        if isinstance(value, int)
        else (f"{value:,.0f}" if value >= 1000 else f"{value:.2f}")
    )


def ratio(value, base):
    return value / base if base else float("inf")

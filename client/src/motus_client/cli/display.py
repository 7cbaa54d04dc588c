"""Showing a session while it runs: a screen that is redrawn on a terminal, plain lines elsewhere, or nothing."""

import sys
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from motus_client.cli.scene import News, Scene, rep_line

_REPS_SHOWN, _CUES_SHOWN = 8, 5
_SEVERITY_STYLES = ("", "green", "yellow", "bold red", "bold white on red")
_PROGRESS_STEP = 0.1


class Display(Protocol):
    """Shows a scene."""

    def show(self, scene: Scene, news: list[News]) -> None:
        """Show the scene as it is now; `news` is what happened since the last call."""

    def close(self) -> None:
        """Give the terminal back."""


class Silence:
    """Shows nothing: stdout belongs to a program."""

    def show(self, scene: Scene, news: list[News]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Lines:
    """Prints one plain line per rep, cue and tenth of the way."""

    def __init__(self) -> None:
        self._said = 0.0

    def show(self, scene: Scene, news: list[News]) -> None:
        """Print what is new."""
        for item in news:
            print(f"{item.t_s:7.2f} s  {item.kind:<8}  {item.text.strip()}")
        if scene.progress is not None and scene.progress >= self._said + _PROGRESS_STEP:
            self._said = scene.progress
            angles = "  ".join(f"{joint} {values}" for joint, values in scene.angles.items())
            print(f"{scene.progress:9.0%}  reps {len(scene.reps)}  {scene.phase}  {angles}")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is left open."""


class Screen:
    """Redraws progress, phase, angles, reps and cues in place.

    Args:
        console: the terminal.
        title: what is watched.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._scene = Scene()
        # Drawn by our own loop alone: a thread that draws would see the scene while it changes.
        self._live = Live(self._draw(), console=console, auto_refresh=False, transient=True)
        self._live.start()

    def show(self, scene: Scene, news: list[News]) -> None:
        """Draw the scene."""
        self._scene = scene
        self._live.update(self._draw(), refresh=True)

    def close(self) -> None:
        """Clear the screen's lines, so that the summary takes their place."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        columns = Table.grid(expand=True, padding=(0, 1))
        columns.add_column(ratio=2)
        columns.add_column(ratio=3)
        columns.add_row(self._reps(), self._cues())
        return Group(self._head(), self._bar(), self._angles(), columns)

    def _head(self) -> Text:
        scene = self._scene
        head = Text.assemble((self._title, "bold"), "  ", (scene.exercise, "cyan"), overflow="ellipsis", no_wrap=True)
        return head.append(f"   phase {scene.phase}   reps {len(scene.reps)}", "bold")

    def _bar(self) -> RenderableType:
        progress = self._scene.progress
        row = Table.grid(padding=(0, 1))
        row.add_row(
            ProgressBar(total=1.0, completed=progress or 0.0, pulse=progress is None, width=50),
            Text("" if progress is None else f"{progress:.0%}"),
        )
        return row

    def _angles(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        for joint, values in self._scene.angles.items():
            text.append(f"{joint} ", "dim").append(f"{values:<12}")
        return text

    def _reps(self) -> Panel:
        reps = list(self._scene.reps.values())[-_REPS_SHOWN:]
        return Panel(Text("\n".join(rep_line(rep) for rep in reps)), title="reps", title_align="left")

    def _cues(self) -> Panel:
        rows = Table.grid(padding=(0, 2, 0, 0))
        for cue in list(self._scene.cues.values())[-_CUES_SHOWN:]:
            style = _SEVERITY_STYLES[cue.severity] if cue.severity < len(_SEVERITY_STYLES) else ""
            rows.add_row(Text(f"{cue.t_s:6.1f} s", "dim"), Text(cue.text, style))
        return Panel(rows, title="cues", title_align="left")


def display_for(title: str, *, as_json: bool) -> Display:
    """The display that fits where stdout goes."""
    if as_json:
        return Silence()
    console = Console()
    return Screen(console, title) if console.is_terminal and not console.is_dumb_terminal else Lines()

"""The picture of throughput: a bar for every broker and workload, on logarithmic scales."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from bench.peers import OURS
from bench.results import Results, Row

COLOURS: Final = {
    OURS: "#d1495b",
    "robustmq-plain": "#edae49",
    "mosquitto": "#1d3557",
    "mochi": "#2a7fb8",
    "rumqttd": "#66a182",
    "hivemq": "#8d6cab",
    "aedes": "#7d8597",
    "amqtt": "#b5a48b",
}
OTHER: Final = "#999999"

BAR: Final = 9
GAP: Final = 12
LEFT: Final = 150
TOP: Final = 104
PANEL: Final = 400
LABEL: Final = 64
"""Room for the value behind a bar."""

INK: Final = "#222"
FAINT: Final = "#ddd"


class _Panel:
    """One column of bars with its scale."""

    def __init__(self, left: int, title: str, column: str, rows: Sequence[Row]) -> None:
        self.left = left
        self.title = title
        self.column = column
        values = [row.cells[column].value for row in rows if column in row.cells]
        positive = [value for value in values if value > 0] or [1.0]
        self.low = math.floor(math.log10(min(positive)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(positive))))

    def at(self, value: float) -> float:
        """How far right a value is; no bar is shorter than a hair."""
        share = (math.log10(max(value, 1e-12)) - self.low) / (self.high - self.low)
        return self.left + max(0.005, share) * PANEL

    def grid(self, bottom: int) -> list[str]:
        parts = [_text(self.left, TOP - 30, self.title, size=13, weight="bold")]
        for power in range(self.low, self.high + 1):
            x = self.at(10.0**power)
            parts.append(f'<path d="M{x:.1f} {TOP - 6}V{bottom}" stroke="{FAINT}"/>')
            parts.append(_text(x, TOP - 12, _tick(power), anchor="middle", size=10))
        return parts

    def bar(self, y: int, row: Row) -> list[str]:
        cell = row.cells.get(self.column)
        if cell is None:
            return [_text(self.left + 4, y + BAR - 1, "not measured", size=9)]
        end = self.at(cell.value)
        colour = COLOURS.get(row.peer, OTHER)
        weight = "bold" if row.peer == OURS else "normal"
        return [
            f'<rect x="{self.left}" y="{y}" width="{end - self.left:.1f}" height="{BAR - 1}" '
            f'fill="{colour}"/>',
            _text(end + 4, y + BAR - 1, short(cell.value), size=9, weight=weight),
        ]


def picture(results: Results) -> str:
    """An SVG with messages per second and processor time per message of each workload."""
    named = [one.name for one in results.scenarios if one.throughput]
    rows = [row for row in results.rows() if row.scenario in named]
    peers = [peer for peer, known in results.peers.items() if not known.get("missing")]
    second = LEFT + PANEL + LABEL + 24
    panels = [
        _Panel(LEFT, "messages per second (log scale, longer is better)", "messages", rows),
        _Panel(second, "CPU microseconds per message (log scale, shorter is better)", "CPU", rows),
    ]
    bottom = TOP + len(named) * (len(peers) * BAR + GAP)
    parts = [part for panel in panels for part in panel.grid(bottom - GAP + 4)]
    y = TOP
    for name in named:
        middle = y + len(peers) * BAR // 2 + 4
        parts.append(_text(LEFT - 10, middle, name, anchor="end", size=12))
        for row in rows:
            if row.scenario == name and row.peer in peers:
                parts += [part for panel in panels for part in panel.bar(y, row)]
                y += BAR
        y += GAP
    width = second + PANEL + LABEL
    title = f"MQTT brokers on one machine, {results.when[:10]}"
    parts += [_text(20, 28, title, size=17, weight="bold"), *_legend(peers)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom}" '
        f'viewBox="0 0 {width} {bottom}" font-family="Helvetica, Arial, sans-serif">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _legend(peers: Sequence[str]) -> list[str]:
    parts = []
    x = 20
    for peer in peers:
        parts.append(
            f'<rect x="{x}" y="42" width="12" height="12" fill="{COLOURS.get(peer, OTHER)}"/>'
        )
        parts.append(_text(x + 17, 52, peer, size=12))
        x += 40 + 8 * len(peer)
    return parts


def short(value: float) -> str:
    """Three digits, and k or M if they stand for thousands or millions."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _tick(power: int) -> str:
    return short(10.0**power)


def _text(
    x: float, y: float, text: str, *, size: int, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="{INK}">{escape(text)}</text>'
    )

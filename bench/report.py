"""What was measured, as a table, as JSON and as a picture."""

import os
import platform
from html import escape
from pathlib import Path
from typing import Any

from bench.measure import Row, geometric_mean
from bench.peers import BASE
from bench.workloads import Workload

HEADER = (
    f"{'workload':16} {'broker':18} {'msg/s':>10} {'speed':>7} {'CPU us/msg':>11} {'CPU':>7} "
    f"{'p50 ms':>8} {'p99 ms':>8}"
)
COLOURS = {"robustmq compiled": "#1b6ca8", "robustmq plain": "#8fb8d8"}


def line(row: Row) -> str:
    """One row of the table."""
    start = f"{row.workload:16} {row.peer:18}"
    if not row.per_second:
        return f"{start} {row.note}"
    figures = (
        f"{row.per_second:10,.0f} {_ratio(row.speed):>7} {row.cpu_us:11.2f} {_ratio(row.cpu):>7} "
        f"{row.p50_ms:8.2f} {row.p99_ms:8.2f}"
    )
    return f"{start} {figures} {row.note}".rstrip()


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"


def means(rows: list[Row], workloads: list[Workload]) -> dict[str, dict[str, float]]:
    """For each peer but the base: geometric means over the workloads that saturate, and the worst.

    Keys: speed, cpu, slowest. A peer without ratios is left out.
    """
    saturating = {workload.name for workload in workloads if workload.saturates}
    result = {}
    for peer in dict.fromkeys(row.peer for row in rows if row.peer != BASE):
        mine = [row for row in rows if row.peer == peer and row.workload in saturating]
        speeds = [row.speed for row in mine if row.speed]
        speed = geometric_mean(speeds)
        cpu = geometric_mean(row.cpu for row in mine if row.cpu)
        if speed is not None and cpu is not None:
            result[peer] = {"speed": speed, "cpu": cpu, "slowest": min(speeds)}
    return result


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [one for one in cpuinfo.read_text().splitlines() if one.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else ""
    return {
        "processor": model or platform.machine(),
        "processors": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def picture(rows: list[Row], title: str) -> str:
    """An SVG with a bar for every ratio of speed, beside the base's 1."""
    bars = [row for row in rows if row.speed is not None and row.peer != BASE]
    widest = max([row.speed or 0.0 for row in bars] + [1.0])
    left, width, height, top = 210, 640, 16, 64
    scale = width / widest
    parts = []
    y = top
    previous = ""
    for row in bars:
        assert row.speed is not None
        if row.workload != previous:
            y += 8
            parts.append(_text(left - 8, y + 12, row.workload, anchor="end"))
            previous = row.workload
        colour = COLOURS.get(row.peer, "#888")
        parts.append(
            f'<rect x="{left}" y="{y}" width="{row.speed * scale:.1f}" height="{height - 2}" '
            f'fill="{colour}"/>'
        )
        parts.append(_text(left + row.speed * scale + 6, y + 12, f"{row.speed:.1f}x"))
        y += height
    one = left + scale
    parts.append(f'<path d="M{one:.1f} {top - 4}V{y + 6}" stroke="#c33" stroke-dasharray="4 3"/>')
    parts.append(_text(one, y + 22, f"{BASE} = 1", anchor="middle"))
    parts.append(_text(20, 24, title, size=16))
    x = 20
    for peer in dict.fromkeys(row.peer for row in bars):
        parts.append(f'<rect x="{x}" y="36" width="12" height="12" fill="{COLOURS.get(peer)}"/>')
        parts.append(_text(x + 18, 47, peer))
        x += 170
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 80}" height="{y + 34}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" '
        f'fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
    )

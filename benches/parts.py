"""Draws where the time of a run goes: `python benches/parts.py PARTS.tsv > docs/images/parts.svg`.

A line of the table is a bar, a part of it and the part's size; a bar is drawn as long as all others, in shares of its sum.
"""

import sys
from html import escape

WIDTH, LEFT, BAR, GAP, TOP = 860, 20, 46, 64, 46
# Told apart by every eye (P. Tol's "bright"), and dark enough for white letters.
COLOURS = ["#4477aa", "#228833", "#aa3377", "#66666f"]


def main():
    bars = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in list(file)[1:]:
            bar, part, value = line.rstrip("\n").split("\t")
            bars.setdefault(bar, []).append((part, float(value)))
    parts = [part for part, _ in next(iter(bars.values()))]
    height = TOP + len(bars) * (BAR + GAP) - GAP // 2 + 14
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">')
    print(f'<rect width="{WIDTH}" height="{height}" fill="white"/>')
    x = LEFT
    for part, colour in zip(parts, COLOURS):
        print(f'<rect x="{x}" y="14" width="13" height="13" fill="{colour}"/><text x="{x + 19}" y="25">{escape(part)}</text>')
        x += 210
    for row, (bar, values) in enumerate(bars.items()):
        y = TOP + row * (BAR + GAP)
        total = sum(value for _, value in values)
        print(f'<text x="{LEFT}" y="{y + 18}">{escape(bar)}</text>')
        x = float(LEFT)
        for (_, value), colour in zip(values, COLOURS):
            width = value / total * (WIDTH - 2 * LEFT)
            print(f'<rect x="{x:.1f}" y="{y + 26}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>')
            print(f'<text x="{x + width / 2:.1f}" y="{y + 54}" fill="white" text-anchor="middle">{100 * value / total:.0f} %</text>')
            x += width
    print("</svg>")


if __name__ == "__main__":
    main()

"""Draws what `cargo run --release -p agilerl --example growth_ablation` printed, and prints its table.

    python benches/growth/plot.py growth.csv docs/images/growth.svg

A dot is an architecture mutation: how far the child's fitness lies from its parent's on the same episodes, before the child
has learnt anything. The line is the median.
"""

import csv
import statistics
import sys

WIDTH, HEIGHT, TOP, BOTTOM, LEFT = 760, 420, 40, 60, 70
COLOURS = {"preserving": "#4477aa", "random": "#ee6677"}


def main(source, target):
    rows = list(csv.DictReader(open(source)))
    changes = {}
    for row in rows:
        if row["what"] != "final":
            kind = "grows" if row["what"].startswith("add") else "shrinks"
            changes.setdefault((kind, row["growth"]), []).append(float(row["after"]) - float(row["before"]))
    print("| mutation | growth | mutations | median change of fitness | quartiles |\n|---|---|---:|---:|---:|")
    for (kind, growth), values in sorted(changes.items()):
        low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
        print(f"| {kind} | {growth} | {len(values)} | {median:.1f} | {low:.1f} to {high:.1f} |")
    print("\n| growth | final mean of 100 episodes, by seed |\n|---|---|")
    for growth in COLOURS:
        finals = [f"{float(row['after']):.1f}" for row in rows if row["what"] == "final" and row["growth"] == growth]
        print(f"| {growth} | {', '.join(finals)} |")
    open(target, "w").write(draw(changes))


def draw(changes):
    numbers = [value for values in changes.values() for value in values]
    low, high = min(numbers), max(max(numbers), 20.0)
    y = lambda value: TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22">Fitness of the child minus its parent\'s, right after an architecture mutation</text>',
    ]
    step = 100 if high - low > 250 else 50
    for tick in range(int(low // step) * step, int(high) + 1, step):
        if low <= tick <= high:
            colour = "#555" if tick == 0 else "#ddd"
            out.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="{colour}"/>')
            out.append(f'<text x="{LEFT - 8}" y="{y(tick) + 5:.1f}" text-anchor="end">{tick}</text>')
    columns = [(kind, growth) for kind in ("grows", "shrinks") for growth in COLOURS]
    for place, column in enumerate(columns):
        values = changes.get(column, [])
        centre = LEFT + (place + 0.5) * (WIDTH - 20 - LEFT) / len(columns)
        colour = COLOURS[column[1]]
        for i, value in enumerate(values):
            # Dots side by side, so that equal ones are seen.
            x = centre + (i * 37 % 61 - 30)
            out.append(f'<circle cx="{x:.1f}" cy="{y(value):.1f}" r="4" fill="{colour}" fill-opacity="0.6"/>')
        if values:
            median = y(statistics.median(values))
            out.append(f'<line x1="{centre - 45}" x2="{centre + 45}" y1="{median:.1f}" y2="{median:.1f}" stroke="#222" stroke-width="3"/>')
        label = {"preserving": "function kept", "random": "random"}[column[1]]
        out.append(f'<text x="{centre:.1f}" y="{HEIGHT - 32}" text-anchor="middle" font-size="12">{label}</text>')
        what = {"grows": "network grows", "shrinks": "network shrinks"}[column[0]]
        out.append(f'<text x="{centre:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{what} ({len(values)})</text>')
    return "\n".join(out + ["</svg>", ""])


main(*sys.argv[1:])

"""
The page that grade/batch writes: one table of all submissions, to be sorted by a click, and the spread of the scores.
One file that needs no network and no library; follows the reader's light or dark setting. The records it shows are
batch's; nothing here computes a grade.
"""

from html import escape
from urllib.parse import quote

STYLE = """
:root {
    color-scheme: light dark;
    --paper: #fdfdfb; --ink: #1d2025; --quiet: #5b6470; --line: #d8dad6; --head: #f2f3ef; --link: #0a5aa6;
    --bar: #7fb0dd; --good: #2c7a43; --part: #8a5a00; --bad: #b3261e; --trouble: #7a2ea0;
    --good-paper: #e4f2e7; --part-paper: #faf0dc; --bad-paper: #fae6e4; --hover: #f1f6fb;
}
@media screen and (prefers-color-scheme: dark) {
    :root {
        --paper: #15171b; --ink: #d9dce1; --quiet: #9aa4b1; --line: #343941; --head: #1e2127; --link: #82baf5;
        --bar: #3f6f9f; --good: #8fce9b; --part: #e6b76a; --bad: #f2918a; --trouble: #c99bea;
        --good-paper: #1a2b1f; --part-paper: #2c2415; --bad-paper: #331d1c; --hover: #18202a;
    }
}
* { box-sizing: border-box; }
body {
    margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 80rem; background-color: var(--paper); color: var(--ink);
    font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
    font-size: 15px; line-height: 1.45;
}
h1 { margin: 0; font-size: 1.6rem; font-weight: 650; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.1rem; font-weight: 650; }
p { margin: .3rem 0; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.overview { display: flex; flex-wrap: wrap; gap: 1.5rem 3rem; align-items: flex-end; margin: 1.5rem 0; }
.figures { display: grid; grid-template-columns: repeat(3, auto); gap: .9rem 2rem; }
.figures b { display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
svg { display: block; max-width: 100%; height: auto; }
svg rect { fill: var(--bar); }
svg text { fill: var(--quiet); font-size: 11px; text-anchor: middle; font-family: inherit; }
svg line { stroke: var(--line); }
.trouble { border: 1px solid var(--line); border-left: 4px solid var(--trouble); border-radius: 6px; padding: .7rem 1rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .38rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom-width: 0; }
tbody tr:hover { background-color: var(--hover); }
thead th { background-color: var(--head); padding: 0; font-weight: 600; }
thead button {
    all: unset; box-sizing: border-box; width: 100%; padding: .5rem .6rem; cursor: pointer; text-align: inherit;
}
thead button:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
thead [aria-sort=ascending] button::after { content: " \\25b2"; }
thead [aria-sort=descending] button::after { content: " \\25bc"; }
th.text, td.text { text-align: left; }
td.text { max-width: 26rem; overflow: hidden; text-overflow: ellipsis; }
td.score { font-weight: 600; }
td.full { color: var(--good); background-color: var(--good-paper); }
td.part { color: var(--part); background-color: var(--part-paper); }
td.none { color: var(--bad); background-color: var(--bad-paper); }
.verdict-trouble { color: var(--trouble); }
.verdict-bad { color: var(--bad); }
@media print { body { max-width: none; padding: 0; font-size: 9pt; } .scroll { overflow: visible; } }
"""

# Sorts by the data-v of each cell; numbers as numbers, names as people expect (ann2 before ann10). Equal rows keep their order.
SCRIPT = """
const head = document.querySelectorAll("thead th"), body = document.querySelector("tbody");
head.forEach((th, column) => th.querySelector("button").addEventListener("click", () => {
    const numbers = !th.classList.contains("text"), now = th.getAttribute("aria-sort");
    const down = now ? now === "ascending" : numbers;
    const value = row => row.cells[column].dataset.v;
    const order = (a, b) => numbers ? value(a) - value(b)
        : value(a).localeCompare(value(b), undefined, {numeric: true});
    head.forEach(other => other.removeAttribute("aria-sort"));
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...[...body.rows].sort((a, b) => down ? order(b, a) : order(a, b)));
}));
"""


def render(title, records, exercises, total, note, repeat):
    """
    The page as a string. `records` are batch's, `exercises` {id: points}, `total` the points of the lab, `note` a line
    under the title, `repeat` the command that grades those without a verdict again.
    """
    graded = [r for r in records if r["score"] is not None]
    troubled = [r for r in records if r["score"] is None]
    parts = [
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">', f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>", "</head>", "<body>", f"<h1>{escape(title)}</h1>", f'<p class="quiet">{escape(note)}</p>',
        _overview(graded, records, total),
    ]
    if troubled:
        names = ", ".join(f"<b>{escape(r['submission'])}</b> ({escape(r['message'])})" for r in troubled)
        parts.append('<div class="trouble"><p>No verdict, because of the machine and not of the work: '
                     f"{names}.</p><p>Grade them again with: <code>{escape(repeat)}</code></p></div>")
    parts += [_table(records, exercises, total), f"<script>{SCRIPT}</script>", "</body>", "</html>", ""]
    return "\n".join(parts)


def _overview(graded, records, total):
    scores = sorted(r["score"] for r in graded)
    mean = f"{sum(scores) / len(scores):.1f}" if scores else "-"
    half = len(scores) // 2
    median = "-" if not scores else f"{(scores[half] + scores[-half - 1]) / 2:g}"
    figures = [("submissions", len(records)), ("mean", mean), ("median", median),
               ("full marks", scores.count(total)), ("no points", scores.count(0)), ("no verdict", len(records) - len(graded))]
    cells = "".join(f"<span><b>{value}</b><span class=quiet>{name}</span></span>" for name, value in figures)
    return f'<div class="overview"><div class="figures">{cells}</div>{_histogram(scores, total)}</div>'


def _histogram(scores, total):
    """Ten steps of a tenth of the points each, and full marks for themselves."""
    counts = [0] * 11
    for score in scores:
        counts[min(10, 10 * score // total) if total else 0] += 1
    width, height, step, top = 520, 150, 46, max(*counts, 1)
    labels = [f"{i * total // 10}-{(i + 1) * total // 10 - 1}" for i in range(10)] + [str(total)]
    drawn = [f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
             'aria-label="How many submissions reached how many points">']
    for i, (count, label) in enumerate(zip(counts, labels)):
        x, bar = 8 + i * step, round(100 * count / top)
        if count:
            drawn.append(f'<rect x="{x}" y="{122 - bar}" width="{step - 8}" height="{bar}" rx="2"/>'
                         f'<text x="{x + step / 2 - 4:g}" y="{116 - bar}">{count}</text>')
        drawn.append(f'<text x="{x + step / 2 - 4:g}" y="138">{label}</text>')
    drawn.append(f'<line x1="0" y1="122.5" x2="{width}" y2="122.5"/></svg>')
    return "".join(drawn)


def _table(records, exercises, total):
    columns = [("submission", True), (f"score / {total}", False), *((name, False) for name in exercises), ("verdict", True),
               ("seconds", False), ("log", True)]
    head = "".join(f'<th scope="col"{" class=text" if text else ""}><button type="button">{escape(name)}</button></th>'
                   for name, text in columns)
    rows = "\n".join(_row(record, exercises, total) for record in records)
    return ('<h2>All submissions</h2><div class="scroll"><table><thead><tr>' + head + "</tr></thead><tbody>\n" + rows
            + "\n</tbody></table></div>")


def _row(record, exercises, total):
    score = record["score"]
    cells = [_cell(record["submission"], "text"),
             _cell("-" if score is None else score, "score " + _shade(score, total), -1 if score is None else score)]
    for name, points in exercises.items():
        got = record["exercises"].get(name)
        cells.append(_cell("-" if got is None else got, _shade(got, points), -1 if got is None else got))
    kind = "text" + (" quiet" if record["verdict"] == "graded" else " verdict-trouble" if score is None else " verdict-bad")
    shown = record["verdict"] + (f": {record['message']}" if record["message"] else "")
    cells.append(_cell(shown, kind))
    cells.append(_cell(f"{record['seconds']:.0f}", "", record["seconds"]))
    link = escape(quote(f"graded/{record['submission']}/"))
    cells.append(f'<td class="text" data-v="{escape(record["submission"])}"><a href="{link}log.txt">log</a></td>')
    return "<tr>" + "".join(cells) + "</tr>"


def _cell(shown, kind, value=None):
    text = escape(str(shown))
    title = f' title="{text}"' if "text" in kind.split() and len(text) > 40 else ""
    return f'<td class="{kind.strip()}" data-v="{text if value is None else value}"{title}>{text}</td>'


def _shade(got, points):
    if got is None or not points:
        return ""
    return "full" if got >= points else "part" if got > 0 else "none"

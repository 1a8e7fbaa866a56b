#!/usr/bin/env python3
"""Build the handout site: handouts/*.md to build/handouts/*.html by pandoc, and to PDF by weasyprint.

Responsible for: which pages there are and in what order, the links between them, and the check that no link is
broken and no page loads anything from the network. Not responsible for how a page looks (handouts/site/style.css,
template.html) or for how Markdown becomes HTML (handouts/site/filter.lua; pandoc's `commonmark_x`, which keeps the
sources readable on any Git host).

    scripts/handouts.py              build/handouts/*.html
    scripts/handouts.py --pdf        ... and *.pdf beside them
    scripts/handouts.py --students   leave the instructor's guide out: this is what an instructor publishes
"""

import argparse
import html.parser
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class HandoutError(Exception):
    """A message for the person who ran the command."""


@dataclass
class Page:
    source: Path        # handouts/reference/memory-map.md
    name: str           # reference/memory-map
    title: str          # the page's first heading
    label: str          # what the navigation calls it

    @property
    def root(self):
        """The way from this page back to the start page's folder."""
        return "../" * self.name.count("/")


def find_pages(handouts, students=False):
    """Every page of the site, in reading order: start, setup, the labs by number, reference, instructor."""
    def page(path, label=None):
        match = re.search(r"^# +(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if not match:
            raise HandoutError(f"{path}: no title. A handout begins with a line '# Title'.")
        title = match.group(1).strip()
        return Page(path, path.relative_to(handouts).with_suffix("").as_posix(), title, label or title)

    def number(path):
        return int(re.search(r"\d+", path.stem).group())

    pages = [page(handouts / "index.md", "Start"), page(handouts / "setup.md", "Setup")]
    for path in sorted(handouts.glob("lab[0-9]*.md"), key=number):
        pages.append(page(path, f"Lab {number(path)}"))
    pages += [page(path) for path in sorted((handouts / "reference").glob("*.md"))]
    if not students:
        pages.append(page(handouts / "instructor.md", "Instructors"))
    return pages


def link(here, there, text, extra=""):
    return f'<a href="{here.root}{there.name}.html"{extra}>{text}</a>'


def build_page(pages, index, handouts, out):
    page = pages[index]
    menu = " ".join(link(page, other, other.label, ' aria-current="page"' if other is page else "")
                    for other in pages)
    variables = {"root": page.root, "menu": menu}
    if index > 0:
        variables["previous"] = link(page, pages[index - 1], "&larr; " + pages[index - 1].label, ' rel="prev"')
    if index + 1 < len(pages):
        variables["next"] = link(page, pages[index + 1], pages[index + 1].label + " &rarr;", ' rel="next"')
    target = out / (page.name + ".html")
    target.parent.mkdir(parents=True, exist_ok=True)
    site = handouts / "site"
    command = ["pandoc", "--from", "commonmark_x-implicit_figures", "--to", "html5", "--standalone",
               "--toc", "--toc-depth=3", "--template", str(site / "template.html"),
               "--lua-filter", str(site / "filter.lua"), "--output", str(target), str(page.source)]
    for key, value in variables.items():
        command += ["--variable", f"{key}={value}"]
    # The filter leaves links to pages that are not in this edition as plain text.
    environment = dict(os.environ, HANDOUT_PAGES=" ".join(p.name for p in pages), HANDOUT_PAGE=page.name)
    run(command, environment)


def run(command, environment=None, stdin=None):
    try:
        done = subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        raise HandoutError(f"{command[0]} is not installed. Run scripts/setup (Debian: apt install {command[0]}).")
    if done.returncode:
        raise HandoutError(f"{' '.join(command)}\nfailed:\n{done.stderr.strip()}")


def build_pdf(page, out):
    """The page as PDF. Links to other pages become plain text: in a PDF they would name a file on this machine."""
    target = out / (page.name + ".html")
    text = target.read_text(encoding="utf-8")
    text = re.sub(r'(<a\b[^>]*?) href="(?!#|https?:)[^"]*"', r"\1", text)
    run(["weasyprint", "--quiet", "--base-url", str(target), "-", str(target.with_suffix(".pdf"))], stdin=text)


class Links(html.parser.HTMLParser):
    """What one page links to (hrefs), loads (loads) and can be linked at (ids)."""

    def __init__(self, path):
        super().__init__()
        self.hrefs, self.loads, self.ids = [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if attrs.get("id"):
            self.ids.append(attrs["id"])
        if tag == "a" and attrs.get("href") is not None:
            self.hrefs.append(attrs["href"])
        loaded = [attrs.get("src"), attrs.get("data"), attrs.get("poster")]
        if tag == "link":
            loaded.append(attrs.get("href"))
        if tag in ("image", "use"):
            loaded += [attrs.get("href"), attrs.get("xlink:href")]
        self.loads += [url for url in loaded if url]


def check_site(out):
    """Every fault of the built site as one line: broken links, double anchors, anything from the network."""
    pages = {path.resolve(): Links(path) for path in sorted(out.rglob("*.html"))}
    faults = []
    for path, page in pages.items():
        here = path.relative_to(out.resolve())
        faults += [f"{here}: two elements with the id '{i}'" for i in sorted({i for i in page.ids
                                                                            if page.ids.count(i) > 1})]
        for url in page.hrefs + page.loads:
            parts = urllib.parse.urlsplit(url)
            if parts.scheme or parts.netloc:
                if url in page.loads:
                    faults.append(f"{here}: loads {url} from the network")
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                faults.append(f"{here}: link to {url}: there is no such file")
            elif parts.fragment and target in pages and parts.fragment not in pages[target].ids:
                faults.append(f"{here}: link to {url}: that page has no such section")
    for path in sorted(out.rglob("*.css")):
        for found in re.findall(r"@import[^;]*|url\([^)]*\)", path.read_text(encoding="utf-8")):
            faults.append(f"{path.relative_to(out)}: a style sheet of this site loads nothing, but here is {found}")
    return faults


def build(out, handouts=ROOT / "handouts", pdf=False, students=False):
    """Build the whole site into the folder `out`. Raises HandoutError if a page or a link is broken."""
    pages = find_pages(handouts, students)
    if out.exists() and not (out / "style.css").exists() and any(out.iterdir()):
        raise HandoutError(f"{out} is not empty and is not a handout site; it would be overwritten.")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.copyfile(handouts / "site" / "style.css", out / "style.css")
    for index in range(len(pages)):
        build_page(pages, index, handouts, out)
    faults = check_site(out)
    if faults:
        raise HandoutError("the site has faults:\n  " + "\n  ".join(faults))
    if pdf:
        for page in pages:
            build_pdf(page, out)
    return pages


def main():
    parser = argparse.ArgumentParser(description="Build the handout site.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "handouts", metavar="DIR",
                        help="where to (default: build/handouts)")
    parser.add_argument("--pdf", action="store_true", help="also make a PDF of every page")
    parser.add_argument("--students", action="store_true", help="leave out the instructor's guide")
    args = parser.parse_args()
    try:
        pages = build(args.out, pdf=args.pdf, students=args.students)
    except HandoutError as error:
        sys.exit(f"handouts: {error}")
    print(f"{len(pages)} pages in {args.out}: open {args.out / 'index.html'}")


if __name__ == "__main__":
    main()

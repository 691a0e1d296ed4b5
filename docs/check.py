"""Is the built site whole? ``python docs/check.py out/docs/html``.

Links and anchors lead somewhere, pictures have words, and nothing is fetched from elsewhere.
Addresses of other sites are read and not visited: there is no network here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src"}
"""Elements that make a browser fetch something, by the attribute that says what."""

FETCHED = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "shortcut icon"}
"""Relations of a ``link`` that are fetched; others only name a page."""


@dataclass
class Page(HTMLParser):
    """Targets, anchors and faults of one page."""

    path: Path
    targets: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element links to, loads, or may be linked by."""
        given = dict(attrs)
        for name in ("id", "name"):
            if given.get(name):
                self.anchors.add(str(given[name]))
        if tag == "a" and given.get("href"):
            self.targets.append(str(given["href"]))
        if tag in LOADED and given.get(LOADED[tag]):
            self._loaded(tag, str(given[LOADED[tag]]), str(given.get("rel") or ""))
        if tag == "img" and not _words(given.get("alt") or ""):
            self.faults.append(f"a picture without words: {str(given.get('src'))[:60]}")

    def _loaded(self, tag: str, target: str, relation: str) -> None:
        if tag == "link" and relation not in FETCHED:
            return
        if urlsplit(target).scheme in ("http", "https") or target.startswith("//"):
            self.faults.append(f"fetched from elsewhere: {target}")
        elif not target.startswith("data:"):
            self.targets.append(target)


def _words(text: str) -> bool:
    """Does a description describe? Sphinx puts the file's name where nobody wrote one."""
    return " " in text.strip() and not text.endswith((".png", ".svg", ".jpg"))


def faults(site: Path) -> Iterator[str]:
    """What is wrong with a built site, a line each."""
    home = site.resolve()
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))
             if "_static" not in path.parts}
    if not pages:
        yield f"{site}: no page there"
    for path, page in pages.items():
        name = path.relative_to(home)
        yield from (f"{name}: {fault}" for fault in page.faults)
        for target in page.targets:
            found = _broken(path, target, pages, home)
            if found:
                yield f"{name}: {found}"


def _broken(path: Path, target: str, pages: dict[Path, Page], home: Path) -> str | None:
    parts = urlsplit(target)
    if parts.scheme in ("mailto", "javascript"):
        return None
    if parts.scheme or target.startswith("//"):
        return None if parts.scheme == "https" and parts.netloc else f"an odd address: {target}"
    wanted = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not wanted.exists():
        return f"leads nowhere: {target}"
    if not wanted.is_relative_to(home):
        return f"leads out of the site: {target}"
    anchors = pages[wanted].anchors if wanted in pages else None
    if parts.fragment and anchors is not None and unquote(parts.fragment) not in anchors:
        return f"no such place on the page: {target}"
    return None


def main(arguments: list[str]) -> int:
    """Print what is wrong; 1 if anything is."""
    site = Path(arguments[0])
    found = list(faults(site))
    for line in found:
        print(line)
    print(f"{len(list(site.rglob('*.html')))} pages, {len(found)} faults")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

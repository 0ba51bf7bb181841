"""Gather the front-end files that Établi ships but does not write.

Run after ``npm ci`` (the launcher does). Copies the font and the libraries from ``node_modules`` into
``src/etabli/web/static/vendor/``, which git ignores, builds the icon sprite from ``icons.txt`` and joins the
style sheets named in ``stylesheets.txt`` so that a page asks for one file. Standard library only.
"""

import hashlib
import re
import shutil
import sys
from pathlib import Path

WEB = Path("src/etabli/web")
VENDOR = WEB / "static/vendor"
COPIES = {
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    "@fontsource-variable/inter/LICENSE": "inter-LICENSE.txt",
    "@tabler/icons/LICENSE": "tabler-icons-LICENSE.txt",
    # Read by static/web/js/scan.js alone, when a camera opens.
    "zxing-wasm/dist/es/reader/index.js": "zxing/reader/index.js",
    "zxing-wasm/dist/es/share.js": "zxing/share.js",
    "zxing-wasm/dist/reader/zxing_reader.wasm": "zxing/zxing_reader.wasm",
    "zxing-wasm/LICENSE": "zxing/LICENSE.txt",
}
TESTS_ONLY = {"axe-core/axe.min.js": Path("var/axe.min.js")}
DRAWING = re.compile(r"<(?:path|circle|rect|line|polyline|polygon|ellipse)\b[^>]*/>")
FRAME = re.compile(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')


class AssetMissing(Exception):
    """A file named by the project is not in ``node_modules``; the message says which and what to run."""


def collect(root: Path) -> list[Path]:
    """Fill the vendor folder of the checkout at ``root`` and return the files written.

    Raises AssetMissing when a package is absent or an icon name does not exist.
    """
    modules = root / "node_modules"
    written = [_copy(modules / source, root / VENDOR / target) for source, target in COPIES.items()]
    written += [
        _copy(modules / source, root / target)
        for source, target in TESTS_ONLY.items()
        if (modules / source).exists()
    ]
    names = (root / WEB / "icons.txt").read_text("utf-8").split()
    icons = sprite(names, modules / "@tabler/icons/icons/outline")
    written.append(_write(root / VENDOR / "icons.svg", icons))
    written.append(_write(root / VENDOR / "css/etabli.css", joined_styles(root / WEB)))
    return written


def sprite(names: list[str], folder: Path) -> str:
    """One SVG holding a ``<symbol>`` for each icon, to be shown with ``<use href="icons.svg#name">``."""
    symbols = (_symbol(name, folder / f"{name}.svg") for name in names)
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n"


def joined_styles(web: Path) -> str:
    """The style sheets in their order, behind a first line that tells which sources they came from."""
    names = (web / "stylesheets.txt").read_text("utf-8").split()
    text = "\n".join((web / "static/web/css" / name).read_text("utf-8") for name in names)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"/* {digest} */\n{text}"


def _symbol(name: str, path: Path) -> str:
    if not path.exists():
        raise AssetMissing(f"No icon is called “{name}”: correct src/etabli/web/icons.txt.")
    shapes = "".join(DRAWING.findall(FRAME.sub("", path.read_text("utf-8"))))
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
        f' stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
    )


def _copy(source: Path, target: Path) -> Path:
    if not source.exists():
        raise AssetMissing(f"{source} is absent: run “npm ci” at the top of the checkout.")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
    return target


def _write(target: Path, text: str) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    return target


if __name__ == "__main__":
    try:
        files = collect(Path(__file__).resolve().parent.parent)
    except AssetMissing as error:
        sys.exit(str(error))
    print(f"{len(files)} front-end files collected.")

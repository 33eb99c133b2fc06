"""Sets one document in a process of its own: `python typesetting.py FOLDER look|make`.

FOLDER has paper.typ, data.json and fonts/. `look` prints where each line of the list came to
stand, as JSON; `make` writes paper.pdf there as well. It knows nothing of the site, and what it
holds in memory ends with it.
"""

import json
import sys
from pathlib import Path

import typst


def main(folder: Path, task: str) -> None:
    compiler = typst.Compiler(
        folder / "paper.typ",
        root=folder,
        font_paths=[folder / "fonts"],
        ignore_system_fonts=True,
        package_path=folder,
        package_cache_path=folder,
    )
    if task == "make":
        # Nothing of the machine or the hour; no tags, they would make a large file larger.
        compiler.compile(output=folder / "paper.pdf", format="pdf", timestamp=0, pdf_tags=False)
    found = json.loads(compiler.query("<found>", field="value", one=True))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Write the chapters for Google Colab, which opens one notebook and knows nothing of the course.

    python tools/colab.py https://github.com/OWNER/NAME FOLDER

Each copy begins with a cell that fetches the course from that address, installs what is missing and
does nothing outside of Colab. `.github/workflows/pages.yml` keeps the copies on a branch named
`colab`, where the site's Colab buttons lead.
"""

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from course_utils.command import notebooks  # noqa: E402
from course_utils.notebook import colab  # noqa: E402


def write(address, folder):
    """Write all chapters with the first cell.

    Parameters
    ----------
    address : str
        The public repository.
    folder : path-like
        Gets `chapters/NN_slug.ipynb`.

    Returns
    -------
    list of pathlib.Path
    """
    written = []
    for pair in notebooks.find_pairs(ROOT):
        notebook = notebooks.read_notebook(pair.notebook)
        source = colab.FIRST_CELL.format(address=address.removesuffix("/").removesuffix(".git"))
        cell = nbformat.v4.new_code_cell(source.strip(), id="in-colab")
        notebook.cells.insert(0, cell)
        path = Path(folder) / "chapters" / pair.notebook.name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        written.append(path)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[1].startswith("https://github.com/"):
        sys.exit("Use: python tools/colab.py https://github.com/OWNER/NAME FOLDER")
    print(*write(*sys.argv[1:]), sep="\n")

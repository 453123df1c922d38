"""What is in a collection, where it comes from, what may be done with it, what is wrong with it.

The form follows Gebru et al. 2021, Datasheets for Datasets, https://doi.org/10.1145/3458723.
"""

from numbers import Integral

import pandas as pd

NOT_FOR = (
    "identifying people, watching them without their knowledge, or any decision about a person"
)


def refused_files(folder):
    """Count the files that the import of a data set could not read.

    Parameters
    ----------
    folder : pathlib.Path
        The data set's; its `report.csv` names them. Without one, none was refused.

    Returns
    -------
    int
    """
    report = folder / "report.csv"
    if not report.exists():
        return 0
    return int((pd.read_csv(report, keep_default_na=False).what == "refused").sum())


def data_card(dataset, facts, limits, not_for=NOT_FOR):
    """Write a data card in Markdown.

    Parameters
    ----------
    dataset : course_utils.data.registry.Dataset
        Gives title, content, source, licence and terms.
    facts : dict of str to object
        Name to what was counted or measured; numbers are written with thousands separated.
    limits : sequence of str
        What is known to be wrong, a sentence or more each.
    not_for : str
        What the collection must not be used for.

    Returns
    -------
    str
        One heading, a table of the facts, and a paragraph or list for everything else.
    """
    rows = [
        f"| {name} | {fact:,} |" if isinstance(fact, Integral) else f"| {name} | {fact} |"
        for name, fact in facts.items()
    ]
    return "\n".join(
        [
            f"# Data card: {dataset.title}",
            f"\n**What it holds.** {dataset.holds}",
            "\n| | |\n|---|---|",
            *rows,
            f"\n**Source.** {dataset.source}",
            f"\n**Licence.** {dataset.licence}. {dataset.terms}",
            "\n**Known limits.**\n",
            *(f"- {limit}" for limit in limits),
            f"\n**Not for** {not_for}.\n",
        ]
    )

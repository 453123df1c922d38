"""The same figure for every part of the people.

By skin tone, age, pose, and whatever else a table says of them.
"""

import pandas as pd

from course_utils.evaluation.statistics import bootstrap_interval


def slice_table(rows, columns, value="right", person="group"):
    """Return the mean of a value for each slice, with an interval that draws people.

    Slices as in model cards: Mitchell et al. 2019, https://doi.org/10.1145/3287560.3287596.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row a picture.
    columns : sequence of str
        Each cuts the pictures into slices, one for every value; rows without a value are in none.
        The order is that of a categorical column, else that of the values.
    value : str
        Column of bool or float.
    person : str
        Column that says whose picture it is.

    Returns
    -------
    pandas.DataFrame
        `attribute`, `slice` (str), `people`, `pictures` (int), `share`, `low`, `high` (0 to 1; see
        `course_utils.evaluation.bootstrap_interval`).
    """
    table = []
    for column in columns:
        for name, part in rows.groupby(column, observed=True):
            low, high = bootstrap_interval(part[value], part[person])
            table.append(
                {
                    "attribute": column,
                    "slice": str(name),
                    "people": part[person].nunique(),
                    "pictures": len(part),
                    "share": float(part[value].mean()),
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(
        table, columns=["attribute", "slice", "people", "pictures", "share", "low", "high"]
    )

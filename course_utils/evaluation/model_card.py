"""A model card written from the figures of a run.

The form is that of Mitchell et al. 2019, Model Cards for Model Reporting,
https://doi.org/10.1145/3287560.3287596. What a card judges (intended use, limits) stands here as
text; every figure in it comes from the run that writes it.
"""

import importlib.metadata
import platform

from course_utils import files, profiles
from course_utils.data.class_names import BARE, WORDS, WORN

PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "pandas",
    "pillow",
    "opencv-python-headless",
    "dlib-bin",
)

INTENDED = """- To learn how such a model is made, measured and judged.
- To try out what surrounds a model: a camera, a server, an alert."""

NOT_INTENDED = """- Deciding about a person: entry, pay, a fine, a mark in a file.
- Recognising, following or counting *who* somebody is, or guessing age, gender, health, mood or \
descent.
- Watching people who were not told, or who can't say no.
- Protection from infection. It can't tell a clean mask from a used one or a respirator from a \
scrap of cloth, and no one is safe because it says *Mask*."""

DATA = {
    "sample": (
        "Rendered portraits of people who do not exist, with masks drawn onto them for training;"
        " the masks in the test were rendered with the face. Skin tone, age, gender and glasses are"
        " settings of the human model, not facts about anybody. How they were made:"
        " `data/sample/README.md`."
    ),
    "face-mask-detection": (
        "Photographs from the public repository chandrikadeb7/Face-Mask-Detection. Nobody in them"
        " was asked. Age, gender and skin tone are not recorded, so no slice by them can be"
        " measured. What is known of them: `data/cards/README.md`."
    ),
}
"""By data set; of another one, `DATA_CARD` says where it is described."""

DATA_CARD = (
    "What they are, where they come from and what is wrong with them: the data card of chapter 01."
)

LIMITS = {
    "sample": [
        "**Rendered faces are no photographs.** Nothing here tells how it does with real people.",
        "Few test people: an interval as wide as those above hides differences that would matter.",
        (
            "Skin, hair and clothes repeat; what is not among them (veils, medical conditions,"
            " prostheses, make-up, many cultures' dress) was not tested."
        ),
    ],
    "face-mask-detection": [
        (
            "The photographs come from the web: famous people, good light, faces near and frontal."
            " A camera under a ceiling shows other ones."
        ),
        "Whom they show is not known, so nobody can say whom the model fails more often.",
        (
            "Label and source go together in these photographs; a part of what is measured may be"
            " the source."
        ),
    ],
}
"""By data set; of another one, `OTHER_LIMITS` hold."""

OTHER_LIMITS = [
    "The pictures show some places, some light and some people. Others were not tested.",
    (
        "What is not recorded of the people, such as age, gender and skin tone, can't be compared:"
        " nobody can say whom the model fails more often."
    ),
    (
        "Where pictures of the two kinds were taken in different places, a part of what is measured"
        " may be the place: see what the border alone tells in chapter 01."
    ),
]

ETHICS = """- A *pass* may harm those who rely on the mask of others; a *false stop* harms the \
one who is stopped, in public, for nothing. They are different people, and the threshold decides \
between them.
- Where a group is stopped more often, or passed more often, the model repeats in each encounter \
what its data lacked.
- A camera that looks for masks is a camera. What it sees can be put to other uses later.
- A person must decide, must be able to see why, and must be there to complain to."""


PROGRAM = """A model is a program. Loading a SavedModel can run anything with the rights of whoever\
 loads it, and no look at its answers shows that. Serve what you exported yourself from a `.keras`\
 file; serve a stranger's only in a container without network and without rights. `.keras` files\
 are looked at first: the course loads none that holds code of its own."""


OF_MASKS = (
    " These scenes and videos are annotated for masks. If the two classes are another thing, the"
    " share labelled right says nothing: annotate pictures of your own before you quote it."
)


def says_of_a_face():
    """Say what the two labels mean, in the words that people read where they are other ones."""
    if WORDS[WORN] == "Mask":
        return (
            "Says of a cut face whether a mask is worn properly, over nose and mouth:"
            f" `{WORN}`, or `{BARE}`."
        )
    return f"Says of a cut face: {WORDS[WORN]} (`{WORN}`), or {WORDS[BARE]} (`{BARE}`)."


def versions():
    """Return the versions, by name, of Python and of the packages that made the model."""
    return {"python": ".".join(platform.python_version_tuple()[:2])} | {
        name: importlib.metadata.version(name) for name in PACKAGES
    }


def percent(share):
    """Write a share, 0 to 1, as percent."""
    return f"{100 * share:.1f} %"


def slices_as_markdown(table):
    """Write a table of slices in Markdown.

    Parameters
    ----------
    table : pandas.DataFrame
        As `course_utils.evaluation.slice_table` gives it.

    Returns
    -------
    str
    """
    lines = [
        "| attribute | slice | people | pictures | share | 95 % interval |",
        "|---|---|---|---|---|---|",
    ]
    attribute = None
    for row in table.itertuples():
        lines.append(
            f"| {row.attribute if row.attribute != attribute else ''} | {row.slice} | {row.people}"
            f" | {row.pictures} | {percent(row.share)} | {percent(row.low)} to"
            f" {percent(row.high)} |"
        )
        attribute = row.attribute
    return "\n".join(lines)


def sections(profile, facts, overall, slices, hidden):
    """Write the sections of a card.

    Parameters
    ----------
    profile : str
        Name of a profile.
    facts : dict
        `network` (str), `parameters` (int), `size` (int, pixels), `train_faces`,
        `validation_faces`, `validation_people`, `test_faces`, `test_people` (int), `temperature`
        (float), `error_before`, `error_after` (calibration errors, 0 to 1), `threshold`,
        `threshold_low`, `threshold_high` (0 to 1; the ends of its interval),
        `cost` (false stops that a pass costs), `share_without` (of the visitors, 0 to 1),
        `precision` (of a stop among such visitors, 0 to 1), `system` (str: what detector and model
        do together).
    overall, slices, hidden : pandas.DataFrame
        As `course_utils.evaluation.slice_table` gives them: all test people; accuracy by slice;
        passes by what hides the mouth (may be empty).

    Returns
    -------
    dict of str to str
        Title to Markdown, in order.
    """
    chosen = profiles.get_profile(profile)
    cover = (
        "\n\nPasses by what hides the mouth, and by the ways of wearing a mask that are"
        f" none:\n\n{slices_as_markdown(hidden)}"
        if len(hidden)
        else "\n\nWhat hides a mouth (a hand, a scarf, a beard) is not annotated in these pictures."
    )
    return {
        "Model": (
            f"{says_of_a_face()} {facts['network']}, {facts['parameters']:,} parameters, input"
            f" {facts['size']} x {facts['size']} pixels. Made in chapters 05 and 06 of the"
            " course; by the authors of the course; code under the MIT licence."
        ),
        "Intended use": INTENDED,
        "Not intended": NOT_INTENDED,
        "Data": (
            f"Run on {chosen.title}. {DATA.get(chosen.dataset, DATA_CARD)} Learned from"
            f" {facts['train_faces']:,} faces;"
            f" {facts['validation_faces']:,} faces of {facts['validation_people']:,} other people"
            f" chose temperature and threshold; {facts['test_faces']:,} faces of"
            f" {facts['test_people']:,} further people gave the figures below. No person is in two"
            " of the three parts."
        ),
        "How it was measured": (
            "*Right*: share of right labels. *Pass*: of the faces without a properly worn mask, the"
            " share that is called `with_mask`. *False stop*: of the faces with one, the share that"
            " is called `without_mask`. Threshold 50 % unless another is named. Intervals of 95 %"
            " by drawing people with replacement. Slices were fixed before their figures were seen;"
            " among so many some look bad by chance alone."
        ),
        "Results": (
            f"{slices_as_markdown(overall)}\n\nShare of right labels by"
            f" slice:\n\n{slices_as_markdown(slices)}{cover}"
        ),
        "Confidence": (
            f"Temperature {facts['temperature']:.2f}, fitted on validation people. Expected"
            f" calibration error on test people {facts['error_before']:.3f} before,"
            f" {facts['error_after']:.3f} after. It holds for pictures like these and no others."
        ),
        "Threshold": (
            f"For a stated cost (a pass costs as much as {facts['cost']:g} false stops;"
            f" {percent(facts['share_without'])} of the visitors wear no mask) validation people"
            f" gave {percent(facts['threshold'])} (95 % interval"
            f" {percent(facts['threshold_low'])} to {percent(facts['threshold_high'])}, drawing"
            " validation people). Of those it would then stop,"
            f" {percent(facts['precision'])} wear no mask, by the rates on test people."
        ),
        "The whole system": facts["system"] + ("" if chosen.dataset in DATA else OF_MASKS),
        "Limits": "\n".join(f"- {line}" for line in LIMITS.get(chosen.dataset, OTHER_LIMITS)),
        "Ethical considerations": ETHICS,
        "How it was made": (
            "Seed "
            + str(profiles.SEED)
            + "; "
            + ", ".join(f"{name} {number}" for name, number in versions().items())
            + f". Command: `course run --profile {profile}`. The figures are those of this run."
        ),
        "Loading it": PROGRAM,
    }


def write(path, written):
    """Write a card as a Markdown file, whole or not at all.

    Parameters
    ----------
    path : path-like
    written : dict of str to str
        What `sections` gives.
    """
    parts = [
        "# Model card: mask or no mask",
        *(f"## {title}\n\n{text}" for title, text in written.items()),
    ]
    files.write_text(path, "\n\n".join(parts) + "\n")

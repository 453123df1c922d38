"""What JupyterLab writes when a chapter is saved: nothing that a reader did not change."""


def leave_out_traces(model, **context):
    """Take out of a notebook what differs from machine to machine; called before it is saved.

    JupyterLab adds the version of Python to `language_info`, and Jupytext its own settings. With
    them every chapter that was only opened would count as changed, and `git pull` would refuse.

    Parameters
    ----------
    model : dict
        What Jupyter Server is about to write (its `pre_save_hook`); a notebook's metadata are
        changed in place, other files are left alone.
    **context
        Path and contents manager, which are not needed.
    """
    if model["type"] == "notebook" and model.get("content"):
        metadata = model["content"]["metadata"]
        metadata.pop("jupytext", None)
        metadata["language_info"] = {"name": "python"}

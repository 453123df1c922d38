"""Settings of a Jupyter server for the course; `course lab` lets it find them."""

import warnings

from course_utils.notebook import saving

c = get_config()  # noqa: F821
c.FileContentsManager.pre_save_hook = saving.leave_out_traces
warnings.filterwarnings("ignore", "Overriding existing pre_save_hook")  # it is set twice by itself

"""Settings of a Jupyter server that is started in the course's folder, by whomever."""

from course_utils.notebook import saving

c = get_config()  # noqa: F821
c.FileContentsManager.pre_save_hook = saving.leave_out_traces

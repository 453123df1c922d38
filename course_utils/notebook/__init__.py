"""What a chapter shows beside its plots.

Widgets, quizzes, the reader's record, the camera, the chapter map, artefacts.
"""

"""What a chapter shows beside its plots: widgets, quizzes, the reader's record, the camera, the chapter map, artefacts."""

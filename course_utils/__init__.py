"""The small shared package of the face-mask course.

Nothing here imports TensorFlow until a chapter asks for it.
"""

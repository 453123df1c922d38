"""Put a trained network behind a server.

Export it, start TensorFlow Serving or its stand-in, and ask it.

`export` writes a SavedModel, `launcher` starts a server on this machine, `clients` ask any server,
here or far away.
"""

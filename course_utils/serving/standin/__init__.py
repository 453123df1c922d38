"""A stand-in for `tensorflow_model_server` on machines that have neither its binary nor Docker.

It speaks the same two protocols, takes the same flags, watches the same folders and executes the
same SavedModels; TensorFlow does its computing in a process of its own. It is for lessons and
tests. In production use the real one: the stand-in is written in Python, keeps one process, and
knows neither TLS nor monitoring.

Where it deviates on purpose: an input of the wrong shape is refused with INVALID_ARGUMENT (the real
server hands it to the network, which may abort the process); a process that aborts all the same is
started again, and a version that can't be loaded then gives way to the one before it; it binds to
the loopback address and answers to its names only; what a request may hold has limits (`limits`),
compressed gRPC messages are refused, silent connections are closed; a version that failed to load
says END at once, where the real server says LOADING while it tries again (both do it five times, a
minute apart, or as `--max_num_load_retries` and `--load_retry_interval_micros` say); a signature
that classifies or regresses is not executed.

`python -m course_utils.serving.standin --port=8500 --rest_api_port=8501 --model_name=face-mask
--model_base_path=/path/to/model`
"""

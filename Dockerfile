# The course for students, for Docker and for a hub: `docker build -t face-mask-course .`
# See book/hub.md. The image holds the locked environment in /opt/venv, the course without worked
# answers in /opt/course, both read-only, and starts JupyterLab as a user without rights.
FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d AS environment
ENV PATH=/opt/venv/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    UV_NO_CACHE=1 \
    UV_COMPILE_BYTECODE=1
COPY requirements.lock /opt/lock/requirements.lock
COPY hub/requirements.lock /opt/lock/hub.lock
RUN python -m venv /opt/venv && python -m pip install uv==0.13.9
RUN python -m uv pip install --python /opt/venv/bin/python --require-hashes --no-deps --requirements /opt/lock/requirements.lock \
    && python -m uv pip install --python /opt/venv/bin/python --require-hashes --no-deps --requirements /opt/lock/hub.lock

FROM environment AS handout
COPY . /opt/whole
WORKDIR /opt/whole
RUN python -m uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation --editable . \
    && course handout /opt/course

FROM environment
COPY --from=handout /opt/course /opt/course
WORKDIR /opt/course
COPY hub/start /usr/local/bin/course-start
COPY hub/jupyter_server_config.json /opt/venv/etc/jupyter/jupyter_server_config.json
# A login shell, as JupyterLab's terminal is one, sets PATH anew: hence the line in profile.d.
RUN python -m uv pip install --python /opt/venv/bin/python --no-deps --no-build-isolation --editable . \
    && python -m compileall -q course_utils \
    && echo "PATH=/opt/venv/bin:\$PATH" > /etc/profile.d/course.sh \
    && useradd --uid 1000 --gid 100 --create-home --shell /bin/bash jovyan
ENV HOME=/home/jovyan \
    JUPYTER_CONFIG_PATH=/opt/course/course_utils/notebook/jupyter \
    SHELL=/bin/bash
USER 1000:100
WORKDIR /home/jovyan
EXPOSE 8888
ENTRYPOINT ["course-start"]
CMD ["course", "lab"]

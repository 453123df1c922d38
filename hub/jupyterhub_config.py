"""A hub on one machine: DockerSpawner, a container and a volume for each student.

`pip install jupyterhub dockerspawner`, then `jupyterhub -f hub/jupyterhub_config.py`; see
book/hub.md. Who may log in is yours to say: set `c.JupyterHub.authenticator_class`.
"""

c = get_config()  # noqa: F821

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.JupyterHub.hub_ip = "0.0.0.0"  # containers reach the hub over Docker's network
c.DockerSpawner.image = "face-mask-course"
c.DockerSpawner.cmd = ["jupyterhub-singleuser"]  # the image's own command knows no hub
c.DockerSpawner.default_url = "/lab/tree/chapters/00_welcome.ipynb"
c.DockerSpawner.volumes = {"course-{username}": "/home/jovyan"}
c.DockerSpawner.remove = True
c.DockerSpawner.mem_limit = "4G"
c.DockerSpawner.cpu_limit = 2
c.DockerSpawner.environment = {
    "TF_NUM_INTRAOP_THREADS": "2",
    "TF_NUM_INTEROP_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
}

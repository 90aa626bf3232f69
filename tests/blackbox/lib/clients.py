"""Real clients, each with folders and sockets of its own, against a plain-http registry on 127.0.0.1."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

from lib import images
from lib.daemon import spawn
from lib.testing import check, equal, run


class Client:
    """A temporary home; the programs end, and the folder goes, with the context."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="rha-client-")
        self.environment = {**os.environ, "HOME": self.home, "TMPDIR": self.home,
                            "XDG_RUNTIME_DIR": self.home, "REGISTRY_AUTH_FILE": self.path("auth.json")}
        with open(self.path("auth.json"), "w", encoding="utf-8") as file:
            file.write("{}")
        self.process = None

    def __enter__(self):
        try:
            self.start()
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def start(self):
        pass

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def run(self, *arguments):
        return run(list(arguments), env=self.environment)

    def wait_until(self, what, ready, seconds=30):
        deadline = time.monotonic() + seconds
        while not ready():
            check(self.process.poll() is None and time.monotonic() < deadline, f"{what} did not start:\n{self.log()}")
            time.sleep(0.05)

    def log(self):
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def end_process(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.end_process()
        for mounted in self.mounts():
            subprocess.run(["umount", mounted], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def mounts(self):
        """What is mounted below the home, deepest first."""
        with open("/proc/mounts", encoding="utf-8") as file:
            points = [line.split()[1] for line in file]
        return sorted((point for point in points if point.startswith(self.home + "/")), key=len, reverse=True)


class Skopeo(Client):
    def push(self, picture, port, name):
        source = tempfile.mkdtemp(dir=self.home)
        if picture.children:  # dir: cannot hold an index whole; a layout can
            images.write_layout(picture, source)
            source = f"oci:{source}:latest"
        else:
            images.write_dir(picture, source)
            source = f"dir:{source}"
        self.run("skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", source,
                 f"docker://127.0.0.1:{port}/{name}")

    def check_pull(self, picture, port, name):
        """Pulls and compares every file with what was pushed."""
        target = tempfile.mkdtemp(dir=self.home)
        self.run("skopeo", "--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false",
                 f"docker://127.0.0.1:{port}/{name}", f"dir:{target}")
        wanted = {"manifest.json": picture.manifest}
        for each in [picture, *picture.children]:
            wanted.update({digest.split(":")[1]: data for digest, data in each.blobs.items()})
        for child in picture.children:
            wanted[child.digest.split(":")[1] + ".manifest.json"] = child.manifest
        for file_name, data in wanted.items():
            with open(os.path.join(target, file_name), "rb") as file:
                equal(file.read(), data, f"{file_name} as pulled by skopeo")


class Podman(Client):
    def start(self):
        with open(self.path("storage.conf"), "w", encoding="utf-8") as file:
            file.write(f'[storage]\ndriver = "vfs"\nrunroot = "{self.path("run")}"\ngraphroot = "{self.path("graph")}"\n')
        with open(self.path("policy.json"), "w", encoding="utf-8") as file:
            file.write('{"default": [{"type": "insecureAcceptAnything"}]}')
        self.environment["CONTAINERS_STORAGE_CONF"] = self.path("storage.conf")

    def podman(self, *arguments):
        return self.run("podman", "--cgroup-manager", "cgroupfs", *arguments)

    def buildah(self, *arguments):
        return self.run("buildah", *arguments)


class Containerd(Client):
    def start(self):
        os.makedirs(self.path("certs"))
        with open(self.path("config.toml"), "w", encoding="utf-8") as file:
            file.write(f'version = 2\nroot = "{self.path("root")}"\nstate = "{self.path("state")}"\n'
                       'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                       f'[grpc]\naddress = "{self.path("sock")}"\n')
        self.process = spawn(["containerd", "--config", self.path("config.toml")], self.path("log"), env=self.environment)
        self.wait_until("containerd", lambda: os.path.exists(self.path("sock")) and self.ready())

    def ready(self):
        return subprocess.run(["ctr", "-a", self.path("sock"), "version"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=20, check=False).returncode == 0

    def add_host(self, name, port):
        """Names the registry on `port` as the host, or the mirror, of images called `name`/…"""
        os.makedirs(self.path("certs", name), exist_ok=True)
        with open(self.path("certs", name, "hosts.toml"), "w", encoding="utf-8") as file:
            file.write(f'server = "http://127.0.0.1:{port}"\n[host."http://127.0.0.1:{port}"]\n'
                       '  capabilities = ["pull", "resolve", "push"]\n')

    def images(self, action, *arguments):
        return self.run("ctr", "-a", self.path("sock"), "images", action, *arguments)

    def transfer(self, action, name):
        return self.images(action, "--hosts-dir", self.path("certs"), *(["--all-platforms"] if action == "pull" else []),
                           name)


class Docker(Client):
    def start(self):
        with open(self.path("daemon.json"), "w", encoding="utf-8") as file:
            file.write("{}")
        self.environment["DOCKER_HOST"] = f"unix://{self.path('docker.sock')}"
        self.environment["DOCKER_CONFIG"] = self.path("config")
        self.environment["PATH"] += ":/usr/sbin:/sbin"
        self.process = spawn(
            ["dockerd", "--config-file", self.path("daemon.json"), "--data-root", self.path("data"), "--exec-root",
             self.path("exec"), "--pidfile", self.path("dockerd.pid"), "-H", self.environment["DOCKER_HOST"],
             "--storage-driver", "vfs", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
             "--ip-masq=false", "--userland-proxy=false"], self.path("log"), env=self.environment)
        self.wait_until("dockerd", self.ready, 60)

    def ready(self):
        return subprocess.run(["docker", "info"], env=self.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=20, check=False).returncode == 0

    def docker(self, *arguments):
        return self.run("docker", *arguments)

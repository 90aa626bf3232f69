"""The servers that are compared: started from the committed configurations, on free loopback ports, ended by pid."""
import ctypes
import getpass
import os
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stat_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _status_kib(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


class Peer:
    """One server process (nginx: with its workers). `behind`: the server it forwards to, whose CPU counts as its own."""

    def __init__(self, name, config, command, folder, root, behind=None, certificate=None):
        self.name, self.behind = name, behind
        self.folder = tempfile.mkdtemp(prefix=name.replace(" ", "-") + "-", dir=folder)
        self.root = root
        self.port = free_port()
        with open(os.path.join(HERE, "config", config), encoding="utf-8") as file:
            text = file.read()
        values = {"port": self.port, "root": root, "folder": self.folder, "user": getpass.getuser(),
                  "upstream": behind.port if behind else 0, "certificate": certificate and certificate.path,
                  "key": certificate and certificate.key}
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        self.config = os.path.join(self.folder, config)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        self.command = [self.config if part == "CONFIG" else part for part in command]
        self.process = None

    def start(self, wait=True):
        with open(os.path.join(self.folder, "output.log"), "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=_end_with_parent)
        if wait:
            self.wait_until_open()
        return self

    def wait_until_open(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not listen on port {self.port}; see {self.folder}/output.log")

    def stop(self, seconds=30):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def pids(self):
        own = [self.process.pid]
        with open(f"/proc/{own[0]}/task/{own[0]}/children", encoding="ascii") as file:
            own += [int(pid) for pid in file.read().split()]
        return own + (self.behind.pids() if self.behind else [])

    def cpu_seconds(self):
        return sum(_stat_seconds(pid) for pid in self.pids())

    def rss_mib(self):
        return sum(_status_kib(pid, "VmRSS") for pid in self.pids()) / 1024

    def peak_mib(self):
        return sum(_status_kib(pid, "VmHWM") for pid in self.pids()) / 1024

    def threads(self):
        return sum(_status_kib(pid, "Threads") for pid in self.pids())


class Certificate:
    """A self-signed one, with an RSA key of 2,048 bits, as most have."""

    def __init__(self, folder):
        self.path, self.key = (os.path.join(folder, name) for name in ("certificate.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key, "-out", self.path],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def over_tls(binary, folder, root, static, certificate):
    return [Peer("registryd", "registryd-tls.yaml", [binary, "--config", "CONFIG"], folder, root, certificate=certificate),
            Peer("docker-registry", "docker-registry-tls.yml", ["docker-registry", "serve", "CONFIG"], folder, root,
                 certificate=certificate),
            Peer("nginx static", "nginx-static-tls.conf", ["nginx", "-c", "CONFIG"], folder, static, certificate=certificate)]


def registryd(binary, folder, root):
    return Peer("registryd", "registryd.yaml", [binary, "--config", "CONFIG"], folder, root)


def docker_registry(folder, root):
    return Peer("docker-registry", "docker-registry.yml", ["docker-registry", "serve", "CONFIG"], folder, root)


def nginx_static(folder, root):
    return Peer("nginx static", "nginx-static.conf", ["nginx", "-c", "CONFIG"], folder, root)


def nginx_proxy(folder, behind):
    return Peer("nginx + docker-registry", "nginx-proxy.conf", ["nginx", "-c", "CONFIG"], folder, "", behind)


class Running:
    """Starts the peers, stops them in the end, last first."""

    def __init__(self, *peers):
        self.peers = peers

    def __enter__(self):
        try:
            for peer in self.peers:
                peer.start()
        except BaseException:
            self.__exit__()
            raise
        return self.peers

    def __exit__(self, *_):
        for peer in reversed(self.peers):
            peer.stop()

"""Starts registryd for a test: own folder, own ports, a log that is kept, and an end that always comes."""

import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from lib.certificates import TlsPort

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_running = []


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def spawn(arguments, log_path, **options):
    """A child that dies with us and writes to a log."""
    with open(log_path, "ab") as log:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                preexec_fn=_die_with_parent, **options)


def wait_for_port(port, process, seconds=20, log_path=None):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    tail = ""
    if log_path and os.path.exists(log_path):
        with open(log_path, "rb") as log:
            tail = log.read()[-1500:].decode(errors="replace")
    raise AssertionError(f"nothing listens on port {port} (exit code {process.poll()}):\n{tail}")


class Daemon:
    """One registryd. Use it as a context manager.

    `wrapper` is put before the command line (strace …); `environment` is added (LD_PRELOAD …).
    `root` gives an existing storage folder, which is not removed afterwards. With an `authority`, `port` speaks HTTPS
    and `plain_port` HTTP; `tls` is added to the section http.tls. `storage` is more of the
    section storage, indented by two.
    """

    def __init__(self, binary, driver="filesystem", wrapper=(), environment=None, root=None, extra_config="",
                 catalog_max=1000, manifest_bytes=4194304, control=False, http_options="", authority=None, tls="",
                 storage=""):
        self.binary = os.path.abspath(binary)
        self.wrapper = list(wrapper)
        self.environment = environment or {}
        self.folder = tempfile.mkdtemp(prefix="rha-bb-")
        self.root = root or os.path.join(self.folder, "storage")
        self.log_path = os.path.join(self.folder, "registryd.log")
        self.port, self.debug_port, tls_port = free_ports(3)
        self.plain_port = self.port
        tls_config = ""
        if authority:
            certificate, key = authority.issue("server", ("localhost", "127.0.0.1"))
            self.port = TlsPort(tls_port, authority.context())
            tls_config = (f'  tls:\n    listen: ["127.0.0.1:{tls_port}"]\n    certificate: {certificate}\n'
                          f"    key: {key}\n{tls}")
        self.control = os.path.join(self.folder, "control.sock") if control else ""
        self.process = None
        self.restarts = 0
        os.makedirs(self.root, exist_ok=True)
        with open(os.path.join(self.folder, "registryd.yaml"), "w", encoding="utf-8") as file:
            file.write(f"""http:
  listen: ["127.0.0.1:{self.plain_port}"]
  debug_listen: "127.0.0.1:{self.debug_port}"{http_options}
{tls_config}storage:
  driver: {driver}
  filesystem:
    root: {self.root}
{storage}index:
  path: {self.folder}/index.sqlite
control:
  socket: "{self.control}"
limits:
  manifest_bytes: {manifest_bytes}
catalog:
  max_entries: {catalog_max}
{extra_config}""")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def start(self):
        command = [*self.wrapper, self.binary, "--config", os.path.join(self.folder, "registryd.yaml")]
        self.process = spawn(command, self.log_path, env={**os.environ, **self.environment})
        _running.append(self)
        wait_for_port(self.port, self.process, log_path=self.log_path)
        return self

    @property
    def pid(self):
        """Of registryd itself, also under a wrapper."""
        if not self.wrapper:
            return self.process.pid
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=30):
        return self.process.wait(seconds)

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Ends it and gives its exit code; SIGKILL after `seconds`, which is a failure."""
        if not self.alive():
            return self.process.returncode if self.process else None
        try:
            self.send_signal(number)
        except (ProcessLookupError, IndexError):
            pass
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"registryd did not end within {seconds} s of signal {number}") from None

    def kill(self):
        self.stop(signal.SIGKILL)

    def restart(self, number=signal.SIGTERM):
        code = self.stop(number)
        self.restarts += 1
        self.start()
        return code

    def lose_index(self, number=signal.SIGTERM):
        """A restart without the index: it is built anew from the storage."""
        self.stop(number)
        for name in os.listdir(self.folder):
            if name.startswith("index.sqlite"):
                os.remove(os.path.join(self.folder, name))
        self.restarts += 1
        self.start()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def rss_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0

    def close(self):
        if self.alive():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except (OSError, IndexError):
                pass
            if self.wrapper:
                try:
                    self.process.wait(2)
                except subprocess.TimeoutExpired:
                    self.process.kill()
            self.process.wait()
        if self in _running:
            _running.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)


class OldRegistry:
    """Debian's docker-registry 2.8.2, the peer whose layout we share.

    `root` is a folder; `storage` gives another driver's line of its configuration instead; `more` is more of it.
    """

    def __init__(self, root=None, storage="", more=""):
        storage = storage or f"filesystem: {{rootdirectory: {root}}}"
        self.folder = tempfile.mkdtemp(prefix="rha-old-")
        self.port, = free_ports(1)
        self.log_path = os.path.join(self.folder, "log")
        self.config = config = os.path.join(self.folder, "config.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"version: 0.1\nlog: {{level: warn}}\nstorage:\n  {storage}\n  redirect: {{disable: true}}\n"
                       f"  delete: {{enabled: true}}\n  maintenance: {{uploadpurging: {{enabled: false}}}}\n"
                       f"http: {{addr: '127.0.0.1:{self.port}'}}\n{more}")
        # With an authority of the environment its s3 driver does not start.
        environment = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
        self.process = spawn(["docker-registry", "serve", config], self.log_path, env=environment)
        _running.append(self)

    def __enter__(self):
        try:
            wait_for_port(self.port, self.process, log_path=self.log_path)
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self in _running:
            _running.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)


@atexit.register
def _close_all():
    for each in list(_running):
        each.close()

"""Access under load: what a password costs a client that is let in, and what a flood of wrong ones costs the others."""
import base64
import os
import subprocess

from lib import dataset, peers, serving

CONFIG = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "config")
ACCOUNT, PASSWORD = "kubernetes", "kubernetes-secret"
FLOOD_CONNECTIONS = 16


def rules(folder):
    """The served image may be pulled by the account only; X-Forwarded-For of 127.0.0.1 counts, for the flood."""
    made = subprocess.run(["openssl", "passwd", "-6", "-salt", "benchbenchbench", PASSWORD], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()
    path = os.path.join(folder, "access.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"accounts:\n  {ACCOUNT}: {{password_hashes: [\"{made}\"]}}\n"
                   f"rules:\n  - {{namespace: \"\", pull: [{ACCOUNT}]}}\n"
                   "trusted_proxies: [127.0.0.1]\n")
    return path


def guarded(bench, root):
    """registryd with rules, on the folder that all cases are served from."""
    peer = peers.registryd(bench.binary, bench.folder, root)
    with open(peer.config, "a", encoding="utf-8") as file:
        file.write(f"access:\n  file: {rules(peer.folder)}\n")
    return peer


class Flood:
    """wrk with another wrong password, account and address in each request, until the context ends."""

    def __init__(self, port, path):
        self.command = ["wrk", "-t", "1", "-c", str(FLOOD_CONNECTIONS), "-d", "600s", "-s",
                        os.path.join(CONFIG, "flood.lua"), f"http://127.0.0.1:{port}{path}"]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class AuthorizedWrk(serving.WrkRun):
    """wrk that shows the right password."""

    def __init__(self, port, path, connections, seconds):
        pair = base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()
        super().__init__(port, path, connections, seconds, headers=[f"Authorization: Basic {pair}"])


def measure(bench, case, peer, run_wrk):
    done = bench.other_load.watch([peer])
    before = peer.cpu_seconds()
    run = run_wrk()
    cpu = peer.cpu_seconds() - before
    done()
    if run.errors:
        bench.results.fail(f"{case.name}: {'; '.join(run.errors)}")
    case.add("registryd", run.per_second, cpu / max(run.requests, 1) * 1e6, run.p99_ms, peer.rss_mib())


def run(bench):
    root, static = bench.new_folder("served"), bench.new_folder("static")
    image = dataset.ServedImage(root, static, dataset.MIB)
    path = image.path("manifests", "latest")
    bench.results.section("Access", f"wrk, {bench.seconds} s a round, {bench.rounds} rounds, 16 connections, one manifest by tag; "
                          "a SHA-512 hash of 5,000 rounds. The flood: 16 more connections, each request with another wrong "
                          "password, account and address.")
    open_peer, guard = peers.registryd(bench.binary, bench.folder, root), guarded(bench, root)
    with peers.Running(open_peer, guard):
        cases = [bench.results.case(name, "requests/s", True, "µs/request") for name in
                 ("manifest GET without rules", "manifest GET with a password", "manifest GET with a password, in the flood")]
        for _ in range(bench.rounds):
            print("  access", flush=True)
            measure(bench, cases[0], open_peer, lambda: serving.WrkRun(open_peer.port, path, 16, bench.seconds))
            measure(bench, cases[1], guard, lambda: AuthorizedWrk(guard.port, path, 16, bench.seconds))
            with Flood(guard.port, path):
                measure(bench, cases[2], guard, lambda: AuthorizedWrk(guard.port, path, 16, bench.seconds))
    bench.remove(root, static)

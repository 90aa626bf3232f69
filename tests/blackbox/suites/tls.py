"""HTTPS as real clients see it: versions, names, resumption, reloads, proxies; what is not TLS is told so."""

import json
import os
import re
import signal
import subprocess
import tempfile

from lib import http, images
from lib.certificates import Authority, TlsPort
from lib.clients import Containerd, Podman, Skopeo
from lib.daemon import Daemon, free_ports, spawn, wait_for_port
from lib.testing import Registry, check, equal, expect, run, wait_until


class Site:
    """A registry with HTTPS and several certificates."""

    def __init__(self, context, extra="", http_extra=""):
        self.folder = tempfile.TemporaryDirectory(prefix="rha-tls-")
        self.authority = Authority(self.folder.name)
        discovery = self.authority.issue("discovery", ("discovery.example.net", "*.svc.example.net"))
        self.daemon = Daemon(context.registryd, authority=self.authority, control=True, extra_config=extra,
                             tls=f"    certificates:\n      - {{certificate: {discovery[0]}, key: {discovery[1]}}}\n"
                                 + http_extra)
        self.registryd = context.registryd

    def __enter__(self):
        self.daemon.__enter__()
        return self

    def __exit__(self, *_):
        self.daemon.close()
        self.folder.cleanup()

    @property
    def port(self):
        return self.daemon.port

    def client(self, *arguments, text=b""):
        """What `openssl s_client` prints, and its exit code."""
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile",
                               self.authority.path, *arguments], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.stdout.decode(errors="replace"), done.returncode

    def shown(self, name):
        """The common name of the certificate that a client gets who asks for `name`."""
        output, _ = self.client(*(["-servername", name] if name else ["-noservername"]))
        return re.search(r"subject=CN = (\S+)", output)[1]

    def control(self, command):
        done = subprocess.run([os.path.join(os.path.dirname(self.registryd), "docker-registryctl"), "--socket",
                               self.daemon.control, "--json", command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.stdout.decode(), done.returncode

    def metric(self, name):
        text = http.Client(self.daemon.debug_port).request("GET", "/metrics").body.decode()
        found = [line for line in text.splitlines() if line.startswith(name + " ")]
        return float(found[0].rsplit(" ", 1)[1]) if found else None


def tests(context):
    with Site(context) as site:
        for function in (versions, weak_ciphers_and_renegotiation, names_choose_the_certificate, sessions_are_resumed,
                         protocols, plain_http_is_told, curl_verifies, big_blobs_arrive_whole, skopeo_pushes_and_pulls,
                         podman_pushes_and_pulls, containerd_pushes_and_pulls, reload_without_a_restart,
                         broken_files_change_nothing, refusals_of_clients_are_counted,
                         handshakes_are_counted_and_never_errors):
            yield function.__name__.replace("_", " "), lambda function=function: function(site)
    yield "what is wrong with certificates is told before the start", lambda: checks(context)
    yield "a certificate that has expired does not keep the registry from starting", lambda: expired(context)
    yield "a client behind a proxy has its own address in the log and the rules", lambda: proxied(context)
    yield "systemd passes sockets for HTTPS", lambda: socket_activation(context)


def versions(site):
    for option, name in (("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")):
        output, code = site.client(option)
        check(f"New, {name}" in output and code == 0, output[-500:])
        check("Verification: OK" in output, output[-500:])
    for option in ("-tls1_1", "-tls1"):
        output, code = site.client(option, "-cipher", "DEFAULT:@SECLEVEL=0")
        check(code != 0 and "alert protocol version" in output, f"{option} must be refused:\n{output[-500:]}")


def weak_ciphers_and_renegotiation(site):
    for cipher in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256", "NULL-SHA"):
        output, code = site.client("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
        check(code != 0 and "handshake failure" in output, f"{cipher} must be refused:\n{output[-500:]}")
    output, _ = site.client("-tls1_2", text=b"R\n")
    check("no renegotiation" in output or "alert" in output, f"renegotiation must be refused:\n{output[-500:]}")


def names_choose_the_certificate(site):
    for asked, shown in (("localhost", "localhost"), ("discovery.example.net", "discovery.example.net"),
                         ("a.svc.example.net", "discovery.example.net"), ("nobody.example.org", "localhost"),
                         ("", "localhost")):
        equal(site.shown(asked), shown, f"certificate for {asked or 'no name'}")


def sessions_are_resumed(site):
    for option in ("-tls1_3", "-tls1_2"):
        session = os.path.join(site.folder.name, "session" + option)
        request = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        site.client(option, "-ign_eof", "-sess_out", session, text=request)
        output, _ = site.client(option, "-ign_eof", "-sess_in", session, text=request)
        check("Reused, TLS" in output and "200 OK" in output, f"{option}: not resumed:\n{output[-1500:]}")


def protocols(site):
    output, _ = site.client("-alpn", "h2,http/1.1")
    check("ALPN protocol: http/1.1" in output, output[-800:])
    output, code = site.client("-alpn", "h2")
    check(code != 0 and "no application protocol" in output, output[-800:])


def plain_http_is_told(site):
    response = http.Client(int(site.port)).request("GET", "/v2/")
    equal(response.status, 400, "status of plain HTTP on the port for HTTPS")
    check("use https" in response.json()["errors"][0]["message"], repr(response))
    expect(http.Client(site.daemon.plain_port).request("GET", "/v2/"), 200)


def curl_verifies(site):
    for option in ("--tlsv1.3", "--tlsv1.2"):
        limits = [] if option == "--tlsv1.3" else ["--tls-max", "1.2"]
        equal(run(["curl", "-sS", option, *limits, "--cacert", site.authority.path, f"https://localhost:{site.port}/v2/"]),
              "{}", f"answer to curl {option}")
    done = subprocess.run(["curl", "-sS", f"https://localhost:{site.port}/v2/"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30, check=False)
    equal(done.returncode, 60, "exit code of curl, which does not know the authority")


def big_blobs_arrive_whole(site):
    data = os.urandom(1 << 20) * 48 + b"end"
    registry = Registry(site.port)
    name = registry.push_blob("tls/big", data)
    equal(registry.pull_blob("tls/big", name), data, "blob of 48 MiB")
    part = expect(registry.request("GET", f"/v2/tls/big/blobs/{name}", {"Range": "bytes=1000000-3000000"}), 206)
    equal(part.body, data[1000000:3000001], "part of the blob")


def trusting(client, site, folder):
    """Lets a client that reads a certs.d of its own trust the authority."""
    path = client.path(folder)
    os.makedirs(path, exist_ok=True)
    with open(site.authority.path, "rb") as source, open(os.path.join(path, "ca.crt"), "wb") as target:
        target.write(source.read())
    return path


def skopeo_pushes_and_pulls(site):
    picture = images.image("tls-skopeo", layer_size=300000)
    with Skopeo() as skopeo:
        trust = trusting(skopeo, site, "trust")
        source, back = skopeo.path("source"), skopeo.path("back")
        images.write_dir(picture, source)
        name = f"docker://localhost:{site.port}/tls/skopeo:v1"
        skopeo.run("skopeo", "--insecure-policy", "copy", "--preserve-digests", "--dest-cert-dir", trust, f"dir:{source}",
                   name)
        skopeo.run("skopeo", "--insecure-policy", "copy", "--preserve-digests", "--src-cert-dir", trust, name,
                   f"dir:{back}")
        with open(os.path.join(back, "manifest.json"), "rb") as file:
            equal(file.read(), picture.manifest, "manifest as pulled")
    Registry(site.port).pull("tls/skopeo", picture, "v1")


def podman_pushes_and_pulls(site):
    picture = images.image("tls-podman", layer_size=300000)
    Registry(site.port).push("tls/podman", picture, "v1")
    with Podman() as podman:
        trust = trusting(podman, site, "trust")
        source, target = f"localhost:{site.port}/tls/podman:v1", f"localhost:{site.port}/tls/podman:copy"
        podman.podman("pull", "--cert-dir", trust, source)
        podman.podman("tag", source, target)
        podman.podman("push", "--cert-dir", trust, target)
    expect(Registry(site.port).request("GET", "/v2/tls/podman/manifests/copy", {"Accept": "*/*"}), 200)


def containerd_pushes_and_pulls(site):
    picture = images.image("tls-containerd", layer_size=300000)
    registry = Registry(site.port)
    registry.push("tls/containerd", picture, "v1")
    with Containerd() as containerd:
        host = f"localhost:{site.port}"
        folder = trusting(containerd, site, os.path.join("certs", host))
        with open(os.path.join(folder, "hosts.toml"), "w", encoding="utf-8") as file:
            file.write(f'server = "https://{host}"\n[host."https://{host}"]\n'
                       f'  capabilities = ["pull", "resolve", "push"]\n  ca = "{folder}/ca.crt"\n')
        source, target = f"{host}/tls/containerd:v1", f"{host}/tls/containerd-copy:v1"
        containerd.transfer("pull", source)
        containerd.images("tag", source, target)
        containerd.transfer("push", target)
    registry.pull("tls/containerd-copy", picture, "v1")


def reload_without_a_restart(site):
    pid = site.daemon.pid
    old = http.RawConnection(site.port)
    expect(old.exchange("GET", "/v2/"), 200)
    generation = site.metric("registry_ha_tls_generation")
    site.authority.issue("server", ("renewed.example.org", "localhost", "127.0.0.1"))
    site.daemon.send_signal(signal.SIGHUP)
    wait_until("the reload", lambda: site.metric("registry_ha_tls_generation") == generation + 1)
    equal(site.shown("localhost"), "renewed.example.org", "certificate after SIGHUP")
    expect(old.exchange("GET", "/v2/"), 200)
    site.authority.issue("server", ("again.example.org", "localhost", "127.0.0.1"), days=10)
    output, code = site.control("reload")
    equal(code, 0, f"exit code of docker-registryctl reload ({output})")
    equal(site.shown("localhost"), "again.example.org", "certificate after docker-registryctl reload")
    expect(old.exchange("GET", "/v2/"), 200)
    status = json.loads(site.control("status")[0])["tls"]
    equal(status["generation"], generation + 2, "generation in the status")
    check(status["certificates"][0]["days_left"] in (9, 10), status)
    equal(status["certificates"][0]["names"], ["again.example.org", "localhost"], "names in the status")
    equal(site.daemon.pid, pid, "process")


def broken_files_change_nothing(site):
    shown, generation = site.shown("localhost"), site.metric("registry_ha_tls_generation")
    key = os.path.join(site.folder.name, "server.key")
    with open(key, "w", encoding="ascii") as file:
        file.write("not a key\n")
    output, code = site.control("reload")
    check(code != 0 and f"{key}: holds no private key in PEM" in output, output)
    check("event=certificates_broken" in site.daemon.log(), "the log does not tell")
    equal(site.shown("localhost"), shown, "certificate after a reload that failed")
    equal(site.metric("registry_ha_tls_generation"), generation, "generation")
    site.authority.issue("server", ("localhost", "127.0.0.1"))
    equal(site.control("reload")[1], 0, "exit code when the files are good again")


def refusals_of_clients_are_counted(site):
    """A client that does not take the certificate says so; when it has gone, its word may still be on the way."""
    name = 'registry_ha_tls_handshake_failures_total{reason="client_alert"}'
    before = site.metric(name) or 0
    output, code = site.client("-tls1_2", "-verify_return_error", "-verify_hostname", "other.example.org")
    check(code != 0 and "verify error" in output, output[-500:])
    wait_until("the count of a client's alert", lambda: (site.metric(name) or 0) > before)


def handshakes_are_counted_and_never_errors(site):
    for reason in ("version", "cipher", "alpn", "client_alert", "plain_http"):
        check(site.metric(f'registry_ha_tls_handshake_failures_total{{reason="{reason}"}}') >= 1, reason)
    for version in ("1.2", "1.3"):
        check(site.metric(f'registry_ha_tls_handshakes_total{{version="{version}",resumed="true"}}') >= 1, version)
    bad = [line for line in site.daemon.log().splitlines()
           if "level=error" in line and "certificates_broken" not in line]
    check(not bad, "\n".join(bad[:10]))


def check_config(context, folder, text):
    path = os.path.join(folder, "registryd.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([context.registryd, "--check-config", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=30, check=False)
    return done.stdout.decode(), done.returncode


def checks(context):
    with tempfile.TemporaryDirectory(prefix="rha-tls-") as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("good")
        other, _ = authority.issue("other")
        section = "http: {{tls: {{listen: [\"127.0.0.1:5443\"], certificate: {}, key: {}}}}}\n"
        equal(check_config(context, folder, section.format(certificate, key)), ("", 0), "check of good files")
        output, code = check_config(context, folder, section.format(other, key))
        check(code == 1 and f"{key}: is not the key of the first certificate in {other}" in output, output)
        output, code = check_config(context, folder, section.format(folder + "/none.crt", key))
        check(code == 1 and "none.crt: there is no such file" in output, output)
        soon, soon_key = authority.issue("soon", days=3)
        os.chmod(soon_key, 0o644)
        output, code = check_config(context, folder, section.format(soon, soon_key))
        check(code == 0 and "warning" in output and "expires soon" in output and "chmod o-r" in output, output)
        output, code = check_config(context, folder, "http: {tls: {listen: [\"127.0.0.1:5443\"]}}\n")
        check(code == 1 and "registryd.yaml:1: http.tls.listen needs http.tls.certificate" in output, output)


def expired(context):
    with tempfile.TemporaryDirectory(prefix="rha-tls-") as folder:
        past = Authority(folder)
        certificate, key = past.issue("past", days=-1)
        port, = free_ports(1)
        extra = f"  tls: {{listen: [\"127.0.0.1:{port}\"], certificate: {certificate}, key: {key}}}\n"
        with Daemon(context.registryd) as daemon:
            daemon.stop()
            path = os.path.join(daemon.folder, "registryd.yaml")
            with open(path, encoding="utf-8") as file:
                text = file.read().replace("storage:\n", extra + "storage:\n", 1)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            daemon.start()
            expect(http.Client(daemon.port).request("GET", "/v2/"), 200)
            check("has EXPIRED" in daemon.log(), daemon.log()[-500:])
            equal(run(["curl", "-sSk", f"https://127.0.0.1:{port}/v2/"]), "{}", "answer to a client that does not check")


def logged(site, text):
    """The line of a request, which is written after its answer."""
    def found():
        return [line for line in site.daemon.log().splitlines() if "event=request" in line and text in line]
    wait_until(f"a line with {text} in the log", found)
    return found()[0]


def proxied(context):
    header = b"PROXY TCP4 192.0.2.77 192.0.2.1 51000 443\r\n"
    with tempfile.TemporaryDirectory(prefix="rha-tls-") as folder:
        rules = os.path.join(folder, "access.yaml")
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/access/newer.yaml"),
                  encoding="utf-8") as file:
            text = file.read().replace("trusted_proxies: [10.2.1.13]", "trusted_proxies: [192.0.2.77]")
        with open(rules, "w", encoding="utf-8") as file:
            file.write(text)
        with Site(context, f"access:\n  file: {rules}\n", "  proxy_protocol: {from: [127.0.0.0/8]}\n") as site:
            plain = http.RawConnection(site.daemon.plain_port)
            plain.send(header)
            expect(plain.exchange("GET", "/v2/public/x/tags/list"), 200, 404)
            secure = http.RawConnection(int(site.port))
            secure.send(header)
            secure.socket = http.wrapped(secure.socket, site.port, "127.0.0.1")
            expect(secure.exchange("GET", "/v2/public/y/tags/list"), 200, 404)
            # The PROXY header names a balancer that is trusted to name its client in turn.
            expect(secure.exchange("GET", "/v2/public/z/tags/list", [("X-Forwarded-For", "198.51.100.9")]), 200, 404)
            naked = http.RawConnection(site.daemon.plain_port)
            expect(naked.exchange("GET", "/v2/"), 400)
            for path in ("x", "y", "z"):
                line = logged(site, f"/v2/public/{path}/")
                check("client=192.0.2.77 " in line, line)
                equal("forwarded_for=198.51.100.9 " in line, path == "z", line)


def socket_activation(context):
    activate = context.tool("systemd-socket-activate")
    with tempfile.TemporaryDirectory(prefix="rha-tls-") as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server", ("localhost", "127.0.0.1"))
        plain, secure = free_ports(2)
        config = os.path.join(folder, "registryd.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"http: {{debug_listen: \"\", tls: {{certificate: {certificate}, key: {key}}}}}\n"
                       f"storage: {{filesystem: {{root: {folder}/storage}}}}\nindex: {{path: {folder}/index.sqlite}}\n"
                       f"control: {{socket: \"\"}}\n")
        log = os.path.join(folder, "log")
        process = spawn([activate, "-l", f"127.0.0.1:{plain}", "-l", f"127.0.0.1:{secure}", "--fdname=http:https",
                         context.registryd, "--config", config], log)
        try:
            wait_for_port(plain, process, log_path=log)
            expect(http.Client(plain).request("GET", "/v2/"), 200)
            expect(http.Client(TlsPort(secure, authority.context())).request("GET", "/v2/"), 200)
        finally:
            process.terminate()
            process.wait(30)

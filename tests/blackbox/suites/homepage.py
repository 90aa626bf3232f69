"""The homepage: registry-homepage-builder on a running registryd, by its files and over HTTP, and what registryd serves."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import xml.etree.ElementTree

from lib import images, showcase
from lib.daemon import Daemon, OldRegistry, free_ports
from lib.http import Client
from lib.testing import Registry, check, equal, expect

ATOM = "{http://www.w3.org/2005/Atom}"
ACCESS = """accounts: {}
uploaders: []
rules:
  - {namespace: "", pull: anonymous, push: []}
  - {namespace: "x/", pull: [], push: []}
catalog: {allow: anonymous}
"""


class Site:
    """A registryd that serves a homepage, and the builder beside it."""

    def __init__(self, context, driver="filesystem"):
        self.builder = os.path.join(os.path.dirname(context.registryd), "registry-homepage-builder")
        self.work = tempfile.mkdtemp(prefix="rha-site-")
        self.path = os.path.join(self.work, "site")
        self.daemon = Daemon(context.registryd, driver=driver)
        name = "registry.test" if driver == "filesystem" else f"127.0.0.1:{self.daemon.port}"
        with open(os.path.join(self.daemon.folder, "registryd.yaml"), "a", encoding="utf-8") as file:
            file.write(f"homepage:\n  path: {self.path}\n  registry_name: {name}\n")

    def __enter__(self):
        self.daemon.__enter__()
        self.registry = Registry(self.daemon.port)
        self.client = Client(self.daemon.port)
        self.wait_for_index()
        return self

    def wait_for_index(self):
        """Until it is complete, lists are 503 and the builder waits."""
        deadline = time.monotonic() + 60
        while self.client.request("GET", "/v2/_catalog").status == 503 and time.monotonic() < deadline:
            time.sleep(0.05)

    def __exit__(self, *_):
        self.daemon.close()
        shutil.rmtree(self.work, ignore_errors=True)

    def run(self, *arguments):
        """Runs the builder: (exit code, its output)."""
        done = subprocess.run([self.builder, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False, env={**os.environ, "HOME": self.work})
        return done.returncode, done.stdout.decode(errors="replace")

    def build(self, *arguments, code=0):
        result, output = self.run("--config", os.path.join(self.daemon.folder, "registryd.yaml"), *arguments)
        equal(result, code, f"exit code of the builder, which said {output}")
        return output

    def build_over_http(self, *arguments, code=0, path=None):
        result, output = self.run(*arguments, f"127.0.0.1:{self.daemon.port}", path or self.path)
        equal(result, code, f"exit code of the builder, which said {output}")
        return output

    def get(self, path, status=200, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return expect(self.client.request("GET", path, fields), status)

    def json(self, path):
        return self.get(path).json()

    def names(self):
        return sorted(image["name"] for image in self.json("/catalog.json")["images"])


def all_is_shown(site, names):
    def test():
        equal(site.names(), sorted(names + ["a"]), "images in catalog.json")
        for image in site.json("/catalog.json")["images"]:
            page = site.get("/" + image["page"])
            check(image["name"].split("/")[-1].encode() in page.body, f"the page of {image['name']} does not name it")
            equal(site.json("/" + image["page"] + "index.json")["name"], image["name"], "name in the JSON")
        document = site.json("/library/alpine/tags/index.json")
        equal([tag["tag"] for tag in document["tags"]], ["latest", "3.19", "3.18", "3.10", "3.9", "3.8"], "order of tags")
        newest = document["tags"][1]
        equal(document["pull"], "registry.test/library/alpine:3.19", "what is pulled")
        equal([each["platform"] for each in newest["platforms"]], ["linux/amd64", "linux/arm64", "linux/s390x"],
              "platforms")
        equal(sorted(each["kind"] for each in newest["attachments"]), ["SBOM", "signature"], "what is attached")
        equal(newest["labels"]["org.opencontainers.image.version"], "3.19", "label of the config")
        check(newest["pushed"] and newest["created"] == "2025-08-01T00:00:00Z", f"times of {newest}")
        manifest = expect(site.client.request("GET", "/v2/library/alpine/manifests/3.19",
                                              {"Accept": images.OCI_INDEX}), 200)
        equal(newest["digest"], manifest.get("Docker-Content-Digest"), "digest")
        child = json.loads(expect(site.client.request("GET", "/v2/library/alpine/manifests/"
                                                      + newest["platforms"][0]["digest"]), 200).body)
        equal(newest["platforms"][0]["size"], child["config"]["size"] + sum(each["size"] for each in child["layers"]),
              "size of a platform")
    return test


def hostile_is_text(site):
    def test():
        page = site.get("/x/hostile/tags/").body.decode()
        check("<script>document" not in page and "<img src=x" not in page, "a label is markup")
        check("&lt;script&gt;document" in page, "the label is not shown")
    return test


def answers(site):
    def test():
        root = site.get("/")
        equal(root.get("Content-Type"), "text/html; charset=utf-8", "type of /")
        check("default-src 'none'" in root.get("Content-Security-Policy"), "there is no policy")
        equal(site.get("/", 304, If_None_Match=root.get("ETag")).body, b"", "body of 304")
        head = expect(site.client.request("HEAD", "/"), 200)
        equal(head.get("Content-Length"), str(len(root.body)), "length by HEAD")
        for path in ("/../registryd.yaml", "/%2e%2e/registryd.yaml", "/.registry-homepage", "/nope", "/library/alpine/"):
            equal(site.get(path, 404).codes(), ["UNSUPPORTED"], path)
        check(b"no such page" in site.get("/nope", 404, Accept="text/html").body, "the page of a 404")
        equal(site.get("/library/alpine/tags", 301).get("Location"), "/library/alpine/tags/", "redirect")
        equal(site.get("/v2/").body, b"{}", "the API")
        site.get("/healthz")
        expect(site.client.request("POST", "/"), 404)
        expect(site.client.request("DELETE", "/index.html"), 404)
    return test


def feed(site):
    def test():
        root = xml.etree.ElementTree.fromstring(site.get("/feed.atom").body)
        entries = root.findall(ATOM + "entry")
        check(len(entries) > 20, f"the feed has {len(entries)} entries")
        times = [entry.find(ATOM + "updated").text for entry in entries]
        equal(times, sorted(times, reverse=True), "order of the feed")
        links = [entry.find(ATOM + "link").get("href") for entry in entries]
        for link in links[:5]:
            site.get("/" + link.split("#")[0])
        equal(len({entry.find(ATOM + "id").text for entry in entries}), len(entries), "different ids")
    return test


def over_http(site):
    """The same registry read over HTTP gives the same images."""
    def test():
        local = {image["name"]: image for image in site.json("/catalog.json")["images"]}
        pages = {name: site.json("/" + image["page"] + "index.json") for name, image in local.items()}
        other = os.path.join(site.work, "over-http")
        site.build_over_http("--name", "registry.test", path=other)
        with open(os.path.join(other, "catalog.json"), encoding="utf-8") as file:
            equal({image["name"]: image for image in json.load(file)["images"]}, local, "catalogue over HTTP")
        for name, image in local.items():
            with open(os.path.join(other, image["page"], "index.json"), encoding="utf-8") as file:
                equal(without_order(json.load(file)), without_order(pages[name]), f"JSON of {name} over HTTP")
    return test


def without_order(document):
    """Attachments come in any order."""
    for tag in document["tags"]:
        tag["attachments"].sort(key=lambda each: each["digest"])
    return document


def changes(site):
    """What did not change keeps its entity tag; what is deleted goes; what is new comes."""
    def test():
        before = site.get("/library/alpine/tags/").get("ETag"), site.get("/envoy/tags/").get("ETag")
        expect(site.registry.request("DELETE", "/v2/pause/manifests/2026-01-15-093000"), 202)
        site.registry.push("envoy", showcase.image("envoy, new"), "2026-03-01-000000")
        site.registry.push("quite/new", showcase.image("new"), "1")
        site.build()
        equal(site.get("/library/alpine/tags/").get("ETag"), before[0], "entity tag of a page that did not change")
        check(site.get("/envoy/tags/").get("ETag") != before[1], "the changed page has the old entity tag")
        site.get("/pause/tags/", 404)
        check("pause" not in site.names() and "quite/new" in site.names(), f"images: {site.names()}")
        equal(site.json("/envoy/tags/index.json")["latest"], "2026-03-01-000000", "latest")
        check(b"envoy" in site.get("/_newest/").body.split(b"</tr>")[2], "the last pushed images do not come first")
    return test


def push_broken(site, name, version):
    """Pushes a version whose config is then something far too large; gives what mends it."""
    picture = showcase.image(f"{name} {version}", {"version": version})
    site.registry.push(name, picture, version)
    hexadecimal = json.loads(picture.manifest)["config"]["digest"].split(":")[1]
    path = os.path.join(site.daemon.root, "docker/registry/v2/blobs/sha256", hexadecimal[:2], hexadecimal, "data")
    os.rename(path, path + ".away")
    with open(path, "wb") as file:
        file.truncate(5 << 20)
    site.daemon.restart()  # what it may have kept in memory is gone
    return lambda: os.replace(path + ".away", path)


def one_fails(site):
    """An image that cannot be read keeps its page, is reported, and does not stop the others."""
    def test():
        for build in (site.build, site.build_over_http):
            page = site.get("/x/hostile/tags/").get("ETag")
            others = len(site.json("/envoy/tags/index.json")["tags"])
            mend = push_broken(site, "x/hostile", build.__name__)
            site.registry.push("envoy", showcase.image(f"envoy {build.__name__}"), build.__name__)
            output = build(code=3)
            check("x/hostile" in output and "error" in output, f"the failure is not reported: {output}")
            equal(site.json("/envoy/tags/index.json")["tagCount"], others + 1, "tags of another image")
            equal(site.get("/x/hostile/tags/").get("ETag"), page, "entity tag of the page that was kept")
            check("x/hostile" in site.names(), "the image that failed is not listed")
            equal(site.json("/status.json")["failed"], 1, "failures in status.json")
            mend()
            site.daemon.restart()
            build()
            equal(site.json("/status.json")["failed"], 0, "failures once it is mended")
            check(build.__name__ in site.get("/x/hostile/tags/").body.decode(), "the new version is not there")
        site.build()
    return test


def nobody_there(site):
    """Without the registry, or without its index, nothing is changed."""
    def test():
        before = site.get("/status.json").body
        port, = free_ports(1)
        code, output = site.run(f"127.0.0.1:{port}", site.path)
        equal(code, 1, f"exit code without a registry ({output})")
        code, output = site.run(f"127.0.0.1:{site.daemon.port}", "/proc/nothing/site")
        equal(code, 1, f"exit code without a place ({output})")
        config = os.path.join(site.work, "other.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"index: {{path: {site.work}/none.sqlite}}\nhomepage: {{path: {site.path}}}\n")
        code, output = site.run("--config", config)
        equal(code, 1, "exit code without an index")
        check("there is none" in output, f"the message is {output}")
        equal(site.get("/status.json").body, before, "status.json")
        equal(sorted(os.listdir(site.work)), ["other.yaml", "over-http", "site"], "what is left beside the site")
        code, output = site.run("--nmae")
        equal(code, 2, f"exit code of wrong use ({output})")
    return test


def old_registry(context, site):
    """Debian's docker-registry has no referrers and no history, and is shown all the same."""
    def test():
        context.tool("docker-registry")
        with OldRegistry(site.daemon.root) as old:
            code, output = site.run(f"127.0.0.1:{old.port}", os.path.join(site.work, "old"))
        equal(code, 0, f"exit code ({output})")
        with open(os.path.join(site.work, "old/library/alpine/tags/index.json"), encoding="utf-8") as file:
            document = json.load(file)
        equal(document["latest"], "3.19", "latest")
        equal(document["pull"], f"127.0.0.1:{old.port}/library/alpine:3.19", "what is pulled")
        equal(document["tags"][1]["pushed"], None, "pushed")
        equal(document["tags"][1]["platforms"][0]["platform"], "linux/amd64", "platform")
    return test


def rules(context):
    """What an anonymous client may not pull is neither listed nor served, by either way."""
    def test():
        with Site(context) as open_site:
            names = showcase.push(open_site.registry)
            access = os.path.join(open_site.work, "access.yaml")
            open_site.build()
            check("x/hostile" in open_site.names(), "the image is not there at first")
            with open(access, "w", encoding="utf-8") as file:
                file.write(ACCESS)
            with open(os.path.join(open_site.daemon.folder, "registryd.yaml"), "a", encoding="utf-8") as file:
                file.write(f"access:\n  file: {access}\n")
            open_site.daemon.restart()
            # The old site still has the page: it is not served any more.
            open_site.get("/x/hostile/tags/", 404)
            open_site.get("/x/hostile/tags/index.json", 404)
            open_site.get("/library/alpine/tags/")
            for build in (open_site.build, open_site.build_over_http):
                build()
                equal(open_site.names(), sorted(set(names + ["a"]) - {"x/hostile"}), f"images by {build.__name__}")
                for path, _, files in os.walk(open_site.path):
                    for name in files:
                        with open(os.path.join(path, name), "rb") as file:
                            check(b"x/hostile" not in file.read(), f"{path}/{name} names a hidden image")
            # Rules that are not in force yet count as well, broken ones do not make everything visible.
            with open(access, "w", encoding="utf-8") as file:
                file.write(ACCESS.replace('"x/"', '"library/"'))
            open_site.build()
            check(not {"x/hostile", "library/alpine"} & set(open_site.names()), "what either rules hide is listed")
            with open(access, "w", encoding="utf-8") as file:
                file.write("rules: broken")
            open_site.build()
            check("x/hostile" not in open_site.names(), "broken rules show hidden images")
    return test


def other_storage(context):
    """Where the storage is no local disk, configs come from the registry, each once."""
    def test():
        with Site(context, driver="memory") as site:
            showcase.push(site.registry)
            site.build()
            tag = site.json("/library/alpine/tags/index.json")["tags"][1]
            equal(tag["labels"]["org.opencontainers.image.version"], "3.19", "label of the config")
            asked = site.daemon.log().count("handler=blob ")
            check(asked > 20, f"{asked} requests for configs in the log")
            page = site.get("/library/alpine/tags/").get("ETag")
            site.registry.push("envoy", showcase.image("envoy, new"), "2026-03-01-000000")
            before = site.daemon.log().count("handler=blob ")
            site.build()
            # The new one, and that of the one image without labels and creation time, which may just not have been there.
            check(site.daemon.log().count("handler=blob ") - before <= 2, "configs are asked for again")
            equal(site.get("/library/alpine/tags/").get("ETag"), page, "entity tag of a page that did not change")
            before = site.daemon.log().count("handler=blob ")
            site.build_over_http()
            site.build_over_http()
            check(site.daemon.log().count("handler=blob ") - before <= 4, "configs are asked for again over HTTP")
    return test


def not_built(context):
    def test():
        with Site(context) as site:
            check(b"has not been made yet" in site.get("/").body, "the page before the first build")
            site.get("/style.css")
            os.makedirs(site.path)
            with open(os.path.join(site.path, "index.html"), "w", encoding="utf-8") as file:
                file.write("not ours")
            check(b"has not been made yet" in site.get("/").body, "a folder of others is served")
            output = site.build(code=1)
            check("--replace" in output, f"the message is {output}")
            site.build("--replace")
            equal(site.names(), [], "images of an empty registry")
    return test


def waits_for_index(context):
    """While registryd makes its index the site stays as it is; once it is made, the builder that waited goes on."""
    def test():
        with Site(context) as site:
            site.registry.push("a/early", images.image("early", layers=1), "v1")
            site.build()
            site.daemon.stop()
            index = os.path.join(site.daemon.folder, "index.sqlite")
            connection = sqlite3.connect(index)
            with connection:
                equal(connection.execute("DELETE FROM mark WHERE name = 'rebuild.complete'").rowcount, 1, "marks")
            connection.close()
            waiting = subprocess.Popen([site.builder, "--config", os.path.join(site.daemon.folder, "registryd.yaml")], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                line = waiting.stdout.readline()
                check("event=index_awaited" in line and "not complete" in line, f"what it says is {line!r}")
                check(waiting.poll() is None, "it does not wait")
                check(os.path.exists(os.path.join(site.path, "index.html")), "the site is gone")
                site.daemon.start()
                output, _ = waiting.communicate(timeout=60)
            finally:
                if waiting.poll() is None:
                    waiting.kill()
                waiting.wait()
            equal(waiting.returncode, 0, f"exit code of the builder, which said {output}")
            equal(site.names(), ["a/early"], "images of the site")
    return test


def off(context):
    def test():
        with Daemon(context.registryd, extra_config='homepage:\n  path: ""\n') as daemon:
            expect(Client(daemon.port).request("GET", "/"), 404)
    return test


def tests(context):
    yield "until a site is built, a page says so", not_built(context)
    yield "a builder waits for an index that is being made", waits_for_index(context)
    yield "without homepage.path there is none", off(context)
    yield "only what everybody may pull is shown", rules(context)
    yield "a storage that is no local disk", other_storage(context)
    with Site(context) as site:
        names = showcase.push(site.registry)
        site.build()
        yield "all images are shown, with what there is to know of them", all_is_shown(site, names)
        yield "labels are text", hostile_is_text(site)
        yield "answers: types, conditions, paths, the API beside", answers(site)
        yield "the feed has the last pushes", feed(site)
        yield "over HTTP it is the same", over_http(site)
        yield "changes show, and nothing else changes", changes(site)
        yield "one image that fails does not stop the rest", one_fails(site)
        yield "without a registry nothing changes", nobody_there(site)
        yield "Debian's docker-registry over HTTP", old_registry(context, site)

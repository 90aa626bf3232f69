"""Runs the cases of conformance/*.yaml: requests and what must come back, as data.

A case:

    - case: a chunk out of order is refused, and the right one is then taken
      item: "5"                     # row of the OCI checklist, or what asks for it
      drivers: [filesystem]         # default: both
      own: {catalog_max: 3}         # a daemon of its own, with these options
      make: {m: {json: {…}}}        # contents, named: json, text, copy of another with a part …
      given: [{blob: A}, {image: one, tag: v1, repo: other}]     # pushed before, checked
      steps:
        - do: PATCH $location     # variables: $repo, $A.digest, $A.size, $saved
          query: {digest: $A.digest}
          headers: {Content-Range: 0-9}
          body: A                   # or {text: …}, {json: …}, {of: A, from: 0, to: 9}
          chunked: true             # transfer coding chunked, in several chunks
          status: 202               # or a list
          code: BLOB_UNKNOWN        # first error code (or a list); the message must not be empty
          codes: [A, A]             # all of them
          message: regex            # searched in the error's message
          has: {Location: "re:…", ETag: null}    # header values: text, regex, or null for absent
          is: A                     # the body: a content or text
          json: {tags: [a]}         # these members of the JSON body
          save: {location: Location}             # a header, kept as a variable
          head: same                # HEAD must answer with the same status and headers
          digests: [$m.digest]      # of the descriptors in the body, in any order
        - restart: term             # or kill
        - rebuild: index            # a restart without the index
        - disconnect: {…}           # a request cut off within its body: do, headers, body, after (bytes)
        - resume: $location         # finishes an upload of `body` after `got` (a Range header)
        - walk: /v2/_catalog        # follows the Link headers with each of `sizes`; `member` must then be `all`
        - scrape: /metrics          # a GET of the debug listener: status, contains

Every answer is also held to the rules of check_always(): they need no row.
"""

import json
import os
import re
import time

import yaml

from lib import http, images
from lib.testing import Registry, check, equal, expect

VARIABLE = re.compile(r"\$([a-zA-Z]\w*(?:\.(?:digest|hex|sha512_hex|sha512|size|last|type)\b)?)")


class Content:
    """Bytes with a name; digest, sha512, size, hex and type can be used in a row."""

    def __init__(self, data, media_type="application/octet-stream"):
        self.data = data
        self.type = media_type
        self.size = len(data)
        self.last = len(data) - 1
        self.digest = images.digest(data)
        self.hex = self.digest.split(":")[1]
        self.sha512 = images.digest(data, "sha512")
        self.sha512_hex = self.sha512.split(":")[1]


def load(folder):
    """All cases, in order of file and row."""
    cases = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".yaml"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for case in yaml.safe_load(file):
                    case["file"] = name.removesuffix(".yaml")
                    cases.append(case)
    return cases


def pictures():
    """The images that rows may name."""
    one, two = images.image("one"), images.image("two", layers=1)
    docker_one, docker_two = images.image("docker-one", docker=True), images.image("docker-two", docker=True)
    inner = images.index([one])
    return {"one": one, "two": two, "docker_one": docker_one, "docker_two": docker_two, "inner": inner,
            "index": images.index([one, two]), "list": images.index([docker_one, docker_two], docker=True),
            "nested": images.index([inner, two])}


def contents():
    """The contents that rows may name: bytes, and manifests and parts of the pictures."""
    named = {"A": Content(images.pattern("A", 1000)), "B": Content(images.pattern("B", 70000)),
             "BIG": Content(images.pattern("BIG", 3 * 1024 * 1024 + 17)), "EMPTY": Content(b""),
             "GZIP": Content(images.layer("gzip")[0])}
    for name, picture in pictures().items():
        named[name] = Content(picture.manifest, picture.media_type)
    for name in ("one", "two"):
        named[name + "_layer"] = Content(next(iter(pictures()[name].blobs.values())))
    return named


class Run:
    """One case against one daemon."""

    def __init__(self, daemon, case, number):
        self.daemon = daemon
        self.case = case
        self.registry = Registry(daemon.port)
        self.pictures = pictures()
        self.variables = {**contents(), "repo": f"c{number}/{case['file']}", "other": f"c{number}/other",
                          "zero": "0" * 64}
        for name, recipe in (case.get("make") or {}).items():
            self.variables[name] = self._make(recipe)

    def run(self):
        for given in self.case.get("given", []):
            self._give(self._fill(given))
        for number, step in enumerate(self.case["steps"], 1):
            label = step.get("do") or next(iter(step))
            try:
                self._step(step)
            except AssertionError as error:
                raise AssertionError(f"step {number} ({self._fill(label) if 'do' in step else label}): {error}") \
                    from error

    # ---- contents and variables

    def _make(self, recipe):
        media_type = recipe.get("type", "application/octet-stream")
        if "json" in recipe:
            return Content(images.encode(self._fill(recipe["json"])), media_type)
        if "bytes" in recipe:
            return Content(bytes.fromhex(recipe["bytes"]), media_type)
        if "nest" in recipe:
            return Content(b"[" * recipe["nest"] + b"]" * recipe["nest"], media_type)
        if "pad" in recipe:  # an index of exactly this many bytes
            head, tail = b'{"schemaVersion":2,"manifests":[],"annotations":{"x":"', b'"}}'
            return Content(head + b"x" * (recipe["pad"] - len(head) - len(tail)) + tail, images.OCI_INDEX)
        if "of" in recipe:
            data = self.variables[recipe["of"]].data
            return Content(data[recipe.get("from", 0):recipe.get("to", len(data)) + 1], media_type)
        return Content(self._fill(recipe["text"]).encode(), media_type)

    def _lookup(self, path):
        name, *members = path.split(".")
        value = self.variables[name]
        for member in members:
            value = getattr(value, member)
        return value

    def _fill(self, value):
        if isinstance(value, dict):
            return {self._fill(key): self._fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._fill(each) for each in value]
        if not isinstance(value, str):
            return value
        whole = VARIABLE.fullmatch(value)
        if whole:
            return self._lookup(whole[1])
        return VARIABLE.sub(lambda match: str(self._lookup(match[1])), value)

    def _body(self, body):
        if body is None:
            return None
        if isinstance(body, str):
            return self.variables[body].data
        return self._make(body).data

    # ---- steps

    def _give(self, given):
        repository = given.get("repo", self.variables["repo"])
        if "blob" in given:
            self.registry.push_blob(repository, self.variables[given["blob"]].data, given.get("algorithm", "sha256"))
        elif "image" in given:
            self.registry.push(repository, self.pictures[given["image"]], given.get("tag"))
        elif "tags" in given:
            picture = self.pictures["two"]
            self.registry.push(repository, picture)
            for tag in given["tags"]:
                self.registry.push_manifest(repository, str(tag), picture.manifest, picture.media_type)
        elif "manifest" in given:
            content = self.variables[given["manifest"]]
            self.registry.push_manifest(repository, given.get("tag", content.digest), content.data, content.type)

    def _step(self, step):
        if "restart" in step:
            self.daemon.restart({"term": 15, "kill": 9}[step["restart"]])
        elif "rebuild" in step:
            self.daemon.lose_index()
        elif "disconnect" in step:
            self._disconnect(step["disconnect"])
        elif "scrape" in step:
            self._scrape(step)
        elif "resume" in step:
            self._resume(self._fill(step))
        elif "walk" in step:
            self._walk(self._fill(step))
        else:
            self._exchange(step)

    def _target(self, step):
        method, target = self._fill(step["do"]).split(" ", 1)
        query = [(key, each) for key, value in self._fill(step.get("query") or {}).items()
                 for each in (value if isinstance(value, list) else [value])]
        return method, http.with_query(http.Client.target(target), query)

    def _disconnect(self, step):
        """Sends the head and the first `after` bytes of the body, waits until they count, and goes away."""
        method, target = self._target(step)
        body = self._body(step["body"])
        with http.RawConnection(self.daemon.port) as connection:
            connection.send(f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n")
            connection.send(body[:step["after"]])
            time.sleep(0.2)
            connection.abort()
        time.sleep(0.2)

    def _scrape(self, step):
        """Asks the debug listener."""
        response = http.Client(self.daemon.debug_port).request("GET", step["scrape"])
        equal(response.status, step["status"], "status")
        for text in step.get("contains", []):
            check(text.encode() in response.body, f"no {text!r} in {response.body[:2000]!r}")

    def _resume(self, step):
        content = self.variables[step["body"]]
        have = 0 if step["got"] == "0-0" else int(step["got"].split("-")[1]) + 1
        target = http.with_query(http.Client.target(step["resume"]), [("digest", content.digest)])
        headers = {"Content-Range": f"{have}-{content.last}"} if have < content.size else {}
        expect(self.registry.request("PUT", target, headers, content.data[have:]), 201)

    def _walk(self, step):
        for size in step["sizes"]:
            found, target = [], f"{step['walk']}?n={size}"
            while target:
                response = expect(self.registry.request("GET", target), 200)
                check_always(self.daemon, "GET", response)
                page = response.json()[step["member"]]
                check(len(page) <= size, f"a page of {len(page)} for n={size}")
                found += page
                link = re.fullmatch(r'<([^>]*)>; rel="next"', response.get("Link") or "")
                target = http.Client.target(link[1]) if link else None
                check(len(found) <= 2 * len(step["all"]), f"the links of n={size} never end")
            equal(found, step["all"], f"all pages of n={size}")

    def _exchange(self, step):
        method, target = self._target(step)
        headers = {key: str(value) for key, value in self._fill(step.get("headers") or {}).items()}
        body = self._body(step.get("body"))
        if step.get("chunked"):
            body = [body[start:start + 4001] for start in range(0, len(body), 4001)]
        response = self.registry.request(method, target, headers, body)
        check_always(self.daemon, method, response)
        self._check(step, response)
        if step.get("head") == "same":
            self._compare_head(target, headers, response)
        for name, header in (step.get("save") or {}).items():
            check(response.get(header) is not None, f"no {header} in {response!r}")
            self.variables[name] = response.get(header)

    def _check(self, step, response):
        statuses = step["status"] if isinstance(step["status"], list) else [step["status"]]
        check(response.status in statuses, f"expected status {step['status']}, got {response!r}")
        for name, wanted in self._fill(step.get("has") or {}).items():
            check_header(response, name, wanted)
        if "code" in step:
            codes = step["code"] if isinstance(step["code"], list) else [step["code"]]
            check(response.codes()[:1] and response.codes()[0] in codes, f"expected code {codes}, got {response!r}")
        if "codes" in step:
            equal(response.codes(), step["codes"], "error codes")
        if "message" in step:
            message = response.json()["errors"][0]["message"]
            check(re.search(self._fill(step["message"]), message), f"message {message!r} lacks {step['message']!r}")
        if "is" in step:
            wanted = step["is"]
            data = self.variables[wanted].data if wanted in self.variables else str(wanted).encode()
            equal(response.body, data, "body")
        for member, wanted in self._fill(step.get("json") or {}).items():
            equal(response.json().get(member, "(no such member)"), wanted, f"member {member!r} of {response.body!r}")
        if "digests" in step:
            found = sorted(each["digest"] for each in response.json()["manifests"])
            equal(found, sorted(self._fill(step["digests"])), "digests listed")
        if "like" in step:
            check(re.search(self._fill(step["like"]), response.body.decode()),
                  f"body {response.body!r} is not like {step['like']!r}")

    def _compare_head(self, target, headers, response):
        head = self.registry.request("HEAD", target, headers)
        check_always(self.daemon, "HEAD", head)
        equal(head.status, response.status, "status of HEAD")
        ignored = {"date", "x-request-id", "connection"}
        for name in {key.lower() for key, _ in response.headers + head.headers} - ignored:
            equal(head.get_all(name), response.get_all(name), f"header {name} of HEAD against GET")


def check_header(response, name, wanted):
    values = response.get_all(name)
    if wanted is None:
        check(not values, f"header {name} must be absent, is {values}")
    elif isinstance(wanted, list):
        got = sorted(each.strip() for value in values for each in value.split(","))
        equal(got, sorted(wanted), f"values of {name}")
    elif str(wanted).startswith("re:"):
        check(len(values) == 1 and re.fullmatch(wanted[3:], values[0]), f"header {name}: {values} is not {wanted}")
    else:
        equal(values, [str(wanted)], f"header {name}")


def check_always(daemon, method, response):
    """The rules for each and every answer."""
    check(response.status < 500, f"a {response.status}: {response!r}")
    equal(response.get_all("Docker-Distribution-Api-Version"), ["registry/2.0"], "Docker-Distribution-Api-Version")
    equal(len(response.get_all("X-Request-Id")), 1, "number of X-Request-Id headers")
    check(response.get("Content-Encoding") is None, "Content-Encoding must never be sent")
    for name in ("Content-Length", "Content-Type", "Vary", "Cache-Control", "ETag", "Location"):
        check(len(response.get_all(name)) <= 1, f"{name} is sent more than once: {response!r}")
    text = response.body.decode(errors="replace") + str(response.headers)
    for secret in (daemon.root, daemon.folder, "docker/registry/v2", "_uploads"):
        check(secret not in text, f"a storage path ({secret}) shows in {response!r}")
    if response.status not in (204, 304):
        check(response.get("Content-Length") is not None, f"no Content-Length in {response!r}")
    if response.status >= 400 and method != "HEAD" and response.status != 416:
        check_error_body(response)


def check_error_body(response):
    check((response.get("Content-Type") or "").startswith("application/json"), f"error is not JSON: {response!r}")
    try:
        errors = json.loads(response.body)["errors"]
        good = errors and all(each["code"] and each["message"] for each in errors)
    except (ValueError, KeyError, TypeError):
        good = False
    check(good, f"not an OCI error body: {response!r}")

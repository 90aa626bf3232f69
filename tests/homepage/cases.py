"""The tests of the homepage in a browser."""

import json
import os
import subprocess
import urllib.parse

from browser import Browser
from lib import big_catalogue
from lib.testing import check, equal
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PAGES = ["/", "/_newest/", "/library/alpine/tags/", "/x/hostile/tags/", "/a/tags/_index.html/tags/", "/nope"]
# Off: rules of taste, and those that the pages keep in another way.
HTML_RULES = {"extends": ["html-validate:recommended"],
              "rules": {"valid-id": ["error", {"relaxed": True}], "long-title": "off", "no-trailing-whitespace": "off", "doctype-style": "off",
                        "attribute-boolean-style": "off", "attribute-empty-style": "off",
                        "prefer-native-element": "off", "no-implicit-button-type": "error"}}


class Context:
    def __init__(self, port, big_port, empty_port, site, modules, shots):
        self.port, self.big_port, self.empty_port = port, big_port, empty_port
        self.site, self.modules, self.shots = site, modules, shots
        with open(os.path.join(modules, "node_modules/axe-core/axe.min.js"), encoding="utf-8") as file:
            self.axe = file.read()

    def shoot(self, browser, name):
        if self.shots:
            os.makedirs(self.shots, exist_ok=True)
            browser.driver.save_screenshot(os.path.join(self.shots, name + ".png"))


def shown(browser):
    """Names in the table that is shown."""
    return [text for text in browser.texts("#results tbody th, #listing tbody th") if text]


def typed(browser, text):
    field = browser.one("#q")
    field.clear()
    field.send_keys(text)
    browser.wait("the search to end", lambda: "so far" not in browser.one("#found").text
                 and browser.one("#found").text)


def search(browser):
    browser.open("/")
    everything = shown(browser)
    typed(browser, "services")
    equal(sorted(shown(browser)), [f"wikimedia/mediawiki-services-{each}" for each in ("citoid", "cxserver", "mathoid")],
          "images found")
    equal(browser.one("#found").text, "3 images match.", "what is said of them")
    typed(browser, "services cit")
    equal(shown(browser), ["wikimedia/mediawiki-services-citoid"], "images found by two words")
    browser.wait("the address to follow", lambda: "q=services+cit" in browser.driver.current_url)
    typed(browser, "nothing-of-the-kind")
    equal(browser.one("#found").text, "No image matches.", "what is said when there is none")
    browser.one("#q").send_keys(Keys.ESCAPE)
    browser.wait("the listing to come back", lambda: shown(browser) == everything)
    check("q=" not in browser.driver.current_url, "the address still has the search")
    typed(browser, "ALPINE")
    equal(shown(browser), ["library/alpine"], "images found by capital letters")
    browser.one("#results tbody a").click()
    browser.wait("the page of the image", lambda: browser.driver.current_url.endswith("/library/alpine/tags/"))


def search_by_address(browser):
    browser.open("/?q=" + urllib.parse.quote("<img src=x onerror=alert(1)>"))
    browser.wait("the search", lambda: browser.one("#found").text == "No image matches.")
    browser.open("/?q=zotero")
    browser.wait("the search", lambda: shown(browser) == ["wikimedia/zotero"])
    browser.open("/library/alpine/tags/")
    browser.one("#q").send_keys("envoy", Keys.ENTER)
    browser.wait("the listing", lambda: shown(browser) == ["envoy"])


def keyboard(browser):
    browser.open("/")
    browser.one("body").send_keys(Keys.TAB)
    equal(browser.focused().text, "Skip to the content", "what the first TAB leads to")
    check(browser.run("return document.activeElement.getBoundingClientRect().left >= 0"), "the skip link is not seen")
    browser.one("body").send_keys("/")
    equal(browser.focused().get_attribute("id"), "q", "what / leads to")
    browser.focused().send_keys("mediawiki")
    browser.wait("the search", lambda: browser.one("#found").text == "3 images match.")
    names = shown(browser)
    browser.focused().send_keys(Keys.ARROW_DOWN)
    equal(browser.focused().text, names[0], "what DOWN leads to")
    check(browser.run("return getComputedStyle(document.activeElement).outlineStyle") != "none", "focus is not seen")
    browser.focused().send_keys(Keys.ARROW_DOWN)
    equal(browser.focused().text, names[1], "what DOWN leads to then")
    browser.focused().send_keys(Keys.ARROW_UP)
    browser.focused().send_keys(Keys.ARROW_UP)
    equal(browser.focused().get_attribute("id"), "q", "what UP leads to from the first")
    browser.focused().send_keys(Keys.ENTER)
    browser.wait("the first image's page", lambda: browser.driver.current_url.endswith(f"/{names[0]}/tags/"))
    browser.run("document.querySelector('summary').focus()")
    browser.focused().send_keys(Keys.ENTER)
    check(browser.run("return document.querySelector('details').open"), "ENTER does not unfold the details")


def copying(browser):
    browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.open("/library/alpine/tags/")
    button = browser.one(".pull .copy")
    equal(button.get_attribute("aria-label"), "Copy the pull command", "name of the button")
    button.click()
    browser.wait("the button to say so", lambda: button.text == "Copied")
    copied = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    equal(copied, "docker pull docker-registry.example.org/library/alpine:3.19", "what was copied")
    browser.one("summary").click()
    browser.wait("a button at the digest", lambda: browser.all("details[open] .copy"))
    # As on a page without TLS, where there is no clipboard API.
    browser.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    browser.one("details[open] .copy").click()
    browser.wait("the button to say so", lambda: browser.one("details[open] .copy").text == "Copied")


def without_script(context):
    with Browser(context.port, script=False) as browser:
        browser.open("/")
        check(not browser.one("#search").is_displayed(), "the search is shown though it cannot work")
        with open(os.path.join(context.site, "catalog.json"), encoding="utf-8") as file:
            names = [image["name"] for image in json.load(file)["images"]]
        equal(sorted(shown(browser)), sorted(names), "images listed")
        browser.one(".orders a:not([aria-current])").click()
        equal(len(shown(browser)), len(names), "images listed by time")
        browser.driver.find_element(By.LINK_TEXT, "library/alpine").click()
        check("docker pull docker-registry.example.org/library/alpine:3.19" in browser.one(".pull").text, "pull line")
        equal(browser.all(".copy"), [], "copy buttons that cannot work")
        browser.one("summary").click()
        check("linux/s390x" in browser.one("details[open]").text, "the details do not unfold")
        context.shoot(browser, "without-script")


def no_markup(browser):
    browser.open("/x/hostile/tags/")
    for details in browser.all("details"):
        details.find_element(By.TAG_NAME, "summary").click()
    check("owned" not in browser.driver.title, "a label became a script")
    equal(browser.run("return document.querySelectorAll('main img, main script').length"), 0, "elements from labels")
    check("<script>" in browser.one(".labels").text, "the label is not shown as it is")


def nothing_refused(browser):
    """No page breaks its own policy or asks another host."""
    browser.complaints()
    for path in PAGES[:-1]:
        browser.open(path)
        browser.wait("when it was made", lambda: browser.one("#built").text)
        hosts = browser.run("return performance.getEntriesByType('resource').map(entry => new URL(entry.name).host)")
        equal({host for host in hosts if f"http://{host}" != browser.base}, set(), f"other hosts asked by {path}")
    equal(browser.complaints(), [], "complaints of the browser")


def sizes(browser, context):
    for width in (320, 390, 768, 1280, 1920):
        browser.size(width, 900)
        for path in PAGES + ["/?q=services"]:
            browser.open(path)
            wide = browser.run("return document.documentElement.scrollWidth")
            check(wide <= width, f"{path} is {wide} px wide on a screen of {width}")
            context.shoot(browser, f"{width}-{path.strip('/').replace('/', '-').replace('?', '') or 'index'}")
    browser.size(1280, 900)


def dark(browser, context):
    grounds = {}
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.open("/library/alpine/tags/")
        grounds[scheme] = browser.run("return getComputedStyle(document.body).backgroundColor")
        context.shoot(browser, scheme)
    check(sum(map(int, grounds["dark"][4:-1].split(", "))) < 150, f"dark is {grounds['dark']}")
    check(sum(map(int, grounds["light"][4:-1].split(", "))) > 600, f"light is {grounds['light']}")


def accessible(browser, context, scheme, width):
    browser.scheme(scheme)
    browser.size(width, 900)
    for path in PAGES + ["/?q=services"]:
        browser.open(path)
        if "?q=" in path:
            browser.wait("the search", lambda: browser.one("#found").text == "3 images match.")
        for summary in browser.all("summary")[:2]:
            summary.click()
        equal(browser.axe(context.axe), [], f"findings of axe-core on {path}")


def not_built(context):
    with Browser(context.empty_port) as browser:
        browser.open("/")
        check("has not been made yet" in browser.one("main").text, "the page before the first build")
        equal(browser.axe(context.axe), [], "findings of axe-core on it")
        context.shoot(browser, "not-built")


def valid(browser, context):
    folder = os.path.join(context.modules, "pages")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".htmlvalidate.json"), "w", encoding="utf-8") as file:
        json.dump({"root": True, **HTML_RULES}, file)
    browser.open("/nope")
    for number, path in enumerate(PAGES):
        browser.open(path)
        source = browser.driver.execute_async_script("fetch(location.href, {headers: {Accept: 'text/html'}})"
                                                     ".then(answer => answer.text()).then(arguments[0])")
        with open(os.path.join(folder, f"{number}.html"), "w", encoding="utf-8") as file:
            file.write(source)
    done = subprocess.run(["node_modules/.bin/html-validate", "--formatter", "text", "pages"], cwd=context.modules,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    equal(done.returncode, 0, f"html-validate, which said {done.stdout.decode()[-3000:]}")


def many_images(context):
    with Browser(context.big_port) as browser:
        browser.open("/")
        check("3,000 images" in browser.one(".figures").text, "the figures")
        equal(len(shown(browser)), 300, "images on a page")
        weight = browser.run("return performance.getEntriesByType('navigation')[0].decodedBodySize")
        check(weight < 256 * 1024, f"the page has {weight} bytes")
        browser.one(".pager a[rel=next]").click()
        equal(len(shown(browser)), 300, "images on the second page")
        requests = "return performance.getEntriesByType('resource').filter(e => e.name.includes('_search')).length"
        equal(browser.run(requests), 0, "parts of the search that were fetched before it was used")
        typed(browser, "service-02999")
        equal(shown(browser), [big_catalogue.name_of(2999, 100)], "the image found")
        typed(browser, "service")
        equal(browser.one("#found").text, "3,000 images match; the first 100 are shown.", "what is said of many")
        equal(len(shown(browser)), 100, "images shown of many")
        context.shoot(browser, "many")


def tests(context):
    with Browser(context.port) as browser:
        yield "search as one types", lambda: search(browser)
        yield "search by address", lambda: search_by_address(browser)
        yield "keyboard", lambda: keyboard(browser)
        yield "copy buttons", lambda: copying(browser)
        yield "labels are text", lambda: no_markup(browser)
        yield "nothing is refused, no other host asked", lambda: nothing_refused(browser)
        yield "phone to wide", lambda: sizes(browser, context)
        yield "dark and light", lambda: dark(browser, context)
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
            yield f"axe-core: {scheme}, {width} px", lambda s=scheme, w=width: accessible(browser, context, s, w)
        yield "valid HTML", lambda: valid(browser, context)
    yield "without scripts", lambda: without_script(context)
    yield "many images", lambda: many_images(context)
    yield "before the first build", lambda: not_built(context)

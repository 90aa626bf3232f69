"""What was measured, round by round, and how it is put together: medians, ratios, CPU per request."""
import json
import os
import statistics
import time

TICKS = os.sysconf("SC_CLK_TCK")
OURS = "registryd"


class Cell:
    """One peer in one case: a value per round, and what else was seen."""

    def __init__(self):
        self.values, self.cpu, self.p99, self.notes = [], [], [], []
        self.rss = 0.0

    def median(self):
        return statistics.median(self.values)


class Case:
    """`unit` is of the values; `more_is_better` says which way; `cpu_unit` is of the CPU cost, or empty."""

    def __init__(self, name, unit, more_is_better, cpu_unit=""):
        self.name, self.unit, self.more_is_better, self.cpu_unit = name, unit, more_is_better, cpu_unit
        self.cells = {}

    def add(self, peer, value, cpu=None, p99=None, rss=None, note=None):
        cell = self.cells.setdefault(peer, Cell())
        cell.values.append(value)
        if cpu is not None:
            cell.cpu.append(cpu)
        if p99 is not None:
            cell.p99.append(p99)
        if rss is not None:
            cell.rss = max(cell.rss, rss)
        if note and note not in cell.notes:
            cell.notes.append(note)

    def ratio(self, peer):
        """How many times better registryd is than `peer`; None if one of them was not measured."""
        if OURS not in self.cells or peer not in self.cells or peer == OURS:
            return None
        ours, theirs = self.cells[OURS].median(), self.cells[peer].median()
        if not ours or not theirs:
            return None
        return ours / theirs if self.more_is_better else theirs / ours


class Results:
    def __init__(self):
        self.sections = []
        self.failures = []

    def section(self, title, text=""):
        self.sections.append((title, text, []))

    def case(self, *args, **kwargs):
        case = Case(*args, **kwargs)
        self.sections[-1][2].append(case)
        return case

    def find(self, name):
        for _, _, cases in self.sections:
            for case in cases:
                if case.name == name:
                    return case
        return None

    def fail(self, text):
        print(f"  FAILED {text}", flush=True)
        self.failures.append(text)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _row(case, peer, cell):
    spread = f"{number(min(cell.values))} – {number(max(cell.values))}" if len(cell.values) > 1 else ""
    ratio = case.ratio(peer)
    cpu = f"{number(statistics.median(cell.cpu))} {case.cpu_unit}" if cell.cpu else ""
    p99 = f"{statistics.median(cell.p99):.2f}" if cell.p99 else ""
    return (f"| {case.name} | {peer} | {number(cell.median())} {case.unit} | {spread} | "
            f"{'' if ratio is None else number(ratio)} | {cpu} | {p99} | "
            f"{number(cell.rss) if cell.rss else ''} | {'; '.join(cell.notes)} |")


def _section(title, text, cases):
    lines = [f"## {title}", ""]
    if text:
        lines += [text, ""]
    lines += ["| case | peer | median | rounds | registryd is … × better | CPU | p99 ms | RSS MiB | |",
              "|---|---|---|---|---|---|---|---|---|"]
    for case in cases:
        lines += [_row(case, peer, cell) for peer, cell in case.cells.items()]
    return lines + [""]


# (what, case, peer, wanted ratio)
TARGETS = [
    ("manifest GET by tag, 16 connections", "manifest GET by tag, 16 connections", "docker-registry", 25),
    ("manifest GET by tag, 16 connections", "manifest GET by tag, 16 connections", "nginx static", 0.75),
    ("4 KiB blob GET", "4 KiB blob GET, 16 connections", "docker-registry", 50),
    ("4 KiB blob GET", "4 KiB blob GET, 16 connections", "nginx static", 0.5),
    ("1 GiB blob GET, 1 connection", "large blob GET, 1 connection", "nginx static", 0.95),
    ("1 GiB blob GET, 16 connections", "large blob GET, 16 connections", "nginx static", 0.95),
    ("push of a 1 GiB layer, tmpfs", "push of a large layer, tmpfs", "docker-registry", 3.5),
    ("push of a 1 GiB layer, disk", "push of a large layer, disk", "docker-registry", 2),
    ("catalogue of 10,000, one page", "catalogue, a page of 1,000", "docker-registry", 10),
    ("catalogue of 10,000, all pages", "catalogue, all pages", "docker-registry", 10),
    ("tags/list of 10,000, one page", "tags/list, a page of 1,000", "docker-registry", 10),
    ("tags/list of 10,000, whole", "tags/list, whole", "docker-registry", 10),
]
# (what, case, at most)
LIMITS = [
    ("catalogue of 10,000, one page", "catalogue, a page of 1,000", 5),
    ("catalogue of 10,000, all pages", "catalogue, all pages", 100),
    ("tags/list of 10,000, one page", "tags/list, a page of 1,000", 5),
    ("tags/list of 10,000, all pages", "tags/list, all pages", 100),
    ("RSS (peak) under 50 clients that push", "50 clients push large layers, peak RSS", 100),
    ("a new client's manifest GET beside the crowd, p99", "a new client beside the crowd, p99", 50),
    ("threads under the crowd", "threads under the crowd", 24),
    ("RSS under the crowd", "RSS under the crowd", 100),
]


def _targets(results):
    lines = ["## Targets", "", "| case | target | measured | |", "|---|---|---|---|"]
    for what, name, peer, wanted in TARGETS:
        case = results.find(name)
        ratio = case.ratio(peer) if case else None
        if ratio is not None:
            lines.append(f"| {what} | ≥ {wanted} × {peer} | {number(ratio)} × | "
                         f"{'reached' if ratio >= wanted else '**missed**'} |")
    for what, name, most in LIMITS:
        case = results.find(name)
        if case and OURS in case.cells:
            value = case.cells[OURS].median()
            lines.append(f"| {what} | ≤ {most} {case.unit} | {number(value)} {case.unit} | "
                         f"{'reached' if value <= most else '**missed**'} |")
    return lines + [""]


def save(path, results, about):
    document = {"about": about, "failures": results.failures, "sections": [
        {"title": title, "text": text, "cases": [
            {"name": case.name, "unit": case.unit, "more_is_better": case.more_is_better, "cpu_unit": case.cpu_unit,
             "cells": {peer: vars(cell) for peer, cell in case.cells.items()}} for case in cases]}
        for title, text, cases in results.sections]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)


def load(path):
    """{"about": …, "results": Results} of what save() wrote."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    results = Results()
    results.failures = document["failures"]
    for section in document["sections"]:
        results.section(section["title"], section["text"])
        for row in section["cases"]:
            case = results.case(row["name"], row["unit"], row["more_is_better"], row["cpu_unit"])
            for peer, values in row["cells"].items():
                case.cells[peer] = Cell()
                vars(case.cells[peer]).update(values)
    return {"about": document["about"], "results": results}


def _merged(parts):
    """One Results of all parts; sections of the same title become one."""
    merged = Results()
    for part in parts.values():
        merged.failures += part["results"].failures
        for title, text, cases in part["results"].sections:
            known = [section for section in merged.sections if section[0] == title]
            if known:
                known[0][2].extend(cases)
            else:
                merged.sections.append((title, text, list(cases)))
    return merged


def markdown(parts, preamble, remarks):
    results = _merged(parts)
    lines = preamble + _targets(results)
    if os.path.exists(remarks):
        with open(remarks, encoding="utf-8") as file:
            lines += [file.read().strip(), ""]
    for title, text, cases in results.sections:
        if cases:
            lines += _section(title, text, cases)
    if results.failures:
        lines += ["## What failed", ""] + [f"- {text}" for text in results.failures] + [""]
    return "\n".join(lines)


class OtherLoad:
    """How much CPU time went to processes that are neither ours nor waited for: whether the machine was quiet."""

    def __init__(self):
        self.seconds = self.elapsed = 0.0

    @staticmethod
    def _now(peers):
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system = (int(field) for field in file.readline().split()[1:4])
        own = os.times()
        mine = own.user + own.system + own.children_user + own.children_system
        return (user + nice + system) / TICKS - mine - sum(peer.cpu_seconds() for peer in peers), time.monotonic()

    def watch(self, peers):
        before = self._now(peers)

        def done():
            after = self._now(peers)
            self.seconds += max(0.0, after[0] - before[0])
            self.elapsed += after[1] - before[1]
        return done

    def share(self):
        return self.seconds / (self.elapsed * os.cpu_count()) if self.elapsed else 0.0

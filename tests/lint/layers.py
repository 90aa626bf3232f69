"""Includes and links go only where the tables of src/README.md allow.

"| layer | may include |" names, for each layer, the layers (or single headers) that it may include; it may link only
the layers. "| header | only in |" names, for headers of other projects, the only layers that may include them.
"""
import re

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LINK = re.compile(r"^layer\((\w+)([^)]*)\)", re.M)


def read_table(text, heading):
    """The rows of the table with this heading: first cell's code words -> second cell's code words."""
    rows = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.strip() == heading:
            next(lines)
            break
    for line in lines:
        if not line.startswith("|"):
            break
        cells = line.strip().strip("|").split("|")
        rows.append(tuple(re.findall(r"`([^`]+)`", cell) for cell in cells[:2]))
    return rows


class Rules:
    def __init__(self, readme):
        self.layers = {cells[0][0]: set(cells[1]) for cells in read_table(readme, "| layer | may include |")}
        self.outside = read_table(readme, "| header | only in |")

    def include_problem(self, layer, quote, header):
        if quote == '"':
            target = header.split("/")[0] if "/" in header else layer
            if target not in self.layers:
                return f'"{header}" is not in a layer (write "LAYER/FILE")'
            if target != layer and not {target, header} & self.layers[layer]:
                return f"{layer} may not include {target}"
            return None
        for prefixes, homes in self.outside:
            if layer not in homes and any(matches(header, prefix) for prefix in prefixes):
                return f"<{header}> may be included only in {', '.join(homes)}"
        return None


def matches(header, prefix):
    return header.startswith(prefix) if prefix.endswith("/") else header == prefix


def cycles(layers):
    """Layers that reach themselves: the table must have none."""
    for start in layers:
        reached, queue = set(), list(layers[start])
        while queue:
            layer = queue.pop()
            if layer not in reached:
                reached.add(layer)
                queue.extend(layers.get(layer, ()))
        if start in reached:
            yield f"src/README.md: {start} may include itself through others"


def problems(tree):
    rules = Rules(tree.text("src/README.md"))
    if not rules.layers or not rules.outside:
        yield "src/README.md: the tables of allowed includes are missing"
        return
    yield from cycles(rules.layers)
    for name in tree.sources("src/"):
        layer = name.split("/")[1]
        if layer not in rules.layers:
            yield f"{name}: {layer} is not in the table of src/README.md"
            continue
        for number, line in enumerate(tree.lines(name), 1):
            match = INCLUDE.match(line)
            problem = match and rules.include_problem(layer, match[1], match[2])
            if problem:
                yield f"{name}:{number}: {problem}"
    if "src/CMakeLists.txt" in tree.names:
        yield from link_problems(tree, rules)


def link_problems(tree, rules):
    for layer, links in LINK.findall(tree.text("src/CMakeLists.txt")):
        for target in links.split():
            if target in rules.layers and target not in rules.layers.get(layer, ()):
                yield f"src/CMakeLists.txt: {layer} may not link {target}"

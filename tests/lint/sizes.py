"""A file has at most 600 lines, a function at most 80.

Functions are found by braces: comments and literals blanked out, a block that follows a parameter list is a function
unless a control keyword opens it. Lambdas count as part of the function they stand in.
"""
import re

MAX_FILE = 600
MAX_FUNCTION = 80
BLANKED = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)
CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^;()]*$")
BLOCK_KEYWORD = re.compile(r"\b(if|for|while|switch|catch|do|else|try)\b[^;]*$")


def blank(text):
    """The same text with comments and literals replaced by blanks; newlines stay."""
    return BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def functions(text):
    """Yields (first line, number of lines) of each outermost block that is a function's body."""
    code = blank(text)
    depth_kinds = []
    begin = 0
    start = 0
    for position, char in enumerate(code):
        if char == "{":
            head = code[begin:position]
            is_function = "function" not in depth_kinds and ")" in head and not CONTAINER.search(head) \
                and not BLOCK_KEYWORD.search(head)
            if is_function:
                first = position - len(head.lstrip())
                start = code.count("\n", 0, first) + 1
            depth_kinds.append("function" if is_function else "block")
            begin = position + 1
        elif char == "}":
            if depth_kinds and depth_kinds.pop() == "function":
                yield start, code.count("\n", 0, position) + 2 - start
            begin = position + 1
        elif char == ";":
            begin = position + 1


def problems(tree):
    for name in tree.sources() + tree.scripts("bash") + tree.scripts("python3"):
        count = len(tree.lines(name))
        if count > MAX_FILE:
            yield f"{name}: {count} lines, more than {MAX_FILE}"
    for name in tree.sources():
        for line, count in functions(tree.text(name)):
            if count > MAX_FUNCTION:
                yield f"{name}:{line}: a function of {count} lines, more than {MAX_FUNCTION}"

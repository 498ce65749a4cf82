"""Docstrings and comments say something that the name does not."""

import ast
import io
import re
import tokenize

from tests.house.source import CODE, files, report, text, tree, where

FILLERS = re.compile(
    r"(?<=\"\"\")this (?:function|method|class|module) |"
    r"\b(?:basically|robust|seamless\w*|powerful|"
    r"comprehensive|leverag\w+|utili[sz]\w+|in order to|various|etc\.|as needed|gracefully|"
    r"cutting.edge|state.of.the.art|helper (?:function|method)|convenience (?:function|method))",
    re.IGNORECASE,
)
LITTLE_WORDS = set(
    "a an the of to for and or in on from with by its it is are be this that if as given".split()
)
DOCUMENTED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_no_docstring_repeats_its_name():
    faults = []
    for path in files(CODE):
        for node in ast.walk(tree(path)):
            if not isinstance(node, DOCUMENTED) or not (said := ast.get_docstring(node)):
                continue
            words = set(re.findall(r"[a-z]+", said.splitlines()[0].lower())) - LITTLE_WORDS
            if {_stem(word) for word in words} <= {_stem(word) for word in _name_words(node.name)}:
                faults.append(f"{where(path, node.lineno)}: {node.name}: {said!r}")
    report(faults)


def test_no_word_is_empty():
    faults = []
    for path in files(CODE):
        for token in tokenize.generate_tokens(io.StringIO(text(path)).readline):
            is_docstring = token.type == tokenize.STRING and token.string.startswith('"""')
            if token.type != tokenize.COMMENT and not is_docstring:
                continue
            if found := FILLERS.search(token.string):
                faults.append(f"{where(path, token.start[0])}: {found[0]!r}")
    report(faults)


def _name_words(name: str) -> "list[str]":
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).replace("_", " ")
    return spaced.lower().split()


def _stem(word: str) -> str:
    """Cut the usual endings, so that "reads" and "read" are one word."""
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word

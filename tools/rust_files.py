"""Reads which files of a Rust crate import which: what `use` and written-out paths lead to.

A name leads to the file that defines it, however many modules pass it on with `pub use`; passing a name on is no import
of the file that does so, unless it uses the name itself. Tests are left out: whatever stands under `#[cfg(test)]`.

It reads tokens and not types, so it does not see what a macro writes, what the text of an attribute names
(`#[serde(with = "…")]`), a method, or a macro of our own that is not imported by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# For each file the files that it imports, and for each of those the names.
Imports = dict[Path, dict[Path, set[str]]]

TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*)
  | (?P<comment>/\*)
  | (?P<text>[bc]?r(?P<hashes>\#*)"(?s:.*?)"(?P=hashes)|[bc]?"(?:\\(?s:.)|[^"\\])*"|b?'(?:\\u\{[^}]*\}|\\x..|\\.|[^'\\])')
  | (?P<token>'\w+|(?:r\#)?[^\W\d]\w*|\d[\w.]*?(?=\.\.|[^\w.]|$)|::|=>|->|.)
    """,
    re.VERBOSE | re.MULTILINE,
)
NAME = re.compile(r"[^\W\d]\w*")
OPENS, CLOSES = ("(", "[", "{"), (")", "]", "}")
DEFINES = ("fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod")
# Items that end with a semicolon, whatever braces come before it.
STATEMENTS = ("use", "const", "static", "type", "let", "extern")
KEYWORDS = ("pub", "unsafe", "async", "default")


@dataclass
class Use:
    """One name that a `use` brings in: `path` as written, `name` as it is called here, `*` for all names there are."""

    path: list[str]
    name: str
    passed_on: bool


@dataclass(eq=False)
class Module:
    file: Path
    # Where the files of its children are.
    folder: Path
    parent: Module | None = None
    children: dict[str, Module] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)
    # Paths in the code, and names that stand alone.
    paths: list[list[str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def all(self) -> Iterator[Module]:
        yield self
        for child in self.children.values():
            yield from child.all()

    def root(self) -> Module:
        return self.parent.root() if self.parent else self


@dataclass(frozen=True)
class Target:
    """What a path leads to: an item, by its name, or the module itself."""

    module: Module
    item: str = ""


# Names that are being looked up: two modules may pass on all of each other.
Seen = frozenset[tuple[Module, str]]


def imports(root: Path) -> Imports:
    """What the files of one crate import of each other; `root` is its `lib.rs` or `main.rs`."""
    crate = Module(root, root.parent)
    read(crate, tokens(root.read_text(encoding="utf-8")))
    found: Imports = {}
    for module in crate.all():
        for path in imported(module):
            for target in targets(module, path, frozenset()):
                # A module that is imported is followed where its name is used.
                if target.item and target.module.file != module.file:
                    found.setdefault(module.file, {}).setdefault(target.module.file, set()).add(target.item)
    return found


def circles(found: Imports) -> list[list[Path]]:
    """The groups of files that import each other, straight or through others of the group."""
    reached = {file: reach(found, file) for file in found}
    groups = {tuple(sorted(it for it in ahead if file in reached.get(it, ()))) for file, ahead in reached.items()}
    return [list(group) for group in sorted(groups) if group]


def reach(found: Imports, file: Path) -> set[Path]:
    reached: set[Path] = set()
    ahead = list(found[file])
    while ahead:
        if (it := ahead.pop()) not in reached:
            reached.add(it)
            ahead.extend(found.get(it, ()))
    return reached


def imported(module: Module) -> Iterator[list[str]]:
    for use in module.uses:
        if not use.passed_on or use.name in module.names:
            yield use.path
    yield from module.paths


def targets(module: Module, path: list[str], seen: Seen) -> set[Target]:
    """What a path that stands in `module` leads to; nothing when it leads to another crate."""
    head, rest = path[0], path[1:]
    if head == "crate":
        return walk(module.root(), rest, seen)
    if head == "super":
        parent = module.parent or module
        return targets(parent, rest, seen) if rest[:1] == ["super"] else walk(parent, rest, seen)
    if head == "self":
        return walk(module, rest, seen)
    return walk(module, path, seen) if called(module, head, seen) else set()


def walk(module: Module, path: list[str], seen: Seen) -> set[Target]:
    """What a path leads to that begins in `module`."""
    if not path:
        return {Target(module)}
    name, rest = path[0], path[1:]
    if name == "*":
        passed_on = [targets(module, use.path, seen) for use in module.uses if use.passed_on and use.name != "*"]
        return set().union({Target(module, "*")} if module.items else set(), *passed_on)
    known = called(module, name, seen)
    modules = [it.module for it in known if not it.item]
    if rest and modules:
        return set().union(*(walk(it, rest, seen) for it in modules))
    # A name that nothing is seen to define is made by a macro.
    return known or {Target(module, name)}


def called(module: Module, name: str, seen: Seen) -> set[Target]:
    """What a name is in `module`. A module and a function may share it."""
    if (module, name) in seen:
        return set()
    seen = seen | {(module, name)}
    found: set[Target] = set()
    if name in module.children:
        found.add(Target(module.children[name]))
    if name in module.items:
        found.add(Target(module, name))
    for use in module.uses:
        if use.name == name:
            found |= targets(module, use.path, seen)
    if found:
        return found
    for use in module.uses:
        if use.name == "*":
            for it in targets(module, use.path[:-1], seen):
                found |= set() if it.item else called(it.module, name, seen)
    return found


def read(module: Module, code: list[str]) -> None:
    """Reads the tokens of a module, and the files of its children."""
    depth = at = 0
    while at < len(code):
        token = code[at]
        if token == "#" and (after := attribute(code, at)):
            if code[at + 1] == "!" and is_test(code[at:after]):
                return
            at = end_of_item(code, after) if is_test(code[at:after]) else after
            continue
        if token in OPENS:
            depth += 1
        elif token in CLOSES:
            depth -= 1
        elif token == "use" and code[at + 1 : at + 2] != ["<"]:
            end = code.index(";", at)
            passed_on = depth == 0 and at > 0 and (code[at - 1] == "pub" or code[at - 1] == ")")
            module.uses += [Use(path, name, passed_on) for path, name in tree(code[at + 1 : end], [])]
            at = end
        elif token == "mod" and code[at + 2 : at + 3] in ([";"], ["{"]):
            at = read_child(module, code, at)
        elif depth == 0 and token in (*DEFINES, "macro_rules"):
            name = next((it for it in code[at + 1 : at + 4] if NAME.fullmatch(it) and it not in (*DEFINES, "mut")), "")
            module.items.add(name)
            at = code.index(name, at) if name else at
        elif NAME.fullmatch(token):
            at = read_name(module, code, at)
        at += 1


def read_child(module: Module, code: list[str], at: int) -> int:
    """Reads `mod name;` or `mod name { … }`, which begins at `at`; returns where it ends."""
    name = code[at + 1]
    if code[at + 2] == "{":
        child = Module(module.file, module.folder / name, module)
        end = end_of_block(code, at + 2)
        body = code[at + 3 : end]
    else:
        places = (module.folder / f"{name}.rs", module.folder / name / "mod.rs")
        file = next((it for it in places if it.is_file()), places[0])
        child = Module(file, module.folder / name, module)
        end = at + 2
        body = tokens(file.read_text(encoding="utf-8"))
    module.children[name] = child
    read(child, body)
    return end


def read_name(module: Module, code: list[str], at: int) -> int:
    """Reads a name, with the path that begins with it if one does; returns where it ends."""
    if at > 0 and code[at - 1] in ("::", ".") and code[at - 2 : at - 1] != ["."]:
        return at
    path = [code[at]]
    while code[at + 1 : at + 2] == ["::"] and at + 2 < len(code) and NAME.fullmatch(code[at + 2]):
        at += 2
        path.append(code[at])
    module.names.add(path[0])
    if len(path) > 1:
        module.paths.append(path)
    return at


def tree(code: list[str], prefix: list[str]) -> Iterator[tuple[list[str], str]]:
    """The paths of a `use` tree, each with the name that it is called by."""
    path, at = list(prefix), 0
    while at < len(code) and code[at] not in ("{", ",", "as"):
        if code[at] != "::":
            path.append(code[at])
        at += 1
    if code[at : at + 1] == ["{"]:
        end = end_of_block(code, at)
        start, depth = at + 1, 0
        for index in range(at + 1, end + 1):
            depth += (code[index] in OPENS) - (code[index] in CLOSES)
            if index == end or (code[index] == "," and depth == 0):
                if start < index:
                    yield from tree(code[start:index], path)
                start = index + 1
        return
    if path[-1] == "self" and len(path) > 1:
        path.pop()
    yield path, code[at + 1] if code[at : at + 1] == ["as"] else path[-1]


def attribute(code: list[str], at: int) -> int | None:
    """Where an attribute ends that begins at `at`."""
    opening = at + 2 if code[at + 1 : at + 2] == ["!"] else at + 1
    return end_of_block(code, opening) + 1 if code[opening : opening + 1] == ["["] else None


def is_test(attribute: list[str]) -> bool:
    """`#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`; not what is there without tests as well."""
    names = [it for it in attribute if NAME.fullmatch(it)]
    return names[:2] == ["cfg", "test"] or names[:3] == ["cfg", "all", "test"] or names == ["test"]


def end_of_item(code: list[str], at: int) -> int:
    """The first token after the item, field or statement that begins at `at`."""
    while code[at : at + 1] == ["#"] and (after := attribute(code, at)):
        at = after
    start = at
    while code[start : start + 1] and code[start] in KEYWORDS:
        start = end_of_block(code, start + 1) + 1 if code[start + 1 : start + 2] == ["("] else start + 1
    is_function = "fn" in code[start : start + 3]
    is_statement = code[start : start + 1] and code[start] in STATEMENTS and not is_function
    is_item = is_function or (code[start : start + 1] and code[start] in (*DEFINES, "impl", "macro_rules"))
    at = start
    while at < len(code):
        if code[at] in CLOSES:
            return at
        if code[at] == ";" or (code[at] == "," and not is_item and not is_statement):
            return at + 1
        if code[at] in OPENS:
            is_body = code[at] == "{"
            at = end_of_block(code, at)
            if is_body and not is_statement:
                return at + 1
        at += 1
    return at


def end_of_block(code: list[str], at: int) -> int:
    """Where the bracket closes that opens at `at`."""
    depth = 0
    for index in range(at, len(code)):
        depth += (code[index] in OPENS) - (code[index] in CLOSES)
        if depth == 0:
            return index
    return len(code) - 1


def tokens(source: str) -> list[str]:
    """The tokens of a source, without comments; texts are empty."""
    found, at = [], 0
    while at < len(source) and (match := TOKEN.match(source, at)):
        at = match.end()
        if match["comment"]:
            at = end_of_comment(source, at)
        elif match["text"]:
            found.append('""')
        elif match["token"]:
            found.append(match["token"].removeprefix("r#"))
    return found


def end_of_comment(source: str, at: int) -> int:
    """Block comments are nested."""
    depth = 1
    while depth and (match := re.compile(r"/\*|\*/").search(source, at)):
        depth += 1 if match[0] == "/*" else -1
        at = match.end()
    return at if depth == 0 else len(source)

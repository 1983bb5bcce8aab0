"""Tests of check_tree.py and rust_files.py: which files import each other, and which edges the map does not have."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import check_tree  # noqa: E402 (found through the line above)
import rust_files  # noqa: E402


class Crate(unittest.TestCase):
    """A crate made up of files: their names below src/, and what is in them."""

    def crate(self, files: dict[str, str], root: str = "lib.rs") -> Path:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, source in files.items():
            path = Path(folder.name) / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return Path(folder.name) / "src" / root

    def imports(self, files: dict[str, str], root: str = "lib.rs") -> dict[str, dict[str, list[str]]]:
        """Which names each file imports from which."""
        first = self.crate(files, root)

        def name(file: Path) -> str:
            return file.relative_to(first.parent).as_posix()

        return {
            name(file): {name(other): sorted(names) for other, names in found.items()}
            for file, found in rust_files.imports(first).items()
        }

    def problems(self, files: dict[str, str], root: str = "lib.rs") -> list[str]:
        return check_tree.circle_problems("made-up", [self.crate(files, root)])


class Circles(Crate):
    def test_two_files_that_import_each_other(self) -> None:
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "use crate::b::B; pub struct A(B);",
            "b.rs": "pub struct B; impl B { fn a() -> crate::a::A { todo!() } }",
        }
        text = "files of made-up import each other:\n    a.rs imports B from b.rs\n    b.rs imports A from a.rs"
        self.assertEqual(self.problems(files), [text])

    def test_a_circle_over_several_files_is_one(self) -> None:
        files = {
            "lib.rs": "mod a; mod b; mod c; mod apart;",
            "a.rs": "use crate::b::B; use crate::apart::Apart; pub struct A;",
            "b.rs": "use crate::c::C; pub struct B;",
            "c.rs": "use crate::a::A; pub struct C;",
            "apart.rs": "pub struct Apart;",
        }
        (problem,) = self.problems(files)
        self.assertEqual(len(problem.splitlines()), 4)
        self.assertNotIn("apart.rs", problem)

    def test_two_circles_are_two(self) -> None:
        files = {
            "lib.rs": "mod a; mod b; mod c; mod d;",
            "a.rs": "use crate::b::B; pub struct A;",
            "b.rs": "use crate::{a::A, c::C}; pub struct B;",
            "c.rs": "use crate::d::D; pub struct C;",
            "d.rs": "use crate::c::C; pub struct D;",
        }
        self.assertEqual(len(self.problems(files)), 2)

    def test_a_circle_through_a_re_export(self) -> None:
        files = {
            "lib.rs": "mod a; mod b;\npub use a::A;\npub use b::{B as Other};",
            "a.rs": "use crate::Other; pub struct A;",
            "b.rs": "use crate::A; pub struct B;",
        }
        text = "files of made-up import each other:\n    a.rs imports B from b.rs\n    b.rs imports A from a.rs"
        self.assertEqual(self.problems(files), [text])

    def test_a_circle_through_super(self) -> None:
        files = {
            "lib.rs": "mod outer;",
            "outer.rs": "mod inner; mod other; pub use other::Other;",
            "outer/inner.rs": "use super::Other; pub fn inner() {}",
            "outer/other.rs": "pub struct Other; fn f() { super::inner::inner() }",
        }
        (problem,) = self.problems(files)
        self.assertIn("outer/inner.rs imports Other from outer/other.rs", problem)
        self.assertIn("outer/other.rs imports inner from outer/inner.rs", problem)

    def test_a_parent_that_uses_its_child_and_is_used_by_it(self) -> None:
        for use in ["child::work()", "self::child::work()", "crate::child::work()"]:
            files = {
                "lib.rs": f"mod child; pub struct Parent; fn f() {{ {use} }}",
                "child.rs": "use super::Parent; pub fn work() -> Parent { todo!() }",
            }
            self.assertEqual(len(self.problems(files)), 1, use)

    def test_a_parent_that_only_passes_on_is_in_no_circle(self) -> None:
        files = {
            "lib.rs": "mod child; pub use child::work; pub(crate) use child::*; pub struct Parent;",
            "child.rs": "use super::Parent; pub fn work() -> Parent { todo!() }",
        }
        self.assertEqual(self.problems(files), [])

    def test_a_parent_that_uses_what_it_passes_on_imports_it(self) -> None:
        files = {
            "lib.rs": "mod child; pub use child::Child; pub struct Parent(Child);",
            "child.rs": "use super::Parent; pub struct Child;",
        }
        self.assertEqual(len(self.problems(files)), 1)

    def test_a_circle_that_only_tests_close_is_none(self) -> None:
        tests = [
            "#[cfg(test)] mod tests { use crate::b::B; }",
            "#[cfg(test)]\n#[expect(dead_code, reason = \"}\")]\npub(crate) mod tests;",
            "#[cfg(test)] use crate::b::{B};",
            "#[cfg(test)] const B: [crate::b::B; 1] = [crate::b::B {}];",
            "#[cfg(all(test, unix))] pub fn b<T, U>(_: T) -> crate::b::B { crate::b::B }",
            "struct S { #[cfg(test)] b: Option<crate::b::B>, c: u8 }",
        ]
        for test in tests:
            files = {
                "lib.rs": "mod a; mod b;",
                "a.rs": f"pub struct A;\n{test}\npub fn after() {{}}",
                "a/tests.rs": "use crate::b::B;",
                "b.rs": "use crate::a::after; pub struct B;",
            }
            self.assertEqual(self.problems(files), [], test)
            files["a.rs"] += "fn end() -> crate::b::B { todo!() }"
            self.assertEqual(len(self.problems(files)), 1, f"{test}: what follows is read")

    def test_what_is_there_without_tests_as_well_counts(self) -> None:
        for condition in ['any(test, feature = "test-util")', "not(test)", "unix"]:
            files = {
                "lib.rs": f"mod a; #[cfg({condition})] mod b;",
                "a.rs": "use crate::b::B; pub struct A;",
                "b.rs": "use crate::a::A; pub struct B;",
            }
            self.assertEqual(len(self.problems(files)), 1, condition)


class Imports(Crate):
    def test_an_import_leads_to_the_file_that_defines_the_name(self) -> None:
        files = {
            "lib.rs": "mod a; mod b; mod c;\npub use b::*;",
            "a.rs": "use crate::{b::deep::{self, Deep}, Thing, c as sea}; fn f() { sea::wave(); deep::Other::new() }",
            "b/mod.rs": "pub mod deep; mod thing; pub use thing::Thing;",
            "b/deep.rs": "pub struct Deep; pub enum Other {}",
            "b/thing.rs": "pub struct Thing;",
            "c.rs": "pub fn wave() {}",
        }
        found = {"b/deep.rs": ["Deep", "Other"], "b/thing.rs": ["Thing"], "c.rs": ["wave"]}
        self.assertEqual(self.imports(files), {"a.rs": found})

    def test_a_module_that_is_imported_counts_where_its_names_are_used(self) -> None:
        files = {
            "main.rs": "mod a; mod b;",
            "a.rs": "use crate::b; fn f() { b::passed_on() }",
            "b.rs": "mod c; pub use c::passed_on; pub fn own() {}",
            "b/c.rs": "pub fn passed_on() {}",
        }
        self.assertEqual(self.imports(files, "main.rs"), {"a.rs": {"b/c.rs": ["passed_on"]}})

    def test_all_names_of_a_module_or_of_an_enum(self) -> None:
        files = {
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "use crate::b::*; use crate::c::Kind::*;",
            "b.rs": "pub fn one() {}",
            "c.rs": "pub enum Kind { Good }",
        }
        self.assertEqual(self.imports(files), {"a.rs": {"b.rs": ["*"], "c.rs": ["Kind"]}})

    def test_modules_within_a_file_are_that_file(self) -> None:
        files = {
            "lib.rs": "mod a;",
            "a.rs": "fn out() {} mod within { use super::out; pub fn f() {} mod deeper { use super::super::out; } }",
        }
        self.assertEqual(self.imports(files), {})

    def test_comments_texts_and_other_crates_are_no_imports(self) -> None:
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": """
                //! [`crate::b::B`]
                /* crate::b::B /* nested */ use crate::b::B; */
                use std::b::B; use serde::{self, b}; use ::b::C;
                fn f<'b>(it: &'b str) -> impl Iterator + use<'b> { g('"', "crate::b::B", r#"" crate::b::B "#, b'\\'') }
                impl A { fn b(self) { self.b(); Self::b(self); } }
            """,
            "b.rs": "pub struct B;",
        }
        self.assertEqual(self.imports(files), {})

    def test_names_that_a_macro_makes_are_in_its_file(self) -> None:
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "use crate::b::RunId;",
            "b.rs": "macro_rules! id { ($name:ident) => { pub struct $name; } } id!(RunId);",
        }
        self.assertEqual(self.imports(files), {"a.rs": {"b.rs": ["RunId"]}})

    def test_names_that_pass_each_other_on_come_to_an_end(self) -> None:
        files = {
            "lib.rs": "mod a; mod b;",
            "a.rs": "pub use crate::b::*; use crate::b::Nowhere; pub use crate::b::Circle;",
            "b.rs": "pub use crate::a::*; pub use crate::a::Circle;",
        }
        self.assertIn("a.rs", self.imports(files))


class Edges(unittest.TestCase):
    MAP = {"ground": "", "middle": "ground", "top": "ground middle"}
    FOUND = {"ground": set(), "middle": {"ground"}, "top": {"ground", "middle"}}

    def problem(self, rows: dict[str, str], found: dict[str, set[str]]) -> str:
        (problem,) = check_tree.edge_problems(rows, found)
        return problem

    def test_a_map_that_says_what_is(self) -> None:
        self.assertEqual(check_tree.edge_problems(self.MAP, self.FOUND), [])

    def test_an_edge_that_the_map_does_not_have(self) -> None:
        problem = self.problem({**self.MAP, "top": "middle"}, self.FOUND)
        self.assertIn("top depends on ground, an edge that the map does not have", problem)
        self.assertIn("draw it in MAP of tools/check_tree.py", problem)

    def test_an_edge_that_is_gone(self) -> None:
        problem = self.problem(self.MAP, {**self.FOUND, "top": {"middle"}})
        self.assertIn("top does not depend on ground", problem)

    def test_a_crate_that_the_map_does_not_have(self) -> None:
        self.assertIn("roof is not on the map", self.problem(self.MAP, {**self.FOUND, "roof": {"top"}}))

    def test_a_crate_that_is_gone(self) -> None:
        self.assertIn("a line for roof", self.problem({**self.MAP, "roof": ""}, self.FOUND))

    def test_a_line_names_only_lines_above_it(self) -> None:
        rows = {"middle": "ground", "ground": "", "top": "ground middle"}
        self.assertEqual(self.problem(rows, self.FOUND), "MAP has ground for middle, and not on a line above it")

    def test_the_map_itself_goes_one_way(self) -> None:
        everything = {crate: set(row.split()) for crate, row in check_tree.MAP.items()}
        self.assertEqual(check_tree.edge_problems(check_tree.MAP, everything), [])

    def test_the_page_lists_the_same_crates_in_the_same_order(self) -> None:
        def problems(*names: str) -> list[str]:
            places = "\n".join(f"{place:12}{name}  what it is" for place, name in zip(["walls", "", ""], names))
            return check_tree.page_problems(self.MAP, f"# A page\n\n## Map\n\n```text\n{places}\n```\n")

        self.assertEqual(problems("runtask-ground", "middle", "runtask-top"), [])
        said = "the map of ARCHITECTURE.md has top where MAP has middle: give both one order"
        self.assertEqual(problems("runtask-ground", "runtask-top", "middle"), [said])
        self.assertEqual(problems("ground", "middle"), ["top is in MAP, and not on the map of ARCHITECTURE.md"])
        self.assertEqual(problems("ground", "middle", "roof")[1:], ["roof is on the map of ARCHITECTURE.md, and not in MAP"])

    def test_only_normal_dependencies_of_ours_are_edges(self) -> None:
        dependencies = [
            {"name": "runtask-ground", "kind": None},
            {"name": "runtask-tests", "kind": "dev"},
            {"name": "runtask-build", "kind": "build"},
            {"name": "serde", "kind": None},
        ]
        names = ["runtask-ground", "runtask-tests", "runtask-build"]
        packages = [{"name": it, "dependencies": []} for it in names]
        packages.append({"name": "rego", "dependencies": dependencies})
        self.assertEqual(check_tree.edges(packages)["rego"], {"ground"})


if __name__ == "__main__":
    unittest.main()

import unittest

from make_unicode_tables import CRATE, beyond_ascii, entries, merged, names, wrapped


class Tables(unittest.TestCase):
    def test_names_are_as_the_list_says(self) -> None:
        file = CRATE / "src" / "tables" / "names.rs"
        self.assertEqual(file.read_text(encoding="utf-8"), names())

    def test_a_table_of_rust_is_read(self) -> None:
        text = "fn f() { bsearch(c, WORDS) }\nconst OTHER: u8 = 1;\nconst WORDS: &'static [(char, char, W)] = &[\n"
        text += "    ('\\u{a}', '\\u{b}', W::One), ('\\u{c}',\n    '\\u{1f600}', W::Two)];\n"
        self.assertEqual(entries(text, "WORDS"), [(0xA, 0xB, "W::One"), (0xC, 0x1F600, "W::Two")])

    def test_ranges_are_merged_and_ascii_is_left_out(self) -> None:
        self.assertEqual(merged([(5, 6), (1, 2), (3, 4), (9, 9)]), [(1, 6), (9, 9)])
        self.assertEqual(beyond_ascii([(0x41, 0x5A), (0x7E, 0x81), (0x90, 0x91)]), [(0x80, 0x81), (0x90, 0x91)])

    def test_lines_are_not_too_long(self) -> None:
        self.assertTrue(all(len(line) <= 110 for line in wrapped(["(0x1, 0x2),"] * 99).splitlines()))


if __name__ == "__main__":
    unittest.main()

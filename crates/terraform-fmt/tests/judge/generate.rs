//! Writes files that are well formed, or nearly so, with blanks and comments in odd places.

use fastrand::Rng;

/// A file of a few arguments and blocks.
pub(crate) fn generated(rng: &mut Rng) -> Vec<u8> {
    let mut writer = Writer { rng, text: String::new(), names: 0 };
    if writer.chance(30) {
        writer.text.push('\u{feff}');
    }
    writer.body(0);
    if writer.chance(4) {
        writer.text.pop();
    }
    let text = if writer.chance(15) { writer.text.replace('\n', "\r\n") } else { writer.text };
    text.into_bytes()
}

struct Writer<'r> {
    rng: &'r mut Rng,
    text: String,
    names: usize,
}

impl Writer<'_> {
    /// True once in `n` times.
    fn chance(&mut self, n: usize) -> bool {
        self.rng.usize(..n) == 0
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn pick(&mut self, texts: &[&str]) {
        let text = self.rng.choice(texts).copied().unwrap_or_default();
        self.put(text);
    }

    /// What may stand between two tokens of a line.
    fn blank(&mut self) {
        match self.rng.usize(..24) {
            0..6 => {}
            6 => self.put("  "),
            7 => self.put("\t"),
            8 => self.put("/* c */"),
            9 => self.put(" /* ö */ "),
            _ => self.put(" "),
        }
    }

    /// What may stand between two tokens where newlines do not count.
    fn gap(&mut self, is_free: bool) {
        self.blank();
        if is_free && self.chance(12) {
            self.pick(&["\n", "\n\n", "# c\n", " // c\n", "\n  # c\n"]);
        }
    }

    fn end_line(&mut self) {
        if self.chance(5) {
            self.blank();
            self.pick(&["# c", "// c", "#", "# ünï", "/* c */", "# a\tb"]);
        }
        self.put("\n");
        while self.chance(5) {
            self.pick(&["\n", "  \n", "# alone\n", "  // alone\n", "/* a\n b */\n"]);
        }
    }

    fn body(&mut self, depth: usize) {
        for _ in 0..self.rng.usize(..5) {
            self.pick(&["", "", "  ", "\t", "      "]);
            if depth < 4 && self.chance(3) {
                self.block(depth);
            } else {
                self.argument(depth);
                self.end_line();
            }
        }
    }

    fn argument(&mut self, depth: usize) {
        match self.rng.usize(..10) {
            0 => self.put("type"),
            1 => self.pick(&["for_each", "über", "a-b", "日本", "in"]),
            _ => {
                self.names += 1;
                let name = format!("{}{}", "n".repeat(self.rng.usize(1..6)), self.names);
                self.put(&name);
            }
        }
        self.blank();
        self.put("=");
        self.blank();
        self.value(depth);
    }

    fn block(&mut self, depth: usize) {
        self.pick(&["resource", "variable", "b", "dynamic", "locals"]);
        for _ in 0..self.rng.usize(..3) {
            self.put(" ");
            self.blank();
            self.pick(&[
                "\"x\"",
                "\"x\"",
                "label",
                "\"a b\"",
                "\"\"",
                "\"a$b\"",
                "\"\\u00e9\"",
                "\"e\u{301}\"",
                "\"$${x\"",
                "\"\\t\"",
            ]);
        }
        self.blank();
        self.put("{");
        match self.rng.usize(..6) {
            0 => self.blank(),
            1 => {
                self.blank();
                self.argument(4);
                self.blank();
            }
            _ => {
                self.end_line();
                self.body(depth + 1);
                self.pick(&["", "  ", "    "]);
            }
        }
        self.put("}");
        self.end_line();
    }

    fn value(&mut self, depth: usize) {
        match self.rng.usize(..12) {
            0 => self.pick(&["list", "map", "\"string\"", "\"list\"", "\"map\"", "set", "\"any\""]),
            1 | 2 => {
                self.put("\"${");
                self.gap(true);
                self.expression(depth, true);
                self.gap(true);
                self.put("}\"");
            }
            3 => self.heredoc(depth),
            _ => self.expression(depth, false),
        }
    }

    fn heredoc(&mut self, depth: usize) {
        self.pick(&["<<EOT\n", "<<-EOT\n"]);
        for _ in 0..self.rng.usize(..4) {
            match self.rng.usize(..6) {
                0 => self.put("  ${"),
                1 => self.put("%{ if "),
                _ => {
                    self.pick(&[
                        "text\n",
                        "  a $ b % \\n \"\n",
                        "$${x}\n",
                        "ü\n",
                        "\n",
                        " EOTX\n",
                        "/* no */ # no\n",
                    ]);
                    continue;
                }
            }
            let is_directive = self.text.ends_with("if ");
            self.expression(depth + 3, self.names.is_multiple_of(7));
            self.put("}");
            self.put(if is_directive { "x%{ else ~}y%{endif}\n" } else { "\n" });
        }
        self.pick(&["EOT", "  EOT", "\tEOT  "]);
    }

    fn expression(&mut self, depth: usize, is_free: bool) {
        self.term(depth, is_free);
        while depth < 5 && self.chance(5) {
            self.gap(is_free);
            match self.rng.usize(..9) {
                0 => {
                    self.put("?");
                    self.gap(is_free);
                    self.term(depth + 1, is_free);
                    self.put(" ");
                    self.gap(is_free);
                    self.put(":");
                }
                _ => {
                    self.pick(&["+", "- ", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||", " -"])
                }
            }
            self.gap(is_free);
            self.term(depth + 1, is_free);
        }
    }

    fn term(&mut self, depth: usize, is_free: bool) {
        let choice = if depth > 5 { self.rng.usize(..9) } else { self.rng.usize(..17) };
        match choice {
            0 => self.pick(&["1", "1.5", "1e9", "0", "12.0E-3"]),
            1 => self.pick(&["true", "false", "null"]),
            2 => self.pick(&[
                "\"\"",
                "\"x\"",
                "\"a$b\"",
                "\"100%\"",
                "\"\\n\\\"\"",
                "\"日本\"",
                "\"e\u{301}x\"",
                "\"$${x}\"",
            ]),
            3..6 => self.reference(depth, is_free),
            6 => {
                self.pick(&["-", "!", "- ", "!!"]);
                self.term(depth + 1, is_free);
            }
            7 | 8 => self.pick(&["a", "x", "var.b", "in", "a-b", "each.value"]),
            9 => {
                self.put("(");
                self.gap(true);
                self.expression(depth + 1, true);
                self.gap(true);
                self.put(")");
            }
            10 => self.series(depth, "[", "]"),
            11 => {
                self.pick(&["f", "a::f", "provider::x::y"]);
                self.series(depth, "(", ")");
            }
            12 | 13 => self.object(depth),
            14 => self.for_expression(depth),
            15 => {
                self.pick(&["\"a ${", "\"${", "\"${~ ", "\"%{ if x }${"]);
                let has_if = self.text.ends_with("}${");
                self.expression(depth + 2, false);
                self.pick(&["}", " }", "~}"]);
                self.put(if has_if { "%{endif}\"" } else { " b\"" });
            }
            _ => {
                self.reference(depth, is_free);
                self.pick(&["[true]", "[ false ]", "[null].x", "[(true)]", "[true][null]", "[/* c */ true]"]);
            }
        }
    }

    fn reference(&mut self, depth: usize, is_free: bool) {
        self.pick(&["x", "var", "k", "v", "local", "each"]);
        while self.chance(2) {
            match self.rng.usize(..12) {
                0 => self.put("[*]"),
                1 => self.put(".*"),
                2 => self.put(".0"),
                3 => self.put("[0]"),
                4 => self.put("[\"k\"]"),
                5 => {
                    self.put("[");
                    self.gap(true);
                    self.expression(depth + 2, true);
                    self.gap(true);
                    self.put("]");
                }
                6 => {
                    self.gap(is_free);
                    self.put(".");
                    self.gap(is_free);
                    self.put("spaced");
                }
                _ => self.pick(&[".name", ".b", ".value"]),
            }
        }
    }

    fn series(&mut self, depth: usize, open: &str, close: &str) {
        self.put(open);
        self.gap(true);
        let count = self.rng.usize(..4);
        for index in 0..count {
            self.expression(depth + 2, true);
            self.gap(true);
            if index + 1 < count || self.chance(4) {
                self.put(",");
                self.gap(true);
            } else if open == "(" && self.chance(6) {
                self.put("...");
                self.gap(true);
            }
        }
        self.put(close);
    }

    fn object(&mut self, depth: usize) {
        self.put("{");
        let is_long = self.chance(2);
        let count = self.rng.usize(..4);
        for index in 0..count {
            if is_long {
                self.end_line();
            }
            self.blank();
            match self.rng.usize(..6) {
                0 => self.put("\"k e y\""),
                1 => self.put("(x)"),
                2 => self.put("x[true]"),
                _ => self.pick(&["k", "key", "longer_key", "v"]),
            }
            self.blank();
            self.pick(&["=", "=", ":"]);
            self.blank();
            self.expression(depth + 2, false);
            self.blank();
            if (!is_long && index + 1 < count) || self.chance(4) {
                self.put(",");
            }
        }
        if is_long {
            self.end_line();
        } else {
            self.blank();
        }
        self.put("}");
    }

    fn for_expression(&mut self, depth: usize) {
        let is_list = self.chance(2);
        self.put(if is_list { "[" } else { "{" });
        self.gap(true);
        self.pick(&["for v in ", "for k, v in ", "for x , v in "]);
        self.gap(true);
        self.expression(depth + 2, true);
        self.gap(true);
        self.put(" :");
        self.gap(true);
        self.expression(depth + 2, true);
        if !is_list {
            self.gap(true);
            self.put("=>");
            self.gap(true);
            self.expression(depth + 2, true);
            if self.chance(4) {
                self.put("...");
            }
        }
        if self.chance(3) {
            self.put(" if ");
            self.expression(depth + 2, true);
        }
        self.gap(true);
        self.put(if is_list { "]" } else { "}" });
    }
}

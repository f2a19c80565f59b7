//! Just enough reading of manifests and sources for the fences: no build, no dependency, no knowledge of the language
//! beyond comments, literals and brackets.

use std::path::{Path, PathBuf};

/// Folders that hold what is built, fetched or made by running the product.
const NOT_OURS: &[&str] =
    &["target", "node_modules", ".venv", "dist", ".git", "zhike-data", "test-results", "playwright-report", "shots"];

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("crates/<name> stands two levels below the root").to_owned()
}

/// A file of the repository.
pub struct SourceFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// Content.
    pub text: String,
}

/// The text files below a folder whose names `wanted` accepts, in order. What is not UTF-8 is no text.
pub fn files(below: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<SourceFile> {
    let mut found = Vec::new();
    walk(below, &root(), wanted, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, root: &Path, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<SourceFile>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
            walk(&entry.path(), root, wanted, found);
        } else if kind.is_file() && wanted(&name) {
            let Ok(text) = std::fs::read_to_string(entry.path()) else { continue };
            let path = entry.path();
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            found.push(SourceFile { path, text });
        }
    }
}

/// One crate of the workspace.
pub struct Crate {
    /// Folder below `crates/`.
    pub name: String,
    /// Its manifest.
    pub manifest: String,
    /// Packages that it depends on, for whatever purpose and platform; workspace members as `zhike-…`.
    pub dependencies: Vec<String>,
}

/// The crates of the workspace, in order.
pub fn crates() -> Vec<Crate> {
    let folder = root().join("crates");
    let mut crates: Vec<Crate> = std::fs::read_dir(&folder)
        .expect("crates/ can be read")
        .flatten()
        .filter_map(|entry| {
            let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            Some(Crate { name, dependencies: dependencies(&manifest), manifest })
        })
        .collect();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    crates
}

/// Where a line of a manifest stands.
enum Section {
    /// `[dependencies]`, `[dev-dependencies]`, `[target.'…'.build-dependencies]`: a package per line.
    Packages,
    /// `[dependencies.x]`: one package.
    OnePackage,
    Other,
}

/// The packages named in the dependency sections of a manifest, by their real names.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut section = Section::Other;
    let mut depth = 0_usize;
    for line in manifest.lines().map(without_comment).map(str::trim) {
        let is_header = depth == 0 && line.starts_with('[');
        if is_header {
            let name = line.trim_matches(['[', ']']);
            section = match name.rsplit_once("dependencies") {
                Some((_, "")) => Section::Packages,
                Some((_, package)) if package.starts_with('.') => {
                    found.push(unquoted(&package[1..]));
                    Section::OnePackage
                }
                _ => Section::Other,
            };
            continue;
        }
        if depth == 0
            && let Some((key, _)) = line.split_once('=')
        {
            match section {
                Section::Packages => found.push(real_name(line).unwrap_or_else(|| unquoted(key))),
                Section::OnePackage if key.trim() == "package" => {
                    found.pop();
                    found.extend(real_name(line));
                }
                Section::OnePackage | Section::Other => {}
            }
        }
        depth = depth_after(line, depth);
    }
    found.sort();
    found.dedup();
    found
}

/// A key without quotes and without what follows the first dot (`x.workspace`).
fn unquoted(key: &str) -> String {
    key.trim().split('.').next().unwrap_or_default().trim_matches(['"', '\'']).to_owned()
}

/// The name that `package = "…"` gives.
fn real_name(line: &str) -> Option<String> {
    let (_, after) = line.split_once("package")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
    after.split('"').next().map(str::to_owned)
}

fn without_comment(line: &str) -> &str {
    let mut is_quoted = false;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '#' if !is_quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn depth_after(line: &str, mut depth: usize) -> usize {
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '[' | '{' if !is_quoted => depth += 1,
            ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
}

/// Rust source with comments, strings and characters blanked; line breaks stay where they are.
pub fn code(source: &str) -> String {
    let letters: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < letters.len() {
        let end = match (letters[at], letters.get(at + 1)) {
            ('/', Some('/')) => line_end(&letters, at),
            ('/', Some('*')) => comment_end(&letters, at),
            ('"', _) => string_end(&letters, at),
            ('r' | 'b', _) if starts_word(&letters, at) => raw_string_end(&letters, at).unwrap_or(at + 1),
            ('\'', _) => character_end(&letters, at).unwrap_or(at + 1),
            _ => at + 1,
        };
        if end == at + 1 {
            code.push(letters[at]);
        } else {
            code.extend(letters[at..end.min(letters.len())].iter().filter(|&&letter| letter == '\n'));
            code.push(' ');
        }
        at = end;
    }
    code
}

fn starts_word(letters: &[char], at: usize) -> bool {
    at == 0 || !is_word(letters[at - 1])
}

/// Whether a letter can stand inside a name.
pub fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn line_end(letters: &[char], at: usize) -> usize {
    letters[at..].iter().position(|&letter| letter == '\n').map_or(letters.len(), |n| at + n)
}

fn comment_end(letters: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at + 1 < letters.len() {
        match (letters[at], letters[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    letters.len()
}

fn string_end(letters: &[char], mut at: usize) -> usize {
    at += 1;
    while at < letters.len() {
        match letters[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    letters.len()
}

/// The end of `r"…"`, `r#"…"#`, `b"…"`, `br"…"`; `None` when it is a plain word.
fn raw_string_end(letters: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    let mut is_raw = false;
    while matches!(letters.get(at), Some('b' | 'r')) {
        is_raw |= letters[at] == 'r';
        at += 1;
    }
    if !is_raw {
        return (letters.get(at) == Some(&'"')).then(|| string_end(letters, at));
    }
    let n_hashes = letters[at..].iter().take_while(|&&letter| letter == '#').count();
    at += n_hashes;
    if letters.get(at) != Some(&'"') {
        return None;
    }
    at += 1;
    while at < letters.len() {
        let closes = letters[at] == '"'
            && letters[at + 1..].iter().take(n_hashes).filter(|&&letter| letter == '#').count() == n_hashes;
        if closes {
            return Some(at + 1 + n_hashes);
        }
        at += 1;
    }
    Some(letters.len())
}

/// The end of a character; `None` when the mark opens a lifetime.
fn character_end(letters: &[char], at: usize) -> Option<usize> {
    if letters.get(at + 1) == Some(&'\\') {
        let close = letters[at + 3..].iter().take(10).position(|&letter| letter == '\'')?;
        return Some(at + 3 + close + 1);
    }
    (letters.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

/// Code without its test modules: everything from `#[cfg(test)]` before a `mod … {` to the closing bracket.
pub fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        let after = &rest[at..];
        let (open, end) = (after.find('{'), after.find(';'));
        let cut = match (open, end) {
            // `#[cfg(test)] mod tests;` or `use …;`
            (Some(open), Some(end)) if end < open => end + 1,
            (Some(open), _) => open + block_end(&after[open..]),
            (None, Some(end)) => end + 1,
            (None, None) => after.len(),
        };
        let (gone, left) = after.split_at(cut);
        kept.extend(gone.chars().filter(|&letter| letter == '\n'));
        rest = left;
    }
    kept.push_str(rest);
    kept
}

/// The length of a bracketed block that the text starts with, brackets included.
pub fn block_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Where a word or path (`SystemTime`, `Instant::now`) stands in code: the lines, from 1.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    for (n, line) in code.lines().enumerate() {
        let stands_alone = |at: usize| {
            let before = line[..at].chars().next_back().is_none_or(|letter| !is_word(letter));
            let after = line[at + word.len()..].chars().next().is_none_or(|letter| !is_word(letter));
            before && (after || word.ends_with(':'))
        };
        if line.match_indices(word).any(|(at, _)| stands_alone(at)) {
            lines.push(n + 1);
        }
    }
    lines
}

/// The parts of a file that others can name: for each `pub` item the line where it starts and its signature, or its
/// whole text when it is a struct, enum, union, trait or constant.
pub fn public_items(code: &str) -> Vec<(usize, String)> {
    let mut items = Vec::new();
    let mut offset = 0;
    for (n, line) in code.lines().enumerate() {
        let text = line.trim_start();
        let is_public = text.strip_prefix("pub").is_some_and(|rest| rest.starts_with(char::is_whitespace));
        if is_public {
            let from = &code[offset + (line.len() - text.len())..];
            items.push((n + 1, from[..item_end(from)].to_owned()));
        }
        offset += line.len() + 1;
    }
    items
}

fn item_end(item: &str) -> usize {
    let is_field =
        !["fn ", "struct ", "enum ", "trait ", "type ", "use ", "const ", "static ", "mod ", "union ", "async "]
            .iter()
            .any(|keyword| item[3..].trim_start().starts_with(keyword));
    if is_field {
        return item.find('\n').unwrap_or(item.len());
    }
    let (open, end) = (item.find('{').unwrap_or(item.len()), item.find(';').unwrap_or(item.len()));
    let words: Vec<&str> = item[3..].split_whitespace().take(2).collect();
    match words.as_slice() {
        ["const", "fn", ..] => open.min(end),
        ["use" | "const" | "static" | "type", ..] => end,
        ["enum" | "trait", ..] if open < end => open + block_end(&item[open..]),
        // A struct's fields are items of their own: private ones may be of any type.
        ["struct" | "union", ..] if end < open || tuple_comes_first(item, open) => end,
        _ => open.min(end),
    }
}

fn tuple_comes_first(item: &str, open: usize) -> bool {
    item.find('(').is_some_and(|paren| paren < open)
}

#[test]
fn manifests_are_read() {
    let manifest = r#"
[package]
name = "x" # [dependencies]
keywords = ["not", "one"]
[dependencies]
tokio.workspace = true
"serde" = { version = "1", features = [
    "derive", # axum = 1
] }
json = { package = "serde_json", version = "1" }
[target.'cfg(unix)'.dependencies]
libc = "0.2"
[dev-dependencies]
csv = "1"
[build-dependencies.cc]
version = "1"
[dependencies.clock]
package = "chrono"
[features]
axum = []
"#;
    assert_eq!(dependencies(manifest), ["cc", "chrono", "csv", "libc", "serde", "serde_json", "tokio"]);
}

#[test]
fn comments_and_literals_are_blanked() {
    let source = "let a = \"SystemTime \\\" {\"; // SystemTime\nfn f<'a>(c: &'a str) -> char { '{' } /* a /* b */ c */ x\nr#\"\"}\"#; br\"x\"; ring";
    let code = code(source);
    assert_eq!(code.lines().count(), 3);
    assert!(!code.contains("SystemTime") && !code.contains("b */"), "{code}");
    assert!(code.contains("&'a str") && code.contains("{   } ") && code.ends_with("ring"), "{code}");
    let tests = "a\n#[cfg(test)]\nmod tests {\n  fn x() { now() }\n}\nb\n#[cfg(test)]\nmod more;\nc";
    let kept = without_tests(tests);
    assert!(!kept.contains("now") && kept.contains('b') && kept.ends_with('c'), "{kept}");
    assert_eq!(kept.lines().count(), tests.lines().count());
}

#[test]
fn public_items_leave_out_bodies_and_private_fields() {
    let code = "pub fn f(a: A,\n b: B) -> C {\n D\n}\npub(crate) fn g(e: E) {}\npub struct S {\n pub h: H,\n i: I,\n}\npub enum J { K(L) }\nfn m(n: N) {}\npub struct O(P);\npub const fn q(r: R) { N; }\n";
    let text: String = public_items(code).into_iter().map(|(_, text)| text).collect();
    for letter in ["A", "B", "C", "H", "L", "P", "R"] {
        assert!(!lines_with(&text, letter).is_empty() || text.contains(letter), "{letter}: {text}");
    }
    for letter in ["D", "E", "I", "N"] {
        assert!(lines_with(&text, letter).is_empty(), "{letter}: {text}");
    }
}

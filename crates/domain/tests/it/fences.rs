//! The fences between the layers, kept by reading manifests and sources. What they protect: `ARCHITECTURE.md`, "Fences".
//!
//! A fence that stands in the way of something good is moved by an RFD (`docs/rfd/`) and a change here, never by a
//! detour around it.

use std::collections::BTreeMap;

use crate::sources::{
    Crate, SourceFile, code, crates, dependencies, files, is_word, lines_with, public_items, root, without_tests,
};

const WRITTEN_IN: &str = "ARCHITECTURE.md, \"Fences\"";

/// Every crate that may exist, and which of ours it may depend on.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ml", &["domain"]),
    ("wal", &[]),
    ("vault", &["domain"]),
    ("state", &["domain"]),
    ("lake", &["domain"]),
    ("engine", &["lake", "state", "vault", "wal", "ml", "domain"]),
    ("server", &["engine", "domain"]),
];

/// A name that ends in `*` stands for all that begin so.
struct Confined {
    what: &'static str,
    packages: &'static [&'static str],
    to: &'static [&'static str],
}

const CONFINED: &[Confined] = &[
    Confined {
        what: "the query engine and its formats",
        packages: &[
            "arrow*",
            "parquet*",
            "datafusion*",
            "deltalake*",
            "delta_kernel*",
            "buoyant_kernel*",
            "object_store",
        ],
        to: &["lake"],
    },
    Confined { what: "SQL", packages: &["sqlx*", "rusqlite", "libsqlite3-sys", "tokio-postgres"], to: &["state"] },
    Confined { what: "HTTP", packages: &["axum*", "tower*", "utoipa*", "hyper*"], to: &["server"] },
    Confined {
        what: "cryptographic primitives",
        packages: &[
            "aead",
            "aes*",
            "argon2",
            "aws-lc*",
            "blake2",
            "blake3",
            "chacha20*",
            "cipher",
            "ctr",
            "ed25519*",
            "ghash",
            "hkdf",
            "hmac",
            "md-5",
            "openssl*",
            "p256",
            "pbkdf2",
            "ring",
            "rsa",
            "scrypt",
            "sha1",
            "sha2",
            "sm2",
            "sm3",
            "sm4",
            "subtle",
            "x25519*",
            "zeroize",
        ],
        to: &["vault"],
    },
    Confined {
        what: "asynchronous code",
        packages: &["tokio*", "async-trait", "futures*"],
        to: &["state", "lake", "engine", "server"],
    },
    Confined {
        what: "randomness",
        packages: &["rand*", "getrandom", "fastrand", "uuid"],
        to: &["vault", "ml", "wal", "engine", "state", "lake", "server"],
    },
];

/// What the domain must not call: it is a function of its arguments.
const NOT_IN_DOMAIN: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Utc::now",
    "Local::now",
    "rand::",
    "getrandom",
    "thread_rng",
    "RandomState",
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "async fn",
];

/// What no caller of the lake may see.
const NOT_IN_LAKE_API: &[&str] = &[
    "RecordBatch",
    "RecordBatchReader",
    "ArrayRef",
    "SchemaRef",
    "ArrayData",
    "SendableRecordBatchStream",
    "ScalarValue",
    "SessionContext",
    "SessionState",
    "DataFrame",
    "LogicalPlan",
    "ExecutionPlan",
    "TableProvider",
    "DeltaTable",
    "arrow::",
    "parquet::",
    "datafusion::",
    "deltalake_core::",
];

const MAX_LINES: usize = 800;

/// Files that are longer than [`MAX_LINES`], and why that is right.
const LONG_FILES: &[(&str, &str)] = &[("console/src/api/schema.d.ts", "generated from the OpenAPI document")];

/// What is wrong, one line each; empty when the fence stands.
struct Findings {
    rule: &'static str,
    found: Vec<String>,
}

impl Findings {
    fn new(rule: &'static str) -> Self {
        Self { rule, found: Vec::new() }
    }

    fn add(&mut self, place: impl Into<String>) {
        self.found.push(place.into());
    }

    fn at(&mut self, file: &SourceFile, line: usize, what: &str) {
        self.add(format!("{}:{line}: {what}", file.path));
    }

    #[track_caller]
    fn done(self) {
        assert!(self.found.is_empty(), "\n{} ({WRITTEN_IN}). Found:\n  {}\n", self.rule, self.found.join("\n  "));
    }
}

fn is_named(package: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => package.starts_with(prefix),
        None => package == *pattern,
    })
}

fn rust_files(below: &str) -> Vec<SourceFile> {
    files(&root().join(below), &|name| name.ends_with(".rs"))
}

#[test]
fn crates_depend_downwards_only() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_DEPEND_ON.iter().copied().collect();
    let mut findings = Findings::new(
        "A crate depends only on the layers listed for it, never sideways or up; a new crate or edge needs an RFD",
    );
    for Crate { name, dependencies, .. } in crates() {
        let Some(below) = allowed.get(name.as_str()) else {
            findings.add(format!("crates/{name} is not on the list of crates"));
            continue;
        };
        for ours in dependencies.iter().filter_map(|package| package.strip_prefix("zhike-")) {
            if !below.contains(&ours) {
                findings.add(format!("crates/{name}/Cargo.toml: zhike-{ours}"));
            }
        }
    }
    findings.done();
}

#[test]
fn engines_and_primitives_stay_in_their_crates() {
    let mut findings = Findings::new("Each of these packages is used by the crates that wrap it, and by no other");
    for Crate { name, dependencies, .. } in crates() {
        for Confined { what, packages, to } in CONFINED {
            for package in dependencies.iter().filter(|package| is_named(package, packages)) {
                if !to.contains(&name.as_str()) {
                    findings.add(format!("crates/{name}/Cargo.toml: {package} ({what}: only in {})", to.join(", ")));
                }
            }
        }
    }
    findings.done();
}

#[test]
fn dependencies_come_from_one_list() {
    let mut findings =
        Findings::new("Versions stand once, in the workspace's manifest; no path or git dependency leads out of it");
    for Crate { name, manifest, .. } in crates() {
        for (n, line) in manifest.lines().enumerate() {
            if line.contains("path =") && line.contains("..") || line.contains("git =") {
                findings.add(format!("crates/{name}/Cargo.toml:{}: {line}", n + 1));
            }
        }
    }
    findings.done();
}

#[test]
fn crates_share_the_workspace_lints() {
    let mut findings = Findings::new("Every crate inherits the workspace's lints, which forbid unsafe code");
    for Crate { name, manifest, .. } in crates() {
        let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
        if lines.find(|line| !line.is_empty()) != Some("workspace = true") {
            findings.add(format!("crates/{name}/Cargo.toml: no `[lints]` with `workspace = true`"));
        }
    }
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    if !manifest.contains("unsafe_code = \"forbid\"") {
        findings.add("Cargo.toml: `unsafe_code = \"forbid\"` is gone from [workspace.lints.rust]");
    }
    findings.done();
}

#[test]
fn nothing_is_unsafe() {
    let word = concat!("un", "safe");
    let mut findings = Findings::new("Our crates hold no unsafe code");
    for file in rust_files("crates") {
        for line in lines_with(&code(&file.text), word) {
            findings.at(&file, line, word);
        }
    }
    findings.done();
}

#[test]
fn the_domain_has_no_clock_and_no_world() {
    let mut findings = Findings::new("The domain is pure: no clock, randomness, files, network, threads or async code");
    for file in rust_files("crates/domain/src") {
        let code = without_tests(&code(&file.text));
        for word in NOT_IN_DOMAIN {
            for line in lines_with(&code, word) {
                findings.at(&file, line, word);
            }
        }
    }
    findings.done();
}

#[test]
fn the_lake_hands_out_no_type_of_its_engine() {
    let mut findings = Findings::new(
        "The lake's public API speaks of frames, rows and encoded chunks; engine types are pub(crate) at most",
    );
    for file in rust_files("crates/lake/src") {
        let code = without_tests(&code(&file.text));
        for (line, item) in public_items(&code) {
            for word in NOT_IN_LAKE_API.iter().filter(|word| !lines_with(&item, word).is_empty()) {
                findings.at(&file, line, word);
            }
        }
    }
    findings.done();
}

#[test]
fn modules_are_named_by_their_file() {
    let mut findings = Findings::new("A module is x.rs with its parts in x/, never mod.rs");
    for file in files(&root().join("crates"), &|name| name == "mod.rs") {
        findings.add(file.path);
    }
    findings.done();
}

#[test]
fn files_stay_short() {
    let mut findings = Findings::new(
        "A source file has at most 800 lines; a longer one is listed with its reason in crates/domain/tests/it/fences.rs",
    );
    let is_source = |name: &str| name.ends_with(".rs") || name.ends_with(".ts") || name.ends_with(".tsx");
    let mut sources = rust_files("crates");
    sources.extend(files(&root().join("console"), &is_source));
    for file in &sources {
        let n_lines = file.text.lines().count();
        let is_listed = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if n_lines > MAX_LINES && !is_listed {
            findings.add(format!("{}: {n_lines} lines", file.path));
        }
    }
    findings.done();
}

#[test]
fn nothing_names_one_machine() {
    let folders = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let mut findings = Findings::new("The repository names no path of one machine");
    let is_text = |name: &str| {
        let kinds = [
            ".rs", ".toml", ".md", ".sh", ".ts", ".tsx", ".js", ".mjs", ".json", ".sql", ".yaml", ".yml", ".css",
            ".html", ".slt", ".snap",
        ];
        kinds.iter().any(|kind| name.ends_with(kind)) || !name.contains('.')
    };
    for file in files(&root(), &is_text) {
        for (n, line) in file.text.lines().enumerate() {
            let is_absolute = |at: usize| {
                line[..at].chars().next_back().is_none_or(|before| !is_word(before) && before != '.' && before != '/')
            };
            if folders.iter().any(|folder| line.match_indices(folder).any(|(at, _)| is_absolute(at))) {
                findings.at(&file, n + 1, line.trim());
            }
        }
    }
    findings.done();
}

/// A fence that looks at nothing would stand for ever.
#[test]
fn the_fences_see_the_repository() {
    let names: Vec<String> = crates().into_iter().map(|each| each.name).collect();
    for expected in ["domain", "engine", "lake", "ml", "server", "state", "vault", "wal"] {
        assert!(names.iter().any(|name| name == expected), "crates/{expected} is not found among {names:?}");
    }
    let lake = std::fs::read_to_string(root().join("crates/lake/Cargo.toml")).expect("the lake has a manifest");
    assert!(dependencies(&lake).iter().any(|package| package == "datafusion"));
    assert!(rust_files("crates/lake/src").iter().any(|file| lines_with(&code(&file.text), "RecordBatch").len() > 1));
    let n_items: usize = rust_files("crates/lake/src").iter().map(|file| public_items(&code(&file.text)).len()).sum();
    assert!(n_items > 20, "only {n_items} public items found in the lake");
    assert!(is_named("datafusion-common", &["datafusion*"]) && !is_named("sm30", &["sm3"]));
}

//! Architecture: which module may import which, checked in the source.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// Crates for drawing, which layers below `ui` must not use.
const TERMINAL: &[&str] = &["ratatui", "crossterm"];
const SDK: &[&str] = &[
    "aws_config",
    "aws_sdk_applicationautoscaling",
    "aws_sdk_ecs",
    "aws_sdk_cloudwatchlogs",
    "aws_sdk_elasticloadbalancingv2",
    "aws_sdk_kms",
    "aws_sdk_ssm",
    "aws_sdk_sts",
    "aws_types",
];
const RUNTIME: &[&str] = &["tokio"];
const FILES: &[&str] = &["std::fs", "std::net", "std::process"];

/// A top-level module with its submodules.
struct Rule {
    module: &'static str,
    /// Other modules of the crate that it may use.
    uses: &'static [&'static str],
    /// External paths that it must not use.
    never: &'static [&'static [&'static str]],
}

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule { module: "aws", uses: &["nearest"], never: &[TERMINAL] },
    Rule { module: "knowledge", uses: &[], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "resource", uses: &["aws", "cells", "knowledge", "visible"], never: &[TERMINAL, FILES] },
    Rule { module: "diagnose", uses: &["knowledge", "resource"], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "kinds", uses: &["diagnose", "resource"], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "change", uses: &["aws", "diagnose", "knowledge", "nearest", "resource"], never: &[TERMINAL, RUNTIME, FILES] },
    Rule { module: "forwarding", uses: &["aws", "resource"], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "journal", uses: &["aws", "change", "files", "forwarding", "resource"], never: &[TERMINAL, SDK, RUNTIME] },
    Rule { module: "history", uses: &["aws", "diagnose", "files", "knowledge", "resource"], never: &[TERMINAL, SDK, RUNTIME] },
    Rule { module: "logs", uses: &["aws", "grammar", "nearest", "resource", "visible"], never: &[TERMINAL, FILES] },
    Rule { module: "data", uses: &["aws", "change", "diagnose", "knowledge", "history", "logs", "resource"], never: &[TERMINAL] },
    Rule { module: "session", uses: &["aws", "forwarding", "resource", "tty", "visible"], never: &[TERMINAL, FILES] },
    Rule { module: "copy", uses: &["aws", "files", "resource", "session"], never: &[TERMINAL, SDK] },
    Rule { module: "event", uses: &["aws", "change", "copy", "data", "forwarding", "journal", "logs", "resource"], never: &[SDK, RUNTIME] },
    Rule { module: "model", uses: &["aws", "cells", "change", "copy", "data", "diagnose", "event", "forwarding", "grammar", "journal", "kinds", "knowledge", "logs", "nearest", "resource", "visible"], never: &[SDK, RUNTIME, FILES] },
    Rule { module: "ui", uses: &["aws", "cells", "change", "data", "diagnose", "event", "forwarding", "knowledge", "logs", "model", "nearest", "resource"], never: &[SDK, RUNTIME, FILES] },
    Rule { module: "demo", uses: &[], never: &[TERMINAL, SDK] },
    Rule { module: "tty", uses: &[], never: &[SDK] },
    Rule { module: "grammar", uses: &["nearest"], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "cells", uses: &[], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "visible", uses: &[], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "nearest", uses: &[], never: &[TERMINAL, SDK, RUNTIME, FILES] },
    Rule { module: "files", uses: &[], never: &[TERMINAL, SDK] },
    Rule { module: "logging", uses: &["files"], never: &[TERMINAL, SDK] },
    Rule { module: "config", uses: &["files", "forwarding", "kinds", "model", "nearest", "resource", "ui"], never: &[TERMINAL, SDK, RUNTIME] },
];

/// Modules that combine the others.
const EVERYTHING: &[&str] = &["app", "cli", "lib", "main"];

/// A source file of the crate.
struct Source {
    path: PathBuf,
    /// Top-level module that it belongs to.
    module: String,
    /// Code without comments and tests, which may use everything.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.extend(Some(entry).filter(|folder| !folder.ends_with("tests")));
            } else if entry.extension().is_some_and(|extension| extension == "rs") && !entry.ends_with("tests.rs") {
                let text = fs::read_to_string(&entry).expect("a source file");
                let below = entry.strip_prefix(&root).expect("below the root").with_extension("");
                let module = below.iter().next().expect("a name").to_string_lossy().into_owned();
                sources.push(Source { path: entry, module, code: code(&text) });
            }
        }
    }
    sources
}

fn code(text: &str) -> String {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..tests].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Top-level modules named in `code`, as in `crate::a::b` or `crate::{a::b, c}`.
fn used_modules(code: &str) -> BTreeSet<String> {
    let name = Regex::new(r"^\s*([a-z_]\w*)").expect("a pattern");
    let mut names = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let (mut depth, mut start) = (0, 0);
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            let ends = depth == 0 || (depth == 1 && matches!(c, ',' | '{'));
            if ends {
                if let Some(found) = name.captures(&rest[start..]) {
                    names.insert(found[1].to_owned());
                }
                start = at + c.len_utf8();
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

#[test]
fn imports_are_found_in_every_form() {
    let found =
        used_modules("use crate::{\n    aws::{Clients, error::Failure},\n    data,\n};\nfn f() { crate::event::g() }");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["aws", "data", "event"]);
}

#[test]
fn modules_import_only_lower_layers() {
    // Names in strings are not uses.
    let strings = Regex::new(r#""(?:[^"\\\n]|\\.)*""#).expect("a pattern");
    let mut broken = Vec::new();
    for source in sources() {
        let Some(rule) = RULES.iter().find(|rule| rule.module == source.module) else {
            assert!(EVERYTHING.contains(&&*source.module), "no rule for module `{}`", source.module);
            continue;
        };
        let foreign =
            used_modules(&source.code).into_iter().filter(|name| name != rule.module && !rule.uses.contains(&&**name));
        broken.extend(foreign.map(|name| format!("{}: crate::{name}", source.path.display())));
        let code = strings.replace_all(&source.code, "\"\"");
        for path in rule.never.iter().copied().flatten() {
            let word = Regex::new(&format!(r"\b{path}\b(::|\b)")).expect("a pattern");
            if word.is_match(&code) {
                broken.push(format!("{}: {path}", source.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "imports that are not allowed:\n{}", broken.join("\n"));
}

#[test]
fn colours_occur_only_in_the_theme() {
    let colour = Regex::new(r"\bColor::|\bStylize\b").expect("a pattern");
    let named: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.path.to_string_lossy().contains("src/ui/theme"))
        .filter(|source| colour.is_match(&source.code))
        .map(|source| source.path)
        .collect();
    assert!(named.is_empty(), "colours outside the theme: {named:?}");
}

/// Paths of test modules, without extension: each covers a file and the folder of its children.
fn test_modules(sources: &[Source]) -> Vec<PathBuf> {
    let module = Regex::new(r"#\[cfg\(test\)\]\s+(?:pub(?:\([a-z: ]+\))? )?mod (\w+);").expect("a pattern");
    let mut found = Vec::new();
    for source in sources {
        let root = source.path.ends_with("lib.rs") || source.path.ends_with("main.rs");
        let folder = if root { source.path.with_file_name("") } else { source.path.with_extension("") };
        found.extend(module.captures_iter(&source.code).map(|captures| folder.join(&captures[1])));
    }
    found
}

/// A file as a module: `src/model/screens/logs.rs` is `model::screens::logs`.
type ModulePath = Vec<String>;

/// The files that may import each other in circles: kinds name the kinds that they lead to.
const KINDS: &str = "resource::";

/// The paths that the `use` declarations of `code` name, and whether each is passed on with `pub use`.
fn imports(code: &str) -> Vec<(ModulePath, bool)> {
    let declaration = Regex::new(r"(?m)^\s*(pub(?:\([a-z: ]+\))? )?use ([^;]+);").expect("a pattern");
    let mut imports = Vec::new();
    for captures in declaration.captures_iter(code) {
        let mut paths = Vec::new();
        expand(&[], &captures[2], &mut paths);
        imports.extend(paths.into_iter().map(|path| (path, captures.get(1).is_some())));
    }
    imports
}

/// The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(before: &[String], tree: &str, paths: &mut Vec<ModulePath>) {
    let mut depth = 0;
    let parts = tree.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let (head, rest) = part.split_once('{').map_or((part, None), |(head, rest)| (head, Some(rest)));
        let head = head.split(" as ").next().unwrap_or_default().trim_end_matches("::self");
        let segments = head.split("::").map(str::trim).filter(|segment| !segment.is_empty() && *segment != "self");
        let path: ModulePath = before.iter().cloned().chain(segments.map(str::to_owned)).collect();
        match rest.and_then(|rest| rest.rsplit_once('}')) {
            Some((tree, _)) => expand(&path, tree, paths),
            None => paths.push(path),
        }
    }
}

/// The file that `path` resolves to when named in the file `from`, and the item in it.
fn resolve(files: &BTreeMap<ModulePath, String>, from: &[String], path: &[String]) -> Option<(ModulePath, ModulePath)> {
    let up = path.iter().take_while(|segment| *segment == "super").count();
    let full = match path.first()?.as_str() {
        "crate" => path[1..].to_vec(),
        "super" => [&from[..from.len().checked_sub(up)?], &path[up..]].concat(),
        _ => [from, path].concat(),
    };
    let length = (1..=full.len()).rev().find(|length| files.contains_key(&full[..*length]))?;
    // A name of a crate that is no module of the file is another crate's.
    let found = (full[..length].to_vec(), full[length..].to_vec());
    (found.0 != from).then_some(found)
}

#[test]
fn paths_of_imports_are_found_in_every_form() {
    let found = imports("use super::a::{self, b::{C, d}, E as F};\npub(super) use g::H;\n");
    let found: Vec<_> = found.into_iter().map(|(path, passed_on)| (path.join("::"), passed_on)).collect();
    let expected = [
        ("super::a", false),
        ("super::a::b::C", false),
        ("super::a::b::d", false),
        ("super::a::E", false),
        ("g::H", true),
    ];
    assert_eq!(found, expected.map(|(path, passed_on)| (path.to_owned(), passed_on)));
}

/// A file that needs others is read after them; in a circle there is no first one. A module may name its own parts, and
/// what it passes on of them counts for the part.
#[test]
fn files_import_each_other_in_no_circle() {
    let sources = sources();
    let tests = test_modules(&sources);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: BTreeMap<ModulePath, String> = sources
        .into_iter()
        .filter(|source| !["demo", "lib", "main"].contains(&&*source.module))
        .filter(|source| tests.iter().all(|module| !source.path.with_extension("").starts_with(module)))
        .map(|source| {
            let below = source.path.strip_prefix(&root).expect("below the root").with_extension("");
            (below.iter().map(|part| part.to_string_lossy().into_owned()).collect(), source.code)
        })
        .collect();
    let mut passed_on = BTreeMap::new();
    for (file, code) in &files {
        for (path, _) in imports(code).into_iter().filter(|(_, passed_on)| *passed_on) {
            if let (Some((part, _)), Some(name)) = (resolve(&files, file, &path), path.last()) {
                passed_on.insert((file.clone(), name.clone()), part);
            }
        }
    }
    let mut needs: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = BTreeMap::new();
    for (file, code) in &files {
        let resolved = imports(code).into_iter().filter_map(|(path, _)| resolve(&files, file, &path));
        let needed = resolved.map(|(mut needed, named)| {
            while let Some(part) = named.first().and_then(|name| passed_on.get(&(needed.clone(), name.clone()))) {
                needed.clone_from(part);
            }
            needed
        });
        needs.insert(file, needed.filter(|needed| !needed.starts_with(file)).collect());
    }
    let needs_itself = |file: &&&ModulePath| {
        let mut ahead: Vec<&ModulePath> = needs[**file].iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = ahead.pop() {
            if seen.insert(next) {
                ahead.extend(&needs[next]);
            }
        }
        seen.contains(**file)
    };
    let circles: Vec<String> = needs.keys().filter(needs_itself).map(|file| file.join("::")).collect();
    let circles: Vec<&String> = circles.iter().filter(|file| !file.starts_with(KINDS)).collect();
    assert!(circles.is_empty(), "files that import each other in a circle: {circles:?}");
}

#[test]
fn no_type_name_is_defined_twice() {
    let definition = Regex::new(
        r"(?m)^(?:\s*(?:pub(?:\([a-z: ]+\))? )?(?:struct|enum|trait|union)|(?:pub(?:\([a-z: ]+\))? )?type) (\w+)",
    )
    .expect("a pattern");
    let sources = sources();
    let tests = test_modules(&sources);
    let of_console = |source: &&Source| {
        source.module != "demo" && tests.iter().all(|module| !source.path.with_extension("").starts_with(module))
    };
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(of_console) {
        for captures in definition.captures_iter(&source.code) {
            places.entry(captures[1].to_owned()).or_default().push(source.path.display().to_string());
        }
    }
    assert!(places.len() > 200, "{places:?}");
    let twice: Vec<_> = places.iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "names of several types: {twice:#?}");
}

#[test]
fn actions_require_abilities_not_kinds() {
    let (mut lists, mut needs) = (0, 0);
    for source in sources() {
        let Some((_, list)) = source.code.split_once("\nactions! {") else { continue };
        let list = list.split_once("\n}").expect("the list ends").0.to_lowercase();
        assert!(!list.contains("kind"), "{}: what an action needs is an ability", source.path.display());
        (lists, needs) = (lists + 1, needs + list.matches("ability::").count());
    }
    assert!(lists > 5 && needs > 10, "{lists} lists of actions");
}

#[test]
fn rows_are_distinguished_by_one_match() {
    let chain = Regex::new(r"\} else if let [^\n]*downcast_ref::<").expect("a pattern");
    let chains: Vec<_> =
        sources().into_iter().filter(|source| chain.is_match(&source.code)).map(|source| source.path).collect();
    assert!(chains.is_empty(), "match what `Row::typed` answers, or ask the kind: {chains:?}");
}

/// What follows from a rule stands in its row: whether it is general, what it is about.
#[test]
fn no_rule_is_named_outside_the_rule_tables() {
    let id = Regex::new(r#""(?:EV|EXEC|EXIT|FAILURES|INIT|PULL|ROLL|SD|START|STOP|STOPCODE|TARGET)-[A-Z0-9-]*""#)
        .expect("a pattern");
    let named: Vec<_> = sources()
        .into_iter()
        .filter(|source| !matches!(&*source.module, "demo" | "knowledge"))
        .flat_map(|source| {
            let found: Vec<_> = id.find_iter(&source.code).map(|found| found.as_str().to_owned()).collect();
            found.into_iter().map(move |id| format!("{}: {id}", source.path.display()))
        })
        .collect();
    assert!(named.is_empty(), "ids of rules in code:\n{}", named.join("\n"));
}

#[test]
fn a_module_with_children_is_a_file_beside_a_folder() {
    let files = sources().into_iter().filter(|source| source.path.ends_with("mod.rs"));
    assert_eq!(files.map(|source| source.path).collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

/// Every client has the guard against changes and the log of calls, because all clients are created in one place.
#[test]
fn every_client_is_created_with_the_guard() {
    let made = Regex::new(r"\bClient::(new|from_conf)\(").expect("a pattern");
    let places: Vec<_> = sources()
        .iter()
        .flat_map(|source| made.find_iter(&source.code).map(|_| source.path.clone()).collect::<Vec<_>>())
        .collect();
    assert_eq!(places.len(), 1, "{places:?}");
    assert!(places[0].ends_with("src/aws.rs"), "{places:?}");
}

//! Drift between documentation and program: the README matches the program, and all texts are in plain language.
//! `UPDATE_README=1 cargo test --test it drift` updates the generated tables of the README.

use std::{env, fs, path::Path, sync::LazyLock};

use clap::CommandFactory;
use ecsight::{
    aws::operation,
    cli::{self, EXIT_CODES},
    config,
    demo::{Scenario, faults},
    kinds::KINDS,
    model::{
        Keymap, RowFilter,
        action::{ACTIONS, Action, ActionContext, contexts},
    },
    ui::theme::THEMES,
};
use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;

use crate::support::aws::Aws;

/// Name of a part between `<!-- begin NAME -->` and `<!-- end NAME -->`, and the function that generates it.
type Part = (&'static str, fn() -> String);

const PARTS: &[Part] = &[
    ("keys", keys),
    ("kinds", kinds),
    ("exit-codes", exit_codes),
    ("themes", themes),
    ("policy", policy),
    ("scenarios", scenarios),
    ("faults", fault_specs),
];

#[test]
fn the_readme_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = readme();
    let fresh = PARTS.iter().fold(readme.clone(), |text, (name, part)| replaced(&text, name, &part()));
    if env::var_os("UPDATE_README").is_some() {
        fs::write(&path, fresh).expect("written");
    } else {
        for (old, new) in readme.lines().zip(fresh.lines()) {
            assert_eq!(old, new, "README.md is behind; write it with UPDATE_README=1");
        }
        assert_eq!(readme.len(), fresh.len(), "README.md is behind; write it with UPDATE_README=1");
    }
}

#[test]
fn the_filters_of_the_readme_are_valid() {
    let kind = &ecsight::resource::task::KIND;
    let table = section("## Filters");
    let examples: Vec<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| quoted(line.split(" | ").next().unwrap_or_default()))
        .chain(["exit=137 age<30m !sidecar".to_owned()])
        .collect();
    assert!(examples.len() > 10, "{examples:?}");
    for example in examples {
        let example = example.replace("\\|", "|");
        let filter = RowFilter::parse(&example, kind, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        assert!(filter.is_ok(), "{example}: {filter:?}");
    }
}

#[test]
fn the_configuration_of_the_readme_is_valid() {
    let text = section("## Configuration");
    let (_, rest) = text.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    fs::write(&path, example).expect("written");
    let themes: Vec<&str> = THEMES.iter().map(|(name, _)| *name).collect();
    let settings = config::load(&path, &themes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((settings.theme.as_str(), settings.every, settings.scopes.len()), ("midnight", Some(5), 1));
}

#[test]
fn the_command_lines_of_the_readme_are_valid() {
    let readme = readme();
    // Parts inside and outside of code blocks alternate.
    let code = readme.split("```").skip(1).step_by(2).flat_map(str::lines).map(str::to_owned);
    let prose = readme.split("```").step_by(2).flat_map(str::lines).flat_map(quoted);
    let lines: Vec<String> =
        code.chain(prose).filter(|line| line.starts_with("ecsight ") && !line.contains("SHELL")).collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        match cli::parse(words(&line).iter().map(Into::into)) {
            Ok(_) => {}
            Err(error) => assert!(!error.use_stderr(), "{line}: {error}"),
        }
    }
}

/// Words that sound odd in technical English, or belong to the private language that these texts once had.
const BANNED: &str = r"(?i)\b(told|befell|befalls?|befallen|anew|so many|to and fro|as far as|nowhere|leads|elder|culprit|of old|looked for|hears?|heard|at home)\b";

/// Lines of `text` with a banned word, each after the name of the text.
fn banned<'a>(name: &str, text: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| Regex::new(BANNED).expect("a pattern"));
    let found = text.into_iter().flat_map(str::lines).filter(|line| WORDS.is_match(line));
    found.map(|line| format!("{name}: {}", line.trim())).collect()
}

/// Comments and string literals of Rust code, and the names of its functions as words.
fn texts(code: &str) -> Vec<String> {
    let parts = Regex::new(r#"(?:^|\s)//.*|"(?:[^"\\\n]|\\.)*"|\bfn \w+"#).expect("a pattern");
    let text = |line: &str| parts.find_iter(line).map(|part| part.as_str().to_owned()).collect::<Vec<_>>();
    let plain = |part: String| if part.starts_with("fn ") { part.replace('_', " ") } else { part };
    code.lines().flat_map(text).map(plain).collect()
}

#[test]
fn comments_messages_and_function_names_have_no_banned_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("tests/it"), root.join("benches")];
    let (mut found, mut files) = (Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("it is below").to_owned();
            if path == root.join("tests/it/drift.rs") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                let texts = texts(&fs::read_to_string(&path).expect("it is text"));
                found.extend(banned(&name.display().to_string(), texts.iter().map(String::as_str)));
            }
        }
    }
    assert!(files > 150, "{files} files");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn readme_contributing_and_help_have_no_banned_words() {
    let contributing = Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md");
    let contributing = fs::read_to_string(contributing).expect("a guide for contributors");
    let mut command = cli::Cli::command();
    command.build();
    let commands = std::iter::once(&command).chain(command.get_subcommands());
    let help: Vec<String> = commands.map(|command| command.clone().render_long_help().to_string()).collect();
    assert!(help.len() > 8, "{} help texts", help.len());
    let help = help.iter().flat_map(|text| banned("--help", [text.as_str()]));
    let keys = ACTIONS.iter().flat_map(|action| banned("help", [action.about_in_full().as_str()]));
    let found: Vec<String> =
        [banned("README.md", [readme().as_str()]), banned("CONTRIBUTING.md", [contributing.as_str()])]
            .into_iter()
            .flatten()
            .chain(help)
            .chain(keys)
            .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The README, and every help text with examples.
fn texts_with_examples(aws: &Aws) -> String {
    let help = [&["--help"][..], &["get", "--help"], &["logs", "--help"], &["why", "--help"], &["report", "--help"]];
    help.iter().fold(readme(), |text, args| format!("{text}\n{}", aws.run(args).out))
}

#[test]
fn every_example_with_a_filter_finds_something_in_the_demo() {
    let aws = Aws::incident_now(&[]);
    let text = texts_with_examples(&aws);
    // Such as `:stopped payments /exit>0`, with or without the colon, on a line of its own or in quotes.
    let command =
        Regex::new(r#"(?m)(?:^|['"`]):?([a-z]+)(?: [a-z]+)? /(\S+(?: \S+)*)(?:['"`]|  |$)"#).expect("a pattern");
    let in_console = command.captures_iter(&text).map(|found| {
        let filter = found[2].trim_end_matches(['\'', '"', '`']).to_owned();
        ["ecsight", "get", &found[1], "--filter", &filter].map(str::to_owned).to_vec()
    });
    let in_shell = text.lines().map(str::trim).filter(|line| line.starts_with("ecsight ") && line.contains("--filter"));
    let prose = ["ecsight", "get", "stopped", "--filter", "exit=137 age<30m !sidecar"].map(str::to_owned).to_vec();
    assert!(readme().contains("So `exit=137 age<30m !sidecar` are the recent kills"));
    let examples: Vec<Vec<String>> = in_console.chain(in_shell.map(words)).chain([prose]).collect();
    assert!(examples.len() >= 8, "{examples:?}");
    for example in examples {
        // The demo has other clusters than the examples.
        let cluster = example.iter().position(|word| word == "--cluster");
        let named = |index: usize| cluster.is_some_and(|at| index == at || index == at + 1);
        // A followed log has no end.
        let run = example.iter().enumerate().skip(1).filter(|(index, word)| !named(*index) && *word != "--follow");
        let run: Vec<&str> = run.map(|(_, word)| word.as_str()).collect();
        let answer = aws.run(&run);
        let head = usize::from(example[1] == "get");
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{example:?}");
        assert!(answer.out.lines().count() > head, "{example:?} finds nothing");
    }
}

/// Words of a shell command without single quotes, up to a comment, a pipe or a redirection.
fn words(line: &str) -> Vec<String> {
    let mut parts = line.split('\'');
    let mut words = Vec::new();
    while let Some(bare) = parts.next() {
        let end = bare.find(['#', '<', '>', '|']);
        words.extend(bare[..end.unwrap_or(bare.len())].split_whitespace().map(str::to_owned));
        if end.is_some() {
            break;
        }
        words.extend(parts.next().map(str::to_owned));
    }
    words
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README")
}

/// Text below the heading `title`, up to the next heading of the same level.
fn section(title: &str) -> String {
    let readme = readme();
    let (_, rest) = readme.split_once(title).unwrap_or_else(|| panic!("{title} is in the README"));
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// Texts between backticks in a line.
fn quoted(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Replaces the text between the markers called `name` by `part`.
fn replaced(text: &str, name: &str, part: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{begin} is in the README"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{end} is in the README"));
    format!("{before}{begin}{part}{end}{after}")
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| {
        format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
    };
    let rule = format!("|{}\n", "---|".repeat(N));
    format!("\n{}{rule}{}", line(&head.map(str::to_owned)), rows.map(|row| line(&row)).collect::<String>())
}

fn keys() -> String {
    let keymap = Keymap::default();
    let rows = |context: ActionContext| {
        let row = |action: &Action| {
            let keys: Vec<_> = keymap
                .keys(action)
                .iter()
                .map(|key| format!("<kbd>{}</kbd>", key.to_string().replace('\\', "&#92;")))
                .collect();
            let about = action.about_in_full();
            let command = action.usage().map(|usage| format!("`:{usage}`")).unwrap_or_default();
            [keys.join(" "), about, format!("`{}`", action.name), command]
        };
        let actions = ACTIONS.iter().filter(move |action| action.place == context);
        table(["key", "what it does", "name", "command"], actions.map(row))
    };
    contexts().map(|context| format!("\n{}:\n{}", context.title, rows(context))).collect()
}

fn kinds() -> String {
    let row = |kind: &&ecsight::resource::Kind| {
        let words: Vec<_> = kind.names().filter(|name| *name != kind.plural).collect();
        [
            format!("`{}`", kind.plural),
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
            kind.about.to_owned(),
        ]
    };
    table(["view", "also", "what is in it"], KINDS.iter().map(row))
}

fn exit_codes() -> String {
    table(
        ["exit code", "meaning"],
        EXIT_CODES.iter().map(|(code, meaning)| [(*code).to_owned(), (*meaning).to_owned()]),
    )
}

fn themes() -> String {
    THEMES.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn policy() -> String {
    let statement = |sid: &str, harmless: bool| {
        let operations = operation::ALL.iter().filter(|operation| operation.nature.harmless() == harmless);
        let actions: Vec<_> = operations.map(|operation| format!("      \"{}\"", operation.action())).collect();
        format!(
            "{{\n    \"Sid\": \"{sid}\",\n    \"Effect\": \"Allow\",\n    \"Action\": [\n{}\n    ],\n    \"Resource\": \"*\"\n  }}",
            actions.join(",\n")
        )
    };
    let (read, act) = (statement("Read", true), statement("Act", false));
    format!("\n```json\n{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{read}, {act}]\n}}\n```\n")
}

fn scenarios() -> String {
    table(
        ["scenario", "what it is"],
        Scenario::ALL.into_iter().map(|scenario| [format!("`{scenario}`"), scenario.about().to_owned()]),
    )
}

fn fault_specs() -> String {
    table(["fault", "what it does"], faults::kinds().map(|kind| [format!("`{}`", kind.usage), kind.help.to_owned()]))
}

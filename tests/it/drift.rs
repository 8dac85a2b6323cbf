//! What the README says is what the program does. Its generated tables are written anew by
//! `UPDATE_README=1 cargo test drift`.

use std::{env, fs, path::Path};

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

/// A part between `<!-- begin NAME -->` and `<!-- end NAME -->`, and what belongs there.
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
fn the_filters_of_the_readme_are_understood() {
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
fn the_configuration_of_the_readme_is_understood() {
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
fn the_command_lines_of_the_readme_are_understood() {
    let readme = readme();
    // Every other part is code.
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

/// The README, and every help text that has examples.
fn texts_with_examples(aws: &Aws) -> String {
    let help = [&["--help"][..], &["get", "--help"], &["logs", "--help"], &["why", "--help"], &["report", "--help"]];
    help.iter().fold(readme(), |text, args| format!("{text}\n{}", aws.run(args).out))
}

#[test]
fn every_example_with_a_filter_finds_something_in_the_demo() {
    let aws = Aws::incident_now(&[]);
    let text = texts_with_examples(&aws);
    // As in `:stopped payments /exit>0`, with or without the colon: alone on a line, or in quotes.
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
        // What is followed has no end.
        let run = example.iter().enumerate().skip(1).filter(|(index, word)| !named(*index) && *word != "--follow");
        let run: Vec<&str> = run.map(|(_, word)| word.as_str()).collect();
        let answer = aws.run(&run);
        let head = usize::from(example[1] == "get");
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{example:?}");
        assert!(answer.out.lines().count() > head, "{example:?} finds nothing");
    }
}

/// The words of a shell's command line without its single quotes, up to a comment, a pipe or a redirection.
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

/// What stands below the heading `title`, up to the next one of its rank.
fn section(title: &str) -> String {
    let readme = readme();
    let (_, rest) = readme.split_once(title).unwrap_or_else(|| panic!("{title} is in the README"));
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// What stands between backticks in a line.
fn quoted(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// `text` with `part` between the markers called `name`.
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
    let of = |context: ActionContext| {
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
    contexts().map(|context| format!("\n{}:\n{}", context.title, of(context))).collect()
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
    table(
        ["fault", "what it does"],
        faults::KINDS.iter().map(|kind| [format!("`{}`", kind.usage), kind.help.to_owned()]),
    )
}

//! What the README says in tables is what the program's own tables say. `UPDATE_README=1 cargo test drift` writes it anew.

use std::{env, fs, path::Path};

use ecsight::{
    aws::operation,
    cli::EXIT_CODES,
    demo::{Scenario, faults},
    model::{
        Keymap,
        action::{ACTIONS, Action, Place},
    },
    resource::KINDS,
    ui::theme::THEMES,
};

/// The parts between `<!-- begin NAME -->` and `<!-- end NAME -->`, and what belongs there.
const PARTS: &[(&str, fn() -> String)] = &[
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
    let readme = fs::read_to_string(&path).expect("a README");
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
    let of = |place: Place| {
        let row = |action: &Action| {
            let keys: Vec<_> = keymap.keys(action).iter().map(|key| format!("<kbd>{key}</kbd>")).collect();
            let about = match action.kinds {
                [] => action.about.to_owned(),
                kinds => format!("{} ({})", action.about, kinds.join(", ")),
            };
            let command = action.usage().map(|usage| format!("`:{usage}`")).unwrap_or_default();
            [keys.join(" "), about, format!("`{}`", action.name), command]
        };
        let actions = ACTIONS.iter().filter(move |action| action.place == place);
        table(["key", "what it does", "name", "command"], actions.map(row))
    };
    format!(
        "\nEverywhere:\n{}\nIn tables:\n{}\nIn texts (describe, JSON, help, messages):\n{}",
        of(Place::Everywhere),
        of(Place::Table),
        of(Place::Text)
    )
}

fn kinds() -> String {
    let row = |kind: &&ecsight::resource::Kind| {
        let words = [&[kind.name], kind.aliases].concat();
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
    let actions: Vec<_> = operation::ALL.iter().map(|operation| format!("      \"{}\"", operation.action())).collect();
    format!(
        "\n```json\n{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{{\n    \"Effect\": \"Allow\",\n    \"Action\": [\n{}\n    ],\n    \
         \"Resource\": \"*\"\n  }}]\n}}\n```\n",
        actions.join(",\n")
    )
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

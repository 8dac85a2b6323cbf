//! The manual page. It covers all subcommands, because people search a single page.

use std::io::{self, Write};

use clap::{Arg, Command, CommandFactory};
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::{Cli, EXAMPLES, EXIT_CODES};
use crate::{
    demo::faults,
    model::{
        Keymap,
        action::{ACTIONS, contexts},
    },
};

/// Files, in the XDG base directories.
const FILES: &[(&str, &str)] = &[
    ("~/.config/ecsight/config.toml", "Configuration; `ecsight info` shows its path on this system."),
    ("~/.local/state/ecsight/", "Command and filter history, archived rows, log file, saved tables."),
    ("~/.aws/config, ~/.aws/credentials", "Profiles, credentials and Regions, as the AWS CLI reads them."),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("ECSIGHT_CONFIG, ECSIGHT_THEME, ECSIGHT_REFRESH, ECSIGHT_LOG_LEVEL", "Defaults for the flags of the same name."),
    (
        "AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, …",
        "Credentials and Region, as for the AWS CLI; --profile and --region take precedence.",
    ),
    ("AWS_ENDPOINT_URL", "Endpoint URL for every AWS service."),
    ("NO_COLOR", "Draw without colours."),
];

/// Writes the manual page.
///
/// # Errors
/// Never, since it writes to memory.
pub(super) fn page() -> io::Result<Vec<u8>> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut page = Vec::new();
    let whole = clap_mangen::Man::new(command.clone()).manual("User Commands");
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    for part in std::iter::once(&command).chain(command.get_subcommands()) {
        synopsis.control("HP", []);
        synopsis.text(usage(part));
    }
    synopsis.to_writer(&mut page)?;
    whole.render_description_section(&mut page)?;
    let mut options = Vec::new();
    whole.render_options_section(&mut options)?;
    // Make subsections of clap's option sections.
    let options = String::from_utf8_lossy(&options).replace("\n.SH ", "\n.SS ").replacen("\n.SS ", "\n.SH ", 1);
    page.extend_from_slice(options.as_bytes());
    writeln!(page, ".SH COMMANDS")?;
    for subcommand in command.get_subcommands() {
        write_command(subcommand, &mut page)?;
    }
    rest(&mut page)?;
    Ok(page)
}

/// Synopsis of a command with all its flags: `ecsight get [-s|--service NAME] KIND [NAME]...`.
fn usage(command: &Command) -> Vec<clap_mangen::roff::Inline> {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut words = vec![bold(name)];
    let inherited = |arg: &Arg| name != "ecsight" && arg.is_global_set();
    let own = |arg: &&Arg| !arg.is_hide_set() && !inherited(arg) && arg.get_id() != "help";
    for arg in command.get_arguments().filter(own) {
        let value = arg.get_value_names().map(|names| names.join(" ")).filter(|_| arg.get_action().takes_values());
        let value = value.unwrap_or_default();
        let many = if matches!(arg.get_num_args(), Some(range) if range.max_values() > 1) { "..." } else { "" };
        let (open, close) = if arg.is_required_set() { ("", "") } else { ("[", "]") };
        words.push(roman(format!(" {open}")));
        match (arg.get_short(), arg.get_long()) {
            (_, None) => words.push(italic(value)),
            (short, Some(long)) => {
                let short = short.map(|short| format!("-{short}|")).unwrap_or_default();
                words.push(bold(format!("{short}--{long}")));
                if !value.is_empty() {
                    words.extend([roman(" "), italic(value)]);
                }
            }
        }
        words.push(roman(format!("{close}{many}")));
    }
    words
}

/// Writes the subsection of one command.
fn write_command(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let name = command.get_name().to_owned();
    let own = |arg: Arg| if arg.is_global_set() { arg.hide(true) } else { arg };
    let part = clap_mangen::Man::new(command.clone().disable_help_flag(true).mut_args(own));
    let mut text = Vec::new();
    part.render_description_section(&mut text)?;
    part.render_options_section(&mut text)?;
    // Drop the section headings of a separate page.
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| !line.starts_with(".SH "));
    writeln!(page, ".SS \"ecsight {name}\"\n{}", lines.collect::<Vec<_>>().join("\n"))?;
    let mut more = Roff::new();
    if name == "demo" {
        more.control("PP", []);
        more.text([roman("Faults (append #TIMES to limit how often one occurs):")]);
        let width = faults::kinds().map(|kind| kind.usage.len()).max().unwrap_or(0);
        let lines = faults::kinds().map(|kind| format!("{:width$}  {}", kind.usage, kind.help));
        unfilled(&mut more, lines);
    } else if let Some(help) = command.get_after_help() {
        unfilled(&mut more, help.to_string().lines().map(str::to_owned));
    }
    more.to_writer(page)
}

/// Adds lines without filling.
fn unfilled(roff: &mut Roff, lines: impl Iterator<Item = String>) {
    roff.control("PP", []);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

/// Writes the sections after the commands.
fn rest(page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    let list = |roff: &mut Roff, title: &str, rows: &[(&str, &str)]| {
        roff.control("SH", [title]);
        for (term, text) in rows {
            roff.control("TP", []);
            roff.text([bold(*term)]);
            roff.text([roman(*text)]);
        }
    };
    roff.control("SH", ["KEYS"]);
    let keymap = Keymap::default();
    for context in contexts() {
        roff.control("SS", [context.title]);
        for action in ACTIONS.iter().filter(|action| action.place == context) {
            let keys: Vec<String> = keymap.keys(action).iter().map(ToString::to_string).collect();
            let command = action.usage().map(|usage| format!(":{usage}"));
            let names: Vec<String> = keys.into_iter().chain(command).collect();
            roff.control("TP", []);
            roff.text([bold(names.join(", "))]);
            roff.text([roman(action.about)]);
        }
    }
    roff.control("SH", ["EXAMPLES"]);
    unfilled(&mut roff, EXAMPLES.lines().skip(1).map(|line| line.trim().to_owned()));
    list(&mut roff, "FILES", FILES);
    list(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    list(&mut roff, "EXIT STATUS", EXIT_CODES);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("aws"), roman("(1), https://docs.aws.amazon.com/AmazonECS/latest/developerguide/")]);
    roff.to_writer(page)
}

//! The commands of the toy shell.

mod archive;
mod files;
mod system;
mod text;

pub(super) use archive::{pack, unpack};
pub(super) use system::processes;

use super::{Shell, Stop, streams::Streams};

/// What a command that neither waits nor reads the terminal has done.
#[derive(Debug, Default)]
struct Outcome {
    output: Vec<u8>,
    /// Written to standard error.
    errors: String,
    status: u8,
}

impl Outcome {
    fn text(text: impl Into<String>) -> Self {
        Self { output: text.into().into_bytes(), ..Self::default() }
    }

    fn status(succeeded: bool) -> Self {
        Self { status: u8::from(!succeeded), ..Self::default() }
    }

    fn failed(message: impl Into<String>) -> Self {
        Self { errors: message.into() + "\n", status: 1, ..Self::default() }
    }

    /// Adds a failure that does not end the command.
    fn add_failure(&mut self, message: &str) {
        self.errors.push_str(message);
        self.errors.push('\n');
        self.status = 1;
    }
}

type Builtin = fn(&mut Shell, &[String], &[u8]) -> Outcome;

/// Commands that know their output at once.
const BUILTINS: &[(&str, Builtin)] = &[
    ("[", system::test),
    ("basename", text::basename),
    ("cd", files::cd),
    ("chmod", files::chmod),
    ("cp", files::cp),
    ("date", system::date),
    ("dd", files::dd),
    ("df", system::df),
    ("dirname", text::dirname),
    ("echo", text::echo),
    ("env", system::env),
    ("export", system::export),
    ("false", |_, _, _| Outcome::status(false)),
    ("hostname", |shell, _, _| Outcome::text(format!("{}\n", shell.hostname))),
    ("id", |_, _, _| Outcome::text("uid=0(root) gid=0(root) groups=0(root)\n")),
    ("ls", files::ls),
    ("mkdir", files::mkdir),
    ("mv", files::mv),
    ("printenv", system::env),
    ("printf", text::printf),
    ("ps", system::ps),
    ("pwd", |shell, _, _| Outcome::text(format!("{}\n", shell.directory))),
    ("rm", files::rm),
    ("seq", text::seq),
    ("stat", files::stat),
    ("stty", system::stty),
    ("test", system::test),
    ("touch", files::touch),
    ("true", |_, _, _| Outcome::status(true)),
    (":", |_, _, _| Outcome::status(true)),
    ("uname", system::uname),
    ("unset", system::unset),
    ("uptime", system::uptime),
    ("which", system::which),
    ("command", system::which),
    ("whoami", |_, _, _| Outcome::text("root\n")),
];

/// Commands that read files, or standard input if none is named.
const FILTERS: &[(&str, Builtin)] = &[
    ("base64", text::base64),
    ("cksum", text::cksum),
    ("grep", text::grep),
    ("head", text::head),
    ("sha256sum", text::sha256sum),
    ("sort", text::sort),
    ("tail", text::tail),
    ("tr", text::tr),
    ("wc", text::wc),
];

/// Commands that the shell runs itself.
const OTHERS: [&str; 12] = ["ash", "bash", "cat", "exec", "exit", "sh", "sleep", "tar", "tee", "top", "vi", "yes"];

/// The name of a command without the directory of its file.
pub(super) fn base_name(name: &str) -> &str {
    let directory =
        ["/bin/", "/usr/bin/", "/sbin/", "/usr/local/bin/"].iter().find_map(|start| name.strip_prefix(start));
    directory.filter(|base| !base.contains('/')).unwrap_or(name)
}

/// Returns whether there is a command of this name.
pub(super) fn exists(name: &str) -> bool {
    let name = base_name(name);
    OTHERS.contains(&name) || find(BUILTINS, name).is_some() || find(FILTERS, name).is_some()
}

fn find(table: &[(&str, Builtin)], name: &str) -> Option<Builtin> {
    table.iter().find(|(other, _)| *other == name).map(|(_, builtin)| *builtin)
}

/// Runs a command.
pub(super) async fn run(shell: &mut Shell, name: &str, arguments: &[String], mut streams: Streams) -> Result<u8, Stop> {
    let base = base_name(name);
    let outcome = if let Some(builtin) = find(BUILTINS, base) {
        builtin(shell, arguments, &[])
    } else if let Some(filter) = find(FILTERS, base) {
        let (input, failure) = match text::files_of(base, arguments) {
            [] => (streams.input.read_all(&mut shell.terminal).await?, Outcome::default()),
            files => text::read_files(shell, base, files),
        };
        let mut outcome = filter(shell, arguments, &input);
        outcome.errors.insert_str(0, &failure.errors);
        outcome.status |= failure.status;
        outcome
    } else {
        match base {
            "tar" => archive::tar(shell, arguments, &mut streams).await?,
            "cat" | "tee" => return copy(shell, base, arguments, streams).await,
            "yes" => {
                let line = if arguments.is_empty() { "y\n".to_owned() } else { arguments.join(" ") + "\n" };
                let lines = line.repeat(512 / line.len() + 1);
                loop {
                    streams.output.write(&mut shell.terminal, lines.as_bytes()).await?;
                }
            }
            _ => Outcome { errors: format!("sh: {name}: not found\n"), status: 127, ..Outcome::default() },
        }
    };
    streams.output.write(&mut shell.terminal, &outcome.output).await?;
    streams.errors.write(&mut shell.terminal, outcome.errors.as_bytes()).await?;
    Ok(outcome.status)
}

/// `cat` and `tee`, which pass on what they read at once.
async fn copy(shell: &mut Shell, name: &str, arguments: &[String], mut streams: Streams) -> Result<u8, Stop> {
    let named: Vec<String> =
        arguments.iter().filter(|argument| !argument.starts_with('-') || *argument == "-").cloned().collect();
    if name == "cat" && !named.is_empty() {
        let (content, failure) = text::read_files(shell, name, &named);
        streams.output.write(&mut shell.terminal, &content).await?;
        streams.errors.write(&mut shell.terminal, failure.errors.as_bytes()).await?;
        return Ok(failure.status);
    }
    let mut all = Vec::new();
    while let Some(bytes) = streams.input.read(&mut shell.terminal).await? {
        streams.output.write(&mut shell.terminal, &bytes).await?;
        if name == "tee" {
            all.extend(bytes);
        }
    }
    for file in named {
        let path = super::files::absolute(&shell.directory, &file);
        if let Err(error) = shell.files.write(&path, all.clone()) {
            shell.complain(&streams, &format!("tee: {file}: {error}")).await?;
        }
    }
    Ok(0)
}

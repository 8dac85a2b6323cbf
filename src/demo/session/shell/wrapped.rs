//! A command under the program with which `ecsight exec TASK -- COMMAND` keeps output, errors and exit code apart.
//!
//! The program is not interpreted: it is recognized by its beginning, and what it does is done here. It writes records
//! `RS marker ":" kind [text] RS` between the bytes of the output: `r` ready, `e` and `p` standard error, `q` no more
//! input, `x` the exit code. It ends when the client has all of that: when a line with the marker comes.

use super::{
    Shell, Stop, copying,
    streams::{Sink, Source, Streams, record},
};

/// A recognized command.
pub(super) struct Wrapped {
    marker: String,
    arguments: Vec<String>,
    form: Form,
}

enum Form {
    /// A raw terminal; with input, it comes in lines of base64.
    Piped { input: bool },
    /// The command has the terminal.
    Terminal,
}

/// Recognizes `sh -c PROGRAM sh COMMAND…`.
pub(super) fn recognize(words: &[String]) -> Option<Wrapped> {
    let [shell, option, program, _, arguments @ ..] = words else { return None };
    if shell != "sh" || option != "-c" {
        return None;
    }
    let marker_at = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    let (marker, form) = if let Some(rest) = program.strip_prefix("M=") {
        rest.contains("; if stty raw").then_some(())?;
        (marker_at(rest), Form::Piped { input: program.contains("base64 -d") })
    } else {
        let (_, rest) = program.strip_prefix("\"$@\"; printf ")?.split_once(":x%s\\036\" ")?;
        (marker_at(rest), Form::Terminal)
    };
    Some(Wrapped { marker, arguments: arguments.to_vec(), form })
}

/// Runs the command and writes its records.
pub(super) async fn run(shell: &mut Shell, wrapped: Wrapped) -> Result<(), Stop> {
    let Wrapped { marker, arguments, form } = wrapped;
    let errors = match form {
        Form::Piped { .. } => Sink::records(&marker),
        Form::Terminal => Sink::Terminal,
    };
    let input = match form {
        Form::Piped { input: true } => Source::encoded(&marker),
        Form::Piped { input: false } => Source::Empty,
        Form::Terminal => Source::Terminal,
    };
    if matches!(form, Form::Piped { .. }) {
        shell.terminal.raw = true;
        shell.terminal.write(&record(&marker, b'r', b"")).await?;
    }
    let streams = Streams { input, output: Sink::Terminal, errors: errors.clone() };
    let ran = match copying::recognize(&arguments) {
        Some(copying) => copying::run(shell, copying, streams).await,
        None => shell.run_command(arguments, streams).await,
    };
    let status = match ran {
        Ok(status) | Err(Stop::Exit(status)) => status,
        Err(Stop::Interrupt) => {
            shell.terminal.write(b"^C").await?;
            130
        }
        Err(Stop::BrokenPipe) => 141,
        Err(Stop::HangUp) => return Err(Stop::HangUp),
    };
    if matches!(form, Form::Piped { .. }) {
        shell.terminal.write(&errors.take()).await?;
        shell.terminal.write(&record(&marker, b'q', b"")).await?;
    }
    shell.terminal.write(&record(&marker, b'x', status.to_string().as_bytes())).await?;
    if matches!(form, Form::Piped { .. }) {
        shell.terminal.wait_for_line(&marker).await?;
    }
    Ok(())
}

//! Full-screen programs: `top` and a small `vi`.

use std::time::Duration;

use super::{
    Shell, Stop, builtins,
    files::absolute,
    terminal::{CTRL_C, ESCAPE},
};

/// Switches to the alternate screen and back, as full-screen programs do.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[H";
const LEAVE: &str = "\x1b[?1049l";
/// Between two drawings of `top`.
const REFRESH: Duration = Duration::from_secs(1);
/// A key ends this wait.
const LONG: Duration = Duration::from_hours(24);

/// Lists the processes every second until `q` or Ctrl-C.
pub(super) async fn top(shell: &mut Shell) -> Result<u8, Stop> {
    shell.terminal.raw = true;
    shell.terminal.write(ENTER.as_bytes()).await?;
    let mut drawn = 0;
    loop {
        drawn += 1;
        let screen = top_screen(shell, drawn);
        shell.terminal.write(screen.as_bytes()).await?;
        if let Some(b'q' | CTRL_C) = shell.terminal.key(REFRESH).await? {
            shell.terminal.write(LEAVE.as_bytes()).await?;
            shell.terminal.raw = false;
            return Ok(0);
        }
    }
}

fn top_screen(shell: &Shell, drawn: usize) -> String {
    let (columns, rows) = (usize::from(shell.terminal.columns), usize::from(shell.terminal.rows));
    let mut lines = vec![
        format!(
            "Mem: 412M used, 612M free   CPU: {}% usr 1% sys {}% idle   {columns}x{rows}",
            2 + drawn % 5,
            97 - drawn % 5
        ),
        "Load average: 0.12 0.08 0.05 1/84".to_owned(),
        format!("\x1b[7m{:<columns$}\x1b[0m", "  PID USER       VSZ %CPU COMMAND"),
    ];
    for (id, memory, command) in builtins::processes(shell) {
        lines.push(format!("{id:>5} root    {memory:>6} {:>4} {command}", if id == 1 { 2 + drawn % 5 } else { 0 }));
    }
    lines.truncate(rows);
    let text: Vec<String> = lines.iter().map(|line| format!("{}\x1b[K", cut(line, columns))).collect();
    format!("\x1b[H{}\x1b[J", text.join("\r\n"))
}

/// Cuts a line at the width of the screen; escape sequences take no room.
fn cut(line: &str, columns: usize) -> String {
    if line.contains('\x1b') { line.to_owned() } else { line.chars().take(columns).collect() }
}

/// Shows a file on the whole screen. `i` and text insert at its start; `:w`, `:q`, `:q!` and `:wq` work.
pub(super) async fn edit(shell: &mut Shell, arguments: &[String]) -> Result<u8, Stop> {
    let name = arguments.iter().find(|argument| !argument.starts_with('-')).cloned().unwrap_or_default();
    let path = absolute(&shell.directory, &name);
    let mut text =
        shell.files.read(&path).map(|content| String::from_utf8_lossy(&content).into_owned()).unwrap_or_default();
    let (mut inserted, mut inserting) = (String::new(), false);
    let mut command: Option<String> = None;
    let mut message = format!("\"{name}\" {}L, {}B", text.lines().count(), text.len());
    shell.terminal.raw = true;
    shell.terminal.write(ENTER.as_bytes()).await?;
    loop {
        let status = match (&command, inserting) {
            (Some(command), _) => format!(":{command}"),
            (None, true) => "-- INSERT --".to_owned(),
            (None, false) => message.clone(),
        };
        let screen = editor_screen(shell, &format!("{inserted}{text}"), &status);
        shell.terminal.write(screen.as_bytes()).await?;
        let Some(key) = shell.terminal.key(LONG).await? else { continue };
        match (&mut command, inserting, key) {
            (Some(typed), _, b'\r' | b'\n') => {
                let typed = std::mem::take(typed);
                command = None;
                message.clear();
                if typed.starts_with('w') {
                    text.insert_str(0, &std::mem::take(&mut inserted));
                    message = match shell.files.write(&path, text.clone().into_bytes()) {
                        Ok(()) => format!("\"{name}\" {}L, {}B written", text.lines().count(), text.len()),
                        Err(error) => format!("E212: Can't open file for writing: {error}"),
                    };
                }
                if typed.contains('q') || typed == "x" {
                    shell.terminal.write(LEAVE.as_bytes()).await?;
                    shell.terminal.raw = false;
                    return Ok(0);
                }
            }
            (Some(_), _, ESCAPE | CTRL_C) => command = None,
            (Some(typed), _, 8 | 0x7f) => drop(typed.pop()),
            (Some(typed), _, key) => typed.push(char::from(key)),
            (None, true, ESCAPE | CTRL_C) => inserting = false,
            (None, true, b'\r') => inserted.push('\n'),
            (None, true, 8 | 0x7f) => drop(inserted.pop()),
            (None, true, key) => inserted.push(char::from(key)),
            (None, false, b':') => command = Some(String::new()),
            (None, false, b'i') => inserting = true,
            (None, false, _) => {}
        }
    }
}

fn editor_screen(shell: &Shell, text: &str, status: &str) -> String {
    let (columns, rows) = (usize::from(shell.terminal.columns), usize::from(shell.terminal.rows));
    let lines = text.lines().map(|line| cut(line, columns)).chain(std::iter::repeat("~".to_owned()));
    let body: Vec<String> = lines.take(rows.saturating_sub(1)).map(|line| format!("{line}\x1b[K")).collect();
    format!("\x1b[H{}\x1b[{rows};1H{}\x1b[K", body.join("\r\n"), cut(status, columns))
}

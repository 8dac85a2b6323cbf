//! Commands about the container and the shell itself.

use super::{Outcome, exists};
use crate::demo::session::shell::{Shell, files::absolute};

/// The processes of every container: id, memory and command.
pub(in crate::demo::session::shell) fn processes(shell: &Shell) -> Vec<(usize, &'static str, String)> {
    vec![
        (1, "312m", format!("/app/{}", shell.program)),
        (17, "24m", "/managed-agents/execute-command/amazon-ssm-agent".to_owned()),
        (31, "21m", "/managed-agents/execute-command/ssm-agent-worker".to_owned()),
        (40 + shell.depth, "1m", "sh".to_owned()),
    ]
}

pub(super) fn ps(shell: &mut Shell, _: &[String], _: &[u8]) -> Outcome {
    let rows = processes(shell).into_iter().map(|(id, _, command)| format!("{id:>5} root      0:00 {command}\n"));
    Outcome::text("  PID USER     TIME  COMMAND\n".to_owned() + &rows.collect::<String>())
}

pub(super) fn env(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    if let Some(name) = arguments.first() {
        let value = shell.variables.get(name).map(|value| format!("{value}\n"));
        return value.map_or_else(|| Outcome::status(false), Outcome::text);
    }
    Outcome::text(shell.variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>())
}

pub(super) fn export(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    for (name, value) in arguments.iter().filter_map(|argument| argument.split_once('=')) {
        shell.variables.insert(name.to_owned(), value.to_owned());
    }
    Outcome::default()
}

pub(super) fn unset(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    arguments.iter().for_each(|name| drop(shell.variables.remove(name)));
    Outcome::default()
}

/// `which NAME` and `command -v NAME`.
pub(super) fn which(_: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let Some(name) = arguments.iter().find(|argument| !argument.starts_with('-')) else { return Outcome::default() };
    if exists(name) {
        Outcome::text(format!("/bin/{}\n", super::base_name(name)))
    } else {
        Outcome { status: 127, ..Outcome::default() }
    }
}

pub(super) fn stty(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let terminal = &mut shell.terminal;
    for argument in arguments {
        match argument.as_str() {
            "size" => return Outcome::text(format!("{} {}\n", terminal.rows, terminal.columns)),
            "raw" => terminal.raw = true,
            "-raw" | "sane" | "cooked" => terminal.raw = false,
            _ => {}
        }
    }
    Outcome::default()
}

/// `test` and `[`: the comparisons that scripts use most.
pub(super) fn test(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "]").collect();
    let negated = words.first() == Some(&"!");
    if negated {
        words.remove(0);
    }
    let number = |text: &str| text.parse::<i64>().unwrap_or_default();
    let node = |name: &str| shell.files.get(&absolute(&shell.directory, name));
    let content = |name: &str| node(name).and_then(|node| node.content);
    let holds = match words.as_slice() {
        ["-n", text] => !text.is_empty(),
        ["-z", text] => text.is_empty(),
        ["-e" | "-r" | "-w", name] => node(name).is_some(),
        ["-f", name] => content(name).is_some(),
        ["-s", name] => content(name).is_some_and(|content| !content.is_empty()),
        ["-d", name] => node(name).is_some_and(|node| node.is_directory()),
        ["-x", name] => exists(name),
        ["-t", _] => true,
        [left, "=" | "==", right] => left == right,
        [left, "!=", right] => left != right,
        [left, "-eq", right] => number(left) == number(right),
        [left, "-ne", right] => number(left) != number(right),
        [left, "-lt", right] => number(left) < number(right),
        [left, "-gt", right] => number(left) > number(right),
        [text] => !text.is_empty(),
        _ => false,
    };
    Outcome::status(holds != negated)
}

pub(super) fn uname(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    match arguments.first().map(String::as_str) {
        Some("-m") => Outcome::text("x86_64\n"),
        Some("-a") => {
            Outcome::text(format!("Linux {} 5.10.245-240.989.amzn2.x86_64 #1 SMP x86_64 Linux\n", shell.hostname))
        }
        Some("-r") => Outcome::text("5.10.245-240.989.amzn2.x86_64\n"),
        _ => Outcome::text("Linux\n"),
    }
}

/// The time does not pass in this container.
pub(super) fn date(_: &mut Shell, _: &[String], _: &[u8]) -> Outcome {
    Outcome::text("Sun Feb  1 09:04:00 UTC 2026\n")
}

pub(super) fn uptime(_: &mut Shell, _: &[String], _: &[u8]) -> Outcome {
    Outcome::text(" 09:04:00 up 3 days,  4:12,  0 users,  load average: 0.12, 0.08, 0.05\n")
}

pub(super) fn df(_: &mut Shell, _: &[String], _: &[u8]) -> Outcome {
    Outcome::text(
        "Filesystem           1K-blocks      Used Available Use% Mounted on\n\
         overlay               30787492   9912516  19285704  34% /\n\
         tmpfs                    65536         0     65536   0% /dev\n",
    )
}

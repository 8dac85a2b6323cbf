//! Commands for files.

use super::Outcome;
use crate::demo::session::shell::{Shell, files::absolute};

fn named(arguments: &[String]) -> impl Iterator<Item = &String> {
    arguments.iter().filter(|argument| !argument.starts_with('-'))
}

pub(super) fn cd(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let name = arguments.first().map_or("/root", String::as_str);
    let path = absolute(&shell.directory, name);
    match shell.files.get(&path) {
        Some(node) if node.is_directory() => {
            shell.variables.insert("PWD".into(), path.clone());
            shell.directory = path;
            Outcome::default()
        }
        Some(_) => Outcome::failed(format!("sh: cd: can't cd to {name}: Not a directory")),
        None => Outcome::failed(format!("sh: cd: can't cd to {name}: No such file or directory")),
    }
}

pub(super) fn ls(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let long = arguments.iter().any(|argument| argument.starts_with('-') && argument.contains('l'));
    let all: Vec<&String> = named(arguments).collect();
    let here = ".".to_owned();
    let mut outcome = Outcome::default();
    for name in if all.is_empty() { vec![&here] } else { all } {
        let path = absolute(&shell.directory, name);
        let entries = match shell.files.get(&path) {
            Some(node) if node.is_directory() => shell.files.list(&path),
            Some(file) => vec![(name.clone(), file)],
            None => {
                outcome.add_failure(&format!("ls: {name}: No such file or directory"));
                continue;
            }
        };
        for (name, node) in entries {
            let line = match long {
                false => format!("{name}\n"),
                true => {
                    let kind = if node.is_directory() { 'd' } else { '-' };
                    let size = node.content.as_ref().map_or(4096, |content| content.len());
                    format!("{kind}{}    1 root     root     {size:>9} Feb  1 09:00 {name}\n", permissions(node.mode))
                }
            };
            outcome.output.extend(line.into_bytes());
        }
    }
    outcome
}

/// `rwxr-xr-x`
fn permissions(mode: u32) -> String {
    let bit = |at: u32| if mode & (1 << at) == 0 { '-' } else { ['x', 'w', 'r'][at as usize % 3] };
    (0..9).rev().map(bit).collect()
}

pub(super) fn mkdir(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let parents = arguments.iter().any(|argument| argument == "-p");
    let mut outcome = Outcome::default();
    for name in named(arguments) {
        let path = absolute(&shell.directory, name);
        if parents {
            // Those that exist need not be created.
            for (at, _) in path.match_indices('/').skip(1) {
                let _ = shell.files.make_directory(&path[..at]);
            }
        }
        match shell.files.make_directory(&path) {
            Err(_) if parents && shell.files.is_directory(&path) => {}
            Err(error) => outcome.add_failure(&format!("mkdir: can't create directory '{name}': {error}")),
            Ok(()) => {}
        }
    }
    outcome
}

pub(super) fn rm(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let option = |letter| arguments.iter().any(|argument| argument.starts_with('-') && argument.contains(letter));
    let (folders, force) = (option('r'), option('f'));
    let mut outcome = Outcome::default();
    for name in named(arguments) {
        let path = absolute(&shell.directory, name);
        if !folders && shell.files.is_directory(&path) {
            outcome.add_failure(&format!("rm: '{name}' is a directory"));
        } else if !shell.files.remove(&path) && !force {
            outcome.add_failure(&format!("rm: can't remove '{name}': No such file or directory"));
        }
    }
    outcome
}

pub(super) fn touch(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    for name in named(arguments) {
        let path = absolute(&shell.directory, name);
        if shell.files.get(&path).is_none()
            && let Err(error) = shell.files.write(&path, Vec::new())
        {
            outcome.add_failure(&format!("touch: {name}: {error}"));
        }
    }
    outcome
}

pub(super) fn cp(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let copy = |shell: &Shell, from: &str, to: &str| {
        let node = shell.files.get(from).ok_or("No such file or directory")?;
        if node.is_directory() {
            return Err("omitting directory");
        }
        shell.files.insert(to, node)
    };
    from_to(shell, "cp", arguments, copy)
}

pub(super) fn mv(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    from_to(shell, "mv", arguments, |shell, from, to| shell.files.rename(from, to))
}

/// Passes the two paths that are named; the second is that of the first in it, if it is a directory.
fn from_to(
    shell: &Shell,
    command: &str,
    arguments: &[String],
    change: impl FnOnce(&Shell, &str, &str) -> Result<(), &'static str>,
) -> Outcome {
    let paths: Vec<String> = named(arguments).map(|name| absolute(&shell.directory, name)).collect();
    let [from, to] = paths.as_slice() else {
        return Outcome::failed(format!("usage: {command} FILE FILE"));
    };
    let to = match shell.files.is_directory(to) {
        true => absolute(to, from.rsplit('/').next().unwrap_or_default()),
        false => to.clone(),
    };
    let changed = change(shell, from, &to);
    changed.map_or_else(|error| Outcome::failed(format!("{command}: {from}: {error}")), |()| Outcome::default())
}

/// Modes in octal are set, others are not understood.
pub(super) fn chmod(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut words = arguments.iter();
    let mode = words.next().map_or("", String::as_str);
    for name in words {
        let path = absolute(&shell.directory, name);
        let Some(node) = shell.files.get(&path) else {
            outcome.add_failure(&format!("chmod: {name}: No such file or directory"));
            continue;
        };
        let executable = mode.ends_with("+x").then_some(node.mode | 0o111);
        match u32::from_str_radix(mode, 8).ok().or(executable) {
            Some(mode) => drop(shell.files.set_mode(&path, mode)),
            None => outcome.add_failure(&format!("chmod: invalid mode '{mode}'")),
        }
    }
    outcome
}

/// `stat -c FORMAT`, with `%s`, `%a` and `%n`.
pub(super) fn stat(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let [option, format, names @ ..] = arguments else { return Outcome::failed("usage: stat -c FORMAT FILE...") };
    if option != "-c" {
        return Outcome::failed("usage: stat -c FORMAT FILE...");
    }
    let mut outcome = Outcome::default();
    for name in names {
        let Some(node) = shell.files.get(&absolute(&shell.directory, name)) else {
            outcome.add_failure(&format!("stat: can't stat '{name}': No such file or directory"));
            continue;
        };
        let size = node.content.as_ref().map_or(4096, |content| content.len());
        let text = format.replace("%s", &size.to_string()).replace("%a", &format!("{:o}", node.mode));
        outcome.output.extend((text.replace("%n", name) + "\n").into_bytes());
    }
    outcome
}

/// `dd`, from one file to another or to the output: `if=`, `of=`, `bs=`, `count=`, `skip=`.
pub(super) fn dd(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let value = |name: &str| arguments.iter().find_map(|argument| argument.strip_prefix(name));
    let number = |name: &str| value(name).map(|text| text.parse::<usize>());
    let (Some(Ok(block)), Some(Ok(skip)), Some(Ok(count))) =
        (number("bs=").or(Some(Ok(512))), number("skip=").or(Some(Ok(0))), number("count=").or(Some(Ok(usize::MAX))))
    else {
        return Outcome::failed("dd: invalid number");
    };
    let Some(from) = value("if=") else { return Outcome::failed("dd: needs if=FILE here") };
    let content = match shell.files.read(&absolute(&shell.directory, from)) {
        Ok(content) => content,
        Err(error) => return Outcome::failed(format!("dd: can't open '{from}': {error}")),
    };
    let begin = block.saturating_mul(skip).min(content.len());
    let end = begin.saturating_add(block.saturating_mul(count)).min(content.len());
    let bytes = content[begin..end].to_vec();
    let records = format!(
        "{0}+{1} records in\n{0}+{1} records out\n",
        bytes.len() / block.max(1),
        u8::from(bytes.len() % block.max(1) > 0)
    );
    match value("of=") {
        None => Outcome { output: bytes, errors: records, ..Outcome::default() },
        Some(to) => match shell.files.write(&absolute(&shell.directory, to), bytes) {
            Ok(()) => Outcome { errors: records, ..Outcome::default() },
            Err(error) => Outcome::failed(format!("dd: can't open '{to}': {error}")),
        },
    }
}

//! Commands for files.

use super::Outcome;
use crate::demo::session::shell::{
    Shell,
    files::{Node, absolute},
};

fn named(arguments: &[String]) -> impl Iterator<Item = &String> {
    arguments.iter().filter(|argument| !argument.starts_with('-'))
}

pub(super) fn cd(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let name = arguments.first().map_or("/root", String::as_str);
    let path = absolute(&shell.directory, name);
    match shell.files.get(&path) {
        Some(Node::Directory) => {
            shell.variables.insert("PWD".into(), path.clone());
            shell.directory = path;
            Outcome::default()
        }
        Some(Node::File(_)) => Outcome::failed(format!("sh: cd: can't cd to {name}: Not a directory")),
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
        let entries: Vec<(&str, &Node)> = match shell.files.get(&path) {
            Some(Node::Directory) => shell.files.list(&path).collect(),
            Some(file) => vec![(name.as_str(), file)],
            None => {
                outcome.add_failure(&format!("ls: {name}: No such file or directory"));
                continue;
            }
        };
        for (name, node) in entries {
            let line = match node {
                _ if !long => format!("{name}\n"),
                Node::Directory => format!("drwxr-xr-x    1 root     root          4096 Feb  1 09:00 {name}\n"),
                Node::File(content) => {
                    format!("-rw-r--r--    1 root     root     {:>9} Feb  1 09:00 {name}\n", content.len())
                }
            };
            outcome.output.extend(line.into_bytes());
        }
    }
    outcome
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
            Err(_) if parents && shell.files.get(&path) == Some(&Node::Directory) => {}
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
        if !folders && shell.files.get(&path) == Some(&Node::Directory) {
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
    copy(shell, "cp", arguments)
}

pub(super) fn mv(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let outcome = copy(shell, "mv", arguments);
    if outcome.status == 0
        && let Some(name) = named(arguments).next()
    {
        shell.files.remove(&absolute(&shell.directory, name));
    }
    outcome
}

/// Copies one file.
fn copy(shell: &mut Shell, command: &str, arguments: &[String]) -> Outcome {
    let paths: Vec<String> = named(arguments).map(|name| absolute(&shell.directory, name)).collect();
    let [from, to] = paths.as_slice() else {
        return Outcome::failed(format!("usage: {command} FILE FILE"));
    };
    let to = match shell.files.get(to) {
        Some(Node::Directory) => absolute(to, from.rsplit('/').next().unwrap_or_default()),
        _ => to.clone(),
    };
    let copied = shell.files.read(from).map(<[u8]>::to_vec).and_then(|content| shell.files.write(&to, content));
    copied.map_or_else(|error| Outcome::failed(format!("{command}: {from}: {error}")), |()| Outcome::default())
}

/// Mode bits are not kept; only the file has to be there.
pub(super) fn chmod(shell: &mut Shell, arguments: &[String], _: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    for name in named(arguments).skip(1) {
        if shell.files.get(&absolute(&shell.directory, name)).is_none() {
            outcome.add_failure(&format!("chmod: {name}: No such file or directory"));
        }
    }
    outcome
}

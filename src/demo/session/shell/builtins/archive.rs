//! `tar` of files in memory.

use std::io::Read;

use tar::{Archive, Builder, EntryType, Header};

use super::Outcome;
use crate::demo::session::shell::{
    Shell, Stop,
    files::{Files, Node, absolute},
    streams::Streams,
};

/// `tar c|x|t [v]f FILE|- [-C DIRECTORY] [.]`
pub(super) async fn tar(shell: &mut Shell, arguments: &[String], streams: &mut Streams) -> Result<Outcome, Stop> {
    let usage = || Outcome::failed("usage: tar c|x|tf FILE|- [-C DIRECTORY]");
    let [letters, file, rest @ ..] = arguments else { return Ok(usage()) };
    let directory = match rest {
        [option, directory, ..] if option == "-C" => absolute(&shell.directory, directory),
        _ => shell.directory.clone(),
    };
    let path = absolute(&shell.directory, file);
    if letters.contains('c') {
        let archive = match pack(&shell.files, &directory) {
            Ok(archive) => archive,
            Err(error) => return Ok(Outcome::failed(format!("tar: {error}"))),
        };
        return Ok(match file.as_str() {
            "-" => Outcome { output: archive, ..Outcome::default() },
            _ => match shell.files.write(&path, archive) {
                Ok(()) => Outcome::default(),
                Err(error) => Outcome::failed(format!("tar: can't open '{file}': {error}")),
            },
        });
    }
    let content = match file.as_str() {
        "-" => streams.input.read_all(&mut shell.terminal).await?.into(),
        _ => match shell.files.read(&path) {
            Ok(content) => content,
            Err(error) => return Ok(Outcome::failed(format!("tar: can't open '{file}': {error}"))),
        },
    };
    let unpacked = match letters {
        letters if letters.contains('x') => unpack(&shell.files, &directory, &content).map(|()| Outcome::default()),
        letters if letters.contains('t') => names(&content).map(Outcome::text),
        _ => Ok(usage()),
    };
    Ok(unpacked.unwrap_or_else(|error| Outcome::failed(format!("tar: {error}"))))
}

/// The archive of everything below a directory.
pub(in crate::demo::session::shell) fn pack(files: &Files, directory: &str) -> std::io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    let itself = files.get(directory).map(|node| (".".to_owned(), node));
    let below = files.below(directory).into_iter().map(|(name, node)| (format!("./{name}"), node));
    for (name, node) in itself.into_iter().chain(below) {
        let mut header = Header::new_gnu();
        header.set_mode(node.mode);
        let content = node.content.unwrap_or_default();
        let is_directory = files.is_directory(&absolute(directory, &name));
        header.set_entry_type(if is_directory { EntryType::Directory } else { EntryType::Regular });
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content.as_slice())?;
    }
    builder.into_inner()
}

/// Creates the files of an archive in a directory.
pub(in crate::demo::session::shell) fn unpack(files: &Files, directory: &str, archive: &[u8]) -> std::io::Result<()> {
    let mut archive = Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = absolute(directory, &entry.path()?.to_string_lossy());
        let mode = entry.header().mode()? & 0o777;
        let made = match entry.header().entry_type() {
            EntryType::Directory if files.is_directory(&path) => Ok(()),
            EntryType::Directory => files.insert(&path, Node { mode, ..Node::directory() }),
            _ => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                files.insert(&path, Node { mode, ..Node::file(content) })
            }
        };
        made.map_err(|error| std::io::Error::other(format!("{path}: {error}")))?;
        files.set_mode(&path, mode);
    }
    Ok(())
}

fn names(archive: &[u8]) -> std::io::Result<String> {
    let mut archive = Archive::new(archive);
    archive.entries()?.map(|entry| Ok(entry?.path()?.to_string_lossy().into_owned() + "\n")).collect()
}

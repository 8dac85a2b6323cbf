//! The programs of `ecsight cp` in the container, which read or write a file or a folder.
//!
//! They are not interpreted: each is recognized by its first answer, and what it does is done here.

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    Shell, Stop,
    builtins::{pack, unpack},
    files::{Node, absolute},
    streams::Streams,
};

/// How much is written at once.
const PIECE: usize = 64 << 10;
const BLOCK: usize = 64 << 10;

/// A recognized program with its arguments.
pub(super) enum Copying {
    Out(Vec<String>),
    In(Vec<String>),
}

/// Recognizes `sh -c PROGRAM sh ARGUMENT…`.
pub(super) fn recognize(words: &[String]) -> Option<Copying> {
    let [shell, option, program, _, arguments @ ..] = words else { return None };
    if shell != "sh" || option != "-c" {
        return None;
    }
    if program.contains("echo \"file $n $m $o $y\"") {
        Some(Copying::Out(arguments.to_vec()))
    } else if program.contains("echo \"ready $i $y $g $c\"") {
        Some(Copying::In(arguments.to_vec()))
    } else {
        None
    }
}

pub(super) async fn run(shell: &mut Shell, copying: Copying, streams: Streams) -> Result<u8, Stop> {
    match copying {
        Copying::Out(arguments) => copy_out(shell, &arguments, &streams).await,
        Copying::In(arguments) => copy_in(shell, &arguments, streams).await,
    }
}

fn sum(bytes: &[u8]) -> String {
    let hex = digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256:{hex}")
}

/// Writes a file from where the client has it, or the archive of a folder.
async fn copy_out(shell: &mut Shell, arguments: &[String], streams: &Streams) -> Result<u8, Stop> {
    let [path, length, expected, ..] = arguments else { return Ok(2) };
    let path = absolute(&shell.directory, path);
    let Some(node) = shell.files.get(&path) else { return answer(shell, streams, "missing").await };
    let Some(content) = node.content else {
        answer(shell, streams, "folder sha256").await?;
        let archive = pack(&shell.files, &path).unwrap_or_default();
        write(shell, streams, &archive).await?;
        shell.complain(streams, &format!("tar 0\nsum {}", sum(&archive))).await?;
        return Ok(0);
    };
    let length: usize = length.parse().unwrap_or_default();
    let has_part = (BLOCK..=content.len()).contains(&length) && sum(&content[..length]) == *expected;
    let offset = if has_part { length } else { 0 };
    answer(shell, streams, &format!("file {} {:o} {offset} sha256", content.len(), node.mode)).await?;
    write(shell, streams, &content[offset..]).await?;
    shell.complain(streams, &format!("sum {}", sum(&content))).await?;
    Ok(0)
}

/// Reads a file, or the archive of a folder, to a temporary name, and renames it.
async fn copy_in(shell: &mut Shell, arguments: &[String], mut streams: Streams) -> Result<u8, Stop> {
    let [path, name, kind, mode, overwrites, resumes] = arguments else { return Ok(2) };
    let (is_folder, mode) = (kind == "folder", u32::from_str_radix(mode, 8).unwrap_or(0o644));
    let named = absolute(&shell.directory, path);
    let is_inside = shell.files.is_directory(&named);
    if path.ends_with('/') && !is_inside {
        return answer(shell, &streams, "no no-folder").await;
    }
    let target = if is_inside { absolute(&named, name) } else { named };
    let (parent, last) = target.rsplit_once('/').unwrap_or_default();
    if !shell.files.is_directory(if parent.is_empty() { "/" } else { parent }) {
        return answer(shell, &streams, "no no-parent").await;
    }
    let part = format!("{parent}/.{last}.ecsight-part");
    let refusal = shell.files.get(&target).and_then(|node| match (node.is_directory(), is_folder) {
        (true, false) => Some("no is-folder"),
        (false, true) => Some("no is-file"),
        _ => (overwrites != "1").then_some("no exists"),
    });
    if let Some(refusal) = refusal {
        return answer(shell, &streams, refusal).await;
    }
    let has = shell.files.read(&part).ok().filter(|_| resumes == "1");
    let (has_length, has_sum) = has.map_or((0, "none".to_owned()), |content| (content.len(), sum(&content)));
    let place = if is_inside { "in" } else { "as" };
    answer(shell, &streams, &format!("ready {place} sha256 {has_length} {has_sum}")).await?;

    let mut first = Vec::new();
    let rest = loop {
        let Some(bytes) = streams.input.read(&mut shell.terminal).await? else { return Ok(0) };
        first.extend(bytes);
        if let Some(end) = memchr::memchr(b'\n', &first) {
            let rest = first.split_off(end + 1);
            break rest;
        }
    };
    let order = String::from_utf8_lossy(&first).into_owned();
    let [word, size, expected] = order.split_whitespace().collect::<Vec<_>>()[..] else { return Ok(2) };
    if word != "append" {
        shell.files.remove(&part);
        if let Err(error) = shell.files.insert(&part, Node { mode: 0o600, ..Node::file([]) }) {
            shell.complain(&streams, &format!("sh: can't create {part}: {error}")).await?;
            return Ok(1);
        }
    }
    let mut piece = Some(rest);
    while let Some(bytes) = piece {
        if let Err(error) = shell.files.append(&part, &bytes) {
            shell.complain(&streams, &format!("cat: write error: {error}")).await?;
            return Ok(1);
        }
        piece = streams.input.read(&mut shell.terminal).await?;
    }
    let content = shell.files.read(&part).unwrap_or_default();
    if content.len() < size.parse().unwrap_or_default() {
        return answer(shell, &streams, &format!("short {}", content.len())).await;
    }
    if sum(&content) != expected {
        shell.files.remove(&part);
        return answer(shell, &streams, "differs").await;
    }
    if is_folder {
        shell.files.remove(&part);
        shell.files.remove(&target);
        let unpacked = shell.files.make_directory(&target).is_ok() && unpack(&shell.files, &target, &content).is_ok();
        return answer(shell, &streams, if unpacked { "done" } else { "failed" }).await;
    }
    shell.files.set_mode(&part, mode);
    drop(content);
    let renamed = shell.files.rename(&part, &target).is_ok();
    answer(shell, &streams, if renamed { "done" } else { "failed" }).await
}

/// Writes a line of an answer; the program ends well, whatever it says.
async fn answer(shell: &mut Shell, streams: &Streams, line: &str) -> Result<u8, Stop> {
    write(shell, streams, format!("{line}\n").as_bytes()).await?;
    Ok(0)
}

async fn write(shell: &mut Shell, streams: &Streams, bytes: &[u8]) -> Result<(), Stop> {
    for piece in bytes.chunks(PIECE) {
        streams.output.write(&mut shell.terminal, piece).await?;
    }
    Ok(())
}

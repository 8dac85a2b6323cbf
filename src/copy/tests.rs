//! Copies to and from real shells with the tools of small images, on a real pseudo terminal.

use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::session::{
    remote_command::{RemoteOutput, RemotePart, command_line, encode_input, end_of_input},
    terminal::SessionOutcome,
};

const MARKER: &str = "0123456789abcdef0123456789abcdef";
/// What `sh`, a file name and a tool could take for something else.
const NAME: &str = "-it's a \"file\"\n$HOME `x` *ä";
const TOOLS: [&str; 16] = [
    "base64",
    "cat",
    "chmod",
    "cksum",
    "dd",
    "head",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "sha256sum",
    "stat",
    "stty",
    "tar",
    "tee",
    "wc",
];

/// A container that is a folder of this machine, with one shell and some tools.
struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// With tools of busybox, or else those of this machine.
    fn new(shell: &str, busybox: bool, without: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let here = |name: &str| {
            let found =
                ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
            found.unwrap_or_else(|| panic!("no {name} on this machine"))
        };
        symlink(here(shell), bin.join("sh")).unwrap();
        for tool in TOOLS.into_iter().filter(|tool| !without.contains(tool)) {
            symlink(here(if busybox { "busybox" } else { tool }), bin.join(tool)).unwrap();
        }
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::create_dir(folder.path().join("here")).unwrap();
        Self { folder }
    }

    fn remote(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    fn here(&self, name: &str) -> PathBuf {
        self.folder.path().join("here").join(name)
    }

    fn copy(&self, direction: Direction, remote: &str, local: &str) -> Result<Copied, CopyError> {
        self.run(self.request(direction, remote, local), None)
    }

    fn request(&self, direction: Direction, remote: &str, local: &str) -> CopyRequest {
        let remote = self.remote(remote).to_str().unwrap().to_owned();
        CopyRequest { direction, remote, local: self.here(local), overwrite: false, resume: false }
    }

    /// Copies; with `cut`, the session ends after this number of bytes.
    fn run(&self, request: CopyRequest, cut: Option<usize>) -> Result<Copied, CopyError> {
        let mut errors = RemoteErrors::default();
        match request.direction {
            Direction::Download => {
                let mut download = Download::prepare(request, CopyProgress::default())?;
                let command = download.command();
                let result = self.session(&command, None, (&mut download, &mut errors), cut);
                download.finish(Ended::new(result, &errors))
            }
            Direction::Upload => {
                let mut upload = Upload::prepare(request, CopyProgress::default())?;
                let (command, input) = (upload.command(), upload.take_input());
                let result = self.session(&command, input, (&mut upload, &mut errors), cut);
                upload.finish(&Ended::new(result, &errors))
            }
        }
    }

    /// Runs a command as `session::command` does.
    fn session(
        &self,
        command: &[String],
        input: Option<tokio::sync::mpsc::Receiver<Vec<u8>>>,
        (output, errors): (&mut impl Write, &mut RemoteErrors),
        cut: Option<usize>,
    ) -> Result<SessionOutcome, String> {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let bin = self.folder.path().join("bin");
        let mut builder = CommandBuilder::new(bin.join("sh"));
        builder.args(["-c", &command_line(command, MARKER, input.is_some())]);
        builder.env_clear();
        builder.env("PATH", &bin);
        builder.cwd(self.folder.path());
        let mut child = pty.slave.spawn_command(builder).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let mut writer = pty.master.take_writer().unwrap();
        let mut input = input;
        let mut parts = RemoteOutput::new(MARKER);
        let mut buffer = [0; 4096];
        let mut taken = 0;
        let is_upload = input.is_some();
        let exit_code = 'session: loop {
            let Ok(count @ 1..) = reader.read(&mut buffer) else { break None };
            for part in parts.push(&buffer[..count]) {
                match part {
                    RemotePart::Ready { .. } => {
                        if let Some(mut input) = input.take() {
                            let mut writer = std::mem::replace(&mut writer, Box::new(std::io::sink()));
                            let send = move || {
                                let mut sent = 0;
                                while let Some(bytes) = input.blocking_recv() {
                                    sent += bytes.len();
                                    let _ = writer.write_all(encode_input(&bytes).as_bytes());
                                    if cut.is_some_and(|cut| sent >= cut) {
                                        // What was sent arrives before the terminal goes away.
                                        std::thread::sleep(std::time::Duration::from_millis(500));
                                        return None;
                                    }
                                }
                                let _ = writer.write_all(end_of_input(MARKER).as_bytes());
                                Some(writer)
                            };
                            let sending = std::thread::spawn(send);
                            if cut.is_some() {
                                // The answer that starts the sender comes first.
                                let Ok(count) = reader.read(&mut buffer) else { break 'session None };
                                for part in parts.push(&buffer[..count]) {
                                    if let RemotePart::Output(bytes) = part {
                                        output.write_all(&bytes).unwrap();
                                    }
                                }
                                assert!(sending.join().unwrap().is_none(), "not cut");
                                break 'session None;
                            }
                        }
                    }
                    RemotePart::Output(bytes) => {
                        taken += bytes.len();
                        if let Err(error) = output.write_all(&bytes) {
                            drop(pty.master);
                            let _ = child.kill();
                            return Err(format!("could not write the output: {error}"));
                        }
                        if !is_upload && cut.is_some_and(|cut| taken >= cut) {
                            break 'session None;
                        }
                    }
                    RemotePart::Error(bytes) => errors.write_all(&bytes).unwrap(),
                    RemotePart::InputClosed => {}
                    RemotePart::Exit(code) => break 'session code,
                }
            }
        };
        drop((reader, writer, pty.master));
        if exit_code.is_none() {
            let _ = child.kill();
        }
        let _ = child.wait();
        Ok(SessionOutcome { reason: "cut off".to_owned(), expected: exit_code.is_some(), exit_code })
    }
}

fn bytes(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn write(path: &Path, content: &[u8], mode: u32) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[rstest]
#[case::sh("sh", false)]
#[case::dash("dash", false)]
#[case::bash("bash", false)]
#[case::busybox("busybox", true)]
fn a_file_comes_back_as_it_went(#[case] shell: &str, #[case] busybox: bool, #[values(0, 1, 300_000)] length: u32) {
    let there = Sandbox::new(shell, busybox, &[]);
    write(&there.here("one"), &bytes(length), 0o640);
    let up = there.copy(Direction::Upload, NAME, "one").unwrap();
    assert_eq!((up.bytes, up.verified, &*up.notes), (u64::from(length), Some(ChecksumTool::Sha256sum), &[][..]));
    assert!(fs::read(there.remote(NAME)).unwrap() == bytes(length));
    assert_eq!(mode(&there.remote(NAME)), 0o640);
    fs::set_permissions(there.remote(NAME), Permissions::from_mode(0o755)).unwrap();
    let down = there.copy(Direction::Download, NAME, "").unwrap();
    assert_eq!((down.bytes, down.verified, &*down.notes), (u64::from(length), Some(ChecksumTool::Sha256sum), &[][..]));
    assert!(fs::read(there.here(NAME)).unwrap() == bytes(length));
    assert_eq!(mode(&there.here(NAME)), 0o755);
    assert_eq!((names(&there.remote("")).len(), names(&there.here("")).len()), (1, 2), "no parts are left");
}

#[rstest]
#[case::sh("sh", false)]
#[case::dash("dash", false)]
#[case::bash("bash", false)]
#[case::busybox("busybox", true)]
fn a_folder_comes_back_as_it_went(#[case] shell: &str, #[case] busybox: bool) {
    let there = Sandbox::new(shell, busybox, &[]);
    let long = "n".repeat(150);
    let tree = there.here("tree");
    fs::create_dir_all(tree.join("empty")).unwrap();
    fs::create_dir_all(tree.join(NAME).join(&long)).unwrap();
    write(&tree.join("run"), b"#!/bin/sh\n", 0o755);
    write(&tree.join(NAME).join(&long).join("deep"), &bytes(100_000), 0o600);
    symlink("run", tree.join("link")).unwrap();
    fs::set_permissions(tree.join("empty"), Permissions::from_mode(0o500)).unwrap();
    fs::set_permissions(&tree, Permissions::from_mode(0o750)).unwrap();
    let up = there.copy(Direction::Upload, "up", "tree").unwrap();
    assert_eq!((up.verified, up.is_folder, &*up.notes), (Some(ChecksumTool::Sha256sum), true, &[][..]));
    let down = there.copy(Direction::Download, "up", "back").unwrap();
    assert_eq!((down.verified, down.is_folder, &*down.notes), (Some(ChecksumTool::Sha256sum), true, &[][..]));
    for copy in [there.remote("up"), there.here("back")] {
        assert_eq!(names(&copy), [NAME, "empty", "link", "run"]);
        assert_eq!(fs::read_link(copy.join("link")).unwrap(), Path::new("run"));
        assert!(fs::read(copy.join(NAME).join(&long).join("deep")).unwrap() == bytes(100_000));
        assert_eq!((mode(&copy), mode(&copy.join("empty")), mode(&copy.join("run"))), (0o750, 0o500, 0o755));
    }
    // In a folder that is there, under its own name.
    let inside = there.copy(Direction::Upload, "", "tree").unwrap();
    assert!(inside.place.ends_with("/data/tree") && there.remote("tree/run").exists(), "{inside:?}");
    assert!(there.copy(Direction::Upload, "", "tree").unwrap_err().reason().contains("--force"));
    let again = CopyRequest { overwrite: true, ..there.request(Direction::Upload, "", "tree") };
    fs::write(there.remote("tree/old"), "").unwrap();
    there.run(again, None).unwrap();
    assert!(!there.remote("tree/old").exists(), "replaced, not merged");
    assert_eq!(names(&there.remote("")), ["tree", "up"]);
}

#[rstest]
#[case::cksum(&["sha256sum"], Some(ChecksumTool::Cksum))]
#[case::nothing_for_checksums(&["sha256sum", "cksum"], None)]
#[case::only_what_is_needed(&["sha256sum", "cksum", "stat", "wc", "head", "dd", "tee", "tar", "mkdir"], None)]
fn files_are_copied_with_fewer_tools(#[case] without: &[&str], #[case] verified: Option<ChecksumTool>) {
    let there = Sandbox::new("dash", false, without);
    write(&there.here("one"), &bytes(100_000), 0o640);
    let up = there.copy(Direction::Upload, "one", "one").unwrap();
    let down = there.copy(Direction::Download, "one", "two").unwrap();
    assert_eq!((up.verified, down.verified), (verified, verified));
    assert!(fs::read(there.here("two")).unwrap() == bytes(100_000));
    let has_stat = !without.contains(&"stat");
    assert_eq!(down.notes.is_empty(), has_stat, "{down:?}");
    if has_stat {
        assert_eq!(mode(&there.here("two")), 0o640);
    }
}

#[test]
fn what_is_missing_is_named() {
    let there = Sandbox::new("dash", false, &["tar", "chmod"]);
    write(&there.here("one"), b"1", 0o640);
    assert!(there.copy(Direction::Upload, "one", "one").unwrap().notes[0].contains("no `chmod`"));
    let folder = there.copy(Direction::Download, "", "folder").unwrap_err();
    assert!(folder.reason().contains("`tar`"), "{folder:?}");
    fs::create_dir(there.here("tree")).unwrap();
    let folder = there.copy(Direction::Upload, "tree", "tree").unwrap_err();
    assert!(folder.reason().contains("`tar`"), "{folder:?}");
    let there = Sandbox::new("dash", false, &["tee"]);
    fs::create_dir(there.here("tree")).unwrap();
    write(&there.here("tree/one"), b"1", 0o640);
    assert!(there.copy(Direction::Upload, "tree", "tree").unwrap().summary().contains("not verified"));
    assert_eq!(there.copy(Direction::Download, "tree", "back").unwrap().verified, None);
    assert_eq!(fs::read(there.here("back/one")).unwrap(), b"1");
    let there = Sandbox::new("dash", false, &["mv"]);
    write(&there.here("one"), b"1", 0o640);
    assert!(there.copy(Direction::Upload, "one", "one").unwrap_err().reason().contains("`mv`"));
}

#[rstest]
#[case::download(Direction::Download)]
#[case::upload(Direction::Upload)]
fn a_copy_that_was_cut_off_continues(
    #[case] direction: Direction,
    #[values("dash", "bash", "busybox")] shell: &str,
    #[values(&[], &["sha256sum"], &["sha256sum", "cksum"])] without: &[&str],
) {
    let there = Sandbox::new(shell, false, without);
    let (from, to) = match direction {
        Direction::Download => (there.remote("one"), there.here("one")),
        Direction::Upload => (there.here("one"), there.remote("one")),
    };
    write(&from, &bytes(1_000_000), 0o640);
    let request = there.request(direction, "one", "one");
    let cut = there.run(request.clone(), Some(400_000)).unwrap_err();
    let CopyError::Interrupted(reason) = &cut else { panic!("{cut:?}") };
    assert!(reason.contains("were copied; --resume continues") && !to.exists(), "{reason}");
    let resumed = there.run(CopyRequest { resume: true, ..request.clone() }, None).unwrap();
    assert!((1..1_000_000).contains(&resumed.resumed), "{resumed:?}");
    assert!(fs::read(&to).unwrap() == bytes(1_000_000));
    assert_eq!(mode(&to), 0o640);
    assert_eq!(names(to.parent().unwrap()).len(), 1);
}

#[rstest]
#[case::download(Direction::Download)]
#[case::upload(Direction::Upload)]
fn a_part_of_something_else_is_not_continued(#[case] direction: Direction) {
    let there = Sandbox::new("dash", false, &[]);
    let (from, to) = match direction {
        Direction::Download => (there.remote("one"), there.here("one")),
        Direction::Upload => (there.here("one"), there.remote("one")),
    };
    write(&from, &bytes(1_000_000), 0o640);
    let request = there.request(direction, "one", "one");
    there.run(request.clone(), Some(400_000)).unwrap_err();
    let mut other = bytes(1_000_000);
    other[0] ^= 1;
    write(&from, &other, 0o640);
    let copied = there.run(CopyRequest { resume: true, ..request }, None).unwrap();
    assert_eq!(copied.resumed, 0);
    assert!(fs::read(&to).unwrap() == other);
}

#[test]
fn nothing_is_overwritten_unless_asked_to() {
    let there = Sandbox::new("dash", false, &[]);
    write(&there.here("one"), b"here", 0o640);
    write(&there.remote("one"), b"there", 0o640);
    let down = there.copy(Direction::Download, "one", "one").unwrap_err();
    assert!(matches!(&down, CopyError::Refused(reason) if reason.contains("--force")), "{down:?}");
    let up = there.copy(Direction::Upload, "one", "one").unwrap_err();
    assert!(up.reason().contains("--force"), "{up:?}");
    assert_eq!(
        (fs::read(there.here("one")).unwrap(), fs::read(there.remote("one")).unwrap()),
        (b"here".to_vec(), b"there".to_vec())
    );
    there.run(CopyRequest { overwrite: true, ..there.request(Direction::Download, "one", "one") }, None).unwrap();
    assert_eq!(fs::read(there.here("one")).unwrap(), b"there");
    write(&there.here("one"), b"new", 0o640);
    there.run(CopyRequest { overwrite: true, ..there.request(Direction::Upload, "one", "one") }, None).unwrap();
    assert_eq!(fs::read(there.remote("one")).unwrap(), b"new");
}

#[rstest]
#[case::missing(Direction::Download, "nosuch", "x", "no such file or folder")]
#[case::no_folder_here(Direction::Download, "one", "nosuch/x", "there is no folder")]
#[case::a_folder_here(Direction::Download, "tree", "file", "exists")]
#[case::no_parent(Direction::Upload, "nosuch/x", "file", "does not exist in the container")]
#[case::not_a_folder(Direction::Upload, "nosuch/", "file", "no such folder")]
#[case::missing_here(Direction::Upload, "x", "nosuch", "No such file")]
fn what_can_not_be_copied_is_refused(
    #[case] direction: Direction,
    #[case] remote: &str,
    #[case] local: &str,
    #[case] says: &str,
) {
    let there = Sandbox::new("dash", false, &[]);
    fs::create_dir(there.remote("tree")).unwrap();
    write(&there.here("file"), b"1", 0o640);
    write(&there.remote("one"), b"1", 0o640);
    let refused = there.copy(direction, remote, local).unwrap_err();
    assert!(refused.reason().contains(says), "{refused:?}");
    assert_eq!(
        (names(&there.here("")), names(&there.remote(""))),
        (vec!["file".to_owned()], vec!["one".to_owned(), "tree".to_owned()])
    );
}

#[test]
fn an_archive_can_not_write_outside_of_its_folder() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("target");
    fs::create_dir(&target).unwrap();
    let header = |kind, size| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(size);
        header
    };
    let mut builder = tar::Builder::new(Vec::new());
    let mut escaping = header(tar::EntryType::Regular, 1);
    // The builder refuses such a name.
    escaping.as_gnu_mut().unwrap().name[..10].copy_from_slice(b"../outside");
    escaping.set_cksum();
    builder.append(&escaping, &b"x"[..]).unwrap();
    builder.append_data(&mut header(tar::EntryType::Fifo, 0), "pipe", std::io::empty()).unwrap();
    let archive = builder.into_inner().unwrap();
    let unpacked = archive::unpack(&*archive, &target).unwrap();
    assert_eq!(unpacked.left_out, [Path::new("../outside"), Path::new("pipe")]);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_link(&mut header(tar::EntryType::Symlink, 0), "link", folder.path()).unwrap();
    builder.append_data(&mut header(tar::EntryType::Regular, 1), "link/outside", &b"x"[..]).unwrap();
    let archive = builder.into_inner().unwrap();
    assert!(archive::unpack(&*archive, &target).is_err());
    assert_eq!(names(folder.path()), ["target"]);
}

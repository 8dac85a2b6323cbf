//! Files written by the console: saved tables, lists of entered filters and commands, settings.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::ZonedDateTime;
use rustix::{fs::OFlags, process::geteuid};

/// The most entries of a list.
const MAX_ENTRIES: usize = 1_000;
/// Filters and tables name the user's resources; other users must not see them.
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;
/// Permission bits of group and others.
const OTHERS: u32 = 0o077;
/// The most bytes read of a file: a larger one is not ours.
const LARGEST: u64 = 16 << 20;

/// Writes `content` to a new file in `folder` and returns its path: `services-prod-20260131-140509.csv`, with a number
/// appended if that exists. Nothing is ever overwritten.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn save(folder: &Path, name: &str, extension: &str, at: &ZonedDateTime, content: &str) -> io::Result<PathBuf> {
    create_folder(folder)?;
    let stem = format!("{}-{}", safe_name(name), at.strftime("%Y%m%d-%H%M%S"));
    let mut taken = 0;
    loop {
        let suffix = if taken == 0 { String::new() } else { format!("-{taken}") };
        let path = folder.join(format!("{stem}{suffix}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&path) {
            Ok(mut file) => return file.write_all(content.as_bytes()).map(|()| path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The entries of `list`, oldest first; none if there is no such file.
pub fn read_list(folder: &Path, list: &str) -> Vec<String> {
    read(OpenOptions::new().read(true).custom_flags(flags(OFlags::NOFOLLOW)), &list_path(folder, list))
        .map(|text| text.lines().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Appends `entry` to `list`; an existing equal entry moves to the end.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn append_to_list(folder: &Path, list: &str, entry: &str) -> io::Result<()> {
    // One entry per line; a line break can only have been pasted.
    let entry = entry.lines().collect::<Vec<_>>().join(" ");
    let mut entries = read_list(folder, list);
    entries.retain(|known| *known != entry);
    entries.push(entry);
    let oldest = entries.len().saturating_sub(MAX_ENTRIES);
    create_folder(folder)?;
    replace(&list_path(folder, list), &(entries[oldest..].join("\n") + "\n"))
}

/// Replaces or creates the file at `path`; readers see the old text or the new one, never half of it.
///
/// # Errors
/// The folder or the file cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let temporary = path.with_added_extension(format!("{}.new", std::process::id()));
    let create = || OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&temporary);
    let mut file = match create() {
        // Left by a killed process with the same id; it is never written into, whatever it is.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&temporary).and_then(|()| create())
        }
        result => result,
    }?;
    file.write_all(text.as_bytes())?;
    fs::rename(&temporary, path)
}

/// Creates a folder for temporary files that only this user can enter.
///
/// # Errors
/// No folder can be created there.
pub fn create_temporary_folder() -> io::Result<PathBuf> {
    let mut taken = 0;
    loop {
        let folder = std::env::temp_dir().join(format!("ecsight-{}-{taken}", std::process::id()));
        // What exists may be somebody else's, and is not used.
        match fs::DirBuilder::new().mode(PRIVATE_FOLDER).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && taken < MAX_ENTRIES => taken += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Creates a file that only this user can read.
///
/// # Errors
/// It exists, or can't be written.
pub fn create_private(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(path)?.write_all(text.as_bytes())
}

/// Opens or creates a file readable only by its owner; an existing file is made private. A symbolic link is not
/// followed, and only a regular file is opened: a pipe would block.
///
/// # Errors
/// The file cannot be opened.
pub fn open_private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = require_regular(options.mode(PRIVATE_FILE).custom_flags(flags(OFlags::NOFOLLOW)).open(path)?)?;
    if too_open(&file.metadata()?) {
        file.set_permissions(Permissions::from_mode(PRIVATE_FILE))?;
    }
    Ok(file)
}

/// Adds `text` to the end of a private file, or creates it. Of two programs that do so at once, neither breaks the other's lines.
///
/// # Errors
/// When folder or file cannot be written.
pub fn append(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    open_private(OpenOptions::new().append(true).create(true), path)?.write_all(text.as_bytes())
}

/// Makes a file private without opening it: closing a file that SQLite has open would drop its locks. A missing file is
/// no error.
///
/// # Errors
/// The permissions cannot be changed, or it is not a regular file.
pub fn make_private(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(not_regular()),
        Ok(metadata) if too_open(&metadata) => fs::set_permissions(path, Permissions::from_mode(PRIVATE_FILE)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether a file of this user is accessible to others.
fn too_open(metadata: &Metadata) -> bool {
    metadata.mode() & OTHERS != 0 && metadata.uid() == geteuid().as_raw()
}

/// Reads a regular file, or a link to one; never waits for the other end of a pipe.
///
/// # Errors
/// The file cannot be read, or is too large.
pub fn read_text(path: &Path) -> io::Result<String> {
    read(OpenOptions::new().read(true).custom_flags(flags(OFlags::empty())), path)
}

fn read(options: &OpenOptions, path: &Path) -> io::Result<String> {
    let file = require_regular(options.open(path)?)?;
    if file.metadata()?.len() > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Flags for opening a file that may turn out not to be regular.
fn flags(more: OFlags) -> i32 {
    (OFlags::NONBLOCK | more).bits().cast_signed()
}

fn require_regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(not_regular())
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// Creates `folder` and its parents, accessible only to the owner. An existing folder is made private.
///
/// # Errors
/// The folder cannot be created.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder)?;
    if too_open(&fs::metadata(folder)?) {
        fs::set_permissions(folder, Permissions::from_mode(PRIVATE_FOLDER))?;
    }
    Ok(())
}

fn list_path(folder: &Path, list: &str) -> PathBuf {
    folder.join(format!("{list}.history"))
}

/// `name` as part of a file name: anything but letters, digits, dots, dashes and underscores becomes a dash.
fn safe_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' })
        .take(100)
        .collect();
    safe.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn time() -> ZonedDateTime {
        "2026-01-31T14:05:09[UTC]".parse().expect("a time")
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn saving_never_overwrites_and_is_private() {
        let folder = folder();
        let saved = folder.path().join("state/saved");
        let paths: Vec<_> = ["a", "b", "c"]
            .iter()
            .map(|content| save(&saved, "services(prod)", "csv", &time(), content).expect("saved"))
            .collect();
        let names: Vec<_> = paths.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(
            names,
            [
                "services-prod-20260131-140509.csv",
                "services-prod-20260131-140509-1.csv",
                "services-prod-20260131-140509-2.csv"
            ]
        );
        assert_eq!(fs::read_to_string(&paths[1]).expect("readable"), "b");
        assert_eq!((mode(&paths[0]), mode(&saved)), (0o600, 0o700));
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let folder = folder();
        let path = save(folder.path(), "../../etc/\x1b[31mpasswd", "json", &time(), "").expect("saved");
        assert_eq!(path.parent(), Some(folder.path()));
        assert_eq!(path.file_name().and_then(|name| name.to_str()), Some("etc---31mpasswd-20260131-140509.json"));
    }

    #[test]
    fn a_list_keeps_the_newest_thousand_entries_once_each() {
        let folder = folder();
        for n in 0..1_005 {
            append_to_list(folder.path(), "filters", &format!("name~{n}")).expect("remembered");
        }
        append_to_list(folder.path(), "filters", "name~500").expect("remembered");
        let entries = read_list(folder.path(), "filters");
        assert_eq!(entries.len(), 1_000);
        assert_eq!(entries.first().map(String::as_str), Some("name~5"));
        assert_eq!(entries.last().map(String::as_str), Some("name~500"));
        assert_eq!(entries.iter().filter(|entry| *entry == "name~500").count(), 1);
        assert_eq!(mode(&folder.path().join("filters.history")), 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing half-written is left");
    }

    #[test]
    fn existing_files_and_folders_are_made_private() {
        let folder = folder();
        let state = folder.path().join("state");
        let file = state.join("commands.history");
        fs::create_dir(&state).and_then(|()| fs::write(&file, "services\n")).expect("made by somebody");
        fs::set_permissions(&state, Permissions::from_mode(0o777)).expect("ours");
        fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("ours");
        open_private(OpenOptions::new().append(true), &file).expect("opened");
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o666)).expect("ours");
        append_to_list(&state, "commands", "tasks").expect("remembered");
        assert_eq!((mode(&file), mode(&state)), (0o600, 0o700));
        assert_eq!(read_list(&state, "commands"), ["services", "tasks"]);
    }

    #[test]
    fn pipes_do_not_block_and_links_are_not_followed() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(path("pipe.history")).status().expect("mkfifo");
        assert!(made.success());
        fs::write(path("target"), "somebody else's\n").expect("written");
        std::os::unix::fs::symlink(path("target"), path("link.history")).expect("linked");

        for name in ["pipe", "link"] {
            assert_eq!(read_list(folder.path(), name), Vec::<String>::new(), "{name}");
            let opened = open_private(OpenOptions::new().append(true).create(true), &list_path(folder.path(), name));
            assert!(opened.is_err(), "{name}");
        }
        assert!(read_text(&path("pipe.history")).is_err());
        assert_eq!(read_text(&path("link.history")).expect("a configuration may be a link"), "somebody else's\n");
        assert!(read_text(folder.path()).is_err());

        // A link with the name of the temporary file is not written through.
        let temporary = path("taken.history").with_added_extension(format!("{}.new", std::process::id()));
        std::os::unix::fs::symlink(path("target"), &temporary).expect("linked");
        append_to_list(folder.path(), "taken", "services").expect("remembered");
        assert_eq!(fs::read_to_string(path("target")).expect("there"), "somebody else's\n");
        assert_eq!(read_list(folder.path(), "taken"), ["services"]);
    }

    #[test]
    fn pasted_line_breaks_become_spaces() {
        let folder = folder();
        append_to_list(folder.path(), "commands", "services\nprod").expect("remembered");
        assert_eq!(read_list(folder.path(), "commands"), ["services prod"]);
    }

    #[test]
    fn a_missing_list_is_empty() {
        assert_eq!(read_list(folder().path(), "commands"), Vec::<String>::new());
    }
}

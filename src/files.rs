//! What the console writes to disk: saved tables, histories of what was typed, changed settings.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Zoned;

/// How many entries of a history are kept.
const HISTORY: usize = 1_000;
/// Filters and tables name what one looks at; that is nobody else's business.
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

/// Writes `content` to a new file in `folder` and returns its path: `services-prod-20260131-140509.csv`, with a number
/// after it when that is taken. Nothing is ever overwritten.
///
/// # Errors
/// When folder or file cannot be written.
pub fn save(folder: &Path, name: &str, extension: &str, at: &Zoned, content: &str) -> io::Result<PathBuf> {
    create_folder(folder)?;
    let stem = format!("{}-{}", safe(name), at.strftime("%Y%m%d-%H%M%S"));
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

/// The entries of the history `list`, oldest first; none when there is no such file yet.
pub fn history(folder: &Path, list: &str) -> Vec<String> {
    fs::read_to_string(history_path(folder, list))
        .map(|text| text.lines().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// Appends `entry` to the history `list`; an entry that is there already moves to the end.
///
/// # Errors
/// When folder or file cannot be written.
pub fn remember(folder: &Path, list: &str, entry: &str) -> io::Result<()> {
    // One entry a line; a line break could only have been pasted.
    let entry = entry.lines().collect::<Vec<_>>().join(" ");
    let mut entries = history(folder, list);
    entries.retain(|known| *known != entry);
    entries.push(entry);
    let oldest = entries.len().saturating_sub(HISTORY);
    create_folder(folder)?;
    replace(&history_path(folder, list), &(entries[oldest..].join("\n") + "\n"))
}

/// Puts `text` in place of the file at `path`, or creates it; readers see the old text or the new, never half of it.
///
/// # Errors
/// When folder or file cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let half = path.with_added_extension(format!("{}.new", std::process::id()));
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true), &half)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&half, path)
}

/// Opens or creates a file that only its owner may read.
///
/// # Errors
/// When it cannot be opened.
pub fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.mode(PRIVATE_FILE).open(path)
}

/// Creates `folder` and what is above it, for its owner only.
///
/// # Errors
/// When it cannot be created.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(folder)
}

fn history_path(folder: &Path, list: &str) -> PathBuf {
    folder.join(format!("{list}.history"))
}

/// `name` as part of a file name: whatever is no letter, digit, dot or dash becomes a dash.
fn safe(name: &str) -> String {
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

    fn moment() -> Zoned {
        "2026-01-31T14:05:09[UTC]".parse().expect("a moment")
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
            .map(|content| save(&saved, "services(prod)", "csv", &moment(), content).expect("saved"))
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
        let path = save(folder.path(), "../../etc/\x1b[31mpasswd", "json", &moment(), "").expect("saved");
        assert_eq!(path.parent(), Some(folder.path()));
        assert_eq!(path.file_name().and_then(|name| name.to_str()), Some("etc---31mpasswd-20260131-140509.json"));
    }

    #[test]
    fn a_history_keeps_the_newest_thousand_each_once() {
        let folder = folder();
        for n in 0..1_005 {
            remember(folder.path(), "filters", &format!("name~{n}")).expect("remembered");
        }
        remember(folder.path(), "filters", "name~500").expect("remembered");
        let entries = history(folder.path(), "filters");
        assert_eq!(entries.len(), 1_000);
        assert_eq!(entries.first().map(String::as_str), Some("name~5"));
        assert_eq!(entries.last().map(String::as_str), Some("name~500"));
        assert_eq!(entries.iter().filter(|entry| *entry == "name~500").count(), 1);
        assert_eq!(mode(&folder.path().join("filters.history")), 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "nothing half-written is left");
    }

    #[test]
    fn pasted_line_breaks_make_no_entries() {
        let folder = folder();
        remember(folder.path(), "commands", "services\nprod").expect("remembered");
        assert_eq!(history(folder.path(), "commands"), ["services prod"]);
    }

    #[test]
    fn no_history_is_an_empty_one() {
        assert_eq!(history(folder().path(), "commands"), Vec::<String>::new());
    }
}

//! Editing a text in the user's editor, which gets the terminal meanwhile.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use super::{App, Exit};
use crate::{
    event::{EditedText, Event},
    files,
    tty::{Foreground, Host},
};

/// The editor if the user has named none.
const DEFAULT: &str = "vi";
/// Editors that open a file at a line given as `+12`.
const TAKE_LINES: [&str; 10] = ["vi", "vim", "nvim", "vis", "nano", "emacs", "emacsclient", "joe", "ne", "jed"];
/// Exit code of a shell that does not find a command.
const NOT_FOUND: i32 = 127;

/// A text to edit.
pub(super) struct EditRequest {
    /// The beginning of the file's name.
    pub name: String,
    pub text: String,
    /// Where the cursor goes.
    pub line: Option<usize>,
}

/// The user's editor: a command for the shell, which may have arguments.
pub(super) fn choose(variable: impl Fn(&str) -> Option<String>) -> String {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(variable).find(|command| !command.trim().is_empty());
    named.unwrap_or_else(|| DEFAULT.to_owned())
}

/// The command that edits the file at `path`.
fn command(editor: &str, path: &Path, line: Option<usize>) -> Command {
    let program = editor.split_whitespace().next().map(Path::new).and_then(Path::file_name).unwrap_or_default();
    let line = line.filter(|_| TAKE_LINES.iter().any(|known| program == *known));
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(editor);
    command.args(line.map(|line| OsString::from(format!("+{line}")))).arg(path);
    command
}

/// A private folder with the file that is edited. Both are removed when it is dropped, with everything that the editor has
/// left beside the file.
struct EditedFile {
    folder: PathBuf,
    path: PathBuf,
}

impl EditedFile {
    fn create(name: &str, text: &str) -> io::Result<Self> {
        let folder = files::create_temporary_folder()?;
        let path = folder.join(format!("{name}.json"));
        let file = Self { folder, path };
        files::create_private(&file.path, text).map(|()| file)
    }
}

impl Drop for EditedFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!("could not remove {}: {error}", self.folder.display());
        }
    }
}

impl<H: Host> App<H> {
    /// Hands the terminal to the editor until it ends.
    pub(super) async fn edit(&mut self, request: EditRequest) -> io::Result<Option<Exit>> {
        let file = match EditedFile::create(&request.name, &request.text) {
            Ok(file) => file,
            Err(error) => return self.edited(None, Some(format!("could not create a temporary file: {error}"))),
        };
        // Nobody looks at the rows meanwhile.
        if let Some(exit) = self.handle_events([Event::Focus(false)])? {
            return Ok(Some(exit));
        }
        let editor = self.terminal.editor.clone();
        let ended = self.host.run(command(&editor, &file.path, request.line)).await?;
        let failure = match ended {
            Foreground::Ended(status) => failure(&editor, status),
            Foreground::NotStarted(error) => Some(format!("could not start the editor: {error}")),
            Foreground::Interrupted(signal) => return Ok(Some(Exit::Signal(signal))),
            Foreground::Gone => return Ok(Some(Exit::Gone)),
        };
        let text = files::read_text(&file.path);
        drop(file);
        if let Some(exit) = self.on_resume()? {
            return Ok(Some(exit));
        }
        match text {
            Ok(text) => self.edited(Some(text), failure),
            Err(error) => {
                self.edited(None, Some(failure.unwrap_or_else(|| format!("could not read the file: {error}"))))
            }
        }
    }

    fn edited(&mut self, text: Option<String>, failure: Option<String>) -> io::Result<Option<Exit>> {
        self.handle_events([Event::Edited(EditedText { text, failure })])
    }
}

/// Why an editor that has ended counts as failed.
fn failure(editor: &str, status: ExitStatus) -> Option<String> {
    match status.code() {
        Some(0) => None,
        Some(NOT_FOUND) => Some(format!("there is no editor `{editor}`; VISUAL or EDITOR names one")),
        Some(code) => Some(format!("`{editor}` ended with exit code {code}")),
        None => Some(format!("`{editor}` was ended by a signal")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], "vi")]
    #[case(&[("EDITOR", "nano")], "nano")]
    #[case(&[("EDITOR", "nano"), ("VISUAL", "code --wait")], "code --wait")]
    #[case(&[("VISUAL", " "), ("EDITOR", "nano")], "nano")]
    fn visual_comes_before_editor(#[case] variables: &[(&str, &str)], #[case] expected: &str) {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(choose(variable), expected);
    }

    #[rstest]
    #[case("vi", Some(3), &["-c", "vi \"$@\"", "vi", "+3", "/tmp/a b.json"])]
    #[case("/usr/bin/vim -u NONE", Some(3), &["-c", "/usr/bin/vim -u NONE \"$@\"", "/usr/bin/vim -u NONE", "+3", "/tmp/a b.json"])]
    #[case("code --wait", Some(3), &["-c", "code --wait \"$@\"", "code --wait", "/tmp/a b.json"])]
    #[case("vi", None, &["-c", "vi \"$@\"", "vi", "/tmp/a b.json"])]
    fn the_shell_splits_the_editor_and_not_the_path(
        #[case] editor: &str,
        #[case] line: Option<usize>,
        #[case] expected: &[&str],
    ) {
        let command = command(editor, Path::new("/tmp/a b.json"), line);
        assert_eq!(command.get_args().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_file_is_private_and_removed_with_what_the_editor_left() {
        let file = EditedFile::create("web-4", "{}\n").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file.path), mode(&file.folder)), (0o600, 0o700));
        fs::write(file.folder.join("web-4.json~"), "{}").unwrap();
        let folder = file.folder.clone();
        drop(file);
        assert!(!folder.exists());
    }
}

//! Where a download ends up: under a temporary name beside the final one until it is whole.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{
    BUFFER,
    checksum::{Checksum, ChecksumTool},
    script::BLOCK,
};
use crate::files;

/// The end of the temporary name, here and in the container.
const SUFFIX: &str = ".ecsight-part";

/// The final name of a download and the temporary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub target: PathBuf,
    part: PathBuf,
    overwrite: bool,
}

/// The whole blocks of a download that was interrupted.
pub(super) struct LocalPart {
    pub length: u64,
    sha256: Checksum,
    cksum: Checksum,
}

impl Place {
    /// The place for what is called `name` in the container: `path`, or in it if that is a folder.
    ///
    /// # Errors
    ///
    /// There is something already, or no folder to write to.
    pub(super) fn find(path: &Path, name: &str, overwrite: bool) -> Result<Self, String> {
        let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let target = if is_folder { path.join(name) } else { path.to_owned() };
        let shown = target.display();
        let Some(file_name) = target.file_name().filter(|_| !is_folder || !name.is_empty()) else {
            return Err(format!("{shown} has no name; name the copy"));
        };
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(format!("there is no folder {}", folder.display()));
        }
        let part =
            folder.join([OsStr::new("."), file_name, OsStr::new(SUFFIX)].into_iter().collect::<std::ffi::OsString>());
        let place = Self { target, part, overwrite };
        place.require_free().map(|()| place)
    }

    fn require_free(&self) -> Result<(), String> {
        match fs::symlink_metadata(&self.target) {
            Ok(_) if !self.overwrite => Err(format!("{} exists; to overwrite it, add --force", self.target.display())),
            _ => Ok(()),
        }
    }

    /// Fails if a file is to replace a folder or the other way round.
    pub(super) fn require_kind(&self, is_folder: bool) -> io::Result<()> {
        match fs::symlink_metadata(&self.target) {
            Ok(metadata) if metadata.is_dir() != is_folder => {
                let kind = if is_folder { "a file" } else { "a folder" };
                Err(io::Error::other(format!("{} is {kind}", self.target.display())))
            }
            _ => Ok(()),
        }
    }

    /// What an interrupted download has left, if anything.
    pub(super) fn read_part(&self) -> io::Result<Option<LocalPart>> {
        let mut file = match files::open_private(OpenOptions::new().read(true), &self.part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let length = file.metadata()?.len() / BLOCK * BLOCK;
        let mut part = LocalPart {
            length,
            sha256: Checksum::new(Some(ChecksumTool::Sha256sum)),
            cksum: Checksum::new(Some(ChecksumTool::Cksum)),
        };
        let mut left = length;
        let mut buffer = vec![0; BUFFER];
        while left > 0 {
            let most = buffer.len().min(left as usize);
            let count = file.read(&mut buffer[..most])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            part.sha256.update(&buffer[..count]);
            part.cksum.update(&buffer[..count]);
            left -= count as u64;
        }
        Ok((length > 0).then_some(part))
    }

    /// Opens the part, shortened to `length`.
    pub(super) fn open_part(&self, length: u64) -> io::Result<File> {
        if length == 0 {
            self.remove_part()?;
            return files::open_private(OpenOptions::new().write(true).create_new(true), &self.part);
        }
        let file = files::open_private(OpenOptions::new().append(true), &self.part)?;
        file.set_len(length)?;
        Ok(file)
    }

    /// Creates an empty folder for the part.
    pub(super) fn create_part_folder(&self) -> io::Result<PathBuf> {
        self.remove_part()?;
        files::create_folder(&self.part)?;
        Ok(self.part.clone())
    }

    pub(super) fn remove_part(&self) -> io::Result<()> {
        remove(&self.part)
    }

    /// Gives the part its mode and its final name.
    pub(super) fn finish(&self, mode: Option<u32>) -> Result<(), String> {
        let failed = |error: io::Error| format!("could not rename the copy to {}: {error}", self.target.display());
        self.require_free()?;
        if let Some(mode) = mode {
            fs::set_permissions(&self.part, Permissions::from_mode(mode & 0o777)).map_err(failed)?;
        }
        // A folder can't replace another one by a rename.
        if fs::symlink_metadata(&self.target).is_ok_and(|metadata| metadata.is_dir()) {
            remove(&self.target).map_err(failed)?;
        }
        fs::rename(&self.part, &self.target).map_err(failed)
    }
}

impl LocalPart {
    /// The checksums by both tools, as the container reports them.
    pub(super) fn checksums(&self) -> [String; 2] {
        [self.sha256.clone().finish(), self.cksum.clone().finish()]
    }

    /// The checksum to continue with.
    pub(super) fn checksum(&self, tool: Option<ChecksumTool>) -> Checksum {
        match tool {
            Some(ChecksumTool::Sha256sum) => self.sha256.clone(),
            Some(ChecksumTool::Cksum) => self.cksum.clone(),
            None => Checksum::Nothing,
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

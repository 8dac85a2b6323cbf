//! Folders as tar archives, one entry at a time.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use tar::{Archive, Builder, EntryType, Header};

/// Writes the content of `folder`, in the order of names. Returns what was left out: it is neither a file, a folder nor a link.
pub(super) fn pack(folder: &Path, out: impl Write) -> io::Result<Vec<PathBuf>> {
    let mut builder = Builder::new(out);
    let mut left_out = Vec::new();
    let mut waiting = vec![(folder.to_owned(), PathBuf::from("."))];
    while let Some((path, name)) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        let mut header = Header::new_gnu();
        header.set_mode(metadata.mode() & 0o777);
        header.set_mtime(metadata.mtime().max(0) as u64);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        if metadata.is_dir() {
            header.set_entry_type(EntryType::Directory);
            builder.append_data(&mut header, &name, io::empty())?;
            let mut below = fs::read_dir(&path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
            below.sort_by(|one, other| other.cmp(one));
            waiting.extend(below.into_iter().map(|entry| (path.join(&entry), name.join(&entry))));
        } else if metadata.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut header, &name, fs::read_link(&path)?)?;
        } else if metadata.is_file() {
            header.set_entry_type(EntryType::Regular);
            header.set_size(metadata.len());
            let content = Exactly { file: File::open(&path)?, left: metadata.len() };
            builder.append_data(&mut header, &name, content)?;
        } else {
            left_out.push(name);
        }
    }
    builder.into_inner()?;
    Ok(left_out)
}

/// A file of the length that its header says: a longer one is cut, a shorter one is an error.
struct Exactly {
    file: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read(&mut buffer[..most])?;
        if count == 0 && most > 0 {
            return Err(io::Error::other("a file became shorter while it was read"));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// What an archive held besides its files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// What is neither a file, a folder nor a link, and what would be outside of the folder.
    pub left_out: Vec<PathBuf>,
    /// The mode of the folder itself.
    pub mode: Option<u32>,
}

/// Unpacks an archive into `folder`, from which nothing escapes.
pub(super) fn unpack(archive: impl Read, folder: &Path) -> io::Result<Unpacked> {
    let mut archive = Archive::new(archive);
    let mut unpacked = Unpacked::default();
    // Modes of folders come last: those that can't be written to are to be filled first.
    let mut folders = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        match entry.header().entry_type() {
            EntryType::Directory if entry.path()?.components().all(|part| part == Component::CurDir) => {
                unpacked.mode = Some(entry.header().mode()?);
            }
            EntryType::Directory => folders.push(entry),
            EntryType::Regular
            | EntryType::Continuous
            | EntryType::GNUSparse
            | EntryType::Symlink
            | EntryType::Link => {
                if !entry.unpack_in(folder)? {
                    unpacked.left_out.push(entry.path()?.into_owned());
                }
            }
            EntryType::XGlobalHeader | EntryType::XHeader => {}
            _ => unpacked.left_out.push(entry.path()?.into_owned()),
        }
    }
    folders.sort_by(|one, other| other.path_bytes().cmp(&one.path_bytes()));
    for mut entry in folders {
        entry.unpack_in(folder)?;
    }
    // Its end is more than the last entry.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(unpacked)
}

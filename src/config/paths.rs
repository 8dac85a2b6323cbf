//! Paths of the program's files, by the conventions of the system.

use std::path::PathBuf;

use directories::ProjectDirs;

/// Files and folders of this user; they need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file, unless `--config` sets another.
    pub config: PathBuf,
    /// Data that outlives a session: history, entered filters and commands, the log.
    pub state: PathBuf,
    /// Data that may be deleted at any time.
    pub cache: PathBuf,
    /// The log file.
    pub log: PathBuf,
    /// Tables saved from the console.
    pub saved: PathBuf,
}

impl Paths {
    /// The paths of this user; absent if there is no home folder.
    pub fn for_user() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "ecsight")?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned();
        Some(Self {
            config: dirs.config_dir().join("config.toml"),
            cache: dirs.cache_dir().to_owned(),
            log: state.join("ecsight.log"),
            saved: state.join("saved"),
            state,
        })
    }
}

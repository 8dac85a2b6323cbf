//! Where the program keeps its files, by the customs of the system.

use std::path::PathBuf;

use directories::ProjectDirs;

/// Files and folders of this user; none of them need exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file, unless `--config` names another.
    pub config: PathBuf,
    /// What outlives a session: histories of filters and commands, the log.
    pub state: PathBuf,
    /// What may be deleted at any time.
    pub cache: PathBuf,
    /// The log file.
    pub log: PathBuf,
    /// Tables saved from the console.
    pub saved: PathBuf,
}

impl Paths {
    /// The paths of this user; absent when there is no home folder.
    pub fn of_user() -> Option<Self> {
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

//! The file tree of a container, in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The most bytes of a file.
const LARGEST: usize = 2 << 30;

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Absent for a directory.
    pub(super) content: Option<Arc<Vec<u8>>>,
    pub(super) mode: u32,
}

impl Node {
    pub(super) fn directory() -> Self {
        Self { content: None, mode: 0o755 }
    }

    pub(super) fn file(content: impl Into<Vec<u8>>) -> Self {
        Self { content: Some(Arc::new(content.into())), mode: 0o644 }
    }

    pub(super) fn is_directory(&self) -> bool {
        self.content.is_none()
    }
}

/// Every file by its absolute path. All sessions in a container have the same.
#[derive(Debug, Clone)]
pub(in crate::demo::session) struct Files {
    nodes: Arc<Mutex<BTreeMap<String, Node>>>,
}

impl Files {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files of a small image that runs `program`.
    pub(super) fn of_image(program: &str, hostname: &str) -> Self {
        let mut nodes = BTreeMap::from([("/".to_owned(), Node::directory())]);
        for directory in [
            "/app",
            "/app/config",
            "/bin",
            "/etc",
            "/home",
            "/proc",
            "/root",
            "/tmp",
            "/usr",
            "/usr/bin",
            "/var",
            "/var/log",
        ] {
            nodes.insert(directory.to_owned(), Node::directory());
        }
        for (path, text) in [
            (
                "/etc/os-release",
                "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n",
            ),
            ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/app:/sbin/nologin\n"),
            ("/etc/resolv.conf", "nameserver 10.20.0.2\nsearch eu-west-1.compute.internal\n"),
            ("/app/config/application.yaml", "server:\n  port: 8080\nlog:\n  level: info\n  format: json\n"),
            ("/proc/loadavg", "0.12 0.08 0.05 1/84 42\n"),
        ] {
            nodes.insert(path.to_owned(), Node::file(text));
        }
        nodes.insert("/etc/hostname".to_owned(), Node::file(format!("{hostname}\n")));
        let program_file = Node { mode: 0o755, ..Node::file(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0") };
        nodes.insert(format!("/app/{program}"), program_file);
        let line = |number: usize| {
            format!("2026-02-01T09:{:02}:{:02}Z INFO {program} request {number} served\n", number / 60, number % 60)
        };
        nodes.insert(format!("/var/log/{program}.log"), Node::file((0..240).map(line).collect::<String>()));
        Self { nodes: Arc::new(Mutex::new(nodes)) }
    }

    pub(super) fn get(&self, path: &str) -> Option<Node> {
        self.lock().get(path).cloned()
    }

    /// Returns whether this is a directory.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        self.lock().get(path).is_some_and(Node::is_directory)
    }

    /// The content of a file.
    ///
    /// # Errors
    /// What a program says when it can't read it.
    pub(super) fn read(&self, path: &str) -> Result<Arc<Vec<u8>>, &'static str> {
        let node = self.get(path).ok_or("No such file or directory")?;
        node.content.ok_or("Is a directory")
    }

    /// Creates or replaces a file.
    ///
    /// # Errors
    /// What a program says when it can't write it.
    pub(super) fn write(&self, path: &str, content: Vec<u8>) -> Result<(), &'static str> {
        self.insert(path, Node::file(content))
    }

    /// Creates or replaces a file or a directory.
    ///
    /// # Errors
    /// What a program says when it can't.
    pub(super) fn insert(&self, path: &str, node: Node) -> Result<(), &'static str> {
        if path == "/dev/null" {
            return Ok(());
        }
        let mut nodes = self.lock();
        may_create(&nodes, path)?;
        nodes.insert(path.to_owned(), node);
        Ok(())
    }

    /// Adds to the end of a file.
    ///
    /// # Errors
    /// What a program says when it can't write it.
    pub(super) fn append(&self, path: &str, bytes: &[u8]) -> Result<(), &'static str> {
        let mut nodes = self.lock();
        let content = nodes.get_mut(path).and_then(|node| node.content.as_mut()).ok_or("No such file or directory")?;
        if content.len() + bytes.len() > LARGEST {
            return Err("No space left on device");
        }
        Arc::make_mut(content).extend_from_slice(bytes);
        Ok(())
    }

    /// Sets the mode of a file or a directory; returns whether it is there.
    pub(super) fn set_mode(&self, path: &str, mode: u32) -> bool {
        self.lock().get_mut(path).map(|node| node.mode = mode).is_some()
    }

    /// Creates a directory.
    ///
    /// # Errors
    /// What a program says when it can't.
    pub(super) fn make_directory(&self, path: &str) -> Result<(), &'static str> {
        if self.get(path).is_some() {
            return Err("File exists");
        }
        self.insert(path, Node::directory())
    }

    /// Removes a file, or a directory with everything in it; returns whether it was there.
    pub(super) fn remove(&self, path: &str) -> bool {
        let within = format!("{}/", path.trim_end_matches('/'));
        let mut nodes = self.lock();
        let before = nodes.len();
        nodes.retain(|other, _| other == "/" || (other != path && !other.starts_with(&within)));
        nodes.len() < before
    }

    /// Gives a file, or a directory with everything in it, another name.
    ///
    /// # Errors
    /// What a program says when it can't.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), &'static str> {
        let mut nodes = self.lock();
        if !nodes.contains_key(from) {
            return Err("No such file or directory");
        }
        may_create(&nodes, to)?;
        let within = format!("{from}/");
        let moved: Vec<(String, Node)> =
            nodes.extract_if(.., |path, _| path == from || path.starts_with(&within)).collect();
        nodes.extend(moved.into_iter().map(|(path, node)| (format!("{to}{}", &path[from.len()..]), node)));
        Ok(())
    }

    /// The names in a directory, with what they are.
    pub(super) fn list(&self, directory: &str) -> Vec<(String, Node)> {
        self.below(directory).into_iter().filter(|(name, _)| !name.contains('/')).collect()
    }

    /// Everything below a directory, by its path from there.
    pub(super) fn below(&self, directory: &str) -> Vec<(String, Node)> {
        let start = format!("{}/", directory.trim_end_matches('/'));
        let nodes = self.lock();
        let named = nodes.iter().filter_map(|(path, node)| Some((path.strip_prefix(&start)?, node)));
        named.filter(|(name, _)| !name.is_empty()).map(|(name, node)| (name.to_owned(), node.clone())).collect()
    }
}

fn may_create(nodes: &BTreeMap<String, Node>, path: &str) -> Result<(), &'static str> {
    let (parent, _) = path.rsplit_once('/').unwrap_or(("", path));
    match nodes.get(if parent.is_empty() { "/" } else { parent }) {
        _ if nodes.get(path).is_some_and(Node::is_directory) => Err("Is a directory"),
        Some(node) if node.is_directory() => Ok(()),
        Some(_) => Err("Not a directory"),
        None => Err("No such file or directory"),
    }
}

/// The absolute path of `path` seen from `directory`.
pub(super) fn absolute(directory: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

//! The file tree of a container, in memory.

use std::collections::BTreeMap;

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File(Vec<u8>),
}

/// Every file by its absolute path.
#[derive(Debug, Clone)]
pub(super) struct Files {
    nodes: BTreeMap<String, Node>,
}

impl Files {
    /// The files of a small image that runs `program`.
    pub(super) fn of_image(program: &str, hostname: &str) -> Self {
        let mut files = Self { nodes: BTreeMap::from([("/".to_owned(), Node::Directory)]) };
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
            files.nodes.insert(directory.to_owned(), Node::Directory);
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
            files.nodes.insert(path.to_owned(), Node::File(text.into()));
        }
        files.nodes.insert("/etc/hostname".to_owned(), Node::File(format!("{hostname}\n").into()));
        files.nodes.insert(format!("/app/{program}"), Node::File(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".into()));
        let line = |number: usize| {
            format!("2026-02-01T09:{:02}:{:02}Z INFO {program} request {number} served\n", number / 60, number % 60)
        };
        files
            .nodes
            .insert(format!("/var/log/{program}.log"), Node::File((0..240).map(line).collect::<String>().into()));
        files
    }

    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The content of a file.
    ///
    /// # Errors
    /// What a program says when it can't read it.
    pub(super) fn read(&self, path: &str) -> Result<&[u8], &'static str> {
        match self.nodes.get(path) {
            Some(Node::File(content)) => Ok(content),
            Some(Node::Directory) => Err("Is a directory"),
            None => Err("No such file or directory"),
        }
    }

    /// Creates or replaces a file.
    ///
    /// # Errors
    /// What a program says when it can't write it.
    pub(super) fn write(&mut self, path: &str, content: Vec<u8>) -> Result<(), &'static str> {
        if path == "/dev/null" {
            return Ok(());
        }
        self.may_create(path)?;
        self.nodes.insert(path.to_owned(), Node::File(content));
        Ok(())
    }

    /// Creates a directory.
    ///
    /// # Errors
    /// What a program says when it can't.
    pub(super) fn make_directory(&mut self, path: &str) -> Result<(), &'static str> {
        if self.nodes.contains_key(path) {
            return Err("File exists");
        }
        self.may_create(path)?;
        self.nodes.insert(path.to_owned(), Node::Directory);
        Ok(())
    }

    /// Removes a file, or a directory with everything in it; returns whether it was there.
    pub(super) fn remove(&mut self, path: &str) -> bool {
        let within = format!("{}/", path.trim_end_matches('/'));
        let before = self.nodes.len();
        self.nodes.retain(|other, _| other == "/" || (other != path && !other.starts_with(&within)));
        self.nodes.len() < before
    }

    /// The names in a directory, with what they are.
    pub(super) fn list<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let start = directory.trim_end_matches('/');
        self.nodes.iter().filter_map(move |(path, node)| {
            let name = path.strip_prefix(start)?.strip_prefix('/')?;
            (!name.is_empty() && !name.contains('/')).then_some((name, node))
        })
    }

    fn may_create(&self, path: &str) -> Result<(), &'static str> {
        let (parent, _) = path.rsplit_once('/').unwrap_or(("", path));
        match self.nodes.get(if parent.is_empty() { "/" } else { parent }) {
            _ if self.nodes.get(path) == Some(&Node::Directory) => Err("Is a directory"),
            Some(Node::Directory) => Ok(()),
            Some(Node::File(_)) => Err("Not a directory"),
            None => Err("No such file or directory"),
        }
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

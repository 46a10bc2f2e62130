//! Files in memory, for tests.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::storage::{Storage, StorageFile, too_short};

/// Files in memory, for tests: any call can be made to fail, and the power can be cut. Clones share the same files.
///
/// As on a real file system, the content of a file is safe once the file is synced, and a name is safe once its folder
/// is synced.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// The root folder is the first; a node that cannot be reached from it is deleted.
    nodes: Vec<Node>,
    calls: Vec<String>,
    fails: Option<usize>,
    fails_for_ever: bool,
}

/// A file or a folder: its present content, and the content that a loss of power would leave.
#[derive(Clone, Debug)]
enum Node {
    File { now: Vec<u8>, safe: Vec<u8> },
    Folder { now: Names, safe: Names },
}

type Names = BTreeMap<String, usize>;

impl Default for State {
    fn default() -> Self {
        Self { nodes: vec![Node::folder()], calls: Vec::new(), fails: None, fails_for_ever: false }
    }
}

impl MemoryStorage {
    /// Creates a storage without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes call number `call` fail, counted from 0 over the whole life of this storage. A failed write leaves the
    /// first half of its bytes behind.
    #[must_use]
    pub fn failing_at(self, call: usize) -> Self {
        self.lock().fails = Some(call);
        self
    }

    /// Makes call number `call` and every later call fail, as if the process had died.
    #[must_use]
    pub fn dying_at(self, call: usize) -> Self {
        self.lock().fails_for_ever = true;
        self.failing_at(call)
    }

    /// Makes all further calls succeed.
    pub fn heal(&self) {
        self.lock().fails = None;
    }

    /// Cuts the power: all content and names that were not synced are lost.
    pub fn cut_power(&self) {
        for node in &mut self.lock().nodes {
            match node {
                Node::File { now, safe } => now.clone_from(safe),
                Node::Folder { now, safe } => now.clone_from(safe),
            }
        }
    }

    /// Returns an independent copy of the files as they are now.
    #[must_use]
    pub fn copy(&self) -> Self {
        let nodes = self.lock().nodes.clone();
        Self { state: Arc::new(Mutex::new(State { nodes, ..State::default() })) }
    }

    /// Returns all calls so far: `"create elite.json"`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// Returns the paths of all files, in alphabetical order.
    pub fn paths(&self) -> Vec<PathBuf> {
        let state = self.lock();
        let (mut paths, mut folders) = (Vec::new(), vec![(PathBuf::new(), 0)]);
        while let Some((path, folder)) = folders.pop() {
            if let Node::Folder { now, .. } = &state.nodes[folder] {
                for (name, &node) in now {
                    match state.nodes[node] {
                        Node::File { .. } => paths.push(path.join(name)),
                        Node::Folder { .. } => folders.push((path.join(name), node)),
                    }
                }
            }
        }
        paths.sort();
        paths
    }

    /// Changes the content of a file without a recorded call.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        let node = state.find(path).expect("a file to tamper with");
        change(state.file(node).expect("a file to tamper with"));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panics elsewhere leaves the files as they are.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Node {
    fn folder() -> Self {
        Self::Folder { now: Names::new(), safe: Names::new() }
    }
}

impl State {
    fn call(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let number = self.calls.len();
        self.calls.push(format!("{name} {}", path.display()));
        if self.fails.is_some_and(|fails| number == fails || (self.fails_for_ever && number > fails)) {
            return Err(io::Error::other(format!("call {number} ({name} {}) was told to fail", path.display())));
        }
        Ok(())
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let mut node = 0;
        for part in path.components() {
            let name = part.as_os_str().to_string_lossy();
            node = match &self.nodes[node] {
                Node::Folder { now, .. } => now.get(&*name).copied().ok_or_else(|| missing(path))?,
                Node::File { .. } => return Err(missing(path)),
            };
        }
        Ok(node)
    }

    fn file(&mut self, node: usize) -> io::Result<&mut Vec<u8>> {
        match &mut self.nodes[node] {
            Node::File { now, .. } => Ok(now),
            Node::Folder { .. } => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
        }
    }

    fn names(&mut self, node: usize) -> io::Result<&mut Names> {
        match &mut self.nodes[node] {
            Node::Folder { now, .. } => Ok(now),
            Node::File { .. } => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is a file")),
        }
    }

    /// Returns the names in the folder above, and the name itself.
    fn place(&mut self, path: &Path) -> io::Result<(&mut Names, String)> {
        let name = path.file_name().ok_or_else(|| missing(path))?.to_string_lossy().into_owned();
        let folder = self.find(path.parent().unwrap_or(Path::new("")))?;
        Ok((self.names(folder)?, name))
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<usize> {
        let index = self.nodes.len();
        let (names, name) = self.place(path)?;
        names.insert(name, index);
        self.nodes.push(node);
        Ok(index)
    }
}

impl Storage for MemoryStorage {
    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.lock();
        state.call("create", path)?;
        let node = match state.find(path) {
            Ok(node) => {
                state.file(node)?.clear();
                node
            }
            Err(_) => state.add(path, Node::File { now: Vec::new(), safe: Vec::new() })?,
        };
        Ok(Box::new(MemoryFile { storage: self.clone(), path: path.to_owned(), node }))
    }

    fn open_at(&self, path: &Path, len: u64) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.lock();
        state.call("open", path)?;
        let node = state.find(path)?;
        let content = state.file(node)?;
        let found = content.len() as u64;
        if found < len {
            return Err(too_short(found, len));
        }
        content.truncate(len as usize);
        Ok(Box::new(MemoryFile { storage: self.clone(), path: path.to_owned(), node }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.lock();
        state.call("read", path)?;
        let node = state.find(path)?;
        state.file(node).cloned()
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let mut state = self.lock();
        state.call("size", path)?;
        let node = state.find(path)?;
        state.file(node).map(|content| content.len() as u64)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut state = self.lock();
        state.call("list", path)?;
        let node = state.find(path)?;
        state.names(node).map(|names| names.keys().cloned().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("rename", to)?;
        let node = state.find(from)?;
        if let (Node::Folder { .. }, Ok(other)) = (&state.nodes[node], state.find(to))
            && !state.names(other)?.is_empty()
        {
            return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "the folder there is not empty"));
        }
        let (names, name) = state.place(to)?;
        names.insert(name, node);
        let (names, name) = state.place(from)?;
        names.remove(&name);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("remove", path)?;
        let node = state.find(path)?;
        state.file(node)?;
        let (names, name) = state.place(path)?;
        names.remove(&name);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("remove_dir", path)?;
        let node = state.find(path)?;
        if !state.names(node)?.is_empty() {
            return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "the folder is not empty"));
        }
        let (names, name) = state.place(path)?;
        names.remove(&name);
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("create_dir", path)?;
        let folders: Vec<&Path> = path.ancestors().filter(|folder| !folder.as_os_str().is_empty()).collect();
        for folder in folders.into_iter().rev() {
            match state.find(folder) {
                Ok(node) => drop(state.names(node)?),
                Err(_) => drop(state.add(folder, Node::folder())?),
            }
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.call("sync_dir", path)?;
        let node = state.find(if path == Path::new(".") { Path::new("") } else { path })?;
        if let Node::Folder { now, safe } = &mut state.nodes[node] {
            safe.clone_from(now);
        }
        Ok(())
    }
}

/// An open file, identified by its node: it can be renamed meanwhile.
struct MemoryFile {
    storage: MemoryStorage,
    path: PathBuf,
    node: usize,
}

impl StorageFile for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.storage.lock();
        let result = state.call("write", &self.path);
        let written = if result.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        state.file(self.node)?.extend_from_slice(written);
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.storage.lock();
        state.call("sync", &self.path)?;
        if let Node::File { now, safe } = &mut state.nodes[self.node] {
            safe.clone_from(now);
        }
        Ok(())
    }
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("no {}", path.display()))
}

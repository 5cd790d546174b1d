//! Stamps: a file that remembers from which inputs something was made, so that unchanged things are not made again.
//!
//! Inputs count by content, not by time, so that a touched file or a switched branch costs nothing.

use anyhow::{Context as _, Result};
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Folders that hold results, never inputs.
const RESULTS: [&str; 6] = ["target", "node_modules", ".git", "artefacts", "data", "__pycache__"];

#[derive(Default)]
pub struct Inputs(DefaultHasher);

impl Inputs {
    pub fn text(mut self, text: &str) -> Self {
        self.0.write(text.as_bytes());
        self.0.write_u8(0xff);
        self
    }

    /// A file, or every file below a folder; one that is not there counts as that.
    pub fn tree(mut self, path: &Path) -> Result<Self> {
        for file in files_below(path)? {
            self = self.text(&file.to_string_lossy());
            self.0
                .write(&fs::read(&file).with_context(|| format!("read {}", file.display()))?);
            self.0.write_u8(0xff);
        }
        Ok(self)
    }

    /// A result by length and time only: enough to see that somebody else wrote it.
    pub fn made(self, path: &Path) -> Self {
        let Ok(meta) = fs::metadata(path) else {
            return self.text("absent");
        };
        let changed = meta
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .unwrap_or_default();
        self.text(&format!("{} {}", meta.len(), changed.as_nanos()))
    }

    pub fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

/// All files at or below `path`, sorted, without folders of results.
fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(next) = open.pop() {
        if next.is_dir() {
            for entry in fs::read_dir(&next)? {
                let entry = entry?;
                if !entry.file_name().to_str().is_some_and(|name| RESULTS.contains(&name)) {
                    open.push(entry.path());
                }
            }
        } else if next.is_file() {
            found.push(next);
        }
    }
    found.sort();
    Ok(found)
}

pub fn matches(stamp: &Path, inputs: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|kept| kept == inputs)
}

pub fn write(stamp: &Path, inputs: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, inputs).with_context(|| format!("write {}", stamp.display()))
}

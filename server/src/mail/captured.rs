//! Development's letters: files that only this user reads, newest ones kept, shown at `/dev/mail`.

use std::{
    fs::{self, DirBuilder, File},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use serde::{Deserialize, Serialize};
use types::Timestamp;

use super::compose::Composed;
use crate::{Error, clock::Clock, error::Result};

const KEPT: usize = 100;

/// A letter that was kept instead of sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Captured {
    pub to: String,
    pub at: Timestamp,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// What the letter's button leads to.
    pub link: Option<String>,
}

pub(super) struct Folder {
    path: PathBuf,
    /// Tells letters of one millisecond apart.
    count: AtomicU32,
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Folder {
            path,
            count: AtomicU32::new(0),
        }
    }

    pub fn keep(&self, clock: &Clock, to: &str, letter: &Composed) -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let kept = Captured {
            to: to.to_owned(),
            at: clock.now(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            html: letter.html.clone(),
            link: letter.link.clone(),
        };
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:014}-{count:06}-{}", kept.at.0, clock.new_id().simple());
        let draft = self.path.join(format!("{name}.new"));
        let mut file = File::options().create_new(true).write(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(&kept)?)?;
        // Whoever lists the folder sees whole letters only.
        fs::rename(&draft, self.path.join(format!("{name}.json")))?;
        for old in self.files()?.into_iter().skip(KEPT) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// Newest first.
    pub fn list(&self) -> Result<Vec<Captured>> {
        let files = self.files().map_err(Error::internal)?;
        // One that was removed meanwhile is too old to be missed.
        let read = |path: PathBuf| serde_json::from_slice(&fs::read(path).ok()?).ok();
        Ok(files.into_iter().filter_map(read).collect())
    }

    /// Letters by name, which begins with the time; newest first.
    fn files(&self) -> std::io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|kind| kind == "json") {
                files.push(path);
            }
        }
        files.sort_unstable_by(|left, right| right.cmp(left));
        Ok(files)
    }
}

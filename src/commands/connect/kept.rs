//! What files were before, so that `--undo` gives them back byte for byte.
//!
//! One folder per client below the person's configuration, mode 0700: a record and a copy of each file that was there. It is complete on
//! the disk before the first file is touched. Connecting again keeps the first copies.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use types::clients::Client;

use super::files::{Content, Folders, Planned};

const RECORD: &str = "record.json";

/// What one client's recipe did here.
#[derive(Default)]
struct Record {
    files: Vec<Kept>,
    /// Folders made for the record itself, the innermost first.
    folders: Vec<PathBuf>,
}

/// A file that was written to.
struct Kept {
    path: PathBuf,
    /// The copy's name; none = there was no file.
    copy: Option<String>,
    mode: u32,
    /// SHA-256 of what was written last.
    written: String,
    /// Folders made for it, the innermost first.
    folders: Vec<PathBuf>,
    /// Somebody else changed it between two writes of ours.
    changed: bool,
}

/// Keeps what these files are now, unless an earlier time is kept already.
pub fn keep(folders: &Folders, client: &Client, planned: &[&Planned]) -> anyhow::Result<()> {
    let own = folders.own(client.id);
    let missing = own.ancestors().take_while(|folder| !folder.exists());
    let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&own)
        .with_context(|| format!("cannot make {}", own.display()))?;
    let mut record = read(&own)?;
    record.folders.extend(missing);
    for planned in planned {
        let written = hash(&planned.after.bytes);
        if let Some(kept) = record.files.iter_mut().find(|kept| kept.path == planned.path) {
            let now = planned.before.as_ref();
            kept.changed |= !is_ours(kept, now) && original(&own, kept)?.as_ref() != now;
            kept.written = written;
            continue;
        }
        let name = planned.path.file_name().unwrap_or_default().to_string_lossy();
        let copy = format!("{}-{name}", record.files.len());
        if let Some(before) = &planned.before {
            let before = Content {
                bytes: before.bytes.clone(),
                mode: 0o600,
            };
            before.write(&own.join(&copy))?;
        }
        record.files.push(Kept {
            path: planned.path.clone(),
            copy: planned.before.is_some().then_some(copy),
            mode: planned.before.as_ref().map_or(0, |before| before.mode),
            written,
            folders: planned.new_folders(),
            changed: false,
        });
    }
    let files: Vec<Value> = record.files.iter().map(Kept::to_json).collect();
    let text = json!({ "files": files, "made_folders": record.folders });
    let content = Content {
        bytes: format!("{text:#}\n").into_bytes(),
        mode: 0o600,
    };
    content.write(&own.join(RECORD))
}

/// Puts every file back, if none was changed since, or if that is wanted all the same.
pub fn undo(folders: &Folders, client: &Client, force: bool) -> anyhow::Result<()> {
    let own = folders.own(client.id);
    let record = read(&own)?;
    if record.files.is_empty() {
        bail!(
            "there is nothing to undo: `weirgate connect {}` wrote nothing here",
            client.id
        );
    }
    let mut back = Vec::new();
    for kept in &record.files {
        let (now, before) = (Content::read(&kept.path)?, original(&own, kept)?);
        if now == before {
            continue;
        }
        if (kept.changed || !is_ours(kept, now.as_ref())) && !force {
            let copy = match &kept.copy {
                Some(copy) => format!("what it was is kept in {}", own.join(copy).display()),
                None => "it did not exist before".to_owned(),
            };
            let path = kept.path.display();
            bail!("{path} was changed since; {copy}. --undo --force puts it back and loses these changes");
        }
        back.push((kept, before));
    }
    for (kept, before) in back {
        match before {
            Some(before) => {
                before.write(&kept.path)?;
                eprintln!("{} is as it was.", kept.path.display());
            }
            None => {
                fs::remove_file(&kept.path).with_context(|| format!("cannot remove {}", kept.path.display()))?;
                // Only those that are empty go.
                let _ = kept.folders.iter().try_for_each(fs::remove_dir);
                eprintln!("{} is gone, as before.", kept.path.display());
            }
        }
    }
    fs::remove_dir_all(&own).with_context(|| format!("cannot remove {}", own.display()))?;
    // The first one is gone already; of the others only those that are empty go.
    let _ = record.folders.iter().skip(1).try_for_each(fs::remove_dir);
    Ok(())
}

fn is_ours(kept: &Kept, now: Option<&Content>) -> bool {
    now.is_some_and(|now| hash(&now.bytes) == kept.written)
}

/// The file as it was before.
fn original(own: &Path, kept: &Kept) -> anyhow::Result<Option<Content>> {
    let Some(copy) = &kept.copy else {
        return Ok(None);
    };
    let path = own.join(copy);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(Content { bytes, mode: kept.mode }))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The record; empty when nothing is kept.
fn read(own: &Path) -> anyhow::Result<Record> {
    let path = own.join(RECORD);
    let Some(content) = Content::read(&path)? else {
        return Ok(Record::default());
    };
    let value: Value = serde_json::from_slice(&content.bytes).unwrap_or_default();
    Record::of_json(&value).with_context(|| {
        format!(
            "{} is damaged; the copies beside it are what the files were",
            path.display()
        )
    })
}

impl Record {
    fn of_json(value: &Value) -> Option<Record> {
        let files = value.get("files")?.as_array()?.iter().map(Kept::of_json);
        Some(Record {
            files: files.collect::<Option<_>>()?,
            folders: paths(value.get("made_folders")?)?,
        })
    }
}

fn paths(value: &Value) -> Option<Vec<PathBuf>> {
    let path = |value: &Value| value.as_str().map(PathBuf::from);
    value.as_array()?.iter().map(path).collect()
}

impl Kept {
    fn to_json(&self) -> Value {
        json!({
            "path": self.path,
            "copy": self.copy,
            "mode": self.mode,
            "written_sha256": self.written,
            "made_folders": self.folders,
            "changed_between": self.changed,
        })
    }

    fn of_json(value: &Value) -> Option<Kept> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Kept {
            path: text(value.get("path")?)?.into(),
            copy: value.get("copy").and_then(text),
            mode: value.get("mode")?.as_u64()?.try_into().ok()?,
            written: text(value.get("written_sha256")?)?,
            folders: paths(value.get("made_folders")?)?,
            changed: value.get("changed_between")?.as_bool()?,
        })
    }
}

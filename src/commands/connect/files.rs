//! Where clients keep their files, and how one of them is written: whole or not at all.

use std::{
    fs::{self, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use server::config::Env;
use types::clients::{File, KEY_PLACEHOLDER};

use super::join::join;

/// A person's folders.
pub struct Folders {
    home: PathBuf,
    env: Env,
}

impl Folders {
    pub fn of(env: &Env) -> anyhow::Result<Folders> {
        let home = env
            .get("HOME")
            .context("HOME is not set, so there is no home folder to write to")?;
        Ok(Folders {
            home: home.into(),
            env: env.clone(),
        })
    }

    /// Where a file of a recipe is for this person on this machine.
    pub fn locate(&self, file: &File) -> PathBuf {
        let usual = match file.on_mac {
            Some(path) if cfg!(target_os = "macos") => path,
            _ => file.path,
        };
        let name = Path::new(usual).file_name().unwrap_or_default();
        if let Some(folder) = file.folder.and_then(|name| self.env.get(name)) {
            return Path::new(folder).join(name);
        }
        self.below(usual)
    }

    /// A path that begins with `~/`, by the XDG base directories where they are set.
    fn below(&self, path: &str) -> PathBuf {
        for (start, variable) in [("~/.config/", "XDG_CONFIG_HOME"), ("~/.local/share/", "XDG_DATA_HOME")] {
            if let (Some(rest), Some(folder)) = (path.strip_prefix(start), self.env.get(variable)) {
                return Path::new(folder).join(rest);
            }
        }
        self.home.join(path.trim_start_matches("~/"))
    }

    /// Where what is needed to undo is kept.
    pub fn own(&self, client: &str) -> PathBuf {
        self.below("~/.config/weirgate/connect").join(client)
    }
}

/// A file as it is on the disk.
#[derive(PartialEq, Eq)]
pub struct Content {
    pub bytes: Vec<u8>,
    /// The permission bits.
    pub mode: u32,
}

impl Content {
    /// `None` when there is no such file.
    pub fn read(path: &Path) -> anyhow::Result<Option<Content>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
        Ok(Some(Content { bytes, mode }))
    }

    /// Into a file beside it, which then takes its place.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let folder = path.parent().context("a file is in a folder")?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder.join(format!(".{name}.weirgate-{}", std::process::id()));
        let write = || {
            let mut file = fs::File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&self.bytes)?;
            file.set_permissions(Permissions::from_mode(self.mode))?;
            file.sync_all()?;
            fs::rename(&beside, path)
        };
        write()
            .inspect_err(|_| drop(fs::remove_file(&beside)))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A file as it will be, beside what it is now.
pub struct Planned {
    /// Past symbolic links, so that they stay.
    pub path: PathBuf,
    pub before: Option<Content>,
    pub after: Content,
    /// Without a key it cannot be written.
    pub needs_key: bool,
}

impl Planned {
    pub fn is_change(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    /// Folders that have to be made for it, the innermost first.
    pub fn new_folders(&self) -> Vec<PathBuf> {
        let above = self.path.ancestors().skip(1);
        above
            .take_while(|folder| !folder.exists())
            .map(Path::to_owned)
            .collect()
    }

    pub fn write(&self) -> anyhow::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        self.after.write(&self.path)
    }
}

/// What a recipe's file becomes on this machine; nothing is written.
pub fn plan(file: &File, folders: &Folders, key: Option<&str>) -> anyhow::Result<Planned> {
    let path = folders.locate(file);
    let is_link = fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink());
    let path = match fs::canonicalize(&path) {
        Ok(path) => path,
        Err(_) if is_link => bail!("{} is a link that leads nowhere; it was left alone", path.display()),
        Err(_) => path,
    };
    let before = Content::read(&path)?;
    let there = before
        .as_ref()
        .map_or(Ok(""), |before| std::str::from_utf8(&before.bytes));
    let text = there
        .map_err(|_| "it is no UTF-8".to_owned())
        .and_then(|there| join(there, file))
        .map_err(|why| anyhow::anyhow!("{} was left alone: {why}", path.display()))?;
    let holds_key = file.text.contains(key.unwrap_or(KEY_PLACEHOLDER));
    let mode = match before.as_ref().map(|before| before.mode) {
        // A key is for its owner's eyes.
        Some(mode) if holds_key => mode & !0o077,
        Some(mode) => mode,
        None => 0o600,
    };
    let after = Content {
        bytes: text.into_bytes(),
        mode,
    };
    Ok(Planned {
        path,
        before,
        after,
        needs_key: holds_key,
    })
}

//! Running other programs: with a spinner and a captured log, or with the terminal handed over; and passing signals on to them.

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a failed step shows of its output; enough for a compiler's error, bounded for a runaway one.
const KEPT_LINES: usize = 400;
/// Without a terminal a long step says this often that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);

static SIGNALS: AtomicUsize = AtomicUsize::new(0);
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// From here on a signal ends the running command, not this process, so that guards (the private PostgreSQL cluster) clean up.
pub fn listen_for_signals() -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listen for signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            let before = SIGNALS.fetch_add(1, Ordering::SeqCst);
            // A terminal sends Ctrl-C to the whole process group: the command has it already, and most read a second one as "now".
            let passed_on = match signal {
                SIGINT if before == 0 && std::io::stdin().is_terminal() => None,
                SIGINT => Some("-INT"),
                _ => Some("-TERM"),
            };
            if let Some(name) = passed_on {
                for id in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    let _ = Command::new("kill").args([name, &id.to_string()]).status();
                }
            }
        }
    });
    Ok(())
}

pub fn interrupted() -> bool {
    SIGNALS.load(Ordering::SeqCst) > 0
}

fn start(command: &mut Command) -> Result<Child> {
    if interrupted() {
        bail!("interrupted");
    }
    let child = command.spawn().with_context(|| format!("start {}", line_of(command)))?;
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
    Ok(child)
}

fn finish(mut child: Child) -> Result<ExitStatus> {
    let status = child.wait();
    RUNNING
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|id| *id != child.id());
    Ok(status?)
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn check(status: ExitStatus, line: &str) -> Result<()> {
    if interrupted() {
        bail!("interrupted");
    }
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs with the terminal handed over: for tests and checks whose own output is the point.
pub fn shown(mut command: Command) -> Result<()> {
    let line = line_of(&command);
    println!("\n$ {line}");
    let status = finish(start(&mut command)?)?;
    check(status, &line)
}

/// Runs quietly and gives back what was printed.
pub fn output(mut command: Command) -> Result<String> {
    let line = line_of(&command);
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {line}"))?;
    if !done.status.success() {
        bail!(
            "`{line}` failed ({}): {}",
            done.status,
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// Runs behind one line that says what happens and for how long; its output appears only when it fails.
pub fn step(label: &str, mut command: Command) -> Result<()> {
    let line = line_of(&command);
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let progress = Progress::start(label);
    let child = start(&mut command)?;
    drop(command); // holds the pipe's other end: without this the reader never sees the end

    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for said in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&said).into_owned()).is_err() {
                return;
            }
        }
    });
    let mut kept = VecDeque::new();
    let mut beat = Instant::now();
    loop {
        match lines.recv_timeout(HEARTBEAT) {
            Ok(said) => {
                progress.says(&said);
                kept.push_back(said);
                if kept.len() > KEPT_LINES {
                    kept.pop_front();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if beat.elapsed() >= HEARTBEAT {
            progress.is_alive(kept.back().map_or("", String::as_str));
            beat = Instant::now();
        }
    }
    let status = finish(child)?;
    progress.end(status.success());
    if !status.success() && !interrupted() {
        for said in kept {
            eprintln!("    {said}");
        }
    }
    check(status, &line)
}

/// One line of progress: a spinner on a terminal, plain lines elsewhere.
struct Progress {
    label: String,
    since: Instant,
    spinner: Option<ProgressBar>,
}

impl Progress {
    fn start(label: &str) -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed:>4} {wide_msg:.dim}") {
                spinner.set_style(style);
            }
            spinner.set_prefix(label.to_owned());
            spinner.enable_steady_tick(Duration::from_millis(120));
            spinner
        });
        if spinner.is_none() {
            println!("… {label}");
        }
        Self {
            label: label.to_owned(),
            since: Instant::now(),
            spinner,
        }
    }

    fn says(&self, said: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(said.trim().to_owned());
        }
    }

    fn is_alive(&self, last: &str) {
        if self.spinner.is_none() {
            println!(
                "  {} ({} s) {}",
                self.label,
                self.since.elapsed().as_secs(),
                last.trim()
            );
        }
    }

    fn end(self, well: bool) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        println!(
            "{} {} ({:.1} s)",
            if well { "✓" } else { "✗" },
            self.label,
            self.since.elapsed().as_secs_f32()
        );
    }
}

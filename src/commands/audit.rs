//! `weirgate audit verify|prune`: whether the audit log is what was written, and the only way to make it shorter.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use server::{
    audit::{self, Actor, Head, Pruned, Report},
    config::{Retention, parse_duration},
};
use types::Timestamp;

use super::Settings;

#[derive(Args)]
pub struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Recompute the chain over the audit log and name every row and segment that does not fit; exits with 1 if there is one
    Verify {
        /// A head that an earlier run printed and that was noted outside this server: shows that nothing up to it was replaced or cut off
        #[arg(long, value_name = "SEGMENT:HASH")]
        head: Option<Head>,
    },
    /// Remove old rows for good, by whole sealed segments; what stays can still be proven
    Prune {
        /// A day (2026-01-31), a time (2026-01-31T12:00:00Z), or an age (365d) [default: audit.retention]
        #[arg(long, value_name = "TIME")]
        before: Option<String>,
    },
}

pub async fn run(settings: &Settings, command: Audit) -> anyhow::Result<()> {
    match command.what {
        What::Verify { head } => verify(settings, head).await,
        What::Prune { before } => prune(settings, before.as_deref()).await,
    }
}

async fn verify(settings: &Settings, head: Option<Head>) -> anyhow::Result<()> {
    let state = settings.state().await?;
    let report = audit::verify(&state, head.as_ref()).await;
    state.shutdown().await;
    let report: Report = report.context("the audit log cannot be read")?;
    for finding in &report.findings {
        println!("{finding}");
    }
    let told = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
    if report.found > told {
        println!("… and {} more", report.found - told);
    }
    println!(
        "Rows: {}, segments: {}, waiting to be sealed: {}",
        report.rows, report.segments, report.waiting
    );
    if let Some(pruned) = &report.pruned {
        println!("Pruned up to segment {}", pruned.segment);
    }
    if let Some(head) = &report.head {
        println!("Head: {head}");
    }
    match report.found {
        0 => {
            println!("The audit log is whole.");
            Ok(())
        }
        1 => bail!("the audit log is not what was written: 1 finding"),
        found => bail!("the audit log is not what was written: {found} findings"),
    }
}

async fn prune(settings: &Settings, before: Option<&str>) -> anyhow::Result<()> {
    let state = settings.state().await?;
    let time = time(before, state.config().audit.retention, state.clock().now());
    let pruned = match time {
        Ok(before) => audit::prune(&state, before, Actor::CommandLine)
            .await
            .map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    state.shutdown().await;
    match pruned? {
        Pruned {
            rows,
            segments,
            last: Some(last),
        } => println!("Removed rows: {rows}, segments: {segments}, up to segment {last}."),
        Pruned { last: None, .. } => println!("Nothing is that old."),
    }
    Ok(())
}

/// The time before which everything goes.
fn time(asked: Option<&str>, retention: Retention, now: Timestamp) -> anyhow::Result<Timestamp> {
    let ago = |age: std::time::Duration| now.plus_millis(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    let Some(text) = asked else {
        return match retention {
            Retention::For(age) => Ok(ago(age)),
            Retention::Forever => bail!("audit.retention is forever; name a time with --before"),
        };
    };
    let day = Timestamp::parse(&format!("{text}T00:00:00Z"));
    let time = day
        .or_else(|| Timestamp::parse(text))
        .or_else(|| parse_duration(text).map(ago));
    time.context("--before must be a day (2026-01-31), a time (2026-01-31T12:00:00Z) or an age (365d)")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_is_a_day_a_moment_or_an_age() {
        let now = Timestamp(1_795_000_000_000);
        let read = |text| time(Some(text), Retention::Forever, now).ok();
        assert_eq!(read("2026-11-18"), Timestamp::parse("2026-11-18T00:00:00Z"));
        assert_eq!(
            read("2026-11-18T12:00:00+01:00"),
            Timestamp::parse("2026-11-18T11:00:00Z")
        );
        assert_eq!(read("1d"), Some(now.plus_secs(-86_400)));
        for wrong in ["", "yesterday", "2026-13-01", "18.11.2026", "-1d"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn setting_counts_when_no_time_is_named() {
        let now = Timestamp(1_795_000_000_000);
        let kept = Retention::For(Duration::from_secs(60));
        assert_eq!(time(None, kept, now).unwrap(), now.plus_secs(-60));
        assert!(time(None, Retention::Forever, now).is_err());
    }
}

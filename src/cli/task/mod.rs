//! `regua task`: what cron starts, and when.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Outcome, arguments, face, signals, speech};
use crate::error::Result;

mod change;
mod cron;
mod runs;
mod show;
mod units;

/// Tasks: what is run on a schedule.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "One line in cron runs them all: `regua task crontab` prints it, `regua task systemd` a timer.\n\n\
    A schedule has the five fields of crontab(5), with Debian's meaning: *, values, lists, ranges, steps after\n\
    * or a range, names (mon, jan); 0 and 7 are Sunday. When both day and weekday are restricted, either\n\
    matches; a field that begins with * counts as unrestricted, so that */2 days and a weekday must both match.\n\
    When daylight saving skips a time, it runs right after; when a time comes twice, it runs once; a schedule\n\
    whose minute or hour begins with * follows the clock instead.\n\n\
    Examples:\n  \
    regua task add collections --run collection-update --minute 30 --hour 8 --weekday 1-6\n  \
    regua task add birthdays --run birthday-queue --minute 0 --hour 8\n  \
    regua task add forward --run send-queue --minute '*/10' --hour 8-19\n  \
    regua task add erp-weekly --run sync --full --minute 0 --hour 5 --weekday sun\n  \
    regua task add nightly --run backup --minute 0 --hour 3"
)]
pub(super) enum Command {
    /// Add a task
    #[command(after_help = "Examples:\n  \
        regua task add collections --run collection-update --minute 30 --hour 8 --weekday 1-6\n  \
        regua task add forward --run send-queue --minute '*' --hour '*' --channel whatsapp\n  \
        regua task add weekly --run send --report cut-for-debt --template overdue-push --minute 0 --hour 9 --weekday mon")]
    Add(change::Add),
    /// Change parts of a task
    #[command(after_help = "Example:\n  regua task edit collections --hour 9")]
    Edit(change::Edit),
    /// Let run-due run it again, from now on
    Enable {
        /// Its name
        name: String,
    },
    /// Keep it, but do not run it
    Disable {
        /// Its name
        name: String,
    },
    /// List the tasks, with their last and next runs
    List,
    /// Show one task and its last runs
    Show {
        /// Its name
        name: String,
        /// At most so many runs; 0 for all
        #[arg(long, default_value_t = 10)]
        limit: i64,
    },
    /// Remove a task and the record of its runs
    Remove {
        /// Its name
        name: String,
    },
    /// Run one now, whatever its schedule
    Run {
        /// Its name
        name: String,
    },
    /// Run what is due: what cron calls each minute
    #[command(
        after_help = "Nothing due, or another run-due still working: no output, exit 0 (-v says so).\n\
        A task missed while the machine was off runs once, unless the miss is older than [tasks] catch_up_hours."
    )]
    RunDue,
    /// Print the line for crontab
    #[command(after_help = "Example:\n  (crontab -l; regua task crontab) | crontab -")]
    Crontab,
    /// Print a systemd service and timer; or, for receipts, a socket and its service
    #[command(after_help = "Examples:\n  \
        regua task systemd\n  \
        regua task systemd --receive /etc/systemd/system")]
    Systemd {
        /// The socket and service that take in what providers report, instead
        #[arg(long)]
        receive: bool,
        /// Write them into this folder instead of printing them
        dir: Option<PathBuf>,
    },
}

/// Runs the command.
pub(super) fn run(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Add(add) => change::add(add, context),
        Command::Edit(edit) => change::edit(edit, context),
        Command::Enable { name } => change::switch(&name, true, context),
        Command::Disable { name } => change::switch(&name, false, context),
        Command::List => show::list(context),
        Command::Show { name, limit } => show::one(&name, limit, context),
        Command::Remove { name } => change::remove(&name, context),
        Command::Run { name } => runs::run_now(&name, context),
        Command::RunDue => runs::run_due(context),
        Command::Crontab => cron::crontab(context),
        Command::Systemd { receive, dir } => cron::systemd(receive, dir.as_deref(), context),
    }
}

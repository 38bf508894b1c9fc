//! What every command works with: configuration, clock, paper, and the database when it is asked for.

use std::path::{Path, PathBuf};

use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::error::Result;
use crate::store::Store;
use crate::view::Out;

/// What a command works with.
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The clock, fixed by `--now`.
    pub clock: Clock,
    /// Where answers and talk go.
    pub out: Out,
    /// Nothing is said when there is nothing to do: what cron calls each minute.
    pub silent: bool,
    /// The command only reads: it never makes a database.
    pub only_reads: bool,
    /// Where a document goes, when `-o FILE` says so.
    pub document: Option<PathBuf>,
    database: PathBuf,
}

impl Context {
    /// Reads the configuration and sets the clock.
    pub fn new(
        config: Option<&Path>,
        database: Option<PathBuf>,
        now: Option<&str>,
        out: Out,
    ) -> Result<Self> {
        let config = Config::load(config)?;
        let clock = Clock::of_run(now, config.timezone)?;
        Ok(Self {
            database: database.unwrap_or_else(|| config.database.clone()),
            config,
            clock,
            out,
            silent: false,
            only_reads: false,
            document: None,
        })
    }

    /// Says what is acceptable but unwise in the configuration.
    pub fn warn(&self) {
        for warning in &self.config.warnings {
            self.out.warn(warning);
        }
    }

    /// The instant and day of this run.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Where the database is.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Opens the database; a command that writes makes it when it does not exist.
    pub fn open(&self) -> Result<Store> {
        if self.only_reads {
            let store = Store::open_existing(&self.database)?;
            store.follow(self.clock);
            return Ok(store);
        }
        let store = Store::open(&self.database)?;
        store.follow(self.clock);
        if store.created() {
            let made = format!("made the database {}", self.database.display());
            if self.silent {
                self.out.explain(made);
            } else {
                self.out.say(made);
            }
        }
        Ok(store)
    }

    /// Opens the database to look at what would be done: where there is none yet, an empty one in its place,
    /// and none is made.
    pub fn open_to_look(&self) -> Result<Store> {
        if self.database.exists() {
            Store::open(&self.database)
        } else {
            Store::imagined(&self.database)
        }
    }
}

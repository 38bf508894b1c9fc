//! The `folder` provider: each letter is a page in the folder of its day, and `letters.html` holds all of a
//! day's to be printed at once.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use super::{Accepted, Given, Limits, Next, Offer, Outgoing, Provider, ProviderSettings, Refusal};
use crate::domain::letter::too_long;
use crate::domain::words::Channel;
use crate::error::{Error, Result};
use crate::private_file;

use page::{BEGIN, END, HEAD, Letterhead, TAIL, page};

mod page;

/// A folder of pages, for letters.
pub(super) const OFFER: Offer = Offer {
    name: "folder",
    channels: &[Channel::Letter],
    asks: &[],
    usual: Limits {
        workers: 4,
        rate_per_minute: 0,
    },
    read,
};

/// All pages of a day.
const ALL: &str = "letters.html";
/// Before the day in the name of the mark that says that its [`ALL`] is not whole yet.
const MARK: &str = ".unfinished-";

/// Where the pages go, and what stands on each.
#[derive(Debug)]
struct FolderSettings {
    path: PathBuf,
    head: Letterhead,
}

/// The folder of letters that the configuration says nothing of.
pub(super) fn beside(base: &Path) -> Arc<dyn ProviderSettings> {
    Arc::new(FolderSettings {
        path: base.join("letters"),
        head: Letterhead::default(),
    })
}

/// Reads where the pages go, and what stands on each.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every provider's reader"
)]
fn read(given: &mut Given<'_, '_, '_>) -> Option<Arc<dyn ProviderSettings>> {
    let path = given.section.filled("path");
    Some(Arc::new(FolderSettings {
        path: given.base.join(path.as_deref().unwrap_or("letters")),
        head: Letterhead {
            sender: given.section.texts("sender").unwrap_or_default(),
            city: given.section.filled("city"),
        },
    }))
}

impl ProviderSettings for FolderSettings {
    fn doubts(&self) -> Vec<(String, String)> {
        if self.head.sender.is_empty() {
            return vec![(
                "letters do not say who sends them".to_owned(),
                "[letter] sender = [\"Provedor Exemplo\", \"Rua das Flores, 1\", \"89801-000 Chapecó/SC\"]"
                    .to_owned(),
            )];
        }
        Vec::new()
    }

    fn is_unfinished(&self) -> bool {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.file_name());
        names.any(|name| name.to_string_lossy().starts_with(MARK))
    }

    fn connect(&self, _workers: usize) -> Result<Box<dyn Provider>> {
        Ok(Box::new(FolderProvider {
            path: self.path.clone(),
            head: self.head.clone(),
            marked: Mutex::new(BTreeSet::new()),
        }))
    }
}

/// Writes letters.
struct FolderProvider {
    path: PathBuf,
    head: Letterhead,
    /// The days that have their mark in this run.
    marked: Mutex<BTreeSet<NaiveDate>>,
}

impl FolderProvider {
    fn day(&self, day: NaiveDate) -> PathBuf {
        self.path.join(day.to_string())
    }

    /// Notes, before a day's folder changes, that its pages are not all in [`ALL`]; a run that dies leaves
    /// the note to the next.
    fn mark(&self, day: NaiveDate) -> io::Result<()> {
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        if marked.contains(&day) {
            return Ok(());
        }
        private_file::folder(&self.day(day))?;
        private_file::create(&self.path.join(format!("{MARK}{day}")))?;
        marked.insert(day);
        Ok(())
    }

    /// The days that have a folder.
    fn days(&self) -> io::Result<Vec<NaiveDate>> {
        let mut days = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            days.extend(
                entry?
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse::<NaiveDate>().ok()),
            );
        }
        Ok(days)
    }

    /// Writes a letter. One of the same message that lies in another day's folder goes: sent again, a message
    /// replaces itself.
    fn write(&self, message: &Outgoing) -> io::Result<PathBuf> {
        let today = message.at.date_naive();
        let name = format!("{}-{}.html", message.client_id.unwrap_or(0), message.id);
        self.mark(today)?;
        let path = self.day(today).join(&name);
        whole(&path, |file| {
            file.write_all(HEAD.as_bytes())?;
            file.write_all(page(message, &self.head).as_bytes())?;
            file.write_all(TAIL.as_bytes())
        })?;
        for day in self.days()?.into_iter().filter(|day| *day != today) {
            let earlier = self.day(day).join(&name);
            if earlier.exists() {
                self.mark(day)?;
                fs::remove_file(earlier)?;
            }
        }
        Ok(path)
    }

    /// Puts the pages of each day that is marked together anew, and takes the mark away.
    fn finish(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            let day = name.to_str().and_then(|name| name.strip_prefix(MARK));
            let Some(day) = day.and_then(|day| day.parse::<NaiveDate>().ok()) else {
                continue;
            };
            self.put_together(day)?;
            fs::remove_file(self.path.join(&name))?;
        }
        Ok(())
    }

    fn put_together(&self, day: NaiveDate) -> io::Result<()> {
        let folder = self.day(day);
        let mut letters = Vec::new();
        for entry in fs::read_dir(&folder)? {
            letters.extend(entry?.file_name().to_str().and_then(ids_of));
        }
        letters.sort_unstable();
        whole(&folder.join(ALL), |file| {
            file.write_all(HEAD.as_bytes())?;
            for (client, message) in &letters {
                copy_page(&folder.join(format!("{client}-{message}.html")), file)?;
            }
            file.write_all(TAIL.as_bytes())
        })
    }
}

/// The client and the message of a page by its name.
fn ids_of(name: &str) -> Option<(i64, i64)> {
    let (client, message) = name.strip_suffix(".html")?.split_once('-')?;
    Some((client.parse().ok()?, message.parse().ok()?))
}

/// Copies what lies between the marks of a page.
fn copy_page(path: &Path, to: &mut BufWriter<File>) -> io::Result<()> {
    let mut inside = false;
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        inside |= line == BEGIN;
        if inside {
            writeln!(to, "{line}")?;
        }
        inside &= line != END;
    }
    Ok(())
}

/// Writes a file so that whoever opens it finds it whole: as it was before, or as it is now.
fn whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let beside = path.with_extension("html.new");
    let mut file = BufWriter::new(private_file::create(&beside)?);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

impl Provider for FolderProvider {
    fn name(&self) -> &'static str {
        OFFER.name
    }

    fn send(&self, message: &Outgoing) -> Result<Accepted, Refusal> {
        match self.write(message) {
            Ok(path) => {
                let mut text = format!("written to {}", path.display());
                if let Some(told) = too_long(message.title.as_deref(), &message.body) {
                    text.push_str("; ");
                    text.push_str(&told);
                }
                Ok(Accepted {
                    provider_id: None,
                    code: None,
                    text: Some(text),
                })
            }
            Err(error) => Err(Refusal::new(
                Next::Stop,
                format!("{}: {error}", self.path.display()),
            )),
        }
    }

    fn check(&self) -> Result<String> {
        private_file::could_write_into(&self.path).map_err(|error| {
            Error::world(format!(
                "letters cannot be written to {}",
                self.path.display()
            ))
            .because(error)
        })?;
        Ok(format!("writes to {}", self.path.display()))
    }

    fn close(&self) {
        // What cannot be put together now keeps its mark, and the next run tries again.
        let _ = self.finish();
    }
}

//! A program while it runs: its lines as they come, its complaints, its time, and its end.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::settings::CommandSettings;
use crate::clock::Stopwatch;
use crate::error::{Error, Flaw, Result};
use crate::http::Cover;

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 1 << 20;
/// The most that a program may print, in bytes.
const MOST_BYTES: u64 = 16 << 30;
/// What is kept of its complaints: the last so many bytes, shown in so many lines.
const COMPLAINTS: usize = 16 << 10;
const COMPLAINT_LINES: usize = 20;
/// Lines that wait between the thread that reads them and the one that takes them, in batches.
const BATCHES: usize = 8;
const BATCH_BYTES: usize = 64 << 10;
/// How often is looked whether time is over, or somebody wants to end it.
const TICK: Duration = Duration::from_millis(200);
/// How long a program that is asked to end has for it.
const GRACE: Duration = Duration::from_secs(3);

/// A program to be run.
pub(super) struct Program<'a> {
    pub settings: &'a CommandSettings,
    pub env: Vec<(String, String)>,
    pub cover: &'a Cover,
}

/// What a program complained of, secrets covered.
pub(super) struct Said(Vec<String>);

impl Said {
    /// An error with the program's complaints below it, line by line.
    pub fn shown_in(&self, mut error: Error) -> Error {
        let lines = self.0.iter().map(|line| Flaw::at("stderr", line, ""));
        error.flaws.extend(lines);
        error
    }

    /// The complaints of a program that ended well, as notes.
    pub fn notes(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .map(|line| format!("{name}: {line}"))
            .collect()
    }
}

/// What the reading thread sends.
enum Piece {
    /// Some whole lines.
    Lines(Vec<Vec<u8>>),
    /// It cannot be read on.
    Broken(Error),
}

impl Program<'_> {
    /// Runs the program to its end and hands over its lines, or nothing where none came for a moment. An
    /// error of `each` ends it.
    ///
    /// # Errors
    /// When it cannot be run, ends with another code than 0, takes too long or says too much (exit 4).
    pub fn run(&self, each: &mut dyn FnMut(Option<&[u8]>) -> Result<()>) -> Result<Said> {
        let mut running = self.start()?;
        let watch = Stopwatch::start();
        let seconds = self.settings.timeout_seconds;
        let most = Duration::from_secs(seconds.unsigned_abs());
        let late = || {
            Error::world(format!("the program did not end within {seconds} seconds")).hint(format!(
                "timeout_seconds under [sync.{}]",
                self.settings.name
            ))
        };
        let left = || most.checked_sub(watch.elapsed());
        let outcome = loop {
            let Some(left) = left() else {
                break Err(late());
            };
            match running.pieces.recv_timeout(left.min(TICK)) {
                Ok(Piece::Lines(lines)) => {
                    if let Err(error) = lines.iter().try_for_each(|line| each(Some(line))) {
                        break Err(error);
                    }
                }
                Ok(Piece::Broken(error)) => break Err(error),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = each(None) {
                        break Err(error);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            }
        };
        let ended = match outcome {
            Ok(()) => running.wait(&mut || left().is_some()).ok_or_else(late),
            Err(error) => Err(error),
        };
        let said = running.end(self.cover);
        match ended {
            Ok(status) if status.success() => Ok(said),
            Ok(status) => Err(said.shown_in(failed(status))),
            Err(error) => Err(said.shown_in(error)),
        }
    }

    fn start(&self) -> Result<Running> {
        let shown = self.settings.shown();
        let mut command = Command::new(&self.settings.program);
        command
            .args(&self.settings.arguments)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that what it starts ends with it.
            .process_group(0);
        if !self.settings.folder.as_os_str().is_empty() {
            command.current_dir(&self.settings.folder);
        }
        let mut child = command.spawn().map_err(|error| {
            Error::world(format!("the program {shown} cannot be run"))
                .because(error)
                .hint("it must be there, be executable (chmod +x), and begin with #! where it is a script")
        })?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (send, pieces) = sync_channel(BATCHES);
        let no_thread =
            |error: std::io::Error| Error::world("no thread can be begun").because(error);
        let mut running = Running {
            child,
            pieces,
            complaints: None,
            ended: None,
        };
        if let (Some(out), Some(err)) = (out, err) {
            thread::Builder::new()
                .spawn(move || read_lines(out, &send))
                .map_err(no_thread)?;
            let complaints = thread::Builder::new().spawn(move || read_complaints(err));
            running.complaints = Some(complaints.map_err(no_thread)?);
        }
        Ok(running)
    }
}

/// How a program ended that did not end well.
fn failed(status: ExitStatus) -> Error {
    use std::os::unix::process::ExitStatusExt as _;
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("with exit code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "in an unknown way".to_owned(),
    };
    Error::world(format!(
        "the program ended {how}; nothing of it was written"
    ))
    .hint("run it by hand, with REGUA_SINCE set to nothing")
}

/// A program that runs.
struct Running {
    child: Child,
    pieces: Receiver<Piece>,
    complaints: Option<JoinHandle<Vec<u8>>>,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Waits for its end as long as `go_on` says so.
    fn wait(&mut self, go_on: &mut dyn FnMut() -> bool) -> Option<ExitStatus> {
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.ended = Some(status);
                return self.ended;
            }
            if !go_on() {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: Signal) {
        // It leads a group of its own, whose number is its own.
        if let Ok(id) = i32::try_from(self.child.id()) {
            // A group that is gone already needs no end.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }

    /// Ends it where it has not ended by itself, with everything that it started; its complaints.
    fn end(mut self, cover: &Cover) -> Said {
        self.stop();
        let complaints = match self.complaints.take() {
            // Whatever holds its standard error open beyond its end is not waited for.
            Some(reading) => {
                let watch = Stopwatch::start();
                while !reading.is_finished() && watch.elapsed() < Duration::from_secs(1) {
                    thread::sleep(Duration::from_millis(5));
                }
                if reading.is_finished() {
                    reading.join().unwrap_or_default()
                } else {
                    Vec::new()
                }
            }
            None => Vec::new(),
        };
        let text = String::from_utf8_lossy(&complaints).into_owned();
        let text = cover.cover(text);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let from = lines.len().saturating_sub(COMPLAINT_LINES);
        let shown = lines[from..].iter();
        Said(shown.map(|line| line.chars().take(300).collect()).collect())
    }

    fn stop(&mut self) {
        if self.ended.is_none() {
            self.signal(Signal::SIGTERM);
            let watch = Stopwatch::start();
            if self.wait(&mut || watch.elapsed() < GRACE).is_none() {
                self.signal(Signal::SIGKILL);
                self.ended = self.child.wait().ok();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads lines in batches until there are no more, or nobody takes them.
fn read_lines(out: impl Read, send: &SyncSender<Piece>) {
    let mut reader = BufReader::with_capacity(BATCH_BYTES, out.take(MOST_BYTES + 1));
    let (mut batch, mut size, mut read) = (Vec::new(), 0, 0);
    loop {
        let mut line = Vec::new();
        let piece = match reader
            .by_ref()
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line)
        {
            Ok(0) => break,
            Ok(n) if n as u64 > LONGEST_LINE => Err("a line of the program is longer than 1 MiB"),
            Ok(n) => {
                read += n as u64;
                size += n;
                if read > MOST_BYTES {
                    Err("the program says more than 16 GiB")
                } else {
                    Ok(())
                }
            }
            Err(_) => Err("the program's answer cannot be read"),
        };
        if let Err(why) = piece {
            // Nobody listens any more: then nobody needs to be told.
            let _ = send.send(Piece::Broken(Error::world(why)));
            return;
        }
        batch.push(line);
        let waits = !reader.buffer().contains(&b'\n');
        if (size >= BATCH_BYTES || waits)
            && send.send(Piece::Lines(std::mem::take(&mut batch))).is_err()
        {
            return;
        }
        if batch.is_empty() {
            size = 0;
        }
    }
    if !batch.is_empty() {
        // As above.
        let _ = send.send(Piece::Lines(batch));
    }
}

/// Reads complaints to their end, and keeps the last of them.
fn read_complaints(mut err: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(n) = err.read(&mut piece) {
        if n == 0 {
            break;
        }
        kept.extend_from_slice(&piece[..n]);
        if kept.len() > 2 * COMPLAINTS {
            kept.drain(..kept.len() - COMPLAINTS);
        }
    }
    kept
}

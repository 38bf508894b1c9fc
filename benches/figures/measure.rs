//! Measuring: a program runs as the only child of a small process of ours, which the system then tells what it took.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// What a run of a program took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// From its start to its end, in seconds.
    pub wall: f64,
    /// User and system time of its processors, in seconds.
    pub cpu: f64,
    /// The most memory it held, in KiB.
    pub peak: i64,
}

/// A program to be measured.
#[derive(Debug, Clone)]
pub struct Program {
    binary: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    input: Option<PathBuf>,
    output: Option<PathBuf>,
}

impl Program {
    /// A program that runs in a folder and must end with 0.
    pub fn new(program: impl Into<PathBuf>, folder: &Path) -> Self {
        Self {
            binary: program.into(),
            arguments: Vec::new(),
            folder: folder.to_owned(),
            input: None,
            output: None,
        }
    }

    /// The binary that is measured.
    pub fn regua(folder: &Path, arguments: &[&str]) -> Self {
        Self::new(env!("CARGO_BIN_EXE_regua"), folder).with(arguments)
    }

    /// A bare loop of this very program.
    pub fn floor(folder: &Path, arguments: &[&str]) -> Self {
        let own = std::env::current_exe().expect("the path of this program");
        Self::new(own, folder)
            .with(&["--bench", "--floor"])
            .with(arguments)
    }

    /// The same with more arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|a| (*a).to_owned()));
        self
    }

    /// The same with a file for standard input, through a pipe.
    pub fn fed(mut self, input: &Path) -> Self {
        self.input = Some(input.to_owned());
        self
    }

    /// The same with a file for standard output.
    pub fn into_file(mut self, output: &Path) -> Self {
        self.output = Some(output.to_owned());
        self
    }

    /// Runs it once, to its end.
    pub fn run(&self) -> Taken {
        self.repeat(1)[0]
    }

    /// Runs it so many times, one after the other.
    pub fn repeat(&self, times: usize) -> Vec<Taken> {
        let own = std::env::current_exe().expect("the path of this program");
        let path = |path: &Option<PathBuf>| {
            path.as_ref()
                .map_or_else(|| "-".to_owned(), |path| path.display().to_string())
        };
        let output = Command::new(own)
            .args(["--bench", "--measure", &times.to_string()])
            .args([path(&self.input), path(&self.output)])
            .arg(&self.binary)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env("REGUA_NOW", "2026-11-23T09:00")
            .stdin(Stdio::null())
            .output()
            .expect("a run of this program");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let taken: Vec<Taken> = told.lines().filter_map(parse).collect();
        assert!(
            taken.len() == times,
            "{} {}: {told}\n{}",
            self.binary.display(),
            self.arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        taken
    }
}

/// A line that [`measure`] wrote; none when the program failed.
fn parse(line: &str) -> Option<Taken> {
    let [code, wall, cpu, peak] = line.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let taken = Taken {
        wall: wall.parse().ok()?,
        cpu: cpu.parse().ok()?,
        peak: peak.parse().ok()?,
    };
    (code == "0").then_some(taken)
}

/// The measuring process: runs what it is told so many times, and writes a line about each: exit code, seconds, seconds of
/// processors, peak memory in KiB.
pub fn measure(arguments: &[String]) {
    let [times, input, output, program, rest @ ..] = arguments else {
        panic!("--measure TIMES INPUT OUTPUT PROGRAM …");
    };
    for _ in 0..times.parse::<usize>().expect("a number of times") {
        let before = processors();
        let watch = Instant::now();
        let mut feeder = (input != "-").then(|| {
            Command::new("cat")
                .arg(input)
                .stdout(Stdio::piped())
                .spawn()
                .expect("cat runs")
        });
        let mut command = Command::new(program);
        command.args(rest).stdin(match &mut feeder {
            Some(feeder) => Stdio::from(feeder.stdout.take().expect("its output")),
            None => Stdio::null(),
        });
        command.stdout(if output == "-" {
            Stdio::null()
        } else {
            Stdio::from(File::create(output).expect("a file for the output"))
        });
        let mut child = command.spawn().expect("the program runs");
        let code = child.wait().expect("its end").code().unwrap_or(-1);
        let wall = watch.elapsed().as_secs_f64();
        if let Some(mut feeder) = feeder {
            feeder.wait().expect("the end of cat");
        }
        let cpu = processors().saturating_sub(before).as_secs_f64();
        let peak = getrusage(UsageWho::RUSAGE_CHILDREN)
            .expect("what children took")
            .max_rss();
        writeln!(std::io::stdout(), "{code} {wall} {cpu} {peak}").expect("an output");
    }
}

/// User and system time of all children so far.
fn processors() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("what children took");
    let time = |seconds: i64, micros: i64| {
        Duration::from_secs(seconds.unsigned_abs()) + Duration::from_micros(micros.unsigned_abs())
    };
    let (user, system) = (usage.user_time(), usage.system_time());
    time(user.tv_sec(), user.tv_usec()) + time(system.tv_sec(), system.tv_usec())
}

/// The run in the middle, by time.
pub fn median(mut runs: Vec<Taken>) -> Taken {
    runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    let middle = runs[runs.len() / 2];
    Taken {
        peak: runs.iter().map(|run| run.peak).max().unwrap_or_default(),
        ..middle
    }
}

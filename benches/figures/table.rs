//! The table of figures, and whether every row holds.

use std::io::Write as _;

use crate::measure::Taken;

/// One row.
#[derive(Debug, Clone)]
pub struct Figure {
    name: String,
    floor: String,
    ours: String,
    ratio: String,
    at_most: String,
    holds: bool,
}

impl Figure {
    /// A piece of work against its floor, by the time from start to end.
    fn time(name: &str, floor: Taken, ours: Taken, at_most: f64) -> Self {
        let ratio = ours.wall / floor.wall;
        Self {
            name: name.to_owned(),
            floor: seconds(floor),
            ours: seconds(ours),
            ratio: format!("{ratio:.2} (CPU {:.2})", ours.cpu / floor.cpu.max(1e-6)),
            at_most: format!("{at_most}"),
            holds: ratio <= at_most,
        }
    }

    /// Memory at a tenth of the work and at all of it, in KiB; it may grow by a fifth, if that `counts`.
    pub fn memory(name: &str, tenth: i64, all: i64, most: i64, counts: bool) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (small, large, limit) = (
            tenth as f64 / 1024.0,
            all as f64 / 1024.0,
            most as f64 / 1024.0,
        );
        Self {
            name: format!("peak memory: {name}"),
            floor: format!("{small:.1} MiB"),
            ours: format!("{large:.1} MiB"),
            ratio: format!("{:.2}", large / small),
            at_most: if counts {
                format!("1.2, {limit} MiB")
            } else {
                format!("{limit} MiB")
            },
            holds: all <= most && (!counts || large <= 1.2 * small),
        }
    }

    /// A file's size in bytes.
    pub fn size(name: &str, bytes: u64, most: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let mega = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        Self {
            name: name.to_owned(),
            floor: String::new(),
            ours: mega(bytes),
            ratio: String::new(),
            at_most: mega(most),
            holds: bytes <= most,
        }
    }
}

fn seconds(taken: Taken) -> String {
    if taken.wall < 0.1 {
        format!("{:.2} ms", taken.wall * 1e3)
    } else {
        format!("{:.2} s", taken.wall)
    }
}

/// The rows so far; each is written as it comes.
#[derive(Debug, Default)]
pub struct Table {
    fell_short: usize,
    rows: usize,
}

impl Table {
    /// Adds a piece of work with its floor.
    pub fn ratio(&mut self, name: &str, floor: Taken, ours: Taken, at_most: f64) {
        self.add(Figure::time(name, floor, ours, at_most));
    }

    /// Adds a row and writes it.
    pub fn add(&mut self, figure: Figure) {
        if self.rows == 0 {
            line("work", "floor", "regua", "ratio", "at most", "verdict");
            line(
                &"-".repeat(56),
                "--------",
                "--------",
                "----------------",
                "-----------",
                "-------",
            );
        }
        self.rows += 1;
        self.fell_short += usize::from(!figure.holds);
        let verdict = if figure.holds { "holds" } else { "FALLS SHORT" };
        line(
            &figure.name,
            &figure.floor,
            &figure.ours,
            &figure.ratio,
            &figure.at_most,
            verdict,
        );
    }

    /// How many rows fell short.
    pub const fn fell_short(&self) -> usize {
        self.fell_short
    }
}

fn line(work: &str, floor: &str, ours: &str, ratio: &str, at_most: &str, verdict: &str) {
    writeln!(
        std::io::stdout(),
        "| {work:<56} | {floor:>8} | {ours:>8} | {ratio:>16} | {at_most:>11} | {verdict} |"
    )
    .expect("an output");
}

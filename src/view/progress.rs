//! A progress bar with rate and time left, for work over a second, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work under this is over before a bar would help.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that shows itself once the work has taken a second.
pub struct Progress {
    bar: Option<ProgressBar>,
    shown: bool,
}

impl Progress {
    pub(super) fn new(wanted: bool, what: &str, total: u64, bytes: bool) -> Self {
        let bar = wanted.then(|| {
            let bar = ProgressBar::with_draw_target(
                (total > 0).then_some(total),
                ProgressDrawTarget::hidden(),
            );
            let template = match (total > 0, bytes) {
                (true, true) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
                (true, false) => "{msg} {wide_bar} {pos}/{len} {per_sec} {eta} left",
                (false, true) => "{msg} {spinner} {bytes} {bytes_per_sec}",
                (false, false) => "{msg} {spinner} {pos} {per_sec}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar
        });
        Self { bar, shown: false }
    }

    /// The work has come so far.
    pub fn at(&mut self, position: u64) {
        let Some(bar) = &self.bar else { return };
        if !self.shown && bar.elapsed() >= PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            self.shown = true;
        }
        bar.set_position(position);
    }

    /// There is so much work in all.
    pub fn total(&self, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

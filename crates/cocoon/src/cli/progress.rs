//! What is shown of a pull while it goes on: a bar for each file and layer, or a line of JSON for each step.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cocoon::{PullProgress, PullStep};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::output::Output;

/// Bars on standard error where that is a terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bars(Arc<BarsInner>);

#[derive(Debug, Default)]
struct BarsInner {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    pub(crate) fn show(&self, progress: &PullProgress) {
        let mut bars = self.0.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(progress.item.clone()).or_insert_with(|| self.0.all.add(bar(&progress.item)));
        let begin = |what: &'static str, total: &Option<u64>, kept: u64| {
            bar.set_message(what);
            bar.set_length(total.unwrap_or(0));
            bar.set_position(kept);
        };
        match &progress.step {
            PullStep::Downloading { kept, total } => begin("downloading", total, *kept),
            PullStep::Unpacking { total } => begin("unpacking", total, 0),
            PullStep::Converting { total } => begin("writing a disk", total, 0),
            PullStep::Advanced(more) => bar.inc(*more),
            PullStep::Waiting => bar.set_message("waiting for another pull"),
            PullStep::Interrupted { reason } => bar.set_message(format!("goes on after: {reason}")),
            PullStep::Done => bar.finish_with_message("done"),
            PullStep::AlreadyHere => bar.finish_with_message("here already"),
            _ => {}
        }
    }

    pub(crate) fn end(&self) {
        // That a terminal cannot be cleared is no failure of a pull.
        let _ = self.0.all.clear();
    }
}

fn bar(item: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:24!} {bar:30} {binary_bytes:>11}/{binary_total_bytes:<11} {msg}");
    ProgressBar::new(0).with_prefix(item.to_owned()).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Lines on standard error, for programs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<HashMap<String, Line>>>);

/// What was said last of an item.
#[derive(Debug)]
struct Line {
    step: &'static str,
    bytes: u64,
    total: Option<u64>,
    at: Instant,
}

impl Lines {
    pub(crate) fn show(&self, progress: &PullProgress) {
        if let Some(line) = self.line(&progress.item, &progress.step, Instant::now()) {
            Output::notice(line);
        }
    }

    /// The line of a step; none for an advance that comes soon after another one.
    fn line(&self, item: &str, step: &PullStep, now: Instant) -> Option<Value> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut begin = |step, bytes, total| {
            lines.insert(item.to_owned(), Line { step, bytes, total, at: now });
            Some(json!({ "item": item, "step": step, "bytes": bytes, "total": total }))
        };
        let step = match step {
            PullStep::Downloading { kept, total } => return begin("downloading", *kept, *total),
            PullStep::Unpacking { total } => return begin("unpacking", 0, *total),
            PullStep::Converting { total } => return begin("converting", 0, *total),
            PullStep::Advanced(more) => {
                let line = lines.get_mut(item)?;
                line.bytes += more;
                if now.duration_since(line.at) < BETWEEN {
                    return None;
                }
                line.at = now;
                return Some(json!({ "item": item, "step": line.step, "bytes": line.bytes, "total": line.total }));
            }
            PullStep::Interrupted { reason } => {
                return Some(json!({ "item": item, "step": "interrupted", "reason": reason }));
            }
            PullStep::Waiting => "waiting",
            PullStep::Done => "done",
            PullStep::AlreadyHere => "here already",
            _ => return None,
        };
        Some(json!({ "item": item, "step": step }))
    }
}

/// The least time between two lines of an advance.
const BETWEEN: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advance_is_told_now_and_then_and_a_step_always() {
        let (lines, begin) = (Lines::default(), Instant::now());
        let told = |step, after| lines.line("disk", &step, begin + Duration::from_millis(after));
        assert_eq!(told(PullStep::Downloading { kept: 5, total: Some(20) }, 0).unwrap()["bytes"], 5);
        assert_eq!(told(PullStep::Advanced(5), 10), None);
        let line = told(PullStep::Advanced(5), 600).unwrap();
        assert_eq!(line, json!({ "item": "disk", "step": "downloading", "bytes": 15, "total": 20 }));
        assert_eq!(told(PullStep::Done, 601).unwrap()["step"], "done");
    }
}

//! Figures: medians, percentiles, and the table that shows them.

use std::fmt;
use std::time::Duration;

/// Measured times.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that so many percent of all do not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    pub fn median(&self) -> Duration {
        self.percentile(50)
    }
}

/// The middle one of some numbers.
pub fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

/// What was measured, a line each.
#[derive(Default)]
pub struct Table(Vec<[String; 7]>);

impl Table {
    /// Times of something that was done often.
    pub fn times(&mut self, what: impl Into<String>, times: &Times, beside: impl Into<String>) {
        let [p50, p95, p99, most] = [50, 95, 99, 100].map(|percent| span(times.percentile(percent)));
        self.0.push([what.into(), times.0.len().to_string(), p50, p95, p99, most, beside.into()]);
    }

    /// A figure that is not a time, or was measured once.
    pub fn figure(&mut self, what: impl Into<String>, value: impl Into<String>, beside: impl Into<String>) {
        self.0.push([what.into(), String::new(), value.into(), String::new(), String::new(), String::new(), beside.into()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "times", "median", "p95", "p99", "most", "beside it"].map(str::to_owned);
        let lines: Vec<&[String; 7]> = std::iter::once(&head).chain(&self.0).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..7).map(width).collect();
        for (number, line) in lines.iter().enumerate() {
            let text: Vec<String> = line
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| if (1..6).contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") })
                .collect();
            writeln!(f, "{}", text.join("  ").trim_end())?;
            if number == 0 {
                writeln!(f, "{}", "-".repeat(widths.iter().sum::<usize>() + 12))?;
            }
        }
        Ok(())
    }
}

/// A span of time with three digits that mean something.
pub fn span(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    match millis {
        millis if millis < 1.0 => format!("{:.0} us", millis * 1_000.0),
        millis if millis < 10.0 => format!("{millis:.2} ms"),
        millis if millis < 100.0 => format!("{millis:.1} ms"),
        millis if millis < 10_000.0 => format!("{millis:.0} ms"),
        millis => format!("{:.1} s", millis / 1_000.0),
    }
}

/// A number of bytes.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// How many times as long one takes as the other.
pub fn ratio(time: Duration, other: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() / other.as_secs_f64().max(f64::EPSILON))
}

//! The lines: `data/steady.toml`.

use serde::Deserialize;

/// The file, as it was when this was built.
const FILE: &str = include_str!("../../data/steady.toml");

/// One line for each figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// Allocations per small GET.
    pub allocations: Line,
    /// Live heap per idle connection.
    pub heap: Line,
    /// User instructions per small GET.
    pub instructions: Line,
    /// System calls per small GET.
    pub system_calls: Line,
}

/// What a figure must not exceed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What is counted, with its unit.
    pub what: String,
    /// The most that it may be.
    pub limit: f64,
    /// What it was when the file was last touched.
    pub last_measured: f64,
    /// How many decimals mean something: a mean over many requests has a rest that does not.
    pub decimals: u8,
}

impl Lines {
    /// The lines.
    ///
    /// # Panics
    ///
    /// When the file that was built in is not what it should be, which every test of it excludes.
    pub fn read() -> Self {
        toml::from_str(FILE).expect("data/steady.toml is a part of this program")
    }
}

impl Line {
    /// Holds `figure` against the line and says so in a sentence, with the old figure and the new one.
    ///
    /// # Errors
    ///
    /// The sentence, when the figure is worse than the line.
    pub fn check(&self, figure: f64) -> Result<String, String> {
        let decimals = usize::from(self.decimals);
        let scale = 10_f64.powi(self.decimals.into());
        let rounded = (figure * scale).round() / scale;
        let Line { what, limit, last_measured, .. } = self;
        let text = format!(
            "{rounded:.decimals$} {what}; at most {limit:.decimals$}, last measured {last_measured:.decimals$}"
        );
        if rounded <= *limit { Ok(text) } else { Err(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_over_its_line_is_told_with_the_old_one() {
        let line = Line { what: "calls".to_owned(), limit: 3.0, last_measured: 2.9, decimals: 1 };
        assert_eq!(line.check(3.04).unwrap(), "3.0 calls; at most 3.0, last measured 2.9");
        assert_eq!(line.check(3.06).unwrap_err(), "3.1 calls; at most 3.0, last measured 2.9");
    }

    #[test]
    fn what_was_measured_last_did_not_cross_a_line_that_tests_hold() {
        let lines = Lines::read();
        for line in [&lines.allocations, &lines.heap] {
            assert_eq!(line.check(line.last_measured).err(), None);
        }
    }
}

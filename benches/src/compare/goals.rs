//! The lines that our client is held against: `data/goals.toml`.

use serde::{Deserialize, Serialize};

/// The file, as it was when this was built.
const FILE: &str = include_str!("../../data/goals.toml");

/// The three lines of one workload.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goal {
    pub(crate) workload: String,
    pub(crate) measure: Measure,
    /// The workload that a growth is counted from.
    pub(crate) of: Option<String>,
    pub(crate) always: f64,
    pub(crate) goal: f64,
    pub(crate) moonshot: f64,
}

/// How a figure is made, and in which direction it is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// The cost of the best other client / ours: more is better.
    Ratio,
    /// Our cost / our cost in another workload: less is better.
    Growth,
}

/// How far a figure came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reached {
    Missed,
    Always,
    Goal,
    Moonshot,
}

impl Reached {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Reached::Missed => "**missed**",
            Reached::Always => "always",
            Reached::Goal => "goal",
            Reached::Moonshot => "moonshot",
        }
    }
}

impl Goal {
    /// The best of the three lines that `figure` reaches.
    pub(crate) fn reached(&self, figure: f64) -> Reached {
        let reaches = |line: f64| match self.measure {
            Measure::Ratio => figure >= line,
            Measure::Growth => figure <= line,
        };
        let lines = [(self.moonshot, Reached::Moonshot), (self.goal, Reached::Goal), (self.always, Reached::Always)];
        lines.into_iter().find(|&(line, _)| reaches(line)).map_or(Reached::Missed, |(_, reached)| reached)
    }
}

/// All goals.
///
/// # Panics
///
/// When the file that was built in is not what it should be, which a test excludes.
pub(crate) fn goals() -> Vec<Goal> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        goal: Vec<Goal>,
    }
    let File { goal } = toml::from_str(FILE).expect("data/goals.toml is a part of this program");
    goal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::workload::WORKLOADS;

    #[test]
    fn every_goal_is_of_a_workload() {
        let known = |id: &str| WORKLOADS.iter().any(|workload| workload.id == id);
        for goal in goals() {
            assert!(known(&goal.workload), "{goal:?}");
            assert!(goal.of.as_deref().is_none_or(known), "{goal:?}");
            assert_eq!(goal.of.is_some(), goal.measure == Measure::Growth, "{goal:?}");
        }
    }

    #[test]
    fn a_figure_reaches_the_best_line_that_it_is_over() {
        let goals = goals();
        let of = |id: &str| goals.iter().find(|goal| goal.workload == id).unwrap();
        assert_eq!(of("a-one-cpu").reached(0.99), Reached::Missed);
        assert_eq!(of("a-one-cpu").reached(1.0), Reached::Always);
        assert_eq!(of("a-one-cpu").reached(1.59), Reached::Goal);
        assert_eq!(of("a-one-cpu").reached(1.6), Reached::Moonshot);
        assert_eq!(of("i").reached(1.0), Reached::Moonshot);
        assert_eq!(of("i").reached(1.3), Reached::Missed);
    }
}

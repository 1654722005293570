//! `book/workshops.toml`.

use clap::ValueEnum;
use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::guide::Minutes;
use crate::workspace::Workspace;

/// Where the plans lie.
pub const FILE: &str = "book/workshops.toml";

/// Which of the two workshops.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// A morning or an afternoon.
    HalfDay,
    /// From morning to evening.
    FullDay,
}

impl Which {
    /// As the files write it.
    pub fn word(self) -> &'static str {
        match self {
            Which::HalfDay => "half_day",
            Which::FullDay => "full_day",
        }
    }

    /// How long a page takes in it.
    pub fn minutes(self, minutes: &Minutes) -> u32 {
        match self {
            Which::HalfDay => minutes.half_day,
            Which::FullDay => minutes.full_day,
        }
    }
}

/// One workshop.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Which one it is.
    pub name: Which,
    /// What it is called.
    pub title: String,
    /// When it begins.
    pub begins: Clock,
    /// How many minutes it may take, with its breaks.
    pub target: u32,
    /// How many of them may be teaching.
    pub teaching: u32,
    /// What comes, in this order.
    pub item: Vec<Item>,
    /// What to cut when it is late, the first of them first.
    #[serde(default)]
    pub late: Vec<Cut>,
}

/// A time of day, or the time since the beginning, in minutes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Clock(pub u32);

impl TryFrom<String> for Clock {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |part: &str| part.parse::<u32>().ok();
        let parts = text.split_once(':').and_then(|(hours, minutes)| Some((number(hours)?, number(minutes)?)));
        match parts {
            Some((hours, minutes)) if hours < 24 && minutes < 60 => Ok(Clock(hours * 60 + minutes)),
            _ => Err(format!("`{text}` is no time; a time is written 9:05")),
        }
    }
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}:{:02}", self.0 / 60, self.0 % 60))
    }
}

/// One line of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "Entry")]
pub enum Item {
    /// A page. Its guide says how long it takes.
    Page {
        /// `ch01_six_requests`.
        page: String,
        /// The exercise that is done in its time; without one the page is shown and told.
        exercise: Option<String>,
        /// More about it.
        note: Option<String>,
    },
    /// One page out of several; it takes as long as the longest of them.
    OneOf {
        /// What it is called.
        title: String,
        /// The pages.
        pages: Vec<String>,
        /// More about it.
        note: Option<String>,
    },
    /// Something that is no page.
    Other {
        /// What it is called.
        title: String,
        /// How long it takes.
        minutes: u32,
        /// More about it.
        note: Option<String>,
    },
    /// No teaching.
    Break {
        /// What it is called.
        title: String,
        /// How long it takes.
        minutes: u32,
    },
}

/// An item as it is written. Which fields it has says what it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    page: Option<String>,
    exercise: Option<String>,
    one_of: Option<Vec<String>>,
    title: Option<String>,
    #[serde(rename = "break")]
    pause: Option<String>,
    minutes: Option<u32>,
    note: Option<String>,
}

impl TryFrom<Entry> for Item {
    type Error = &'static str;

    fn try_from(entry: Entry) -> Result<Self, &'static str> {
        let Entry { page, exercise, one_of, title, pause, minutes, note } = entry;
        match (page, one_of, title, pause, minutes, exercise) {
            (Some(page), None, None, None, None, exercise) => Ok(Item::Page { page, exercise, note }),
            (None, Some(pages), Some(title), None, None, None) if !pages.is_empty() => {
                Ok(Item::OneOf { title, pages, note })
            }
            (None, None, Some(title), None, Some(minutes), None) => Ok(Item::Other { title, minutes, note }),
            (None, None, None, Some(title), Some(minutes), None) if note.is_none() => {
                Ok(Item::Break { title, minutes })
            }
            _ => Err(
                "an item is `page` (and `exercise`), `one_of` with `title`, `title` with `minutes`, or `break` with \
                 `minutes`; all but the break may have a `note`",
            ),
        }
    }
}

/// What to leave out of a page when the day is late.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The page, or the title of another item.
    pub of: String,
    /// How many minutes that saves.
    pub saves: u32,
    /// What is left out.
    pub what: String,
}

/// All plans.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plans(Vec<Plan>);

impl Plans {
    /// Reads `book/workshops.toml`. A book without it has no workshops.
    ///
    /// # Errors
    ///
    /// When it is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = workspace.root().join(FILE);
        if !path.is_file() {
            return Ok(Plans::default());
        }
        Self::parse(&Error::read(&path)?).map_err(|what| Faults(vec![Fault::in_file(FILE, what)]).into())
    }

    /// Reads the plans of a text.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            plan: Vec<Plan>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Plans(file.plan))
    }

    /// All of them.
    pub fn list(&self) -> &[Plan] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(fields: &str) -> Result<Item, String> {
        toml::from_str(fields).map_err(|error| error.to_string())
    }

    #[test]
    fn the_fields_of_an_item_say_what_it_is() {
        assert!(matches!(item("page = \"a\"\nexercise = \"e\""), Ok(Item::Page { exercise: Some(_), .. })));
        assert!(matches!(item("title = \"a\"\nminutes = 5\nnote = \"b\""), Ok(Item::Other { minutes: 5, .. })));
        assert!(matches!(item("break = \"a\"\nminutes = 5"), Ok(Item::Break { minutes: 5, .. })));
        assert!(matches!(item("one_of = [\"a\"]\ntitle = \"b\""), Ok(Item::OneOf { .. })));
        for mixed in ["page = \"a\"\nminutes = 5", "title = \"a\"", "one_of = []\ntitle = \"a\"", "minutes = 5"] {
            assert!(item(mixed).unwrap_err().contains("an item is `page`"), "{mixed}");
        }
    }

    #[test]
    fn a_clock_has_hours_and_minutes() {
        assert_eq!(Clock::try_from("9:05".to_owned()).map(|clock| clock.to_string()).as_deref(), Ok("9:05"));
        for odd in ["9", "24:00", "9:60", "nine"] {
            assert!(Clock::try_from(odd.to_owned()).is_err(), "{odd}");
        }
    }
}

//! What of a chapter is a slide. The chapter and the slides are one text: marks say which parts of it are shown to a room.
//!
//! - `{{#slide TITLE}}` begins one; `{{#slide_end}}` ends it
//! - `{{#note TEXT}}` inside it is for whoever speaks, and not for the page; each is a paragraph
//!
//! On the page a slide is a plain section. theme/present.js shows one at a time, with its title above it: a first or second
//! heading inside is left out there. No slide may be higher than a screen of 1280 by 720 pixels; .ci/walk-book looks.

use crate::html;

/// The marks of a chapter, as far as it was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Slides {
    /// The line where the open slide began.
    open: Option<usize>,
    count: usize,
}

impl Slides {
    /// What `line`, number `number` of its file, becomes if it is a mark.
    ///
    /// # Errors
    ///
    /// When a mark stands where it cannot.
    pub fn line(&mut self, number: usize, line: &str) -> Option<Result<String, String>> {
        let inner = line.strip_prefix("{{#")?.trim_end().strip_suffix("}}")?;
        let (name, text) = inner.split_once(' ').unwrap_or((inner, ""));
        let text = text.trim();
        Some(match (name, self.open) {
            ("slide", None) if !text.is_empty() => {
                (self.open, self.count) = (Some(number), self.count + 1);
                let title = html::escape(text);
                Ok(format!("<section class=\"slide\" data-title=\"{title}\">\n"))
            }
            ("slide", None) => Err("a slide has a title: `{{#slide TITLE}}`".to_owned()),
            ("slide", Some(line)) => Err(format!("the slide of line {line} has no `{{{{#slide_end}}}}` yet")),
            ("slide_end", Some(_)) if text.is_empty() => {
                self.open = None;
                Ok("\n</section>\n".to_owned())
            }
            ("note", Some(_)) if !text.is_empty() => {
                // Markdown takes a template alone for a word, and would put an empty paragraph around it.
                let note = html::inline(text);
                Ok(format!("\n<div hidden><template class=\"slide-note\"><p>{note}</p></template></div>\n"))
            }
            ("slide_end", None) | ("note", None) => Err(format!("`{{{{#{name}}}}}` stands in no slide")),
            ("slide_end", Some(_)) => Err("`{{#slide_end}}` takes nothing".to_owned()),
            ("note", Some(_)) => Err("a note says something: `{{#note TEXT}}`".to_owned()),
            _ => return None,
        })
    }

    /// How many slides there were.
    ///
    /// # Errors
    ///
    /// The line of a slide that has no end, and that.
    pub fn end(self) -> Result<usize, (usize, String)> {
        match self.open {
            Some(line) => Err((line, "this slide has no `{{#slide_end}}`".to_owned())),
            None => Ok(self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of each mark, and of the whole.
    type Read = (Vec<Result<String, String>>, Result<usize, (usize, String)>);

    fn read(text: &str) -> Read {
        let mut slides = Slides::default();
        let made = text.lines().enumerate().filter_map(|(i, line)| slides.line(i + 1, line)).collect();
        (made, slides.end())
    }

    #[test]
    fn a_slide_is_a_section_and_its_notes_are_not_on_the_page() {
        let (made, count) = read("a\n{{#slide What & why}}\nb\n{{#note Ask `them`.}}\n{{#slide_end}}\n");
        let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
        assert_eq!(made[0], "<section class=\"slide\" data-title=\"What &amp; why\">\n");
        assert_eq!(
            made[1],
            "\n<div hidden><template class=\"slide-note\"><p>Ask <code>them</code>.</p></template></div>\n"
        );
        assert_eq!((made[2].as_str(), count), ("\n</section>\n", Ok(1)));
    }

    #[test]
    fn a_mark_out_of_place_is_told() {
        for text in
            ["{{#slide}}", "{{#slide_end}}", "{{#note x}}", "{{#slide a}}\n{{#slide b}}", "{{#slide a}}\n{{#note}}"]
        {
            assert!(read(text).0.iter().any(Result::is_err), "{text}");
        }
        assert_eq!(read("x\n{{#slide a}}").1.unwrap_err().0, 2);
    }
}

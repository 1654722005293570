//! A sheet to draw on. Its colours are classes, which the book's style sheet fills from mdBook's variables.

use std::fmt::Write as _;

use crate::html::escape;

/// How wide a sheet is. A narrow telephone shows about as many pixels, so text keeps its size there.
pub const WIDTH: f64 = 360.0;

/// Where a text stands in relation to its point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Anchor {
    fn as_str(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// An SVG in the making.
#[derive(Debug, Default)]
pub struct Sheet {
    body: String,
}

impl Sheet {
    /// A straight line.
    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
        self.push(format!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"></line>"));
    }

    /// A line with a head at its end.
    pub fn arrow(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line("wire", from, to);
        let back = if to.0 > from.0 { -5.0 } else { 5.0 };
        let tip = [(to.0, to.1), (to.0 + back, to.1 - 3.0), (to.0 + back, to.1 + 3.0)];
        let points: Vec<String> = tip.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        self.push(format!("<polygon class=\"head\" points=\"{}\"></polygon>", points.join(" ")));
    }

    /// A circle.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64), r: f64) {
        let [x, y, r] = [x, y, r].map(number);
        self.push(format!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"></circle>"));
    }

    /// A text.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let [x, y] = [x, y].map(number);
        let (anchor, text) = (anchor.as_str(), escape(text));
        self.push(format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>"));
    }

    /// The finished element: as wide as the page allows, with a title and a description for those who
    /// listen to it. `class` names the kind of picture.
    pub fn finish(self, class: &str, height: f64, title: &str, description: &str) -> String {
        format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n{}</svg>\n",
            number(WIDTH),
            number(height),
            escape(title),
            escape(description),
            self.body
        )
    }

    fn push(&mut self, element: String) {
        writeln!(self.body, "{element}").expect("writing into a string cannot fail");
    }
}

/// A coordinate with at most one digit after the point, so that a drawing is the same on every machine.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_title_a_description_and_no_blank_line() {
        let mut sheet = Sheet::default();
        sheet.arrow((1.0, 2.25), (30.0, 2.25));
        sheet.text("label", (1.0, 1.0), Anchor::Middle, "a<b");
        let svg = sheet.finish("lanes", 10.0, "T", "D & E");
        assert!(svg.contains("viewBox=\"0 0 360 10\"") && svg.contains("<desc>D &amp; E</desc>"), "{svg}");
        assert!(svg.contains(">a&lt;b</text>"), "{svg}");
        assert!(!svg.contains("\n\n"), "a blank line would end the block of HTML");
    }
}

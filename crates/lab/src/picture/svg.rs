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
///
/// What belongs to one step of the text twin stands between [`step`](Self::step) and [`end`](Self::end): the book's script
/// can then go through the picture step by step. Without it all of them show.
#[derive(Debug, Default)]
pub struct Sheet {
    body: String,
    links: bool,
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

    /// A line with corners.
    pub fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        self.push(format!("<polyline class=\"{class}\" points=\"{}\"></polyline>", points.join(" ")));
    }

    /// The same, `width` units thick.
    pub fn thick_path(&mut self, class: &str, width: f64, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        let (width, points) = (number(width), points.join(" "));
        self.push(format!("<polyline class=\"{class}\" stroke-width=\"{width}\" points=\"{points}\"></polyline>"));
    }

    /// The head of an arrow that comes from `from` and ends at `tip`.
    pub fn head(&mut self, class: &str, from: (f64, f64), tip: (f64, f64)) {
        let (dx, dy) = (tip.0 - from.0, tip.1 - from.1);
        let length = dx.hypot(dy).max(0.1);
        let (ux, uy) = (dx / length, dy / length);
        let corner = |side: f64| (tip.0 - 6.0 * ux + side * uy, tip.1 - 6.0 * uy - side * ux);
        let points = [tip, corner(3.5), corner(-3.5)].map(|(x, y)| format!("{},{}", number(x), number(y)));
        self.push(format!("<polygon class=\"{class}\" points=\"{}\"></polygon>", points.join(" ")));
    }

    /// A box with its upper left corner, its width and its height.
    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        self.push(format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\"></rect>"
        ));
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

    /// A text that is read from below, with its middle at the point.
    pub fn text_upwards(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let ([x, y], text) = ([x, y].map(number), escape(text));
        self.push(format!(
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"middle\">{text}</text>"
        ));
    }

    /// What follows, up to [`end`](Self::end), belongs to this step of the text twin, from 1.
    pub fn step(&mut self, step: usize) {
        self.push(format!("<g class=\"step\" data-step=\"{step}\">"));
    }

    /// The end of a step.
    pub fn end(&mut self) {
        self.push("</g>".to_owned());
    }

    /// What `inside` draws leads to another place of the book.
    pub fn link(&mut self, href: &str, inside: impl FnOnce(&mut Sheet)) {
        self.links = true;
        self.push(format!("<a href=\"{}\">", escape(href)));
        inside(self);
        self.push("</a>".to_owned());
    }

    /// The finished element: as wide as the page allows, with a title and a description for those who
    /// listen to it. `class` names the kind of picture.
    pub fn finish(self, class: &str, height: f64, title: &str, description: &str) -> String {
        // What is an image has nothing inside that one could reach.
        let role = if self.links { "group" } else { "img" };
        format!(
            "<svg class=\"{class}\" viewBox=\"0 0 {} {}\" role=\"{role}\">\n<title>{}</title>\n<desc>{}</desc>\n{}</svg>\n",
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
        assert!(svg.contains("role=\"img\""), "{svg}");
    }

    #[test]
    fn a_sheet_with_links_is_no_image_because_one_could_not_reach_them() {
        let mut sheet = Sheet::default();
        sheet.step(1);
        sheet.link("exits.html#rl-b1", |sheet| sheet.rect("chip", (0.0, 0.0), (9.0, 9.0)));
        sheet.end();
        let svg = sheet.finish("graph", 10.0, "T", "D");
        assert!(svg.contains("role=\"group\"") && svg.contains("<a href=\"exits.html#rl-b1\">"), "{svg}");
        assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    }

    #[test]
    fn the_head_of_an_arrow_lies_behind_its_tip() {
        let mut sheet = Sheet::default();
        sheet.head("head", (0.0, 0.0), (0.0, 20.0));
        assert!(sheet.body.contains("points=\"0,20 3.5,14 -3.5,14\""), "{}", sheet.body);
    }
}

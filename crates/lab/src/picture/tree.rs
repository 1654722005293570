//! The call tree of a run: which function called which, and how often each ran. Go's names left, ours right.

use httptrace::{Event, Record, Step, TaskName};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::svg::{Anchor, Sheet};

/// A function of the chain, or a task that one of them starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Call(Step),
    Task(TaskName),
}

/// A function with its names and its caller.
struct Place {
    node: Node,
    depth: usize,
    go: &'static str,
    rust: &'static str,
}

/// The chain from top to bottom; whoever stands under a function, one deeper, is called or started by it.
const PLACES: [Place; 9] = [
    Place { node: Node::Call(Step::Get), depth: 0, go: "http.Get", rust: "Client::get" },
    Place { node: Node::Call(Step::Do), depth: 1, go: "(*Client).do", rust: "Client::do_request" },
    Place { node: Node::Call(Step::Send), depth: 2, go: "send", rust: "send" },
    Place { node: Node::Call(Step::RoundTrip), depth: 3, go: "(*Transport).roundTrip", rust: "Transport::send" },
    Place { node: Node::Call(Step::GetConn), depth: 4, go: "(*Transport).getConn", rust: "Transport::get_conn" },
    Place { node: Node::Call(Step::DialConn), depth: 5, go: "(*Transport).dialConn", rust: "Dial::dial_conn" },
    Place { node: Node::Task(TaskName::ReadLoop), depth: 6, go: "(*persistConn).readLoop", rust: "ReadLoop::run" },
    Place { node: Node::Task(TaskName::WriteLoop), depth: 6, go: "(*persistConn).writeLoop", rust: "WriteLoop::run" },
    Place {
        node: Node::Call(Step::PersistConnRoundTrip),
        depth: 4,
        go: "(*persistConn).roundTrip",
        rust: "persistconn::round_trip",
    },
];

/// How often each function ran.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    counts: [usize; PLACES.len()],
}

impl Tree {
    /// Counts the calls and the tasks of a trace.
    ///
    /// # Errors
    ///
    /// When there is no call in it.
    pub fn of(records: &[Record]) -> Result<Self, String> {
        let ran = |record: &Record| match record.event {
            Event::Call { step } => Some(Node::Call(step)),
            Event::TaskStarted { name } => Some(Node::Task(name)),
            _ => None,
        };
        let counts = PLACES.map(|place| records.iter().filter(|record| ran(record) == Some(place.node)).count());
        match counts.iter().all(|count| *count == 0) {
            true => Err("the trace has no call of the chain".to_owned()),
            false => Ok(Tree { counts }),
        }
    }

    /// The functions that ran, and how often.
    fn rows(&self) -> Vec<(&'static Place, usize)> {
        PLACES.iter().zip(self.counts).filter(|(_, count)| *count > 0).collect()
    }

    /// The picture: the more often a function ran, the thicker the line that leads to it.
    pub fn draw(&self, title: &str) -> Drawing {
        const STEP: f64 = 28.0;
        const THICKEST: f64 = 9.0;
        let rows = self.rows();
        let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(1) as f64;
        let at = |i: usize, place: &Place| (142.0 + 11.0 * place.depth as f64, 34.0 + STEP * i as f64);
        let mut sheet = Sheet::default();
        sheet.text("label strong", (0.0, 12.0), Anchor::Start, "Go");
        sheet.text("label strong", (360.0, 12.0), Anchor::End, "Rust");
        for (i, (place, count)) in rows.iter().enumerate() {
            let parent = rows[..i].iter().rposition(|(other, _)| other.depth < place.depth);
            let Some(parent) = parent else { continue };
            let ((px, py), (x, y)) = (at(parent, rows[parent].0), at(i, place));
            let class = if matches!(place.node, Node::Task(_)) { "branch task" } else { "branch" };
            sheet.thick_path(class, (THICKEST * *count as f64 / most).max(1.0), &[(px, py), (px, y), (x, y)]);
        }
        for (i, (place, count)) in rows.iter().enumerate() {
            let (x, y) = at(i, place);
            sheet.step(i + 1);
            sheet.dot("knot", (x, y), 9.0);
            sheet.text("letter", (x, y + 3.0), Anchor::Middle, &count.to_string());
            sheet.text("label faint", (0.0, y + 3.5), Anchor::Start, place.go);
            sheet.text("label faint", (360.0, y + 3.5), Anchor::End, place.rust);
            sheet.end();
        }
        let description = format!("{} functions of the call chain, and how often each ran.", rows.len());
        Drawing {
            svg: sheet.finish("tree", 34.0 + STEP * (rows.len() as f64 - 1.0) + 16.0, title, &description),
            legend: "The number, and the thickness of the line that leads to it, say how often a function ran. A dashed line \
                     starts a task."
                .to_owned(),
            words: rows.iter().map(|(place, count)| words(place, *count)).collect(),
        }
    }
}

fn words(place: &Place, count: usize) -> String {
    let verb = match place.node {
        Node::Call(_) => "ran",
        Node::Task(_) => "was started as a task",
    };
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    format!("Go's <code>{}</code>, here <code>{}</code>, {verb} {times}", escape(place.go), escape(place.rust))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    #[test]
    fn each_function_is_counted_and_what_never_ran_is_left_out() {
        let call = |step: &str| format!("{{\"at_us\":0,\"task\":\"caller\",\"event\":\"Call\",\"step\":\"{step}\"}}\n");
        let task = "{\"at_us\":0,\"task\":\"dial\",\"conn\":1,\"event\":\"TaskStarted\",\"name\":\"read_loop\"}\n";
        let trace = ["get", "do", "round_trip", "get", "do", "round_trip"].map(call).concat() + task;
        let drawing = Tree::of(&parse_trace(&trace).unwrap()).unwrap().draw("T");
        assert_eq!(
            drawing.words,
            [
                "Go's <code>http.Get</code>, here <code>Client::get</code>, ran 2 times",
                "Go's <code>(*Client).do</code>, here <code>Client::do_request</code>, ran 2 times",
                "Go's <code>(*Transport).roundTrip</code>, here <code>Transport::send</code>, ran 2 times",
                "Go's <code>(*persistConn).readLoop</code>, here <code>ReadLoop::run</code>, was started as a task once",
            ]
        );
        assert_eq!(drawing.svg.matches("branch task").count(), 1);
        assert!(Tree::of(&[]).unwrap_err().contains("no call of the chain"));
    }

    #[test]
    fn gos_names_are_those_of_the_steps_and_ours_are_in_the_source() {
        let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let source = |path: &str| std::fs::read_to_string(format!("{crates}/{path}")).expect("a file of the port");
        let all = [
            "client/src/client.rs",
            "client/src/send.rs",
            "transport/src/transport.rs",
            "transport/src/dial.rs",
            "persistconn/src/round_trip.rs",
            "persistconn/src/read_loop.rs",
            "persistconn/src/write_loop.rs",
        ]
        .map(source)
        .concat();
        for place in &PLACES {
            if let Node::Call(step) = place.node {
                assert_eq!(place.go, step.go_name());
            }
            let name = place.rust.rsplit("::").next().expect("a name");
            assert!(all.contains(&format!("fn {name}(")), "the port has no function {name}");
        }
    }
}

//! The smallest scenario that still shows something.
//!
//! Every way to take a little away is tried, the large ones first, until none is left that still shows it. What the
//! parser refuses is no scenario, and costs nothing.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::draft::{Draft, Node};

/// Where a node is: the places to go to from the root.
type Path = Vec<usize>;

/// Keys of times: half a text of these is another time, and not a smaller one.
const TIMES: [&str; 10] = [
    "limit",
    "pause",
    "timeout",
    "Timeout",
    "IdleConnTimeout",
    "DialTimeout",
    "TLSHandshakeTimeout",
    "ResponseHeaderTimeout",
    "ExpectContinueTimeout",
    "about",
];

/// Makes a draft smaller for as long as `shows` says that what is left still shows it, and for as long as `patience` lasts:
/// the result is the smallest one so far.
pub fn shrink(draft: &Draft, patience: Duration, mut shows: impl FnMut(&Draft) -> bool) -> Draft {
    let end = Instant::now() + patience;
    let mut best = draft.clone();
    let mut tried = HashSet::new();
    loop {
        let mut smaller = None;
        for candidate in candidates(&best) {
            if !tried.insert(candidate.clone()) || candidate.scenario("shrunk").is_err() {
                continue;
            }
            if Instant::now() > end {
                return best;
            }
            if shows(&candidate) {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(smaller) => best = smaller,
            None => return best,
        }
    }
}

/// Everything that is a little less than this, what is much less first.
fn candidates(draft: &Draft) -> Vec<Draft> {
    let mut found = Vec::new();
    let mut change = |path: &[usize], change: &dyn Fn(&mut Node)| {
        let mut less = draft.clone();
        change(at(less.root_mut(), path));
        if less != *draft {
            found.push(less);
        }
    };
    let paths = paths(draft.root());
    // A name, with all steps that name it.
    let mut names: Vec<String> = Vec::new();
    for path in &paths {
        if let Node::Table(fields) = node(draft.root(), path) {
            for (key, value) in fields {
                if let ("send" | "gate" | "label" | "context" | "channel" | "count", Node::Text(name)) =
                    (key.as_str(), value)
                {
                    names.push(name.clone());
                }
            }
        }
    }
    names.dedup();
    for name in names.iter().rev() {
        change(&[], &|root| without(root, name));
    }
    // Items of lists: halves, quarters, …, one by one; the last ones first.
    for path in &paths {
        if let Node::List(items) = node(draft.root(), path) {
            for (from, to) in ranges(items.len()) {
                change(path, &|node| {
                    if let Node::List(items) = node {
                        items.drain(from..to);
                    }
                });
            }
        }
    }
    for path in &paths {
        match node(draft.root(), path) {
            Node::Table(fields) => {
                for place in (0..fields.len()).rev() {
                    change(path, &|node| {
                        if let Node::Table(fields) = node {
                            fields.remove(place);
                        }
                    });
                    // The plainest method, the plainest body.
                    if matches!(fields[place].0.as_str(), "head" | "post" | "put" | "patch" | "delete" | "options") {
                        change(path, &|node| {
                            if let Node::Table(fields) = node {
                                fields[place].0 = "get".to_owned();
                            }
                        });
                    }
                    if fields[place].0 == "body" {
                        change(path, &|node| {
                            if let Node::Table(fields) = node {
                                fields[place].1 = Node::text("x");
                            }
                        });
                    }
                }
            }
            Node::List(items) => {
                // What is sent in two pieces is sent in one.
                for place in 1..items.len() {
                    let texts = (items[place - 1].get("send"), items[place].get("send"));
                    if let (Some(Node::Text(first)), Some(Node::Text(second))) = texts {
                        let both = Node::one("send", Node::text(format!("{first}{second}")));
                        change(path, &|node| {
                            if let Node::List(items) = node {
                                items.remove(place);
                                items[place - 1] = both.clone();
                            }
                        });
                    }
                }
            }
            Node::Text(_) | Node::Number(_) | Node::Flag(_) => {}
        }
    }
    for path in &paths {
        match node(draft.root(), path) {
            Node::Text(text) => {
                for less in shorter(text) {
                    change(path, &|node| *node = Node::text(less.clone()));
                }
            }
            Node::Number(number) => {
                for less in [0, 1, number / 2, number - 1].into_iter().filter(|less| less.abs() < number.abs()) {
                    change(path, &|node| *node = Node::Number(less));
                }
            }
            Node::Flag(_) | Node::List(_) | Node::Table(_) => {}
        }
    }
    found
}

/// Halves of so many, quarters, …, single ones, from the end.
fn ranges(count: usize) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut width = count;
    while width > 0 {
        let mut to = count;
        while to > 0 {
            let from = to.saturating_sub(width);
            ranges.push((from, to));
            to = from;
        }
        width /= 2;
    }
    ranges
}

/// Takes out everything in lists that names this.
fn without(node: &mut Node, name: &str) {
    let names = |item: &Node| match item {
        Node::Table(fields) => fields.iter().any(|(_, value)| matches!(value, Node::Text(text) if text == name)),
        Node::Text(_) | Node::Number(_) | Node::Flag(_) | Node::List(_) => false,
    };
    match node {
        Node::List(items) => {
            items.retain(|item| !names(item));
            items.iter_mut().for_each(|item| without(item, name));
        }
        Node::Table(fields) => fields.iter_mut().for_each(|(_, value)| without(value, name)),
        Node::Text(_) | Node::Number(_) | Node::Flag(_) => {}
    }
}

/// Texts that are shorter: without some of its lines, or of its letters.
fn shorter(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.len() > 1 {
        for (from, to) in ranges(lines.len()) {
            found.push([&lines[..from], &lines[to..]].concat().concat());
        }
    }
    let letters: Vec<char> = text.chars().collect();
    for (from, to) in ranges(letters.len()) {
        found.push(letters[..from].iter().chain(&letters[to..]).collect());
    }
    found
}

/// The paths of all nodes, from the last one to the first.
fn paths(root: &Node) -> Vec<Path> {
    fn walk(node: &Node, path: &mut Path, found: &mut Vec<Path>) {
        found.push(path.clone());
        match node {
            Node::List(items) => items.iter().enumerate().for_each(|(place, node)| step(place, node, path, found)),
            Node::Table(fields) => {
                let fields = fields.iter().enumerate().filter(|(_, (key, _))| !TIMES.contains(&key.as_str()));
                fields.for_each(|(place, (_, node))| step(place, node, path, found));
            }
            Node::Text(_) | Node::Number(_) | Node::Flag(_) => {}
        }
    }
    fn step(place: usize, node: &Node, path: &mut Path, found: &mut Vec<Path>) {
        path.push(place);
        walk(node, path, found);
        path.pop();
    }
    let mut found = Vec::new();
    walk(root, &mut Vec::new(), &mut found);
    found.reverse();
    found
}

fn node<'a>(root: &'a Node, path: &[usize]) -> &'a Node {
    path.iter().fold(root, |node, place| match node {
        Node::List(items) => &items[*place],
        Node::Table(fields) => &fields[*place].1,
        Node::Text(_) | Node::Number(_) | Node::Flag(_) => node,
    })
}

fn at<'a>(root: &'a mut Node, path: &[usize]) -> &'a mut Node {
    path.iter().fold(root, |node, place| match node {
        Node::List(items) => &mut items[*place],
        Node::Table(fields) => &mut fields[*place].1,
        Node::Text(_) | Node::Number(_) | Node::Flag(_) => node,
    })
}

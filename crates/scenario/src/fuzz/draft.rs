//! A scenario's file as a tree: what chance makes, and what is made smaller.

use std::fmt::Write as _;

use crate::parse::Broken;
use crate::scenario::Scenario;

/// A value of the file. Keys keep their order, as the first one says what a step does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Fields),
}

/// The keys of a table, and what stands behind them.
pub type Fields = Vec<(String, Node)>;

impl Node {
    /// A text.
    pub fn text(text: impl Into<String>) -> Node {
        Node::Text(text.into())
    }

    /// A number.
    pub fn number(number: usize) -> Node {
        Node::Number(number as i64)
    }

    /// A table.
    pub fn table<const N: usize>(fields: [(&str, Node); N]) -> Node {
        Node::Table(fields.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
    }

    /// A table with one key.
    pub fn one(key: &str, node: Node) -> Node {
        Node::table([(key, node)])
    }

    /// What stands behind this key, if this is a table and has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Node::Table(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            Node::Text(_) | Node::Number(_) | Node::Flag(_) | Node::List(_) => None,
        }
    }

    /// Has this text stand behind a key, if this is a table and has the key.
    pub(super) fn set(&mut self, key: &str, text: &str) {
        if let Node::Table(fields) = self {
            fields.iter_mut().filter(|(name, _)| name == key).for_each(|(_, node)| *node = Node::text(text));
        }
    }

    fn inline(&self) -> String {
        match self {
            Node::Text(text) => quoted(text),
            Node::Number(number) => number.to_string(),
            Node::Flag(flag) => flag.to_string(),
            Node::List(items) => format!("[{}]", items.iter().map(Node::inline).collect::<Vec<_>>().join(", ")),
            Node::Table(fields) if fields.is_empty() => "{}".to_owned(),
            Node::Table(fields) => {
                let field = |(name, node): &(String, Node)| format!("{} = {}", key(name), node.inline());
                format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Lists of steps have a line for each.
    fn in_lines(&self, indent: usize) -> String {
        match self {
            Node::List(items) if items.iter().any(|item| matches!(item, Node::List(_) | Node::Table(_))) => {
                let blank = " ".repeat(indent);
                let lines: String =
                    items.iter().map(|item| format!("{blank}  {},\n", item.in_lines(indent + 2))).collect();
                format!("[\n{lines}{blank}]")
            }
            other => other.inline(),
        }
    }
}

/// A whole file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Draft(Node);

impl Draft {
    /// A file with these keys.
    pub fn new(top: Fields) -> Self {
        Draft(Node::Table(top))
    }

    /// As a tree.
    pub fn root(&self) -> &Node {
        &self.0
    }

    pub(super) fn root_mut(&mut self) -> &mut Node {
        &mut self.0
    }

    /// As the parser understands it, under this name.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn scenario(&self, name: &str) -> Result<Scenario, Broken> {
        Scenario::parse(&format!("{name}.toml"), &self.toml())
    }

    /// As the file that it is.
    pub fn toml(&self) -> String {
        let mut text = String::new();
        let Node::Table(top) = &self.0 else { return text };
        for (name, node) in top {
            if !matches!(node, Node::Table(_)) {
                line(&mut text, name, node);
            }
        }
        for (name, node) in top {
            match node {
                Node::Table(origins) if name == "origin" => {
                    for (origin, node) in origins {
                        table(&mut text, &format!("origin.{origin}"), node);
                    }
                }
                Node::Table(_) => table(&mut text, name, node),
                Node::Text(_) | Node::Number(_) | Node::Flag(_) | Node::List(_) => {}
            }
        }
        text
    }
}

fn table(text: &mut String, name: &str, node: &Node) {
    let _ = writeln!(text, "\n[{name}]");
    if let Node::Table(fields) = node {
        fields.iter().for_each(|(name, node)| line(text, name, node));
    }
}

fn line(text: &mut String, name: &str, node: &Node) {
    let _ = writeln!(text, "{} = {}", key(name), node.in_lines(0));
}

fn key(name: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\r' => quoted.push_str("\\r"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

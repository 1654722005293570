//! What a Go file declares, and on which lines.
//!
//! This is no parser. It relies on `gofmt`: what stands at the left margin is declared by the file, and what ends
//! there with a brace has begun there.

/// Something with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decl {
    /// As the book writes it: `Get`, `(*Client).do`, `Client`, `Client.Timeout`; a local variable by its bare name.
    pub name: String,
    /// The function that a local variable belongs to.
    pub within: Option<String>,
    /// Its first line, from 1, without the comment above.
    pub first: usize,
    /// Its last line.
    pub last: usize,
}

/// Everything that `text` declares: functions, methods, types with their fields, constants, variables, and the local
/// variables of the functions.
pub fn declarations(text: &str) -> Vec<Decl> {
    let blank = blanked(text);
    let lines: Vec<&str> = blank.lines().collect();
    let mut found = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let line = lines[i];
        let last = end(&lines, i);
        let keyword = line.split(' ').next().unwrap_or("");
        let rest = line.get(keyword.len()..).unwrap_or("").trim_start();
        match keyword {
            "func" => {
                if let Some(name) = function(rest) {
                    locals(&lines[i..=last], &name, i + 1, &mut found);
                    found.push(Decl { name, within: None, first: i + 1, last: last + 1 });
                }
            }
            "type" | "var" | "const" if rest.starts_with('(') => {
                for (at, line) in lines.iter().enumerate().take(last).skip(i + 1) {
                    for name in entry(line) {
                        found.push(Decl { name, within: None, first: at + 1, last: at + 1 });
                    }
                }
            }
            "type" | "var" | "const" => {
                let names = idents(rest);
                let has_members = keyword == "type" && (line.contains(" struct {") || line.contains(" interface {"));
                if let (true, Some(owner)) = (has_members, names.first()) {
                    members(&lines, i, last, owner, &mut found);
                }
                found.extend(names.into_iter().map(|name| Decl { name, within: None, first: i + 1, last: last + 1 }));
            }
            _ => {}
        }
        i = last + 1;
    }
    found
}

/// The line on which what begins at line `from` ends: itself, or the next one that closes at the margin.
fn end(lines: &[&str], from: usize) -> usize {
    let open = |line: &str| {
        let ups = line.matches(['{', '(']).count();
        ups > line.matches(['}', ')']).count()
    };
    if !open(lines[from]) {
        return from;
    }
    // `) error {` closes the arguments and opens the body.
    let closes = |line: &str| line.starts_with(['}', ')']) && !open_again(line);
    (from + 1..lines.len()).find(|i| closes(lines[*i])).unwrap_or(lines.len() - 1)
}

fn open_again(line: &str) -> bool {
    line.trim_end().ends_with(['{', '('])
}

/// The name of a function from what follows `func`.
fn function(rest: &str) -> Option<String> {
    let Some(receiver) = rest.strip_prefix('(') else {
        return idents(rest).into_iter().next();
    };
    let (receiver, rest) = receiver.split_once(')')?;
    let receiver = receiver.split_whitespace().last()?;
    let receiver = receiver.split('[').next().unwrap_or(receiver);
    Some(format!("({receiver}).{}", idents(rest.trim_start()).into_iter().next()?))
}

/// `a, b T` names a and b.
fn idents(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 {
            return names;
        }
        names.push(rest[..end].to_owned());
        match rest[end..].strip_prefix(", ") {
            Some(more) => rest = more,
            None => return names,
        }
    }
}

/// The names on a line of a group or a struct, which has one tab; deeper ones belong to something else.
fn entry(line: &str) -> Vec<String> {
    match line.strip_prefix('\t') {
        Some(inner) if !inner.starts_with(['\t', ' ']) => idents(inner),
        Some(_) | None => Vec::new(),
    }
}

fn members(lines: &[&str], from: usize, last: usize, owner: &str, found: &mut Vec<Decl>) {
    for (i, line) in lines.iter().enumerate().take(last).skip(from + 1) {
        for name in entry(line) {
            found.push(Decl { name: format!("{owner}.{name}"), within: None, first: i + 1, last: i + 1 });
        }
    }
}

/// The first place of each `name :=`, `var name` and `const name` in a function.
fn locals(body: &[&str], function: &str, first: usize, found: &mut Vec<Decl>) {
    let mut seen = Vec::new();
    for (i, line) in body.iter().enumerate().skip(1) {
        let line = line.trim_start();
        let plain = line.strip_prefix("var ").or_else(|| line.strip_prefix("const "));
        let names = match (plain, line.find(":=")) {
            (Some(rest), _) => idents(rest),
            (None, Some(at)) => {
                let left = line[..at].trim_end();
                let keyword =
                    ["if ", "} else if ", "for ", "case ", "switch "].iter().find(|word| left.starts_with(**word));
                idents(&left[keyword.map_or(0, |word| word.len())..])
            }
            (None, None) => continue,
        };
        for name in names {
            if !seen.contains(&name) {
                let line = first + i;
                found.push(Decl { name: name.clone(), within: Some(function.to_owned()), first: line, last: line });
                seen.push(name);
            }
        }
    }
}

/// `text` with comments, texts and single characters as blanks, so that their braces do not count.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => {
                while chars.next_if(|c| *c != '\n').is_some() {
                    out.push(' ');
                }
                out.push(' ');
            }
            '/' if chars.peek() == Some(&'*') => {
                let mut before = ' ';
                for c in chars.by_ref() {
                    out.push(if c == '\n' { '\n' } else { ' ' });
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            '"' | '\'' | '`' => {
                out.push(' ');
                while let Some(inner) = chars.next() {
                    out.push(if inner == '\n' { '\n' } else { ' ' });
                    if inner == '\\' && c != '`' {
                        // Whatever comes next does not end the text.
                        out.extend(chars.next().map(|_| ' '));
                    } else if inner == c {
                        break;
                    }
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "package a

// func commented() {
const one = 1 // }

const (
\ttwo, three = 2, '{'
\tfour       = \"\\\"}\"
)

type Client struct {
\t// Timeout ends }
\tTimeout, other int
\tfn func(
\t\ta int,
\t)
}

type Doer interface {
\tDo() error
}

func Get(url string) error { return nil }

func (c *Client) do(
\turl string,
) error {
\tx, err := `
}
`, 1
\tif y := x; y {
\t}
\tvar z int
\treturn nil
}

func (c Client) last() {}
";

    fn place(name: &str) -> (usize, usize) {
        let all = declarations(FILE);
        let found: Vec<_> = all.iter().filter(|decl| decl.name == name).collect();
        assert_eq!(found.len(), 1, "{name}: {all:?}");
        (found[0].first, found[0].last)
    }

    #[test]
    fn what_stands_at_the_margin_is_found_with_its_end() {
        assert_eq!(place("one"), (4, 4));
        assert_eq!((place("two"), place("three"), place("four")), ((7, 7), (7, 7), (8, 8)));
        assert_eq!(place("Client"), (11, 17));
        assert_eq!(place("Get"), (23, 23));
        assert_eq!(place("(*Client).do"), (25, 35));
        assert_eq!(place("(Client).last"), (37, 37));
    }

    #[test]
    fn fields_and_methods_of_interfaces_belong_to_their_type() {
        assert_eq!(
            (place("Client.Timeout"), place("Client.other"), place("Client.fn")),
            ((13, 13), (13, 13), (14, 14))
        );
        assert_eq!(place("Doer.Do"), (20, 20));
    }

    #[test]
    fn local_variables_belong_to_their_function() {
        assert_eq!((place("x"), place("err"), place("y"), place("z")), ((28, 28), (28, 28), (31, 31), (33, 33)));
        let all = declarations(FILE);
        let x = all.iter().find(|decl| decl.name == "x").expect("found above");
        assert_eq!(x.within.as_deref(), Some("(*Client).do"));
    }

    #[test]
    fn what_is_in_comments_and_texts_is_not_code() {
        assert!(declarations(FILE).iter().all(|decl| decl.name != "commented"));
    }
}

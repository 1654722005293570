//! Two texts, and where they part.

/// How many lines of a difference are shown before it is cut.
const SHOWN: usize = 40;
/// How many equal lines are shown around a difference.
const CONTEXT: usize = 2;

enum Edit<'a> {
    Same(&'a str),
    Expected(&'a str),
    Actual(&'a str),
}

/// The difference line by line, or `None` when the texts are equal. `-` marks what was expected and is
/// not there, `+` what is there and was not expected.
pub fn diff(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let edits = edits(&old, &new);
    let changed: Vec<usize> =
        edits.iter().enumerate().filter(|(_, edit)| !matches!(edit, Edit::Same(_))).map(|(i, _)| i).collect();
    if changed.is_empty() {
        return Some("  the line ends differ, or the last line's end".to_owned());
    }
    let mut lines = Vec::new();
    let mut skipped = false;
    for (i, edit) in edits.iter().enumerate() {
        let near = changed.iter().any(|at| at.abs_diff(i) <= CONTEXT);
        if !near {
            skipped = true;
            continue;
        }
        if skipped && !lines.is_empty() {
            lines.push("  …".to_owned());
        }
        skipped = false;
        lines.push(match edit {
            Edit::Same(line) => format!("    {line}"),
            Edit::Expected(line) => format!("  - {line}"),
            Edit::Actual(line) => format!("  + {line}"),
        });
    }
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("  … and {more} lines more"));
    }
    Some(lines.join("\n"))
}

/// The longest common subsequence, walked once. Equal beginnings and ends are cut off first: two
/// recordings mostly differ in one place.
fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Edit<'a>> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..], &new[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - tail], &b[..b.len() - tail]);

    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let mut out: Vec<Edit<'a>> = old[..head].iter().map(|line| Edit::Same(line)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push(Edit::Same(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[i + 1][j] >= common[i][j + 1]) {
            out.push(Edit::Expected(a[i]));
            i += 1;
        } else {
            out.push(Edit::Actual(b[j]));
            j += 1;
        }
    }
    out.extend(old[old.len() - tail..].iter().map(|line| Edit::Same(line)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(diff("a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn a_changed_line_shows_both_sides_and_what_stands_around() {
        let expected = "1\n2\n3\n4\nanswer: 3\n6\n7\n8\n9\n";
        let actual = "1\n2\n3\n4\nanswer: 13\n6\n7\n8\n9\n";
        let shown = diff(expected, actual).unwrap();
        assert_eq!(shown, "    3\n    4\n  - answer: 3\n  + answer: 13\n    6\n    7");
    }

    #[test]
    fn an_added_and_a_missing_line_are_told_apart() {
        assert_eq!(diff("a\nc\n", "a\nb\nc\n").unwrap(), "    a\n  + b\n    c");
        assert_eq!(diff("a\nb\nc\n", "a\nc\n").unwrap(), "    a\n  - b\n    c");
    }

    #[test]
    fn a_missing_last_line_end_is_a_difference_too() {
        assert!(diff("a\n", "a").unwrap().contains("line ends"));
    }

    #[test]
    fn a_long_difference_is_cut() {
        let long: String = (0..100).map(|i| format!("{i}\n")).collect();
        assert!(diff("", &long).unwrap().ends_with("and 60 lines more"));
    }
}

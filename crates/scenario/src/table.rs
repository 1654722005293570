//! Differences as a table, side by side.

use serde_json::Value;

use crate::compare::Row;

/// How wide a column of values is, at most. A longer value goes on in the next line.
const WIDTH: usize = 52;

/// How many lines are shown. What differs in more is told by its first fields as well.
const SHOWN: usize = 40;

/// The rows under their heads, each line indented. The columns are as wide as they need to be. A part that one side lacks as a
/// whole is one line.
pub fn table(rows: &[&Row]) -> String {
    let mut cells = vec![["field".to_owned(), "Go".to_owned(), "port".to_owned()]];
    cells.extend(lines(rows));
    let more = cells.len().saturating_sub(1 + SHOWN);
    cells.truncate(1 + SHOWN);
    let cells: Vec<[Vec<String>; 3]> = cells.iter().map(|line| line.each_ref().map(|cell| wrapped(cell))).collect();
    let widest = |column: usize| {
        cells.iter().flat_map(|line| &line[column]).map(|piece| piece.chars().count()).max().unwrap_or(0)
    };
    let widths = [widest(0), widest(1)];
    let mut text = String::new();
    for line in &cells {
        let height = line.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            let piece = |column: usize| line[column].get(at).map_or("", String::as_str);
            let row = format!("  {:3$}  {:4$}  {}", piece(0), piece(1), piece(2), widths[0], widths[1]);
            text.push_str(row.trim_end());
            text.push('\n');
        }
    }
    if more > 0 {
        text.push_str(&format!("  … and {more} lines more\n"));
    }
    text
}

fn lines(rows: &[&Row]) -> Vec<[String; 3]> {
    let mut lines = Vec::new();
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        let mut fields = 1;
        if row.lacking.is_some() {
            while rows.next_if(|next| next.lacking == row.lacking).is_some() {
                fields += 1;
            }
        }
        lines.push(match &row.lacking {
            Some(part) if fields > 1 => {
                let there = format!("({fields} fields)");
                let (go, port) = if row.port.is_none() { (there, told(None)) } else { (told(None), there) };
                [part.clone(), go, port]
            }
            Some(_) | None => [row.field.clone(), any_of(&row.go), told(row.port.as_ref())],
        });
    }
    lines
}

/// `5 or 3`
fn any_of(values: &[Option<Value>]) -> String {
    let values: Vec<String> = values.iter().map(|value| told(value.as_ref())).collect();
    values.join(" or ")
}

fn told(value: Option<&Value>) -> String {
    value.map_or_else(|| "(not there)".to_owned(), Value::to_string)
}

fn wrapped(cell: &str) -> Vec<String> {
    let letters: Vec<char> = cell.chars().collect();
    letters.chunks(WIDTH).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(field: &str, go: Vec<Option<Value>>, port: Option<Value>) -> Row {
        Row { field: field.to_owned(), go, port, lacking: None, declared: None }
    }

    #[test]
    fn go_and_the_port_stand_side_by_side() {
        let rows = [
            row("counts.end.alive", vec![Some(json!(5)), Some(json!(3))], Some(json!(7))),
            row("requests.r.sent.error", vec![None], Some(json!("EOF"))),
        ];
        let text = table(&rows.each_ref());
        let expected = [
            "  field                  Go           port",
            "  counts.end.alive       5 or 3       7",
            "  requests.r.sent.error  (not there)  \"EOF\"",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_part_that_one_side_lacks_is_one_line() {
        let of = |field: &str| Row {
            lacking: Some("origins.a.conns[1]".to_owned()),
            ..row(field, vec![Some(json!(1))], None)
        };
        let rows =
            [of("origins.a.conns[1].end"), of("origins.a.conns[1].requests[]"), row("x", vec![None], Some(json!(2)))];
        let text = table(&rows.each_ref());
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
        assert_eq!(lines[1][0], "origins.a.conns[1]");
        assert_eq!([lines[1][1].trim(), lines[1][2].trim()], ["(2 fields)", "(not there)"]);
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_long_value_goes_on_in_the_next_line() {
        let rows = [row("f", vec![Some(json!("x".repeat(60)))], Some(json!(1)))];
        let text = table(&rows.each_ref());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[2].trim(), format!("{}\"", "x".repeat(9)));
        assert!(lines.iter().all(|line| line.chars().count() < 100), "{text}");
    }
}

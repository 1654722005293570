//! Text into HTML, and Markdown's blocks around it.

/// `text` with the five characters that mean something in HTML replaced.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// One line of prose in which `` `code` `` may occur, as HTML.
pub fn inline(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for (i, part) in joined.split('`').enumerate() {
        let part = escape(part);
        if i % 2 == 1 {
            out.push_str(&format!("<code>{part}</code>"));
        } else {
            out.push_str(&part);
        }
    }
    out
}

/// A Markdown code block with a caption above it. `attributes` are those of the figure around both.
///
/// The fence is longer than any run of back-ticks inside, so a listing may contain fences of its own.
pub fn captioned_fence(attributes: &str, caption: &str, language: &str, code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let code = code.trim_end_matches('\n');
    format!(
        "<figure {attributes}>\n<figcaption>{caption}</figcaption>\n\n{fence}{language}\n{code}\n{fence}\n\n</figure>\n"
    )
}

/// A Markdown table; its cells are HTML. The first column says what the others count, so those are centred.
/// A figure such as `3 / 1` stays on one line.
pub fn table(head: &[String], body: &[Vec<String>]) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|").replace(" / ", "&nbsp;/&nbsp;")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: Vec<_> = (0..head.len()).map(|i| if i == 0 { "---" } else { ":-:" }.to_owned()).collect();
    let rows: String = [row(head), row(&rule)].into_iter().chain(body.iter().map(|cells| row(cells))).collect();
    format!("<div class=\"figures\">\n\n{rows}\n</div>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_break_its_table() {
        let table = table(&["a".into(), "b".into()], &[vec!["x|y".into(), "1 / 2".into()]]);
        assert!(table.contains("\n\n| a | b |\n| --- | :-: |\n| x\\|y | 1&nbsp;/&nbsp;2 |\n\n"), "{table}");
    }

    #[test]
    fn code_in_prose_is_marked_and_everything_is_escaped() {
        assert_eq!(inline("a `<b>`\n &"), "a <code>&lt;b&gt;</code> &amp;");
    }

    #[test]
    fn a_fence_is_longer_than_the_fences_it_shows() {
        let block = captioned_fence("class=\"listing\"", "x", "rust", "/// ```\n/// a\n/// ```\n");
        assert!(block.contains("\n````rust\n/// ```\n"), "{block}");
        assert!(block.contains("\n````\n\n</figure>"), "{block}");
    }
}

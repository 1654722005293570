//! The tags of a built page, as far as checking links needs them.

/// A start tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Its name in lower case.
    pub name: String,
    /// Its attributes: names in lower case, values unescaped.
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// All start tags of a page, in order. Comments and what stands inside scripts and styles is passed over.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (tag, after) = start_tag(rest);
            rest = after;
            if tag.name == "script" || tag.name == "style" {
                let end = format!("</{}", tag.name);
                rest = rest.find(&end).map_or("", |at| &rest[at..]);
            }
            found.push(tag);
        }
    }
    found
}

fn start_tag(text: &str) -> (Tag, &str) {
    let name_end = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    let mut tag = Tag { name: text[..name_end].to_ascii_lowercase(), attributes: Vec::new() };
    let mut rest = &text[name_end..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (tag, "");
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (tag, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>' || c == '/').unwrap_or(rest.len());
        // A stray `=` would be a name of no length, and the scan would not move.
        let name = rest[..end.max(1)].to_ascii_lowercase();
        rest = rest[end.max(1)..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = attribute_value(after.trim_start());
        }
        tag.attributes.push((name, unescape(value)));
    }
}

fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    text.split_at(end)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_in_all_their_forms() {
        let found = tags("<A Href=\"x?a&amp;b\" hidden id='y' class=z>t</a><br/><img src=a.png />");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].get("href"), Some("x?a&b"));
        assert_eq!(
            (found[0].get("hidden"), found[0].get("id"), found[0].get("class")),
            (Some(""), Some("y"), Some("z"))
        );
        assert_eq!(found[2].get("src"), Some("a.png"));
    }

    #[test]
    fn comments_scripts_and_styles_hold_no_tags() {
        let found = tags("<!-- <a href=x> --><script>if (a<b) '<a href=x>'</script><style>a>b{}</style><p id=e>");
        let names: Vec<_> = found.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["script", "style", "p"]);
    }

    #[test]
    fn broken_html_ends() {
        for text in ["<", "<a", "<a =", "<a href", "<a href=\"x", "<!-- ", "<script>", "a < b"] {
            tags(text);
        }
    }
}

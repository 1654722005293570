//! A built page as sections of plain text.

/// A part of a page that a link can lead to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Section {
    /// Its anchor, empty for what stands before the first heading.
    pub anchor: String,
    /// Its heading, or the name of its entry.
    pub title: String,
    /// Its text without the heading.
    pub text: String,
}

/// What no reader reads as text.
const LEFT_OUT: [&str; 5] = ["script", "style", "svg", "button", "template"];
/// Elements that do not end a word.
const INLINE: [&str; 9] = ["a", "b", "code", "em", "i", "small", "span", "strong", "sup"];
/// Entries that have anchors of their own without being headings.
const ENTRIES: [&str; 2] = ["exit", "symbol"];

/// The sections of a page's `<main>`, in order. The title of an entry is its first `<code>`.
pub fn sections(html: &str) -> Vec<Section> {
    let Some((_, main)) = html.split_once("<main>") else { return Vec::new() };
    let main = main.split_once("</main>").map_or(main, |(main, _)| main);
    let mut found: Vec<Section> = Vec::new();
    // The element whose text is the title that is being read.
    let mut title: Option<String> = None;
    let mut rest = main;
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        push(&mut found, title.is_some(), &unescape(text));
        let Some((tag, after)) = after.strip_prefix('<').and_then(|after| after.split_once('>')) else { break };
        rest = after;
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if LEFT_OUT.contains(&name.as_str()) && !tag.starts_with('/') {
            let end = format!("</{name}");
            rest = rest.find(&end).map_or("", |at| &rest[at..]);
            continue;
        }
        if !INLINE.contains(&name.as_str()) {
            push(&mut found, title.is_some(), " ");
        }
        if tag.starts_with('/') {
            if title.as_ref() == Some(&name) {
                title = None;
            }
            continue;
        }
        let heading = matches!(name.as_bytes(), [b'h', b'1'..=b'6']);
        let entry = attribute(tag, "class").is_some_and(|class| class.split(' ').any(|class| ENTRIES.contains(&class)));
        if let (true, Some(id)) = (heading || entry, attribute(tag, "id")) {
            found.push(Section { anchor: unescape(id), ..Section::default() });
            title = Some(if heading { name } else { "code".to_owned() });
        }
    }
    for section in &mut found {
        section.title = section.title.split_whitespace().collect::<Vec<_>>().join(" ");
        section.text = section.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    found.retain(|section| !section.title.is_empty() || !section.text.is_empty());
    found
}

fn push(found: &mut Vec<Section>, to_title: bool, text: &str) {
    if found.is_empty() {
        if text.trim().is_empty() {
            return;
        }
        found.push(Section::default());
    }
    if let Some(section) = found.last_mut() {
        if to_title { section.title.push_str(text) } else { section.text.push_str(text) }
    }
}

/// The value of an attribute in double quotes, as mdBook writes them.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = rest.split_once(';').and_then(|(entity, after)| Some((character(&entity[1..])?, after)));
        match known {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "nbsp" => Some(' '),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(anchor: &str, title: &str, text: &str) -> Section {
        Section { anchor: anchor.to_owned(), title: title.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn headings_and_entries_begin_sections() {
        let page = "<nav>x</nav><main><h1 id=\"a\"><a class=\"header\" href=\"#a\">A <code>b</code></a></h1>\n<p>one</p>\
                    <div class=\"exit\" id=\"rl-b1\"><p><a href=\"#rl-b1\"><code>RL-B1</code></a> it <em>end</em>s</p></div>\
                    </main><p>after</p>";
        assert_eq!(sections(page), [section("a", "A b", "one"), section("rl-b1", "RL-B1", "it ends")]);
    }

    #[test]
    fn words_of_two_cells_stay_two_and_scripts_are_no_text() {
        let page = "<main><h1 id=\"a\">A</h1><td>x</td><td>y&lt;&#x27;&amp;z</td><script>if (a<b) {}</script><svg><text>t</text></svg></main>";
        assert_eq!(sections(page), [section("a", "A", "x y<'&z")]);
    }

    #[test]
    fn a_page_without_a_main_has_nothing() {
        assert_eq!(sections("<p>x</p>"), []);
    }
}

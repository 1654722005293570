//! No dead link, no dead anchor, and nothing that a page fetches from another host.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::check::tags::{Tag, tags};
use crate::error::{Error, Fault};

/// The attributes that name another resource.
const REFERENCES: [&str; 7] = ["href", "src", "srcset", "poster", "data", "action", "xlink:href"];

/// The page for missing pages. Only a server shows it.
const NOT_FOUND: &str = "404.html";

/// A built book: its files by path from its root, and the ids of each page.
struct Site {
    files: HashSet<String>,
    pages: Vec<(String, Vec<Tag>)>,
    ids: HashMap<String, HashSet<String>>,
}

/// Looks at every reference of every page under `dest`. Returns their number.
///
/// # Errors
///
/// When the built book cannot be read.
pub fn check(dest: &Path, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let site = Site::read(dest)?;
    let mut count = 0;
    for (page, tags) in &site.pages {
        for tag in tags {
            for (name, value) in tag.attributes.iter().filter(|(name, _)| REFERENCES.contains(&name.as_str())) {
                count += 1;
                let verdict = site.verdict(page, tag, name, value);
                faults.extend(verdict.map(|what| Fault::in_file(format!("built page {page}"), what)));
            }
            for reference in tag.get("style").map(css_references).unwrap_or_default() {
                count += 1;
                let other_host = is_absolute(&reference);
                faults.extend(other_host.then(|| Fault::in_file(format!("built page {page}"), fetched(&reference))));
            }
        }
    }
    for file in site.files.iter().filter(|file| file.ends_with(".css")) {
        for reference in css_references(&Error::read(&dest.join(file))?) {
            count += 1;
            let other_host = is_absolute(&reference);
            faults.extend(other_host.then(|| Fault::in_file(format!("built file {file}"), fetched(&reference))));
        }
    }
    // Our own scripts. mdBook's can ask other hosts, and whether they do only a browser can say: `.ci/walk-book`.
    for file in site.files.iter().filter(|file| file.starts_with("theme/") && file.ends_with(".js")) {
        count += 1;
        let script = Error::read(&dest.join(file))?;
        faults.extend(requests(&script).map(|what| Fault::in_file(format!("built file {file}"), what)));
    }
    faults.sort();
    Ok(count)
}

/// The ways in which a script could ask a server for something.
const ASKS: [&str; 8] =
    ["fetch(", "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon", "import(", "importScripts", "new Image"];

/// The one request that a page makes: to the lab that has served it, for a run. See `book/theme/run.js`.
const TO_THE_LAB: &str = "fetch(\"/run/\" + ";

/// What in a script looks like a request.
fn requests(script: &str) -> impl Iterator<Item = String> + '_ {
    let others = script.replacen(TO_THE_LAB, "", 1);
    let asks = ASKS
        .iter()
        .filter(move |ask| others.contains(**ask))
        .map(|ask| format!("`{ask}` in a script: no page asks for more"));
    let hosts = script.contains("://").then(|| "a script names an address; no page needs another host".to_owned());
    asks.chain(hosts)
}

impl Site {
    fn read(dest: &Path) -> Result<Self, Error> {
        let mut site = Site { files: HashSet::new(), pages: Vec::new(), ids: HashMap::new() };
        site.read_into(dest, "")?;
        site.pages.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(site)
    }

    fn read_into(&mut self, dir: &Path, prefix: &str) -> Result<(), Error> {
        let failed = || Error::io(format!("cannot read {}", dir.display()));
        for entry in std::fs::read_dir(dir).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                self.read_into(&path, &format!("{name}/"))?;
                continue;
            }
            if name.ends_with(".html") {
                let tags = tags(&Error::read(&path)?);
                let ids = tags.iter().filter_map(|tag| tag.get("id")).map(str::to_owned).collect();
                self.ids.insert(name.clone(), ids);
                self.pages.push((name.clone(), tags));
            }
            self.files.insert(name);
        }
        Ok(())
    }

    /// What is wrong with one reference, if anything.
    fn verdict(&self, page: &str, tag: &Tag, attribute: &str, value: &str) -> Option<String> {
        if is_absolute(value) {
            let is_link = tag.name == "a" && attribute == "href";
            return (!is_link).then(|| fetched(value));
        }
        if value.starts_with("data:") || value.starts_with("mailto:") {
            return None;
        }
        let (path, anchor) = value.split_once('#').unwrap_or((value, ""));
        let path = path.split('?').next().unwrap_or("");
        // Without a server there is no root, and a folder is shown as a list of its files.
        if page != NOT_FOUND && (path.starts_with('/') || path.ends_with('/')) {
            return Some(format!(
                "the link `{value}` is dead when the book is opened from disk; name the page from here"
            ));
        }
        let Some(target) = resolve(page, path) else {
            return Some(format!("`{value}` leads out of the book"));
        };
        if !self.files.contains(&target) {
            return Some(format!("the link `{value}` is dead: there is no {target}"));
        }
        let alive = anchor.is_empty() || self.ids.get(&target).is_none_or(|ids| ids.contains(anchor));
        (!alive).then(|| format!("the link `{value}` is dead: {target} has no id `{anchor}`"))
    }
}

fn is_absolute(reference: &str) -> bool {
    reference.starts_with("//") || reference.contains("://")
}

fn fetched(reference: &str) -> String {
    format!("`{reference}` is fetched from another host; only links that a reader follows may leave the book")
}

/// The file that `path` means on `page`; `None` when it climbs out of the book. The page for missing
/// pages is shown under any path, so its links start at the root.
fn resolve(page: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(page.to_owned());
    }
    let mut parts: Vec<&str> = match path.starts_with('/') || page == NOT_FOUND {
        true => Vec::new(),
        false => page.split('/').collect(),
    };
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    if path.ends_with('/') || parts.is_empty() {
        parts.push("index.html");
    }
    Some(parts.join("/"))
}

/// What `url(…)` and `@import "…"` name.
fn css_references(css: &str) -> Vec<String> {
    let urls = css.split("url(").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let imports = css.split("@import").skip(1).filter_map(|rest| Some(rest.split_once(';')?.0));
    urls.chain(imports)
        .map(|reference| reference.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|reference| !reference.starts_with("data:"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut faults = Vec::new();
        check(dir.path(), &mut faults).expect("readable");
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_inside_the_book_that_lead_somewhere_are_fine() {
        let inner = "<a href='../index.html#top'><a href='#x' id=x><a href='https://go.dev/issue/1'>";
        let files = [
            ("index.html", "<h1 id=top><a href='in/index.html'>"),
            ("in/index.html", inner),
            ("404.html", "<a href='in/'>"),
        ];
        assert_eq!(faults(&files), Vec::<String>::new());
    }

    #[test]
    fn a_link_that_only_a_server_understands_is_found() {
        let found = faults(&[("index.html", "<a href='/index.html'><a href='in/'>"), ("in/index.html", "")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|fault| fault.contains("is dead when the book is opened from disk")));
    }

    #[test]
    fn a_dead_link_and_a_dead_anchor_are_found() {
        let found = faults(&[("index.html", "<a href='gone.html'><a href='#gone'><a href='../x.html'>")]);
        assert_eq!(found.len(), 3);
        assert!(found[0].contains("leads out of the book"), "{found:?}");
        assert!(found[1].contains("is dead: index.html has no id `gone`"), "{found:?}");
        assert!(found[2].contains("is dead: there is no gone.html"), "{found:?}");
    }

    #[test]
    fn whatever_is_fetched_from_another_host_is_found() {
        let page =
            "<script src='https://a.test/x.js'></script><link href='//a.test/y.css'><img src=http://a.test/z.png>";
        let found = faults(&[("index.html", page), ("a.css", "@import 'https://a.test/f'; a { b: url(//a.test/g) }")]);
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found.iter().all(|fault| fault.contains("is fetched from another host")));
        let found = faults(&[("index.html", "<p style=\"background: url('https://a.test/b.png')\">")]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_script_of_ours_that_asks_a_server_is_found() {
        let script = "fetch('https://a.test/x')";
        let found = faults(&[("theme/a.js", script), ("book.js", script)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|fault| fault.starts_with("built file theme/a.js: ")), "{found:?}");
    }
}

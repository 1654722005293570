//! A text as the words that can be looked for.
//!
//! A name is kept as its parts in lower case with `_` between them, so that `tryPutIdleConn` and `try_put_idle_conn` are
//! the same word and a search for a part of it knows where the parts begin. Chinese has no blanks between words: there
//! every two characters that follow each other are a word. `book/theme/search.js` cuts what is looked for in the same way.

/// All words of `text`, in their order.
pub fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        let from = i;
        if is_han(chars[i]) {
            while i < chars.len() && is_han(chars[i]) {
                i += 1;
            }
            match &chars[from..i] {
                [one] => found.push(one.to_string()),
                run => found.extend(run.windows(2).map(|pair| pair.iter().collect())),
            }
        } else if in_word(&chars, i) {
            while i < chars.len() && !is_han(chars[i]) && in_word(&chars, i) {
                i += 1;
            }
            let word = parts(&chars[from..i]);
            // One letter is no word; one digit is the answer to a question of this book.
            if word.len() > 1 || word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty() {
                found.push(word);
            }
        } else {
            i += 1;
        }
    }
    found
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Letters, digits, `_`, and the dots of a version.
fn in_word(chars: &[char], i: usize) -> bool {
    let digit = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(char::is_ascii_digit);
    let c = chars[i];
    c.is_alphanumeric() || c == '_' || (c == '.' && digit(i.checked_sub(1)) && digit(Some(i + 1)))
}

/// `bodyEOFSignal` is `body_eof_signal`.
fn parts(name: &[char]) -> String {
    let mut out = String::new();
    for (i, c) in name.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| name[i]);
        let begins = match before {
            Some(before) if c.is_uppercase() => {
                let ends_capitals = before.is_uppercase() && name.get(i + 1).is_some_and(|next| next.is_lowercase());
                !before.is_uppercase() || ends_capitals
            }
            Some(_) | None => false,
        };
        if (begins || *c == '_') && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if *c != '_' {
            out.extend(c.to_lowercase());
        }
    }
    out.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_however_it_is_written() {
        assert_eq!(words("tryPutIdleConn, try_put_idle_conn; TryPutIdleConn"), ["try_put_idle_conn"; 3]);
        assert_eq!(words("bodyEOFSignal is408Message http.Get"), ["body_eof_signal", "is408_message", "http", "get"]);
        assert_eq!(words("__x_ _permit"), ["permit"]);
    }

    #[test]
    fn numbers_and_versions_are_words_and_letters_alone_are_not() {
        assert_eq!(words("a 3 or 13 in 1.27.3."), ["3", "or", "13", "in", "1.27.3"]);
    }

    #[test]
    fn chinese_becomes_pairs() {
        assert_eq!(words("连接复用 Go的池"), ["连接", "接复", "复用", "go", "的池"]);
    }
}

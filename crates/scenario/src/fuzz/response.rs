//! The bytes of a response, well- and ill-formed.

use super::dice::Dice;
use super::draft::Node;

/// The bytes of one response.
#[derive(Debug)]
pub(super) struct Response {
    /// Head and body, or as much of the body as is not in `pattern`.
    pub(super) text: String,
    /// So many letters a to z come behind the text.
    pub(super) pattern: usize,
    /// Whether it ends where its head says, so that another response can follow.
    pub(super) whole: bool,
    /// It says that it is compressed.
    pub(super) encoded: bool,
}

/// How often something is not as it must be, in a hundred.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong(pub(super) u32);

const LINES: &[(u32, &str)] = &[
    (60, "HTTP/1.1 200 OK"),
    (4, "HTTP/1.0 200 OK"),
    (3, "HTTP/1.1 204 No Content"),
    (3, "HTTP/1.1 304 Not Modified"),
    (3, "HTTP/1.1 404 Not Found"),
    (3, "HTTP/1.1 500 Internal Server Error"),
    (2, "HTTP/1.1 206 Partial Content"),
    (2, "HTTP/1.1 408 Request Timeout"),
    (2, "HTTP/1.1 417 Expectation Failed"),
    (1, "HTTP/1.1 200"),
    (1, "HTTP/1.1 200 "),
    (1, "HTTP/1.1 999 Far Out"),
    (1, "HTTP/1.1 205 Reset Content"),
];
const BAD_LINES: &[&str] = &[
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1",
    "HTTP/2.0 200 OK",
    "HTTP/1.2 200 OK",
    "HTTP/0.9 200 OK",
    "http/1.1 200 OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1 099 Too Low",
    "HTTP/1.1 -20 Minus",
    "HTTP/1.1 +20 Plus",
    "HTTP/1.1 2x0 OK",
    "HTTP/11 200 OK",
    "HTTP/1.10 200 OK",
    "HTTP/1 200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1 200\tOK",
    " HTTP/1.1 200 OK",
    "\r\nHTTP/1.1 200 OK",
    "ICY 200 OK",
    "SSH-2.0-OpenSSH",
    "",
    "HTTP/1.1 200 O\u{1}K",
    "HTTP/1.1 200 caf\u{e9}",
    "HTTP/1.1 200 OK\rX: 1",
];
const FIELDS: &[&str] = &[
    "Content-Type: text/plain",
    "X-A: 1",
    "X-A: 2",
    "x-lower: v",
    "X-EMPTY:",
    "X-Blanks:   v  ",
    "X-Tab:\tv\t",
    "Set-Cookie: a=b; Path=/",
    "Trailer: T",
    "Keep-Alive: timeout=5",
    "Server: s",
    "X-No-Blank:v",
    "X-Colons: a:b:c",
    "Link: </a>; rel=preload",
];
/// Without names that have blanks: Go takes them, and this port's map cannot have them.
const BAD_FIELDS: &[&str] = &[
    " leading: v",
    "X-Fold: a\r\n b",
    "X-Fold: a\r\n\tb\r\n  c",
    "No colon",
    "X-Ctl: a\u{1}b",
    "X-Del: a\u{7f}b",
    "X-Utf: \u{e9}",
    "X-\u{e9}: v",
    ": nothing",
    "X-Bare: a\nX-Line: b",
    "X-Cr: a\rb",
    "X(y): v",
    "X-Nul: a\u{0}b",
];
const CONNECTION: &[(u32, &str)] = &[
    (76, ""),
    (8, "Connection: close"),
    (6, "Connection: keep-alive"),
    (2, "Connection: Close"),
    (2, "connection: keep-alive, close"),
    (2, "Connection: X-A"),
    (1, "Connection: closed"),
    (1, "Connection: upgrade"),
    (1, "Connection: keep-alive\r\nConnection: close"),
    (1, "Connection:"),
];
const BAD_LENGTHS: &[&str] = &[
    "+5",
    "-1",
    "5, 5",
    "5,6",
    "0x5",
    "",
    "99999999999999999999",
    "5 5",
    "5;",
    "five",
    "5\r\nContent-Length: 5",
    "5\r\nContent-Length: 6",
    "05",
    "9223372036854775807",
    "9223372036854775808",
    "5.0",
];
const BAD_CODINGS: &[&str] = &[
    "gzip, chunked",
    "identity",
    "Chunked",
    "chunked, chunked",
    "chunked\r\nTransfer-Encoding: chunked",
    "",
    "chunked\r\nContent-Length: 5",
    " chunked ",
    "xchunked",
    "chunked;q=1",
];
const BAD_CHUNKS: &[&str] = &[
    "g\r\nhello\r\n0\r\n\r\n",
    "-1\r\nhello\r\n0\r\n\r\n",
    "\r\nhello\r\n0\r\n\r\n",
    "5\nhello\n0\n\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhelloXX0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r\n00000\r\n\r\n",
    "fffffffffffffffff\r\nhello",
    "7fffffffffffffff\r\nhello",
    "00000000000000000005\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "5\t\r\nhello\r\n0\r\n\r\n",
    "5;\r\nhello\r\n0;x\r\n\r\n",
    "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n",
    "5;a\nb\r\nhello\r\n0\r\n\r\n",
    "5;a\rb\r\nhello\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\n",
    "5\r\nhello\r\n0\r\nBad Trailer\r\n\r\n",
    "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "5\r\nhello\r\n0\r\nT: a\r\n b\r\n\r\n",
    "5\r\nhello\r\n0\n\r\n",
    "5\r\nhello\r\n0\r\n\n",
    "5\r\nhello\r\n0\r\nT: 1\n\n",
    "5\r\nhello\r\n0\r\n\rX",
    "5\r\nhello\r\nX\r\n\r\n",
    "",
    "\r\n",
];
const LARGE: &[usize] = &[100, 4096, 5000, 32768, 65536, 100_000, 262_143, 262_144, 262_145, 400_000];

/// Interim responses.
pub(super) fn interim(dice: &mut Dice, wrong: Wrong, most: usize) -> String {
    let one = |dice: &mut Dice| {
        let line = dice.weighted(&[
            (6, "HTTP/1.1 100 Continue"),
            (4, "HTTP/1.1 103 Early Hints\r\nLink: </a>"),
            (2, "HTTP/1.1 102 Processing"),
            (1, "HTTP/1.1 199 Later"),
            (1, "HTTP/1.0 100 Continue"),
            (1, "HTTP/1.1 100 Continue\r\nContent-Length: 3"),
        ]);
        let line = if dice.percent(wrong.0 / 3) {
            dice.pick(&["HTTP/1.1 100 Continue\r\nNo colon", "HTTP/1.1 1"])
        } else {
            line
        };
        format!("{line}\r\n\r\n")
    };
    (0..dice.weighted(&[(6, 1), (2, 2), (1, most)])).map(|_| one(dice)).collect()
}

/// A final response.
pub(super) fn response(dice: &mut Dice, wrong: Wrong, may_be_encoded: bool) -> Response {
    let is_wrong = |dice: &mut Dice| dice.percent(wrong.0);
    let line_is_wrong = is_wrong(dice) && dice.percent(40);
    let line = if line_is_wrong { dice.pick(BAD_LINES) } else { dice.weighted(LINES) };
    let mut head = format!("{line}\r\n");
    for _ in 0..dice.weighted(&[(5, 0), (4, 1), (2, 3)]) {
        head += &format!("{}\r\n", dice.pick(FIELDS));
    }
    if is_wrong(dice) && dice.percent(40) {
        head += &format!("{}\r\n", dice.pick(BAD_FIELDS));
    }
    let connection = dice.weighted(CONNECTION);
    if !connection.is_empty() {
        head += &format!("{connection}\r\n");
    }
    // How far a broken body is read when the first bytes say already that it is not gzip differs, so it is whole.
    let encoded = may_be_encoded && dice.percent(8);
    if encoded {
        head += dice.pick(&["Content-Encoding: gzip\r\n", "Content-Encoding: br\r\n", "Content-Encoding: GZIP\r\n"]);
    }
    let mut response = body(dice, wrong, encoded);
    response.whole &= !line_is_wrong;
    response.text = match dice.percent(wrong.0 / 8) {
        false => format!("{head}{}", response.text),
        // Go takes a line feed for the end of a line.
        true => format!("{head}{}", response.text).replacen("\r\n", "\n", 3),
    };
    response
}

/// The fields that say how long the body is, the end of the head, and the body.
fn body(dice: &mut Dice, wrong: Wrong, encoded: bool) -> Response {
    let of = |text: String, whole| Response { text, pattern: 0, whole, encoded };
    match dice.weighted(&[(45, 'l'), (35, 'c'), (8, 'n'), (12, 'e')]) {
        'l' if dice.percent(wrong.0 / 2) => {
            let length = dice.pick(BAD_LENGTHS);
            of(format!("Content-Length: {length}\r\n\r\nhello"), false)
        }
        'l' if dice.percent(15) => {
            let length = dice.pick(LARGE);
            Response { text: format!("Content-Length: {length}\r\n\r\n"), pattern: length, whole: true, encoded }
        }
        'l' => {
            let text = letters(dice.from(0, 20));
            // Too little comes, or too much.
            let length = match dice.percent(wrong.0 / 2) {
                false => text.len(),
                true => dice.from(0, 25),
            };
            of(format!("Content-Length: {length}\r\n\r\n{text}"), length == text.len())
        }
        'c' if dice.percent(wrong.0 / 3) => {
            let coding = dice.pick(BAD_CODINGS);
            of(format!("Transfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), false)
        }
        'c' if dice.percent(wrong.0) => {
            of(format!("Transfer-Encoding: chunked\r\n\r\n{}", dice.pick(BAD_CHUNKS)), false)
        }
        'c' => of(format!("Transfer-Encoding: chunked\r\n\r\n{}", chunks(dice, encoded)), true),
        'n' => of("\r\n".to_owned(), false),
        _ => {
            let text = letters(dice.from(0, 20));
            match encoded {
                false => of(format!("\r\n{text}"), false),
                // Whether the end is seen behind what is no gzip is a matter of how often the socket is asked.
                true => of(format!("Content-Length: {}\r\n\r\n{text}", text.len()), true),
            }
        }
    }
}

fn chunks(dice: &mut Dice, encoded: bool) -> String {
    let mut text = String::new();
    for _ in 0..dice.from(0, 4) {
        let size = dice.from(1, 20);
        let digits = dice.weighted(&[(6, 'x'), (2, 'X'), (1, '0')]);
        text += &match digits {
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            _ => format!("{size:04x}"),
        };
        text += dice.weighted(&[(8, ""), (1, ";a=b"), (1, ";a"), (1, "; a = b")]);
        text += &format!("\r\n{}\r\n", letters(size));
    }
    text += "0\r\n";
    let trailers = dice.weighted(&[(8, ""), (2, "T: end\r\n"), (1, "T: end\r\nt: 2\r\nU:\r\n")]);
    // Nor has what is no gzip trailers: Go shows them all the same, and here a body that has failed shows none.
    if !encoded {
        text += trailers;
    }
    text + "\r\n"
}

fn letters(count: usize) -> String {
    ('a'..='z').cycle().take(count).collect()
}

/// The bytes in pieces, with or without a pause between two.
pub(super) fn pieces(dice: &mut Dice, text: &str, steps: &mut Vec<Node>) {
    let mut rest = text;
    for _ in 0..dice.weighted(&[(6, 0), (3, 1), (1, 2), (1, 4)]) {
        if rest.len() < 2 {
            break;
        }
        let mut at = dice.from(1, rest.len() - 1);
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        let (piece, left) = rest.split_at(at);
        steps.push(Node::one("send", Node::text(piece)));
        rest = left;
        if dice.percent(70) {
            steps.push(Node::one("pause", Node::text(dice.pick(&["1ms", "2ms", "5ms"]))));
        }
    }
    if !rest.is_empty() {
        steps.push(Node::one("send", Node::text(rest)));
    }
}

//! Every key that a scenario may have: the one list that the parser, the schema and the book's reference go by.

/// A place in a file where keys stand.
#[derive(Debug)]
pub struct Place {
    /// What it is called in messages and in the reference: `a reply`.
    pub name: &'static str,
    /// Its keys, in the order in which they are explained.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand behind it.
    pub kind: Kind,
    /// What it means.
    pub what: &'static str,
}

/// What may stand behind a key.
#[derive(Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A number from 0 on.
    Count,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A time: `"10ms"`.
    Time,
    /// A list of texts.
    Texts,
    /// Header fields: names, and a text or a list of texts for each.
    Fields,
    /// Several kinds are possible.
    Either(&'static [Kind]),
    /// A table with keys of its own.
    Table(&'static Place),
    /// A table whose names are free, with such a table behind each.
    Named(&'static Place),
    /// A list of tables.
    Tables(&'static Place),
    /// A list of texts and tables.
    TextsAndTables(&'static Place),
    /// A list of the caller's steps.
    Steps,
    /// A list of an origin's steps.
    ServerSteps,
    /// A list of such lists, one per connection.
    Scripts,
    /// Text, number, or true and false.
    Value,
}

const fn key(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, kind, what }
}

/// A whole file.
pub static FILE: Place = Place {
    name: "a scenario",
    keys: &[
        key("about", Kind::Text, "What the scenario asks, as a question in a sentence. It must be there."),
        key(
            "exits",
            Kind::Texts,
            "Ids of ways out, such as `RL-B1`. A run of this port that does not take each of them has failed.",
        ),
        key("questions", Kind::Texts, "Ids of users' questions that it answers."),
        key("row", Kind::Text, "The row of the book's measurements that it repeats."),
        key("limit", Kind::Time, "How long a run may take. Without it `\"10s\"`."),
        key("policy", Kind::Texts, "The policies that it is meant for: `\"go1.12\"`, `\"go1.27\"`. Without it both."),
        key("origin", Kind::Named(&ORIGIN), "The servers. Each has a name: `[origin.a]`."),
        key("transport", Kind::Table(&TRANSPORT), "The transport's settings, under Go's names."),
        key("client", Kind::Table(&CLIENT), "The client's settings, under Go's names."),
        key("caller", Kind::Table(&CALLER), "What the caller does."),
        key("differs", Kind::Tables(&DIFFERS), "Differences from Go that are meant: `[[differs]]`."),
    ],
};

/// `[transport]`
pub static TRANSPORT: Place = Place {
    name: "[transport]",
    keys: &[
        key(
            "base",
            Kind::Text,
            "`\"default\"`, the settings of Go's `DefaultTransport`, or `\"zero\"`, those of `&Transport{}`. Without it `\"default\"`.",
        ),
        key("Proxy", Kind::Text, "The name of an origin through which all requests go, as through an HTTP proxy."),
        key("MaxIdleConns", Kind::Number, "Most idle connections over all hosts; 0 is no limit."),
        key(
            "MaxIdleConnsPerHost",
            Kind::Number,
            "Most idle connections per host; 0 is 2, a negative number keeps none.",
        ),
        key("MaxConnsPerHost", Kind::Number, "Most connections per host; 0 is no limit."),
        key("IdleConnTimeout", Kind::Time, "How long a connection may be idle; `\"0s\"` is for ever."),
        key("DialTimeout", Kind::Time, "How long a dial may take (Go: `net.Dialer.Timeout`); `\"0s\"` is for ever."),
        key("TLSHandshakeTimeout", Kind::Time, "How long a handshake may take; `\"0s\"` is for ever."),
        key("ResponseHeaderTimeout", Kind::Time, "How long the head of a response may take; `\"0s\"` is for ever."),
        key(
            "ExpectContinueTimeout",
            Kind::Time,
            "How long a body with `Expect: 100-continue` is held back; `\"0s\"` is not at all.",
        ),
        key("MaxResponseHeaderBytes", Kind::Count, "Most bytes of response heads; 0 is 10 MiB."),
        key("DisableKeepAlives", Kind::Flag, "One request per connection."),
        key("DisableCompression", Kind::Flag, "Do not ask for gzip."),
    ],
};

/// `[client]`
pub static CLIENT: Place = Place {
    name: "[client]",
    keys: &[key("Timeout", Kind::Time, "The time for a whole exchange, from the send to the end of the body.")],
};

/// `[caller]`
pub static CALLER: Place = Place {
    name: "[caller]",
    keys: &[
        key("contexts", Kind::Texts, "Names of contexts that requests can have and steps can cancel."),
        key("channels", Kind::Texts, "Names of channels that requests can have as Go's `Request.Cancel`."),
        key("steps", Kind::Steps, "What is done, in this order."),
    ],
};

/// `[origin.NAME]`
pub static ORIGIN: Place = Place {
    name: "an origin",
    keys: &[
        key("reply", Kind::Table(&REPLY), "What every request is answered with, on connections that are kept alive."),
        key(
            "at",
            Kind::Named(&REPLY),
            "What requests for a path are answered with; the path is the name. What is neither here nor in `reply` is answered with 404.",
        ),
        key(
            "conns",
            Kind::Scripts,
            "What is done on each connection: one list of steps per connection, in the order in which they are accepted. The last list serves all later ones.",
        ),
        key(
            "tls",
            Kind::Either(&[Kind::Flag, Kind::Text]),
            "`true`: it speaks TLS; hands are shaken by the first step that reads or sends, so a `gate` before it holds the dial. `\"unspoken\"`: URLs say https, and what is sent is what the steps say, without a handshake.",
        ),
        key(
            "goodbye",
            Kind::Text,
            "How a TLS connection ends: `\"said\"`, `\"unsaid\"` (no `close_notify`) or `\"cut\"` (in the middle of a record).",
        ),
        key("refuses", Kind::Flag, "Nobody listens: a connection is refused."),
    ],
};

/// A canned reply.
pub static REPLY: Place = Place {
    name: "a reply",
    keys: &[
        key(
            "bytes",
            Kind::Count,
            "A body of so many bytes (the letters a to z over and over), with its `Content-Length`.",
        ),
        key("text", Kind::Text, "A body of this text, with its `Content-Length`."),
        key("chunked", Kind::Either(&[Kind::Count, Kind::Text]), "A body in chunks: so many bytes, or this text."),
        key("until_close", Kind::Count, "A body of so many bytes that ends with the connection."),
        key("redirect", Kind::Text, "The status 302 and this `Location`, without a body."),
        key("status", Kind::Count, "The status. Without it 200. Alone it makes a reply without a body."),
        key("headers", Kind::Fields, "More header fields."),
        key("trailers", Kind::Fields, "Trailers behind a body in chunks; they are announced."),
        key("chunk", Kind::Count, "How many bytes each chunk has. Without it one chunk has all."),
        key("late_end", Kind::Flag, "The mark that ends a body in chunks is sent as a piece of its own."),
        key("close", Kind::Flag, "`Connection: close`, and it does."),
        key("http10", Kind::Flag, "HTTP/1.0: the connection ends, unless `headers` has `Connection: keep-alive`."),
        key("interim", Kind::Tables(&INTERIM), "Interim responses (1xx) before it, each a piece of its own."),
        key("pieces", Kind::Count, "Send the head, and then so many bytes of the body at a time."),
        key("by_chunk", Kind::Flag, "Send the head, and then a chunk at a time."),
        key("cut", Kind::Count, "Send head and body alike so many bytes at a time."),
        key("pause", Kind::Time, "How long to wait between two pieces."),
        key("gate", Kind::Text, "Hold the last piece back until this gate is open."),
    ],
};

/// An interim response.
pub static INTERIM: Place = Place {
    name: "an interim response",
    keys: &[
        key("status", Kind::Count, "From 100 to 199."),
        key("headers", Kind::Fields, "Its header fields."),
        key("times", Kind::Count, "So many of them. Without it one."),
    ],
};

/// The steps of an origin that are a word.
pub static SERVER_WORDS: &[(&str, &str)] = &[
    ("request", "Waits for a whole request: its head and its body."),
    ("head", "Waits for the head of a request."),
    ("body", "Waits for the body of the request whose head is in."),
    ("eof", "Waits until the caller has closed its write side."),
    ("route", "Answers every request from here on, as `reply` and `at` say."),
    ("half_close", "Closes the write side."),
    ("close", "Closes the connection. The end of the list does the same."),
    ("reset", "Ends the connection with a reset."),
    ("hold", "Keeps the connection open and silent until the caller closes it; reads and throws away."),
    ("stall", "Keeps the connection open and silent, and reads nothing."),
];

/// The steps of an origin that are a table, by their verb.
pub static SERVER_STEPS: &[(&str, Place)] = &[
    (
        "send",
        Place {
            name: "a `send` step of an origin",
            keys: &[key("send", Kind::Text, "Sends this text, as it is, in one piece. `\\r\\n` ends a line.")],
        },
    ),
    (
        "hex",
        Place {
            name: "a `hex` step",
            keys: &[key("hex", Kind::Text, "Sends these bytes, two hexadecimal digits each; blanks do not count.")],
        },
    ),
    (
        "bytes",
        Place {
            name: "a `bytes` step",
            keys: &[key("bytes", Kind::Count, "Sends so many of the letters a to z over and over.")],
        },
    ),
    (
        "reply",
        Place {
            name: "a `reply` step",
            keys: &[key(
                "reply",
                Kind::Table(&REPLY),
                "Sends a canned reply. (`\"request\"` before it waits for what it answers.)",
            )],
        },
    ),
    ("pause", Place { name: "a `pause` step", keys: &[key("pause", Kind::Time, "Lets time pass.")] }),
    (
        "gate",
        Place {
            name: "a `gate` step",
            keys: &[key(
                "gate",
                Kind::Text,
                "Waits until the caller has opened this gate. Standing there counts as reaching a label of its name.",
            )],
        },
    ),
    (
        "label",
        Place {
            name: "a `label` step",
            keys: &[key("label", Kind::Text, "Reaches this label, for which the caller can wait.")],
        },
    ),
    (
        "await",
        Place {
            name: "an `await` step",
            keys: &[key("await", Kind::Count, "Waits until so many bytes have arrived that no step has taken.")],
        },
    ),
    (
        "expect",
        Place {
            name: "an `expect` step",
            keys: &[key(
                "expect",
                Kind::Table(&EXPECT),
                "Looks at the latest request. What is not so stands in the outcome.",
            )],
        },
    ),
    (
        "times",
        Place {
            name: "a `times` step of an origin",
            keys: &[
                key("times", Kind::Count, "Does `steps` so many times."),
                key("steps", Kind::ServerSteps, "What is done again."),
            ],
        },
    ),
    (
        "forever",
        Place {
            name: "a `forever` step",
            keys: &[key("forever", Kind::ServerSteps, "Does these steps over and over until the connection ends.")],
        },
    ),
];

/// What an origin looks at.
pub static EXPECT: Place = Place {
    name: "`expect`",
    keys: &[
        key("line", Kind::Text, "The request line is this: `\"GET / HTTP/1.1\"`."),
        key("headers", Kind::Fields, "These header fields have these values."),
        key("no_header", Kind::Text, "There is no header field of this name."),
        key("body", Kind::Text, "The body is this."),
        key("waiting", Kind::Text, "What arrived and no step has taken begins with this."),
    ],
};

/// The caller's steps, by their verb.
pub static STEPS: &[(&str, Place)] = &[
    (
        "send",
        Place {
            name: "a `send` step",
            keys: &[
                key(
                    "send",
                    Kind::Text,
                    "Sends a request, and waits for the head of its response. This is the request's name.",
                ),
                key("get", Kind::Text, "A GET: the origin's name and the path, `\"a/path\"`."),
                key("head", Kind::Text, "A HEAD."),
                key("post", Kind::Text, "A POST."),
                key("put", Kind::Text, "A PUT."),
                key("patch", Kind::Text, "A PATCH."),
                key("delete", Kind::Text, "A DELETE."),
                key("options", Kind::Text, "An OPTIONS."),
                key("method", Kind::Text, "Any other method; then `url` says where to."),
                key("url", Kind::Text, "The origin's name and the path, beside `method`."),
                key("headers", Kind::Fields, "Header fields. `Host` is Go's `Request.Host`."),
                key("body", Kind::Either(&[Kind::Text, Kind::Table(&BODY)]), "The body: a text, or a table."),
                key("close", Kind::Flag, "Go's `Request.Close`."),
                key("context", Kind::Text, "One of `contexts`."),
                key("timeout", Kind::Time, "A context with a timeout, which begins with this send."),
                key("channel", Kind::Text, "One of `channels`, as Go's `Request.Cancel`."),
                key(
                    "got_1xx",
                    Kind::Flag,
                    "Sets the hook `Got1xxResponse`, which lifts the limit on interim responses.",
                ),
                key("later", Kind::Flag, "Goes on with the next step at once; `finish` waits for it."),
            ],
        },
    ),
    (
        "read",
        Place {
            name: "a `read` step",
            keys: &[
                key("read", Kind::Text, "Reads the body of this request's response to its end."),
                key("bytes", Kind::Count, "Only so many bytes. That the body ends before is no error."),
                key(
                    "exactly",
                    Kind::Count,
                    "Only so many bytes, and a body that ends before is an error (Go: `io.ReadFull`).",
                ),
                key("later", Kind::Flag, "Goes on with the next step at once; `finish` waits for it."),
            ],
        },
    ),
    (
        "close",
        Place {
            name: "a `close` step",
            keys: &[key("close", Kind::Text, "Closes the body of this request's response.")],
        },
    ),
    (
        "drop",
        Place {
            name: "a `drop` step",
            keys: &[key(
                "drop",
                Kind::Text,
                "Drops the response, or the future that waits for it. In Go it is only forgotten.",
            )],
        },
    ),
    (
        "finish",
        Place {
            name: "a `finish` step",
            keys: &[key("finish", Kind::Text, "Waits for what this request does `later`.")],
        },
    ),
    (
        "write",
        Place {
            name: "a `write` step",
            keys: &[
                key(
                    "write",
                    Kind::Text,
                    "Writes to the connection that this request's 101 has left; `read` reads from it.",
                ),
                key("text", Kind::Text, "What."),
            ],
        },
    ),
    (
        "cancel",
        Place {
            name: "a `cancel` step",
            keys: &[
                key(
                    "cancel",
                    Kind::Text,
                    "Cancels a context, closes a channel, or cancels a request (Go's `Transport.CancelRequest`), whichever has this name.",
                ),
                key("cause", Kind::Text, "The context's cause (Go: `context.WithCancelCause`)."),
            ],
        },
    ),
    (
        "wait",
        Place {
            name: "a `wait` step",
            keys: &[
                key(
                    "wait",
                    Kind::Text,
                    "Waits for something that an origin of this name has seen, or a request of this name.",
                ),
                key("accepted", Kind::Count, "The origin has accepted so many connections."),
                key("requests", Kind::Count, "So many requests have arrived, at least their heads."),
                key("ended", Kind::Count, "So many connections have ended."),
                key("reached", Kind::Text, "A step of the origin has reached this label, or stands at this gate."),
                key("event", Kind::Text, "This hook of the request was called: `\"GotConn\"`."),
            ],
        },
    ),
    ("open", Place { name: "an `open` step", keys: &[key("open", Kind::Text, "Opens a gate, for good.")] }),
    ("pause", Place { name: "a `pause` step of the caller", keys: &[key("pause", Kind::Time, "Lets time pass.")] }),
    (
        "close_idle",
        Place {
            name: "a `close_idle` step",
            keys: &[key(
                "close_idle",
                Kind::Flag,
                "Closes the connections that are idle (Go: `Client.CloseIdleConnections`).",
            )],
        },
    ),
    (
        "drop_transport",
        Place {
            name: "a `drop_transport` step",
            keys: &[key("drop_transport", Kind::Flag, "Lets go of client and transport.")],
        },
    ),
    (
        "count",
        Place {
            name: "a `count` step",
            keys: &[key(
                "count",
                Kind::Text,
                "Counts tasks or goroutines once things have settled. At the end that is done anyway, under the name `end`.",
            )],
        },
    ),
    (
        "times",
        Place {
            name: "a `times` step",
            keys: &[
                key("times", Kind::Count, "Does `steps` so many times. In round 2 a request `r` is called `r.2`."),
                key("steps", Kind::Steps, "What is done again."),
            ],
        },
    ),
];

/// The body of a request.
pub static BODY: Place = Place {
    name: "a body",
    keys: &[
        key("bytes", Kind::Count, "So many of the letters a to z over and over, in memory."),
        key(
            "pieces",
            Kind::TextsAndTables(&PIECE),
            "What it is read from, piece by piece: texts and tables. Without `length` it is sent in chunks.",
        ),
        key("length", Kind::Count, "The length that is declared."),
        key("again", Kind::Flag, "It can be made once more (Go: `Request.GetBody`)."),
    ],
};

/// A piece of a request's body.
pub static PIECE: Place = Place {
    name: "a piece of a body",
    keys: &[
        key("bytes", Kind::Count, "So many of the letters a to z."),
        key("pause", Kind::Time, "Lets time pass."),
        key(
            "gate",
            Kind::Text,
            "Waits until this gate is open. One that is never opened makes a body that never ends.",
        ),
        key("fail", Kind::Text, "Fails with this text."),
    ],
};

/// `[[differs]]`
pub static DIFFERS: Place = Place {
    name: "[[differs]]",
    keys: &[
        key("field", Kind::Text, "The field of the outcome, by its path; a `*` stands for one part of it."),
        key("go", Kind::Value, "What Go gives. Left out: the field is not there."),
        key("port", Kind::Value, "What this port gives. Left out: the field is not there."),
        key("policy", Kind::Text, "The policy that it holds for. Without it all."),
        key("race", Kind::Flag, "A race decides whether it shows."),
        key("why", Kind::Text, "Why."),
    ],
};

/// Every place with its keys, in the order of the reference.
pub fn places() -> impl Iterator<Item = &'static Place> {
    let steps = STEPS.iter().chain(SERVER_STEPS).map(|(_, place)| place);
    [&FILE, &TRANSPORT, &CLIENT, &CALLER, &ORIGIN, &REPLY, &INTERIM, &EXPECT, &BODY, &PIECE, &DIFFERS]
        .into_iter()
        .chain(steps)
}

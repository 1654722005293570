//! Files that are not as they must be: each is told what to change.

use scenario::Scenario;

/// What is wrong, the file, and what is said of it.
const BROKEN: &[(&str, &str, &str)] = &[
    (
        "this is not toml",
        r##"about = "?
"##,
        r##"x.toml:1: not TOML: invalid basic string, expected `"`"##,
    ),
    (
        "a bad escape",
        r##"about = "?"
[origin.a]
conns = [["request", { send = "\q" }]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: not TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`"##,
    ),
    (
        "the same key twice",
        r##"about = "?"
about = "!"
"##,
        r##"x.toml:2: not TOML: duplicate key"##,
    ),
    (
        "no about",
        r##"[origin.a]
reply = { bytes = 3 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:1: a scenario wants `about`"##,
    ),
    (
        "an empty about",
        r##"about = " "
"##,
        r##"x.toml:1: `about` is empty; say in a sentence what the scenario asks"##,
    ),
    (
        "no origin",
        r##"about = "?"
[caller]
steps = []
"##,
        r##"x.toml:1: a scenario wants `origin`"##,
    ),
    (
        "no caller",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
"##,
        r##"x.toml:1: a scenario wants `caller`"##,
    ),
    (
        "no step",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
]
"##,
        r##"x.toml:5: `steps` is empty; a scenario wants at least one step"##,
    ),
    (
        "an unknown key",
        r##"about = "?"
limits = "1s"
"##,
        r##"x.toml:2: a scenario has no key `limits` (did you mean `limit`?); it knows `about`, `exits`, `questions`, `row`, `limit`, `policy`, `origin`, `transport`, `client`, `caller` and `differs`"##,
    ),
    (
        "an unknown key of a setting",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
{ send = "r", get = "a/" }]
[transport]
MaxIdleConnPerHost = 1
"##,
        r##"x.toml:8: [transport] has no key `MaxIdleConnPerHost` (did you mean `MaxIdleConnsPerHost`?); it knows `base`, `Proxy`, `MaxIdleConns`, `MaxIdleConnsPerHost`, `MaxConnsPerHost`, `IdleConnTimeout`, `DialTimeout`, `TLSHandshakeTimeout`, `ResponseHeaderTimeout`, `ExpectContinueTimeout`, `MaxResponseHeaderBytes`, `DisableKeepAlives` and `DisableCompression`"##,
    ),
    (
        "an unknown key of a step",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/", contxt = "c" },
]
"##,
        r##"x.toml:6: a `send` step has no key `contxt` (did you mean `context`?); it knows `send`, `get`, `head`, `post`, `put`, `patch`, `delete`, `options`, `method`, `url`, `headers`, `body`, `close`, `context`, `timeout`, `channel`, `got_1xx` and `later`"##,
    ),
    (
        "a wrong type",
        r##"about = "?"
[origin.a]
reply = { bytes = "3" }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `bytes` is the text "3"; it wants a whole number from 0 on"##,
    ),
    (
        "a list where a table stands",
        r##"about = "?"
[origin.a]
reply = [3]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `reply` is a list; it wants a table"##,
    ),
    (
        "a negative count",
        r##"about = "?"
[origin.a]
reply = { bytes = -3 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `bytes` is the number -3; it wants a whole number from 0 on"##,
    ),
    (
        "a bad time",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { pause = "10 milliseconds" },
]
"##,
        r##"x.toml:7: `pause` is "10 milliseconds"; it wants a time such as "10ms" (with the unit us, ms, s or m)"##,
    ),
    (
        "a time without unit",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { pause = 10 },
]
"##,
        r##"x.toml:7: `pause` is the number 10; it wants a time such as "10ms" (with the unit us, ms, s or m)"##,
    ),
    (
        "a limit of nothing",
        r##"about = "?"
limit = "0s"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:2: `limit` is no time at all; a run wants some"##,
    ),
    (
        "an unknown origin",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "b/" },
]
"##,
        r##"x.toml:6: no origin `b`; origins: `a`"##,
    ),
    (
        "a target without a path",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a" },
]
"##,
        r##"x.toml:6: `get` is "a"; it wants an origin's name and a path, as "a/path""##,
    ),
    (
        "a whole URL",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "http://a/" },
]
"##,
        r##"x.toml:6: `get` is a whole URL; it wants an origin's name and a path, as "a/path""##,
    ),
    (
        "a word of an origin as a table",
        r##"about = "?"
[origin.a]
conns = [[{ request = true }, "close"]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `request` says all there is to say: write "request", without a table"##,
    ),
    (
        "steps without a connection around them",
        r##"about = "?"
[origin.a]
conns = ["request", "close"]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `conns` has a list of steps for each connection: `conns = [["request", …], …]`"##,
    ),
    (
        "a send without a target",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r" },
]
"##,
        r##"x.toml:6: a `send` step wants to know where to: one of `get`, `head`, `post`, `put`, `patch`, `delete` and `options`, or `method` and `url`"##,
    ),
    (
        "a send with two targets",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/", post = "a/" },
]
"##,
        r##"x.toml:6: a `send` step has `get` and `post`; it wants one of them"##,
    ),
    (
        "a url without a method",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", url = "a/" },
]
"##,
        r##"x.toml:6: `url` wants `method` beside it (or write `get` and the like)"##,
    ),
    (
        "an unknown request",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "first", get = "a/" },
  { read = "frist" },
]
"##,
        r##"x.toml:7: no request `frist` was sent before this step (did you mean `first`?); sent so far: `first`"##,
    ),
    (
        "a read before the send",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { read = "r" },
  { send = "r", get = "a/" },
]
"##,
        r##"x.toml:6: no request `r` was sent before this step; sent so far: none"##,
    ),
    (
        "an unknown context",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/", context = "c" },
]
"##,
        r##"x.toml:6: no context `c`; put it into `contexts` of [caller]"##,
    ),
    (
        "an unknown channel",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
channels = ["stop"]
steps = [
  { send = "r", get = "a/", channel = "stopp" },
]
"##,
        r##"x.toml:7: no channel `stopp` (did you mean `stop`?); put it into `channels` of [caller]"##,
    ),
    (
        "cancelling what is not there",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { cancel = "c" },
]
"##,
        r##"x.toml:7: no context, channel or request `c`; there are `r`"##,
    ),
    (
        "a cause for a request",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { cancel = "r", cause = "enough" },
]
"##,
        r##"x.toml:7: `r` is no context, and only a context has a cause"##,
    ),
    (
        "a step with two verbs",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { read = "r", close = "r" },
]
"##,
        r##"x.toml:7: a step of the caller does one thing, and this one has `read` and `close`; make two of it"##,
    ),
    (
        "a step without a verb",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { snd = "r", get = "a/" },
]
"##,
        r##"x.toml:6: a step of the caller does one of `send`, `read`, `close`, `drop`, `finish`, `write`, `cancel`, `wait`, `open`, `pause`, `close_idle`, `drop_transport`, `count` and `times`; here is none of them (did you mean `send`?)"##,
    ),
    (
        "a step that is a word",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  "close_idle",
]
"##,
        r##"x.toml:6: `steps` is the text "close_idle"; it wants a step of the caller, which is a table"##,
    ),
    (
        "a flag that is false",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { close_idle = false },
]
"##,
        r##"x.toml:6: `close_idle = false` does nothing; take the step out"##,
    ),
    (
        "no round",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { times = 0, steps = [] },
]
"##,
        r##"x.toml:6: `times` is 0; it wants at least 1"##,
    ),
    (
        "too many rounds",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { times = 1000000, steps = [] },
]
"##,
        r##"x.toml:6: `times` is 1000000; it wants at most 1000"##,
    ),
    (
        "too many steps",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { times = 200, steps = [{ times = 200, steps = [{ pause = "1us" }] }] },
]
"##,
        r##"x.toml:6: these are more than 10000 steps, all rounds counted; make it fewer"##,
    ),
    (
        "two requests of one name",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { send = "r", get = "a/" },
]
"##,
        r##"x.toml:7: a request `r` is sent in line 6 already; give this one another name"##,
    ),
    (
        "a request with the name of an origin",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "a", get = "a/" },
]
"##,
        r##"x.toml:6: `a` is the name of an origin; give the request another"##,
    ),
    (
        "two counts of one name",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { count = "now" },
  { count = "now" },
]
"##,
        r##"x.toml:7: there are two counts `now`"##,
    ),
    (
        "a count called end",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { count = "end" },
]
"##,
        r##"x.toml:6: the count at the end is there anyway, under the name `end`; give this one another"##,
    ),
    (
        "a bad name",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r.1", get = "a/" },
]
"##,
        r##"x.toml:6: "r.1" is no name; a name has letters, digits, `_` and `-`"##,
    ),
    (
        "a finish without later",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { finish = "r" },
]
"##,
        r##"x.toml:7: `r` does nothing `later`, so there is nothing to finish; take the step out, or add `later = true`"##,
    ),
    (
        "reading what is still on its way",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/", later = true },
  { read = "r" },
]
"##,
        r##"x.toml:7: what `r` does `later` (line 6) may be under way still; `finish` it before"##,
    ),
    (
        "using what was dropped",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { drop = "r" },
  { close = "r" },
]
"##,
        r##"x.toml:8: `r` was dropped in line 7"##,
    ),
    (
        "sending without a transport",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { drop_transport = true },
  { send = "r", get = "a/" },
]
"##,
        r##"x.toml:7: the transport was let go of in line 6; there is nothing to send with"##,
    ),
    (
        "a header with a line break",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/", headers = { X = "1\r\nY: 2" } },
]
"##,
        r##"x.toml:6: `X` has a line break in its value; a field has one line (`send` of an origin takes any bytes)"##,
    ),
    (
        "a bad name of a header",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/", headers = { "X Y" = "1" } },
]
"##,
        r##"x.toml:6: "X Y" is no name of a header field"##,
    ),
    (
        "two amounts",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { read = "r", bytes = 1, exactly = 1 },
]
"##,
        r##"x.toml:7: a `read` step has `bytes` and `exactly`; it wants one of them"##,
    ),
    (
        "reading nothing",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { read = "r", bytes = 0 },
]
"##,
        r##"x.toml:7: `bytes` is 0; it wants at least 1"##,
    ),
    (
        "an empty body",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", post = "a/", body = "" },
]
"##,
        r##"x.toml:6: an empty body is none; take `body` out"##,
    ),
    (
        "a length for a body in memory",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", post = "a/", body = { bytes = 3, length = 3 } },
]
"##,
        r##"x.toml:6: `length` goes with `pieces`: a body of `bytes` is in memory, its length is known and it can be made again"##,
    ),
    (
        "waiting for nothing",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { wait = "a" },
]
"##,
        r##"x.toml:6: a `wait` step wants to know for what: one of `accepted`, `requests`, `ended` and `reached`, or `event`"##,
    ),
    (
        "waiting for an unknown label",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { wait = "a", reached = "there" },
]
"##,
        r##"x.toml:6: no origin has a label or gate `there`; there are none"##,
    ),
    (
        "an unknown hook",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "r", get = "a/" },
  { wait = "r", event = "GotCon" },
]
"##,
        r##"x.toml:7: no hook `GotCon` (did you mean `GotConn`?); hooks: `GetConn`, `GotConn`, `PutIdleConn`, `GotFirstResponseByte`, `Got100Continue`, `Got1xxResponse`, `DNSStart`, `DNSDone`, `ConnectStart`, `ConnectDone`, `TLSHandshakeStart`, `TLSHandshakeDone`, `WroteHeaders`, `Wait100Continue` and `WroteRequest`"##,
    ),
    (
        "waiting for an unknown origin",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { wait = "b", accepted = 1 },
]
"##,
        r##"x.toml:6: no origin `b`; origins: `a`; of a request one waits for an `event`"##,
    ),
    (
        "an unknown gate",
        r##"about = "?"
[origin.a]
conns = [[{ gate = "go" }]]
[caller]
steps = [{ open = "goo" }, { send = "r", get = "a/" }]
"##,
        r##"x.toml:5: nothing stands at the gate `goo` (did you mean `go`?); gates: `go`"##,
    ),
    (
        "an origin that does nothing",
        r##"about = "?"
[origin.a]
tls = false
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:2: an origin wants `reply`, `at` or `conns`, which say what it does"##,
    ),
    (
        "no list of steps",
        r##"about = "?"
[origin.a]
conns = []
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `conns` is empty; it wants a list of steps for each connection"##,
    ),
    (
        "an unknown word of an origin",
        r##"about = "?"
[origin.a]
conns = [["requst"]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: an origin has no step "requst" (did you mean `request`?); it knows `request`, `head`, `body`, `eof`, `route`, `half_close`, `close`, `reset`, `hold` and `stall`, and as tables `send`, `hex`, `bytes`, `reply`, `pause`, `gate`, `label`, `await`, `expect`, `times` and `forever`"##,
    ),
    (
        "a word that wants more",
        r##"about = "?"
[origin.a]
conns = [["pause"]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `pause` wants something to do it with: { pause = … }"##,
    ),
    (
        "a step that is never reached",
        r##"about = "?"
[origin.a]
conns = [["request", "close", { send = "late" }]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: this step is never reached: `close` before it is the last thing on a connection"##,
    ),
    (
        "a step after a reply that closes",
        r##"about = "?"
[origin.a]
conns = [["request", { reply = { bytes = 3, close = true } }, "request"]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: this step is never reached: `a reply that closes` before it is the last thing on a connection"##,
    ),
    (
        "a route to nowhere",
        r##"about = "?"
[origin.a]
conns = [["route"]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: "route" wants `reply` or `at` beside `conns`, which say what is answered"##,
    ),
    (
        "a reply that is never used",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
conns = [["request", "close"]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `reply` is never used: no list in `conns` has the step "route""##,
    ),
    (
        "a reply of two kinds",
        r##"about = "?"
[origin.a]
reply = { bytes = 3, text = "abc" }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: a reply has `bytes` and `text`; it wants one of them"##,
    ),
    (
        "a reply of no kind",
        r##"about = "?"
[origin.a]
reply = {}
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: a reply wants one of `bytes`, `text`, `chunked`, `until_close` and `redirect`, or a `status`"##,
    ),
    (
        "a reply that is too large",
        r##"about = "?"
[origin.a]
reply = { bytes = 100000000000 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `bytes` is 100000000000; it wants at most 67108864 (64 MiB)"##,
    ),
    (
        "chunks of a body that has none",
        r##"about = "?"
[origin.a]
reply = { bytes = 3, chunk = 1 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `chunk` wants `chunked` beside it"##,
    ),
    (
        "a pause in one piece",
        r##"about = "?"
[origin.a]
reply = { bytes = 3, pause = "1ms" }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `pause` is between two pieces, and this reply is one piece; add `pieces`, `by_chunk` or `cut`"##,
    ),
    (
        "a bad status",
        r##"about = "?"
[origin.a]
reply = { status = 20 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `status` is 20; it wants 100 to 999"##,
    ),
    (
        "a bad hex digit",
        r##"about = "?"
[origin.a]
conns = [[{ hex = "1g" }]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `hex` has 'g', which is no hexadecimal digit (0 to 9, a to f)"##,
    ),
    (
        "half a byte",
        r##"about = "?"
[origin.a]
conns = [[{ hex = "1" }]]
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `hex` has 1 digits; each byte wants two"##,
    ),
    (
        "a path with a query",
        r##"about = "?"
[origin.a]
at = { "/x?y" = { bytes = 3 } }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:3: `/x?y` is no path; a path begins with `/` and has no query"##,
    ),
    (
        "nobody who replies",
        r##"about = "?"
[origin.a]
refuses = true
reply = { bytes = 3 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:4: `reply` is never used: `refuses` says that nobody listens"##,
    ),
    (
        "a goodbye without tls",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
goodbye = "cut"
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:4: `goodbye` is never used: it wants `tls = true` beside it"##,
    ),
    (
        "an unknown exit",
        r##"about = "?"
exits = ["RL-B11"]
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:2: no exit "RL-B11" (did you mean `RL-B1`?); the book's table of exits has all of them"##,
    ),
    (
        "an unknown policy",
        r##"about = "?"
policy = ["go1.13"]
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [{ send = "r", get = "a/" }]
"##,
        r##"x.toml:2: no policy "go1.13"; there are go1.12 and go1.27"##,
    ),
    (
        "a bad base",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
{ send = "r", get = "a/" }]
[transport]
base = "none"
"##,
        r##"x.toml:8: `base` is "none"; it wants "default" or "zero""##,
    ),
    (
        "an unknown proxy",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
{ send = "r", get = "a/" }]
[transport]
Proxy = "p"
"##,
        r##"x.toml:8: no origin `p`"##,
    ),
    (
        "a difference without a reason",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
{ send = "r", get = "a/" }]
[[differs]]
field = "counts.end.alive"
go = 3
port = 1
"##,
        r##"x.toml:7: [[differs]] wants `why`"##,
    ),
    (
        "a difference that is none",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
{ send = "r", get = "a/" }]
[[differs]]
field = "counts.end.alive"
go = 3
port = 3
why = "?"
"##,
        r##"x.toml:7: `go` and `port` are the same, which is no difference"##,
    ),
    (
        "a difference of an unknown field",
        r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
{ send = "r", get = "a/" }]
[[differs]]
field = "count.end"
go = 3
port = 1
why = "?"
"##,
        r##"x.toml:8: `field` is "count.end"; a path begins with `requests.`, `origins.` or `counts.`"##,
    ),
];

#[test]
fn every_fault_is_told_with_its_line_and_with_what_to_change() {
    let mut wrong = String::new();
    for (what, text, expected) in BROKEN {
        let said = match Scenario::parse("x.toml", text) {
            Err(broken) => broken.to_string(),
            Ok(_) => "it was read".to_owned(),
        };
        if said != *expected {
            wrong.push_str(&format!("{what}:\n  expected {expected}\n  said     {said}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_two_kinds_have_one_name() {
    let mut names: Vec<&str> = BROKEN.iter().map(|(what, _, _)| *what).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), BROKEN.len());
}

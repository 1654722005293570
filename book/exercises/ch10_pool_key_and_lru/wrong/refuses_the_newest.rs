//! When all places are taken, the one that comes is sent away.

/// What a request says about the way to its server.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The URL of the HTTP proxy that it goes through, if there is one.
    pub proxy: Option<&'a str>,
    /// How the server is spoken to.
    pub scheme: Scheme,
    /// The server's name, as the caller wrote it. Capitals mean nothing in it. (Go differs: it compares names as they
    /// are written.)
    pub host: &'a str,
    /// The server's port; `None` where the caller left it to the scheme: 80 for http, 443 for https.
    pub port: Option<u16>,
    /// What is asked for there.
    pub path: &'a str,
}

/// Plain or secured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// http: a proxy is shown the whole request, and sends it on.
    Http,
    /// https: a proxy is asked for a tunnel to the server, and sees no more.
    Https,
}

/// Requests whose keys are equal may share a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key(String);

/// The key of the connection that `ask` needs.
pub fn key(ask: &Ask<'_>) -> Key {
    let (scheme, default_port) = match ask.scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let proxy = ask.proxy.unwrap_or_default();
    // What a proxy is sent for http may be for any server; a tunnel leads to one.
    let target = match (ask.proxy, ask.scheme) {
        (Some(_), Scheme::Http) => String::new(),
        (None, Scheme::Http) | (_, Scheme::Https) => {
            format!("{}:{}", ask.host.to_ascii_lowercase(), ask.port.unwrap_or(default_port))
        }
    };
    Key(format!("{proxy}|{scheme}|{target}"))
}

/// A connection. It is closed by dropping it.
#[derive(PartialEq, Eq, Debug)]
pub struct Conn(pub u32);

/// What became of a connection that was given back.
#[derive(PartialEq, Eq, Debug)]
pub enum Put {
    /// It is idle now; another one had to make room for it, if all places were taken.
    Kept {
        /// The one that made room.
        evicted: Option<Conn>,
    },
    /// It is not kept.
    Refused(Conn),
}

/// The idle connections, under two limits.
#[derive(Debug)]
pub struct IdleList {
    per_host: usize,
    in_all: usize,
    /// The one that has been idle longest comes first.
    idle: Vec<(Key, Conn)>,
}

impl IdleList {
    /// An empty list that keeps at most `per_host` connections of one key, and `in_all` together.
    pub fn new(per_host: usize, in_all: usize) -> Self {
        IdleList { per_host, in_all, idle: Vec::new() }
    }

    /// Keeps `conn` for the next request with this key. A key that has its `per_host` connections gets no more: `conn`
    /// is refused. If there are more than `in_all` with it, the one that has been idle longest makes room.
    pub fn put(&mut self, key: Key, conn: Conn) -> Put {
        let of_this_key = self.idle.iter().filter(|(other, _)| *other == key).count();
        if of_this_key >= self.per_host || self.idle.len() >= self.in_all {
            return Put::Refused(conn);
        }
        self.idle.push((key, conn));
        Put::Kept { evicted: None }
    }

    /// Takes out a connection for a request with this key: of several, the one that was used last.
    pub fn take(&mut self, key: &Key) -> Option<Conn> {
        let at = self.idle.iter().rposition(|(other, _)| other == key)?;
        Some(self.idle.remove(at).1)
    }
}

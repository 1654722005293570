//! What an origin does.

use origin::Plan;

/// One origin of a scenario.
#[derive(Clone, Debug)]
pub struct OriginPlan {
    /// How it is spoken to.
    pub manner: Manner,
    /// What it does on each connection.
    pub plan: Plan,
}

/// How an origin is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// As plain HTTP.
    Plain,
    /// Under TLS.
    Tls(Goodbye),
    /// As https, though its script is what is on the wire: nobody shakes hands.
    TlsUnspoken,
    /// Nobody listens.
    Refuses,
}

/// How a TLS connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goodbye {
    /// With `close_notify`.
    Said,
    /// Without.
    Unsaid,
    /// In the middle of a record.
    Cut,
}

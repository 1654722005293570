//! One hop: what is done with a request before the transport sees it, and with the response after.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use httptrace::{Actor, Event, Step};
use percent_encoding::percent_decode_str;
use transport::{Cause, Request, Response};
use url::{Position, Url};

use crate::client::Client;
use crate::error::Reason;

/// Sends the request as it is to be on the wire, with the jar's cookies and the URL's user. Afterwards its header is the
/// caller's again, and its body is gone.
///
/// Differs from Go: there the first request keeps the jar's cookies, and a hook finds them in `via`.
///
/// # Errors
///
/// Without method and URL.
///
/// Go: client.go (*Client).send and send
pub(crate) async fn send(client: &Client, request: &mut Request) -> Result<Box<Response>, Reason> {
    client.transport().trace().emit(Actor::Caller, None, || Event::Call { step: Step::Send });
    // Nearly every request is sent as it is. Only one that is not pays for a second header.
    let cookie_url = client.jar().and_then(|_jar| cookie_url(request));
    let before = if cookie_url.is_some() || names_a_user(&request.url) { Some(request.header.clone()) } else { None };
    if before.is_some() {
        lay_on(client, request, cookie_url.as_ref())?;
    }
    // ANCHOR: hand_on
    let sent = match client.round_tripper() {
        None => client.transport().send(request).await.map_err(Reason::from),
        Some(round_tripper) => round_tripper.round_trip(request).await.map(Box::new).map_err(Reason::from),
    };
    // ANCHOR_END: hand_on
    if let Some(before) = before {
        request.header = before;
    }
    let mut response = sent.map_err(head_timeout)?;
    if client.timeout().is_some() {
        response.body.limited_by(request.context.clone(), request.cancel.clone());
    }
    if let (Some(jar), Some(url)) = (client.jar(), cookie_url) {
        let cookies = response.cookies();
        if !cookies.is_empty() {
            jar.set_cookies(&url, &cookies);
        }
    }
    Ok(response)
}

fn lay_on(client: &Client, request: &mut Request, cookie_url: Option<&Url>) -> Result<(), Reason> {
    if let (Some(jar), Some(url)) = (client.jar(), cookie_url) {
        for cookie in jar.cookies(url) {
            request.add_cookie(&cookie)?;
        }
    }
    if names_a_user(&request.url) && is_empty(&request.header) {
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let (user, password) = (decoded(request.url.username()), decoded(request.url.password().unwrap_or_default()));
        request.set_basic_auth(&user, &password);
    }
    Ok(())
}

/// Differs from Go: `http://@host/` names nobody; there it names a user without a name. A `Url` does not tell it from
/// `http://host/`.
fn names_a_user(url: &Url) -> bool {
    !url[Position::BeforeUsername..Position::BeforeHost].is_empty()
}

fn is_empty(header: &HeaderMap) -> bool {
    header.get(AUTHORIZATION).is_none_or(|value| value.is_empty())
}

/// The URL that a jar is asked about: the request's, under the name that the server is told. `None` if that name is no
/// host, and then no cookies are sent and none kept.
fn cookie_url(request: &Request) -> Option<Url> {
    let Some(host) = &request.host else { return Some(request.url.clone()) };
    if host.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    let rest = &request.url[Position::BeforePath..Position::AfterQuery];
    Url::parse(&format!("{}://{host}{rest}", request.url.scheme())).ok()
}

/// The client's time limit, which has its own words where no head has come yet.
fn head_timeout(reason: Reason) -> Reason {
    let cause = match &reason {
        Reason::Transport(error) => error.cause(),
        Reason::RoundTripper(error) => error.get().downcast_ref::<transport::Error>().and_then(|error| error.cause()),
        Reason::BadUrl { .. }
        | Reason::InvalidMethod(_)
        | Reason::BadLocation { .. }
        | Reason::CheckRedirect(_)
        | Reason::Cookie(_)
        | Reason::ClientTimeout => None,
    };
    if cause == Some(&Cause::ClientTimeout) { Reason::ClientTimeout } else { reason }
}

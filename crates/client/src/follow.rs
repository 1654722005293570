//! Following redirects, hop by hop.

use std::sync::Arc;

use http::header::REFERER;
use transport::{IoError, Request, Response};
use url::Url;

use crate::client::Client;
use crate::error::{Error, Reason, StoppedAt};
use crate::location;
use crate::redirect::{
    Behavior, BodyAgain, HeadersCopier, Hop, Redirect, default_check_redirect, redirect_behavior, referer_for_url,
    should_copy_header_on_redirect,
};
use crate::send::send;

/// How much of a redirect's body is read at most, so that its connection can be used again. Go: maxBodySlurpSize
const MAX_BODY_SLURP_SIZE: u64 = 2 << 10;

/// A chain of requests that lead to one another.
struct Chain<'a> {
    client: &'a Client,
    /// All that were sent; the last one is that whose response is at hand.
    via: Vec<Request>,
    /// The first request's body.
    body: BodyAgain,
    headers: HeadersCopier,
    /// Once a hop has dropped the body, it stays dropped.
    include_body: bool,
    /// Once a hop has led to another host, what is sensitive stays dropped, even if a later one leads back.
    strip_sensitive: bool,
}

/// Follows `response`, the answer to `first`, until one comes that leads nowhere.
///
/// # Errors
///
/// Those of each hop; [`Reason::BadLocation`], [`Reason::CheckRedirect`].
///
/// Go: client.go (*Client).do, from the second request on
pub(crate) async fn follow(
    client: &Client,
    first: Request,
    body: BodyAgain,
    mut response: Response,
) -> Result<Response, Error> {
    let headers = HeadersCopier::new(&first, client.jar().is_some());
    let mut chain = Chain { client, via: vec![first], body, headers, include_body: true, strip_sensitive: false };
    loop {
        response.url = Some(chain.last().url.clone());
        let Some(mut next) = chain.next(&response)? else { return Ok(response) };
        match chain.check(&mut next, &response) {
            Ok(Redirect::Follow) => read_some_and_close(&mut response).await,
            Ok(Redirect::UseLastResponse) => return Ok(response),
            Err(error) => {
                read_some_and_close(&mut response).await;
                return Err(chain.stopped(error, response));
            }
        }
        let sent = send(client, &mut next).await;
        response = *sent.map_err(|reason| chain.error(next.url.as_str(), reason))?;
        chain.via.push(next);
    }
}

impl Chain<'_> {
    fn first(&self) -> &Request {
        &self.via[0]
    }

    fn last(&self) -> &Request {
        &self.via[self.via.len() - 1]
    }

    fn error(&self, url: &str, reason: impl Into<Reason>) -> Error {
        Error::new(&self.first().method, url, reason)
    }

    /// The request that `response` leads to, or `None` if it leads nowhere.
    fn next(&mut self, response: &Response) -> Result<Option<Request>, Error> {
        let behavior = redirect_behavior(response.status, &self.last().method, self.first(), &self.body);
        let Some(Behavior { method, include_body }) = behavior else { return Ok(None) };
        self.include_body &= include_body;
        let Some(text) = location::text_of(response) else { return Ok(None) };
        let url = self.resolve(&text)?;
        let (first, last) = (self.first(), self.last());
        let mut next = first.next_hop(method, url);
        next.host = self.kept_host(&text);
        if self.include_body {
            let made = self.body.make(first);
            next.body =
                made.map_err(|error| self.error(last.url.as_str(), transport::Error::Rewind(IoError::bare(&error))))?;
            next.get_body = first.get_body.clone();
        }
        let strip = self.strip_sensitive || !should_copy_header_on_redirect(&first.url, &next.url);
        let referer_of = last.url.clone();
        self.strip_sensitive = strip;
        next.header = self.headers.copy(response, strip, !self.include_body);
        if let Some(referer) = referer_for_url(&referer_of, &next.url, next.header.get(REFERER)) {
            next.header.insert(REFERER, referer);
        }
        Ok(Some(next))
    }

    fn resolve(&self, text: &str) -> Result<Url, Error> {
        let base = &self.last().url;
        location::resolve(base, text).map_err(|reason| match reason {
            why @ Reason::BadUrl { .. } => {
                let why = why.to_string();
                self.error(base.as_str(), Reason::BadLocation { location: text.to_owned(), why })
            }
            // A place that nobody can be asked for: Go finds that when it sends the request.
            other => self.error(text, other),
        })
    }

    /// A `Host` of the caller's own holds for the places that the server names without a scheme.
    fn kept_host(&self, location: &str) -> Option<String> {
        let absolute = crate::url_check::Parts::of(location).is_ok_and(|parts| !parts.scheme.is_empty());
        if absolute { None } else { self.last().host.clone() }
    }

    /// Asks the hook.
    fn check(&self, next: &mut Request, response: &Response) -> Result<Redirect, crate::BoxError> {
        match self.client.check_redirect() {
            Some(hook) => hook.call(Hop { request: next, via: &self.via, response }),
            None => default_check_redirect(&self.via),
        }
    }

    /// The hook's error, with what it was about. The URL is that which the server named.
    fn stopped(&self, error: crate::BoxError, response: Response) -> Error {
        let text = location::text_of(&response).unwrap_or_default();
        let Response { status, header, .. } = response;
        let at = StoppedAt { status, header, url: self.last().url.clone() };
        Error { stopped_at: Some(Arc::new(at)), ..self.error(&text, Reason::CheckRedirect(error.into())) }
    }
}

/// Ends the reading of a redirect; a short body to its end, so that its connection is there for the next hop.
async fn read_some_and_close(response: &mut Response) {
    if response.content_length.is_none_or(|length| length <= MAX_BODY_SLURP_SIZE) {
        let mut read = 0;
        while read < MAX_BODY_SLURP_SIZE {
            match response.body.piece().await {
                Some(Ok(piece)) => read += piece.len() as u64,
                Some(Err(_)) | None => break,
            }
        }
    }
    response.body.close().await;
}

//! What the doors are measured with: a client on a runtime of its own, and an origin on another thread.

use std::sync::Arc;

use client::{Cancel, Client, Config, Context, EarlyClose, Request, Response, Transport};
use http::Method;
use httptrace::{Counted, Settle};
use origin::{Reply, Router, TcpOrigin};

/// A client and its origin.
pub struct Bench {
    counted: Counted,
    client: Client,
    origin: TcpOrigin,
}

impl Bench {
    /// A client with this policy; the origin has `/13`, `/100k` and `/close`.
    ///
    /// # Panics
    ///
    /// When the machine gives no runtime or no port.
    pub fn new(early_close: EarlyClose) -> Self {
        let counted = Counted::new().expect("a runtime");
        let routes = Router::new()
            .at("/13", Reply::bytes(13))
            .at("/100k", Reply::bytes(100_000))
            .at("/close", Reply::bytes(13).connection_close());
        let origin = TcpOrigin::start(routes).expect("a port");
        let config = Config { early_close, ..Config::default_transport(counted.seam()) };
        let client = Client::new(Transport::new(config));
        Bench { counted, client, origin }
    }

    /// Runs `work` on the client's runtime.
    pub fn run<T>(&self, work: impl AsyncFnOnce(&Self) -> T) -> T {
        self.counted.block_on(work(self))
    }

    /// A response whose body is yet to be read.
    ///
    /// # Panics
    ///
    /// When the request fails.
    pub async fn get(&self, path: &str) -> Response {
        self.client.get(&self.origin.url(path)).await.expect("the origin answers")
    }

    /// The same under a context that can be cancelled.
    ///
    /// # Panics
    ///
    /// When the request fails.
    pub async fn get_cancellable(&self, path: &str) -> (Response, Cancel) {
        let (context, cancel) = Context::background().with_cancel();
        let url = self.origin.url(path).parse().expect("the origin's own URL");
        let mut request = Request::new(Method::GET, url);
        request.context = context;
        (self.client.do_request(request).await.expect("the origin answers"), cancel)
    }

    /// The client's runtime.
    pub fn rt(&self) -> Arc<dyn Settle> {
        self.counted.seam()
    }
}

//! Go bugs that cannot be written here.
//!
//! Each was a bug of Go's `net/http`, or of programs that use it, and was found at run time: by a race detector, by a
//! hang, by another caller's bytes. Here the compiler finds it. Of each pair the first program compiles and the second
//! does not, for the one line in which it differs; the error's number stands beside it. (`cargo test` tries them all. That
//! the number is the right one only a nightly rustdoc looks at.)
//!
//! There is no code in this module: what excludes these programs is the form of [`Body`](crate::Body),
//! [`Response`](crate::Response), [`RequestBody`](crate::RequestBody) and `ConnHandle`.
//!
//! # Reading and closing a body at once
//!
//! In Go one goroutine may close a body while another one reads it. Both touch the connection's buffer, so there are
//! locks, and with the drain of Go 1.27 those could wait for each other for ever (golang/go#81404; the race behind it is as
//! old as golang/go#9946).
//!
//! Here both need the body for themselves (`&mut self`). One after the other is fine:
//!
//! ```
//! async fn read_and_close(mut body: client::Body) {
//!     let _ = body.read_all().await;
//!     body.close().await;
//! }
//! ```
//!
//! At once is not: the second borrow begins while the first one lives (E0499).
//!
//! ```compile_fail,E0499
//! async fn read_and_close(mut body: client::Body) {
//!     let reading = body.read_all();
//!     let closing = body.close();
//!     let _ = reading.await;
//!     closing.await;
//! }
//! ```
//!
//! Nor can two tasks have it. A body that another task reads is that task's, and what was given away cannot be
//! closed here (E0382). Whoever wants to end a read from outside cancels the request's [`Context`](crate::Context).
//!
//! ```
//! fn read_elsewhere(mut body: client::Body) {
//!     tokio::spawn(async move {
//!         let _ = body.read_all().await;
//!         body.close().await;
//!     });
//! }
//! ```
//!
//! ```compile_fail,E0382
//! async fn read_elsewhere(mut body: client::Body) {
//!     tokio::spawn(async move {
//!         let _ = body.read_all().await;
//!     });
//!     body.close().await;
//! }
//! ```
//!
//! # Looking at a response after handing it over
//!
//! Go's readLoop keeps its pointer to the response that it has sent to the caller. To decide about the drain it looked at
//! `resp.ContentLength` after the caller's `Close` had returned; a caller that replaced its response at that moment raced
//! with it (golang/go#81510).
//!
//! Here a response is moved to the caller. What read_loop wants to know later it must note before:
//!
//! ```
//! use std::sync::mpsc::Sender;
//!
//! fn hand_over(response: client::Response, resc: &Sender<client::Response>) -> Option<u64> {
//!     let declared = response.content_length;
//!     let _caller_gone = resc.send(response);
//!     declared
//! }
//! ```
//!
//! Afterwards there is nothing to look at (E0382):
//!
//! ```compile_fail,E0382
//! use std::sync::mpsc::Sender;
//!
//! fn hand_over(response: client::Response, resc: &Sender<client::Response>) -> Option<u64> {
//!     let _caller_gone = resc.send(response);
//!     let declared = response.content_length;
//!     declared
//! }
//! ```
//!
//! # Trailers that change under their reader
//!
//! In Go the trailers are a map in the response, filled by whoever reads the body's end. Since 1.27 that may be readLoop,
//! when it drains a closed body; a caller that looks at its trailers meanwhile races with it (golang/go#81521).
//!
//! Here the trailers that a caller sees are its body's own, filled while it polls that body, and a drain keeps
//! what it finds to itself. A look at them is over before the body is used again:
//!
//! ```
//! async fn last_look(mut body: client::Body) -> usize {
//!     let trailers = body.trailers().clone();
//!     body.close().await;
//!     trailers.len()
//! }
//! ```
//!
//! A look that lasts longer is refused (E0502):
//!
//! ```compile_fail,E0502
//! async fn last_look(mut body: client::Body) -> usize {
//!     let trailers = body.trailers();
//!     body.close().await;
//!     trailers.len()
//! }
//! ```
//!
//! # One connection for two requests
//!
//! In Go everybody holds the same `*persistConn`. That it lies in the pool once, and serves one caller at a time, is kept by
//! care and looked after at run time (`dup idle pconn` is a panic in transport.go).
//!
//! Here the right to send is a value that cannot be copied. `round_trip` takes it; read_loop gives it back to the pool when
//! the response allows it. For two requests one needs two:
//!
//! ```
//! use persistconn::{ConnHandle, EncodedHead, Request, round_trip};
//!
//! async fn send_both(conn: ConnHandle, other: ConnHandle, request: &mut Request, [first, second]: [EncodedHead; 2]) {
//!     let _ = round_trip(conn, request, first).await;
//!     let _ = round_trip(other, request, second).await;
//! }
//! ```
//!
//! One is gone after the first (E0382):
//!
//! ```compile_fail,E0382
//! use persistconn::{ConnHandle, EncodedHead, Request, round_trip};
//!
//! async fn send_both(conn: ConnHandle, other: ConnHandle, request: &mut Request, [first, second]: [EncodedHead; 2]) {
//!     let _ = round_trip(conn, request, first).await;
//!     let _ = round_trip(conn, request, second).await;
//! }
//! ```
//!
//! The same holds for the pool. What was offered is the pool's, unless it comes back with a refusal:
//!
//! ```
//! use std::time::Duration;
//!
//! use persistconn::{ConnHandle, IdlePool, Refused};
//!
//! fn offer_again(pool: &dyn IdlePool, conn: ConnHandle, now: Duration) -> Result<(), Refused> {
//!     let Err(refused) = pool.try_put_idle_conn(conn, now) else { return Ok(()) };
//!     pool.try_put_idle_conn(refused.conn, now)
//! }
//! ```
//!
//! ```compile_fail,E0382
//! use std::time::Duration;
//!
//! use persistconn::{ConnHandle, IdlePool, Refused};
//!
//! fn offer_again(pool: &dyn IdlePool, conn: ConnHandle, now: Duration) -> Result<(), Refused> {
//!     let Err(refused) = pool.try_put_idle_conn(conn, now) else { return Ok(()) };
//!     pool.try_put_idle_conn(conn, now)
//! }
//! ```
//!
//! And it has no copy to offer: what can be shared is the power to close, and a clone of a reference to the right is
//! another reference (E0308).
//!
//! ```
//! # use std::sync::Arc;
//! # use persistconn::{ConnHandle, ConnShared};
//! fn watch(conn: &ConnHandle) -> Arc<ConnShared> {
//!     conn.shared().clone()
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use std::sync::Arc;
//! # use persistconn::{ConnHandle, ConnShared};
//! fn second(conn: &ConnHandle) -> ConnHandle {
//!     conn.clone()
//! }
//! ```
//!
//! # A request's body after it was given away
//!
//! In Go the transport may still read a request's body when `Do` has returned: the response came early, or the request was
//! cancelled. A caller that fills the same buffer again then changes what is sent (golang/go#51907). The documentation
//! says so; nothing stops it.
//!
//! Here a body is given to the request, and the request to the client. A buffer that is wanted again is had again as
//! a copy, or shared as `Bytes`, which nobody can change:
//!
//! ```
//! async fn post_twice(client: &client::Client, mut request: client::Request, mut buffer: Vec<u8>) {
//!     request.body = buffer.clone().into();
//!     let _ = client.do_request(request).await;
//!     buffer.clear();
//! }
//! ```
//!
//! The buffer itself is gone (E0382):
//!
//! ```compile_fail,E0382
//! async fn post_twice(client: &client::Client, mut request: client::Request, mut buffer: Vec<u8>) {
//!     request.body = buffer.into();
//!     let _ = client.do_request(request).await;
//!     buffer.clear();
//! }
//! ```
//!
//! And a body that only borrows what it reads would have to outlive a connection that nobody can see the end of. So it must
//! own it (E0597):
//!
//! ```
//! async fn post(client: &client::Client, mut request: client::Request) {
//!     let text = String::from("a few words");
//!     request.body = client::RequestBody::reader(std::io::Cursor::new(text), None);
//!     let _ = client.do_request(request).await;
//! }
//! ```
//!
//! ```compile_fail,E0597
//! async fn post(client: &client::Client, mut request: client::Request) {
//!     let text = String::from("a few words");
//!     request.body = client::RequestBody::reader(text.as_bytes(), None);
//!     let _ = client.do_request(request).await;
//! }
//! ```
//!
//! # A response that nobody takes
//!
//! In Go a call may be a statement, and what it returns is gone: `http.Get(url)` compiles. Here that is a warning, and an
//! error for whoever asks for one. Saying that it is meant is enough:
//!
//! ```
//! #![deny(unused_must_use)]
//! async fn ask(client: &client::Client) -> Result<(), client::Error> {
//!     drop(client.get("http://127.0.0.1/").await?);
//!     Ok(())
//! }
//! ```
//!
//! ```compile_fail
//! #![deny(unused_must_use)]
//! async fn ask(client: &client::Client) -> Result<(), client::Error> {
//!     client.get("http://127.0.0.1/").await?;
//!     Ok(())
//! }
//! ```
//!
//! The same holds for a close that nobody awaits. It is not a close yet:
//!
//! ```compile_fail
//! #![deny(unused_must_use)]
//! async fn finish(mut body: client::Body) {
//!     body.close();
//! }
//! ```

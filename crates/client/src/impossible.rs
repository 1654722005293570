//! Go bugs that cannot be written here.
//!
//! Each was a bug of Go's `net/http`, or of programs that use it, and was found at run time: by a race detector, by a
//! hang, by another caller's bytes. Here the compiler finds it. Of each pair the first program compiles and the second
//! does not, for a line or two in which it differs; the error's number stands beside it. (`cargo test` tries them all. That
//! the number is the right one only a nightly rustdoc looks at.) The programs are those of `book/gallery`, and
//! `cargo lab gallery NAME` shows what the compiler says of one.
//!
//! There is no code in this module: what excludes these programs is the form of [`Body`](crate::Body),
//! [`Response`](crate::Response), [`RequestBody`](crate::RequestBody) and `ConnHandle`.
//!
//! # Reading and closing a body at once
//!
//! In Go one goroutine may close a body while another one reads it. Both touch the connection's buffer, so there are
//! locks and messages, and with the drain of Go 1.27.0 the read could wait, until the connection ended, for an answer that the close had had
//! (golang/go#81404; the race behind it is as old as golang/go#9946).
//!
//! Here both need the body for themselves (`&mut self`). One after the other is fine:
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/read_then_close.rs")]
//! ```
//!
//! At once is not: the second borrow begins while the first one lives (E0499).
//!
//! ```compile_fail,E0499
#![doc = include_str!("../../../book/gallery/programs/read_and_close.rs")]
//! ```
//!
//! Nor can two tasks have it. A body that another task reads is that task's, and what was given away cannot be
//! closed here (E0382). Whoever wants to end a read from outside cancels the request's [`Context`](crate::Context).
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/close_where_it_is_read.rs")]
//! ```
//!
//! ```compile_fail,E0382
#![doc = include_str!("../../../book/gallery/programs/close_while_a_task_reads.rs")]
//! ```
//!
//! # Looking at a response after handing it over
//!
//! Go's readLoop keeps its pointer to the response that it has sent to the caller. To decide about the drain it looked at
//! `resp.ContentLength` after the caller's `Close` had returned; a caller that replaced its response at that moment raced
//! with it (golang/go#81510, found before a release had it).
//!
//! Here a response is moved to the caller. What read_loop wants to know later it must note before:
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/look_before_handing_over.rs")]
//! ```
//!
//! Afterwards there is nothing to look at (E0382):
//!
//! ```compile_fail,E0382
#![doc = include_str!("../../../book/gallery/programs/look_after_handing_over.rs")]
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
#![doc = include_str!("../../../book/gallery/programs/trailers_copied.rs")]
//! ```
//!
//! A look that lasts longer is refused (E0502):
//!
//! ```compile_fail,E0502
#![doc = include_str!("../../../book/gallery/programs/trailers_borrowed.rs")]
//! ```
//!
//! # One connection for two requests
//!
//! In Go everybody holds the same `*persistConn`. That it lies in the pool once, and serves one caller at a time, is kept by
//! care and looked after at run time (`dup idle pconn` in transport.go ends the program).
//!
//! Here the right to send is a value that cannot be copied. `round_trip` takes it; read_loop gives it back to the pool when
//! the response allows it. For two requests one needs two:
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/send_on_two.rs")]
//! ```
//!
//! One is gone after the first (E0382):
//!
//! ```compile_fail,E0382
#![doc = include_str!("../../../book/gallery/programs/send_on_one.rs")]
//! ```
//!
//! The same holds for the pool. What was offered is the pool's, unless it comes back with a refusal:
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/put_what_came_back.rs")]
//! ```
//!
//! ```compile_fail,E0382
#![doc = include_str!("../../../book/gallery/programs/put_twice.rs")]
//! ```
//!
//! And it has no copy to offer: what can be shared is the power to close, and a clone of a reference to the right is
//! another reference (E0308).
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/share_what_can_be_shared.rs")]
//! ```
//!
//! ```compile_fail,E0308
#![doc = include_str!("../../../book/gallery/programs/copy_the_right.rs")]
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
#![doc = include_str!("../../../book/gallery/programs/post_a_copy.rs")]
//! ```
//!
//! The buffer itself is gone (E0382):
//!
//! ```compile_fail,E0382
#![doc = include_str!("../../../book/gallery/programs/post_and_reuse.rs")]
//! ```
//!
//! And a body that only borrows what it reads would have to outlive a connection that nobody can see the end of. So it must
//! own it (E0597):
//!
//! ```
#![doc = include_str!("../../../book/gallery/programs/post_what_it_owns.rs")]
//! ```
//!
//! ```compile_fail,E0597
#![doc = include_str!("../../../book/gallery/programs/post_what_it_borrows.rs")]
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

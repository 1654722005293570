//! Runs one script on one connection.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;

use crate::conn::{Conn, turn};
use crate::reply::Answer;
use crate::router::Route;
use crate::script::Step;
use crate::stats::End;

/// What a router sends before the body of a request that expects it.
const CONTINUE: Bytes = Bytes::from_static(b"HTTP/1.1 100 Continue\r\n\r\n");

/// Takes a connection through its script and to its end.
pub(crate) async fn run(mut conn: Conn, steps: Option<Arc<[Step]>>) {
    let end = match steps {
        Some(steps) => Stack::of(steps).run(&mut conn).await,
        None => {
            conn.fail("the plan has no script for this connection");
            End::Closed
        }
    };
    conn.finish(end).await;
}

/// A list of steps and the place in it.
struct Frame {
    steps: Arc<[Step]>,
    next: usize,
    rounds: usize,
}

/// The frame that runs and those it came from: a script calls its repetitions and its replies.
struct Stack {
    frames: Vec<Frame>,
}

impl Stack {
    fn of(steps: Arc<[Step]>) -> Self {
        Stack { frames: vec![Frame { steps, next: 0, rounds: 1 }] }
    }

    fn call(&mut self, steps: Arc<[Step]>, rounds: usize) {
        self.frames.push(Frame { steps, next: 0, rounds });
    }

    /// Makes the step that was just taken the next one as well.
    fn stay(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next -= 1;
        }
    }

    fn next(&mut self) -> Option<Step> {
        loop {
            let frame = self.frames.last_mut()?;
            if frame.rounds > 0 {
                if let Some(step) = frame.steps.get(frame.next) {
                    frame.next += 1;
                    return Some(step.clone());
                }
                frame.next = 0;
                frame.rounds -= 1;
            } else {
                self.frames.pop();
            }
        }
    }

    async fn run(mut self, conn: &mut Conn) -> End {
        while let Some(step) = self.next() {
            if let Err(end) = self.take(step, conn).await {
                return end;
            }
        }
        End::Closed
    }

    async fn take(&mut self, step: Step, conn: &mut Conn) -> Result<(), End> {
        match step {
            Step::AwaitHead => conn.await_head().await,
            Step::AwaitBody => conn.await_body().await,
            Step::AwaitRequest => {
                conn.await_head().await?;
                conn.await_body().await
            }
            Step::AwaitBytes(count) => conn.await_bytes(count).await,
            Step::AwaitEof => conn.await_eof().await,
            Step::AwaitGate(name) => {
                conn.server().reach(&name);
                conn.server().until(|stats| stats.gates.contains(&name)).await;
                Ok(())
            }
            Step::Pause(time) => {
                let rt = conn.server().rt();
                let _ends_by_itself = rt.census().busy();
                rt.timer(rt.now() + time).await;
                Ok(())
            }
            Step::Reached(label) => {
                conn.server().reach(&label);
                Ok(())
            }
            Step::Send(piece) => conn.send(&piece).await,
            Step::Answer(answer) => {
                self.answer(&answer, conn);
                Ok(())
            }
            Step::Respond(respond) => match conn.request().map(|request| respond.to(request)) {
                Some(reply) => {
                    self.answer(&reply.build(), conn);
                    Ok(())
                }
                None => {
                    conn.fail("no request to respond to");
                    Err(End::Closed)
                }
            },
            Step::Route(router) => {
                self.stay();
                conn.await_head().await?;
                let expects = conn.request().is_some_and(|request| request.header("Expect").is_some());
                if expects && conn.body_is_due() {
                    conn.send(&CONTINUE).await?;
                }
                conn.await_body().await?;
                let Some(request) = conn.request() else { return Err(End::Closed) };
                let route = router.find(request);
                if request.wants_close() {
                    self.call(Arc::new([Step::Close]), 1);
                }
                match route {
                    Route::Reply(answer) => self.answer(&answer, conn),
                    Route::Respond(respond) => self.answer(&respond.to(request).build(), conn),
                    Route::Steps(steps) => self.call(steps, 1),
                }
                Ok(())
            }
            Step::Expect(check) => {
                if let Err(text) = check.look(conn.request(), conn.waiting()) {
                    conn.fail(&text);
                }
                Ok(())
            }
            Step::Repeat(times, steps) => {
                self.call(steps, times);
                Ok(())
            }
            Step::Forever(steps) => {
                self.stay();
                self.call(steps, 1);
                // A script that never waits must not starve its executor.
                turn().await;
                Ok(())
            }
            Step::HalfClose => conn.half_close().await,
            Step::Close => Err(End::Closed),
            Step::Reset => Err(End::Reset),
            Step::Hold => {
                conn.await_eof().await?;
                Err(End::PeerClosed)
            }
            Step::Stall => pending().await,
        }
    }

    fn answer(&mut self, answer: &Answer, conn: &Conn) {
        if answer.closes {
            self.call(Arc::new([Step::Close]), 1);
        }
        let head_only = conn.request().is_some_and(|request| request.method() == "HEAD");
        self.call(Arc::clone(if head_only { &answer.head } else { &answer.full }), 1);
    }
}

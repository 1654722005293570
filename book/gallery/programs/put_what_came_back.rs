use std::time::Duration;

use persistconn::{ConnHandle, IdlePool, Refused};

pub fn offer_again(pool: &dyn IdlePool, conn: ConnHandle, now: Duration) -> Result<(), Refused> {
    let Err(refused) = pool.try_put_idle_conn(conn, now) else { return Ok(()) };
    pool.try_put_idle_conn(refused.conn, now)
}

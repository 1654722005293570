use std::time::Duration;

use persistconn::{ConnHandle, IdlePool, Refused};

pub fn offer_again(pool: &dyn IdlePool, conn: ConnHandle, now: Duration) -> Result<(), Refused> {
    pool.try_put_idle_conn(conn, now)?;
    pool.try_put_idle_conn(conn, now)
}

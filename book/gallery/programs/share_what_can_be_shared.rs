use std::sync::Arc;

use persistconn::{ConnHandle, ConnShared};

pub fn watch(conn: &ConnHandle) -> Arc<ConnShared> {
    conn.shared().clone()
}

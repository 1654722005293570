use persistconn::ConnHandle;

pub fn second(conn: &ConnHandle) -> ConnHandle {
    conn.clone()
}

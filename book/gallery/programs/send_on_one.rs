use persistconn::{ConnHandle, EncodedHead, Request, round_trip};

pub async fn send_both(conn: ConnHandle, request: &mut Request, heads: [EncodedHead; 2]) {
    let [first, second] = heads;
    let _ = round_trip(conn, request, first).await;
    let _ = round_trip(conn, request, second).await;
}

pub async fn read_and_close(mut body: client::Body) {
    let _ = body.read_all().await;
    body.close().await;
}

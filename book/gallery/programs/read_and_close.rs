pub async fn read_and_close(mut body: client::Body) {
    let reading = body.read_all();
    let closing = body.close();
    let _ = reading.await;
    closing.await;
}

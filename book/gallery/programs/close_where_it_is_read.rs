pub fn read_elsewhere(mut body: client::Body) {
    tokio::spawn(async move {
        let _ = body.read_all().await;
        body.close().await;
    });
}

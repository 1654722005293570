pub async fn last_look(mut body: client::Body) -> usize {
    let trailers = body.trailers().clone();
    body.close().await;
    trailers.len()
}

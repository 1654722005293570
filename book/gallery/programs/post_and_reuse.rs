pub async fn post_twice(client: &client::Client, mut request: client::Request, mut buffer: Vec<u8>) {
    request.body = buffer.into();
    let _ = client.do_request(request).await;
    buffer.clear();
}

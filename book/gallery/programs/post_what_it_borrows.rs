pub async fn post(client: &client::Client, mut request: client::Request) {
    let text = String::from("a few words");
    request.body = client::RequestBody::reader(text.as_bytes(), None);
    let _ = client.do_request(request).await;
}

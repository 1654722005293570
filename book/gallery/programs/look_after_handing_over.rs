use std::sync::mpsc::Sender;

pub fn hand_over(response: client::Response, resc: &Sender<client::Response>) -> Option<u64> {
    let _caller_gone = resc.send(response);
    let declared = response.content_length;
    declared
}

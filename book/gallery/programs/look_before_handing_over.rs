use std::sync::mpsc::Sender;

pub fn hand_over(response: client::Response, resc: &Sender<client::Response>) -> Option<u64> {
    let declared = response.content_length;
    let _caller_gone = resc.send(response);
    declared
}

//! The book of this repository itself.

use std::process::Command;

#[test]
fn the_book_of_this_repository_builds_from_any_directory_inside() {
    let dest = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["build", "--dest"])
        .arg(dest.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the lab starts");
    assert!(output.status.success(), "{}", crate::support::said(&output));
    assert!(dest.path().join("index.html").is_file());
}

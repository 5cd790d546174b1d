//! `weirgate organizations …`: an organization that lost its owner is mended without a browser.

use crate::support::{observer, text, weirgate};

/// The command in `folder`; what it printed, after it succeeded or failed as expected.
fn run(folder: &std::path::Path, arguments: &[&str], succeeds: bool) -> String {
    let output = weirgate(folder, arguments).output().unwrap();
    assert_eq!(output.status.success(), succeeds, "{arguments:?}: {}", text(&output));
    text(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn organization_without_an_owner_gets_one_and_one_with_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("password"), "long enough password\n").unwrap();
    for name in ["root", "vera"] {
        let email = format!("{name}@example.com");
        let account = ["--email", &email, "--username", name, "--password-file", "password"];
        run(folder, &[&["admin", "create"], &account[..]].concat(), true);
    }
    let state = observer(folder).await;
    server::for_tests::organization(&state, "acme").await.unwrap();
    state.shutdown().await;
    let organizations =
        |arguments: &[&str], succeeds: bool| run(folder, &[&["organizations"], arguments].concat(), succeeds);

    let listed = organizations(&["list", "AC"], true);
    assert!(listed.contains("\tacme\tacme\t0 members\t0 owners"), "{listed}");
    assert_eq!(listed.lines().count(), 1, "{listed}");
    // Those of two people, and the server's own.
    assert_eq!(organizations(&["list", "--personal"], true).lines().count(), 4);

    let set = organizations(&["set-role", "acme", "vera@example.com", "owner"], true);
    assert!(set.contains("\tvera@example.com\tvera\towner"), "{set}");
    for last in [&["set-role", "acme", "vera", "member"][..], &["remove", "acme", "vera"]] {
        let said = organizations(last, false);
        assert!(said.contains("owner"), "{said}");
    }
    assert!(organizations(&["set-role", "acme", "root", "owner"], true).contains("\troot\towner"));
    assert!(organizations(&["set-role", "acme", "vera", "member"], true).contains("\tvera\tmember"));
    let shown = organizations(&["show", "acme"], true);
    assert!(
        shown.contains("\t2 members\t1 owners") && shown.lines().count() == 3,
        "{shown}"
    );
    organizations(&["remove", "acme", "vera"], true);

    let personal = organizations(&["list", "vera", "--personal"], true);
    let personal = personal.split('\t').next().unwrap();
    for refused in [
        &["show", "nothing"][..],
        &["set-role", "nothing", "vera", "owner"],
        &["set-role", "acme", "nobody", "owner"],
        &["set-role", "acme", "0199f7c2-7a3e-7000-8000-000000000000", "owner"],
        &["set-role", "acme", "vera", "read_only_admin"],
        &["set-role", personal, "root", "owner"],
        &["remove", "acme", "vera"],
        &["delete", personal, "--yes"],
        // Nobody is asked here, so nothing is deleted.
        &["delete", "acme"],
    ] {
        organizations(refused, false);
    }
    organizations(&["delete", "acme", "--yes"], true);
    assert_eq!(organizations(&["list", "acme"], true), "");
    let proven = run(folder, &["audit", "verify"], true);
    assert!(!proven.contains("broken"), "{proven}");
}

//! On the way to AWS: where credentials come from, and what lies between.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::world::{Run, World, offline};

/// A profile whose credentials are those of a role that STS gives.
#[test]
fn a_call_for_credentials_is_shown_and_they_are_not() {
    let world = World::new("assumed");
    let config = world.write(
        "aws-config",
        "[profile ops]\nrole_arn = arn:aws:iam::111122223333:role/ops\nsource_profile = base\nregion = eu-west-1\n\
         [profile base]\naws_access_key_id = KEY-ASSUMED\naws_secret_access_key = hush-hush\n",
    );
    let run = Run::of(
        world
            .command(&["-vv", "tenant", "list", "--profile", "ops"])
            .env("AWS_CONFIG_FILE", config),
    )
    .expect(0);
    let traced = run
        .stderr
        .lines()
        .filter(|line| line.contains("(credentials)"));
    let traced: Vec<&str> = traced.collect();
    assert_eq!(traced.len(), 1, "{run}");
    assert!(
        traced[0].starts_with("trace: POST http://127.0.0.1:"),
        "{run}"
    );
    assert!(traced[0].contains("(credentials) 200 "), "{run}");
    assert!(!run.stderr.contains("hush"), "{run}");
}

/// A listener that answers one request as a proxy that lets nobody through; what it was asked comes back from the thread.
fn proxy() -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        reader.read_line(&mut line).expect("a request");
        let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        _ = (&stream).write_all(answer.as_bytes());
        line
    });
    (url, asked)
}

/// Who needs a bundle of certificates is often behind a proxy.
#[test]
fn a_proxy_is_used_with_and_without_a_bundle_of_certificates() {
    let world = World::new("proxied");
    let path = "jsonpath={.clusters[0].cluster.certificate-authority-data}";
    let authority = world.kubectl(&["config", "view", "--raw", "-o", path]);
    let authority = STANDARD.decode(authority).expect("base64");
    let authority = world.write("authority.pem", &String::from_utf8(authority).expect("PEM"));
    for bundle in [None, Some(authority)] {
        let (url, asked) = proxy();
        let args = [
            "tenant",
            "list",
            "--cluster",
            "proxied",
            "--region",
            "eu-west-1",
        ];
        let mut command = offline(&world.dir, &args);
        command
            .env("AWS_ACCESS_KEY_ID", "KEY")
            .env("AWS_SECRET_ACCESS_KEY", "hush-hush")
            .env("HTTPS_PROXY", &url)
            .envs(bundle.map(|path| ("AWS_CA_BUNDLE", path)));
        let run = Run::of(&mut command).expect(6);
        assert_eq!(
            asked.join().expect("a request").trim_end(),
            "CONNECT eks.eu-west-1.amazonaws.com:443 HTTP/1.1",
            "{run}"
        );
    }
}

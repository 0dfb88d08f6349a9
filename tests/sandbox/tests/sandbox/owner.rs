//! Nothing outlives the process that started a sandbox.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, io, thread};

use mcpctl_sandbox::{Options, Sandbox};

use crate::support::eventually;

const OWNER: &str = "MCPCTL_SANDBOX_TEST_OWNER";

/// Not a test by itself: the process that the next test kills.
#[test]
fn owner() {
    if env::var_os(OWNER).is_some() {
        let sandbox = Sandbox::start(&Options::default()).unwrap();
        let address = sandbox.api_server().trim_start_matches("https://");
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "\nowner {address} {}",
            sandbox.admin_kubeconfig().display()
        )
        .unwrap();
        out.flush().unwrap();
        loop {
            thread::park();
        }
    }
}

#[test]
fn everything_dies_with_a_killed_owner() {
    let mut owner = Command::new(env::current_exe().unwrap())
        .args(["--exact", "owner::owner", "--nocapture"])
        .env(OWNER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let line = lines
        .into_iter()
        .find(|line| line.starts_with("owner "))
        .unwrap();
    let [_, address, kubeconfig] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
    assert!(TcpStream::connect(address).is_ok());
    let dir = Path::new(kubeconfig).parent().unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the API server gone", || {
        TcpStream::connect(address).is_err()
    });
    eventually("its files gone", || !dir.exists());
}

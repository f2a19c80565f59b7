//! Runs the built binary on a data directory of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A data directory that goes when dropped.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The binary, in English, with this data directory.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zhike"));
        command.env("ZHIKE_DATA", self.path().join("data")).env("ZHIKE_LANG", "en").env_remove("ZHIKE_STATE");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// The JSON that a command prints; the command must succeed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--format", "json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a failing command says on stderr: one line.
    pub fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        assert!(!output.status.success(), "{arguments:?} succeeded: {said}");
        said
    }
}

/// A small disk in memory, given back when dropped; only root can have one.
pub struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    pub fn mount(at: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    pub fn grow(&self, size: &str) {
        let grown = Command::new("mount").args(["-o", &format!("remount,{size}")]).arg(self.0).status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// The administrator of every server here.
pub const ADMIN: &str = "boss";
pub const PASSWORD: &str = "Correct-horse-7";

/// A running server, and an administrator who is signed in.
pub struct Server {
    child: Child,
    pub address: String,
    /// The token of the setup link; empty when there was an administrator already.
    pub setup: String,
    /// The administrator's cookie.
    pub cookie: String,
}

impl Server {
    /// Starts `zhike serve` on a free port.
    pub fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with further options.
    pub fn start_with(home: &Home, options: &[&str]) -> Self {
        let mut server = Self::start_unknown(home, options);
        let body = match server.setup.is_empty() {
            false => serde_json::json!({"token": server.setup, "name": ADMIN, "password": PASSWORD}),
            true => serde_json::json!({"name": ADMIN, "password": PASSWORD}),
        };
        let path = if server.setup.is_empty() { "/api/v1/session" } else { "/api/v1/setup" };
        let (status, head, answer) = server.anonymous("POST", path, &body);
        assert!(status == 200 || status == 201, "{status}: {answer}");
        server.cookie = cookie_of(&head);
        server
    }

    /// A server that nobody has signed in to yet.
    pub fn start_unknown(home: &Home, options: &[&str]) -> Self {
        let mut child = home
            .command()
            .args(["serve", "--listen", "127.0.0.1:0"])
            // What follows from loads changes under nobody's feet.
            .args(if options.contains(&"--refresh-every") { &[][..] } else { &["--refresh-every", "0"] })
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut setup = String::new();
        let line = loop {
            let line = lines.next().unwrap().unwrap();
            match line.split_once("#token=") {
                Some((_, token)) => setup = token.to_owned(),
                None => break line,
            }
        };
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
        Self { child, address, setup, cookie: String::new() }
    }

    /// A request of somebody unknown; (status, headers, body).
    pub fn anonymous(&self, method: &str, path: &str, body: &Value) -> (u16, String, Value) {
        self.request_as("", method, path, body)
    }

    /// A request of somebody else, by their cookie.
    pub fn request_as(&self, cookie: &str, method: &str, path: &str, body: &Value) -> (u16, String, Value) {
        let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json"), ("Cookie", cookie)];
        // A body that a read does not take would end the connection before its answer is read.
        let sent = if method == "GET" { String::new() } else { body.to_string() };
        let (status, head, body) = self.request(method, path, &headers, sent.as_bytes());
        (status, head, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// One request; (status, headers, body).
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        let is_named =
            |(name, _): &(&str, &str)| ["cookie", "authorization"].contains(&name.to_ascii_lowercase().as_str());
        if !headers.iter().any(is_named) {
            head.push_str(&format!("Cookie: {}\r\n", self.cookie));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let split = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..split]).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut body = answer[split + 4..].to_vec();
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        (status, head, body)
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.request("GET", path, &[], b"");
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("PATCH", path, body)
    }

    /// A request as the console makes it.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json")];
        let (status, _, body) = self.request(method, path, &headers, body.to_string().as_bytes());
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Lets the system count the most memory that the server has had anew.
    pub fn forget_peak(&self) {
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }

    /// The most memory that the server has had; `None` where the system does not tell.
    pub fn peak_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().split(' ').next()?.parse::<u64>().ok()? << 10)
    }

    /// Asks the server to stop and waits; whether it ended in order.
    pub fn stop(&mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        asked.is_ok_and(|status| status.success()) && self.child.wait().is_ok_and(|status| status.success())
    }

    /// Ends the server without any warning, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a file as a browser's form would.
    pub fn upload(&self, name: &str, content: &[u8]) -> (u16, Value) {
        let mut body = format!(
            "--bound\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--bound--\r\n");
        let headers = [("X-Zhike-Request", "1"), ("Content-Type", "multipart/form-data; boundary=bound")];
        let (status, _, body) = self.request("POST", "/api/v1/uploads", &headers, &body);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Waits until a job has ended.
    pub fn job(&self, id: &str) -> Value {
        for _ in 0..600 {
            let (status, job) = self.get(&format!("/api/v1/jobs/{id}"));
            assert_eq!(status, 200);
            if job["state"] != "running" {
                return job;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("job {id} does not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The cookie that an answer sets.
pub fn cookie_of(head: &str) -> String {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap_or_default();
    line.split_once(':').map_or("", |(_, value)| value).split(';').next().unwrap_or_default().trim().to_owned()
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    whole
}

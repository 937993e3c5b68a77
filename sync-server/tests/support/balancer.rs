//! HAProxy as the guide sets it up.

use std::path::PathBuf;

use super::{Leashed, free_port, program, wait_until};

pub struct Balancer {
    folder: PathBuf,
    port: u16,
    running: Leashed,
}

impl Balancer {
    /// Before two nodes at these addresses: the configuration is that of the guide, with its names and ports replaced.
    pub fn start(nodes: [&str; 2]) -> Self {
        let guide = include_str!("../../../docs/guide/running.md");
        let (_, rest) = guide.split_once("```haproxy\n").expect("the guide shows HAProxy");
        let (config, _) = rest.split_once("```").expect("it ends");
        let port = free_port();
        let config = config
            .replace(":443 ssl crt /etc/haproxy/scantling.pem", &format!("127.0.0.1:{port}"))
            .replace("node1.internal:7340", nodes[0])
            .replace("node2.internal:7340", nodes[1]);
        let folder = tempfile::Builder::new().prefix("scantling-balancer-").tempdir().expect("a folder").keep();
        std::fs::write(folder.join("config"), config).expect("the configuration");
        // In the foreground and as one process, so that it ends with its leash.
        let running = Leashed::start(&program("haproxy", "haproxy"), &["-db".to_owned(), "-f".to_owned(), "config".to_owned()], None, &folder, "KILL");
        wait_until("HAProxy listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { folder, port, running }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.running.end("KILL");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

//! A server on loopback that answers as it was told, and remembers what it was asked.

use aws_config::SdkConfig;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// With this status, these headers and this body.
    Answer(u16, Vec<(&'static str, &'static str)>, String),
    /// Not at all: the connection is closed, as when AWS did it and the answer was lost.
    Close,
    /// Never.
    Silence,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, Vec::new(), body.into())
    }

    pub(crate) fn xml_error(status: u16, code: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>because</Message></Error></ErrorResponse>"
        );
        Self::new(status, body)
    }

    pub(crate) fn json_error(code: &str) -> Self {
        Self::new(400, format!(r#"{{"__type":"{code}","message":"because"}}"#))
    }
}

/// What the server was asked: the body as text.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) body: String,
}

#[derive(Clone)]
pub(crate) struct Loopback {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Loopback {
    /// Answers with `replies`, one by one, and then repeats the last.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(VecDeque::from(replies));
        Self::answering(move |_| {
            let mut replies = replies.lock().expect("a lock");
            let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
            reply.expect("at least one reply")
        })
        .await
    }

    /// Answers each request by its body.
    pub(crate) async fn answering(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Self { url, asked: asked.clone() };
        let answer: Answering = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, asked.clone(), answer.clone()));
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a lock").clone()
    }

    /// The SDK pointed at this server.
    pub(crate) fn config(&self) -> SdkConfig {
        crate::pointed::at(&self.url)
    }
}

type Answering = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

async fn serve(mut stream: TcpStream, asked: Arc<Mutex<Vec<Asked>>>, answer: Answering) {
    while let Some(request) = read(&mut stream).await {
        asked.lock().expect("a lock").push(request.clone());
        match answer(&request.body) {
            Reply::Close => return,
            Reply::Silence => std::future::pending().await,
            Reply::Answer(status, headers, body) => {
                let headers: String =
                    headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16_384];
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|l| l.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
                return Some(Asked { body });
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

//! How refusals of the API itself look.

use axum::body::Body;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use axum::http::{Method, Request, StatusCode};
use rest::RestSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::TestServer;

#[tokio::test]
async fn of_paths_methods_and_engines() {
    let server = TestServer::new().await;
    for (method, path, status, error_type) in [
        (Method::GET, "/nowhere", 404, "NotFoundException"),
        (Method::GET, "/process-instance/x/y/z", 404, "NotFoundException"),
        (Method::DELETE, "/process-instance", 405, "NotAllowedException"),
        (Method::PATCH, "/process-instance", 405, "NotAllowedException"),
        (Method::GET, "/engine/other/process-definition", 400, "InvalidRequestException"),
        (Method::GET, "/process-instance/a%2Fb", 400, "InvalidRequestException"),
        (Method::GET, "/external-task/nonsense", 404, "RestException"),
        (Method::GET, "/user", 501, "NotImplementedException"),
        (Method::OPTIONS, "/authorization", 501, "NotImplementedException"),
    ] {
        let answer = server.call(method.clone(), path, "").await;
        assert_eq!(answer.refusal(), (status, error_type.to_owned()), "{method} {path}");
    }
    assert_eq!(server.get("/engine/default/version").await.status, StatusCode::OK);
    assert_eq!(server.get("/version/").await.status, StatusCode::OK);
    let options = server.call(Method::OPTIONS, "/task", "").await;
    assert_eq!(options.status, StatusCode::OK);
    assert_eq!(options.headers[ALLOW], "GET,HEAD,OPTIONS,POST");
}

#[tokio::test]
async fn of_media_types() {
    let server = TestServer::new().await;
    let typed = |media: &str| {
        Request::post("/engine-rest/external-task/fetchAndLock")
            .header(CONTENT_TYPE, media)
            .body(Body::from("{}"))
            .expect("valid")
    };
    assert_eq!(server.send(typed("text/plain")).await.refusal(), (415, "NotSupportedException".to_owned()));
    let accepting =
        Request::get("/engine-rest/task/count").header(ACCEPT, "application/xml").body(Body::empty()).expect("valid");
    assert_eq!(server.send(accepting).await.refusal(), (406, "NotAcceptableException".to_owned()));
}

#[tokio::test]
async fn of_bodies() {
    let server = TestServer::with(RestSettings { body_bytes_max: 1_000, ..RestSettings::default() }).await;
    let path = "/external-task/fetchAndLock";
    for body in ["{", "[]", "5", "\"x\"", "{} {}", "{'a': 1}", &"[".repeat(500), "\u{0}"] {
        assert_eq!(server.post(path, body).await.refusal(), (400, "InvalidRequestException".to_owned()), "{body}");
    }
    assert_eq!(server.post(path, &"x".repeat(1_001)).await.refusal(), (413, "PayloadTooLargeException".to_owned()));
}

#[tokio::test]
async fn of_what_is_not_there_yet() {
    let server = TestServer::new().await;
    let answer = server.post("/schema/log", "{}").await;
    assert_eq!(answer.refusal(), (501, "NotImplementedException".to_owned()));
}

#[tokio::test]
async fn of_a_server_that_shuts_down() {
    let server = TestServer::new().await;
    server.deploy("p", "t").await;
    server.runtime.shutdown().await;
    let answer = server.post("/process-definition/key/p/start", "{}").await;
    assert_eq!(answer.refusal(), (503, "ServiceUnavailableException".to_owned()));
    assert!(answer.headers.contains_key("retry-after"));
}

/// Over a socket, where closing a connection that still receives could take the answer with it.
#[tokio::test(flavor = "multi_thread")]
async fn of_large_bodies_that_nobody_wants() {
    let server = TestServer::new().await;
    let address = server.listen().await;
    for (path, status) in [("/external-task/fetchAndLock", "413"), ("/nowhere", "404"), ("/user/create", "501")] {
        let mut client = TcpStream::connect(address).await.expect("connected");
        let length = 40 * 1024 * 1024;
        let head = format!("POST /engine-rest{path} HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n");
        client.write_all(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes()).await.expect("sent");
        let piece = vec![b' '; 1024 * 1024];
        for _ in 0..40 {
            client.write_all(&piece).await.expect("all of it is taken");
        }
        let mut answer = [0; 12];
        client.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{path}");
    }
}

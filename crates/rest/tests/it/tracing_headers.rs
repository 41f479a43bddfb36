//! What a client gets back of what it said about its request.

use axum::body::Body;
use axum::http::Request;

use crate::server::TestServer;

#[tokio::test]
async fn a_request_id_comes_back() {
    let server = TestServer::new().await;
    for (sent, expected) in [("abc-1", Some("abc-1")), ("a b", None)] {
        let request = Request::get("/engine-rest/version").header("X-Request-Id", sent).body(Body::empty());
        let answer = server.send(request.expect("a valid request")).await;
        let given = answer.headers.get("x-request-id").map(|id| id.to_str().expect("a text"));
        assert_eq!(given, expected);
    }
}

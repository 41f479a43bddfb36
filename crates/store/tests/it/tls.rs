//! A real server with TLS and passwords: who is believed, who is refused, and that the login is bound to the channel.

use std::net::TcpListener;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store::{PostgresStore, Store};
use throwaway_postgres::Cluster;
use tokio_postgres::NoTls;

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("a certificate")
}

/// The certificate of a server named `localhost`, and files of its authority and of another one.
fn write_certificates(folder: &Path) {
    let (ours, other) = (authority("ours"), authority("other"));
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = parameters.signed_by(&key, &ours).expect("a certificate");
    for (name, text) in [
        ("server.crt", certificate.pem()),
        ("server.key", key.serialize_pem()),
        ("ours.pem", ours.pem()),
        ("other.pem", other.pem()),
    ] {
        std::fs::write(folder.join(name), text).expect("a file in a folder of ours");
    }
}

/// With a database of a user who has a password.
async fn start(certificates: &Path) -> (Cluster, u16) {
    // Of a listener that has gone.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let cluster = Cluster::with_tls(certificates, port);
    let (client, connection) =
        tokio_postgres::connect(cluster.url(), NoTls).await.expect("the socket lets everybody in");
    let connection = tokio::spawn(connection);
    client.batch_execute("CREATE ROLE ann LOGIN PASSWORD 's3cret'").await.expect("a new role");
    client.batch_execute("CREATE DATABASE app OWNER ann").await.expect("a new database");
    drop(client);
    connection.await.expect("no panic").expect("it ends well");
    (cluster, port)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modes_of_tls_believe_whom_they_say() {
    let folder = tempfile::tempdir().expect("a folder");
    write_certificates(folder.path());
    let (_cluster, port) = start(folder.path()).await;
    let file = |name: &str| format!("sslrootcert={}", folder.path().join(name).display());
    let (ours, other) = (file("ours.pem"), file("other.pem"));
    let open = async |host: &str, password: &str, parameters: &str| {
        let url = format!("postgres://ann:{password}@{host}:{port}/app?{parameters}");
        let store = PostgresStore::open(&url).await.map_err(|refusal| refusal.to_string())?;
        // Over the connection of a committer and that of a reader.
        store.check().await.map_err(|failure| failure.to_string())
    };
    // The certificate knows `localhost` alone.
    for (host, parameters) in [
        ("127.0.0.1", "sslmode=prefer".to_owned()),
        ("127.0.0.1", "sslmode=require&channel_binding=require".to_owned()),
        ("127.0.0.1", format!("sslmode=require&{ours}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{ours}&channel_binding=require")),
        ("localhost", format!("sslmode=verify-full&{ours}&channel_binding=require")),
    ] {
        open(host, "s3cret", &parameters).await.unwrap_or_else(|refusal| panic!("{host} {parameters}: {refusal}"));
    }
    for (host, password, parameters, reason) in [
        ("127.0.0.1", "s3cret", "sslmode=disable".to_owned(), "no pg_hba.conf entry"),
        ("127.0.0.1", "s3cret", format!("sslmode=require&{other}"), "invalid peer certificate"),
        ("127.0.0.1", "s3cret", format!("sslmode=verify-ca&{other}"), "invalid peer certificate"),
        ("127.0.0.1", "s3cret", format!("sslmode=verify-full&{ours}"), "not valid for name"),
        ("localhost", "s3cret", format!("sslmode=verify-full&{other}"), "invalid peer certificate"),
        // Nobody has given the system our authority.
        ("localhost", "s3cret", "sslmode=verify-full".to_owned(), "certificate"),
        ("localhost", "s3cret", format!("sslmode=verify-full&{}", file("server.key")), "holds no certificate"),
        ("localhost", "wr0ng", format!("sslmode=verify-full&{ours}"), "password authentication failed"),
    ] {
        let refusal = open(host, password, &parameters).await.expect_err(&parameters);
        assert!(refusal.contains(reason), "{host} {parameters}: {refusal}");
        assert!(!refusal.contains(password), "{refusal}");
    }
}

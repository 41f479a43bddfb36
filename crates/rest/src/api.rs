//! The whole API as one service.
//!
//! A request whose path says everything by itself goes to its operation directly; all others go by way of the routes,
//! which decode paths, answer 404 and 405, and tell what is allowed.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::Body as HttpBody;
use runtime::Runtime;
use tower::ServiceExt;

use crate::delivery::DeliveryWatch;
use crate::direct::DirectPaths;
use crate::discard::Reading;
use crate::metrics::RestMetrics;
use crate::router::{Rest, Routed, answer, routes, with_cors};
use crate::settings::RestSettings;

#[derive(Clone, Debug)]
pub struct Api(Arc<Ways>);

#[derive(Debug)]
struct Ways {
    /// `None` where every request has to go by way of the routes.
    direct: Option<Direct>,
    routes: Router,
}

#[derive(Debug)]
struct Direct {
    paths: DirectPaths,
    rest: Rest,
    metrics: Arc<RestMetrics>,
}

impl Api {
    /// All below `/engine-rest`, and the same below `/engine-rest/engine/default`.
    pub fn new(runtime: Runtime, settings: RestSettings) -> Api {
        Api::beside(runtime, settings, &Arc::default(), Router::new())
    }

    /// The same with other routes beside it, and counted.
    pub fn beside(runtime: Runtime, settings: RestSettings, metrics: &Arc<RestMetrics>, beside: Router) -> Api {
        let cors = settings.cors_origin.clone();
        let rest = Rest { runtime, settings: Arc::new(settings) };
        let routes = routes(&rest, metrics, beside);
        Api(Arc::new(match cors {
            Some(origin) => Ways { direct: None, routes: with_cors(routes, origin) },
            None => {
                let direct = Direct { paths: DirectPaths::of_table(), rest, metrics: metrics.clone() };
                Ways { direct: Some(direct), routes }
            }
        }))
    }

    /// `deliveries` are those of the connection that the answer will go to.
    pub async fn answer<B>(&self, mut request: axum::http::Request<B>, deliveries: Option<DeliveryWatch>) -> Response
    where
        B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
    {
        if let Some(direct) = &self.0.direct
            && let Some((at, operation, path)) = direct.paths.find(request.method(), request.uri().path())
        {
            let (parts, body) = request.into_parts();
            let mut reading = Reading::new(body, &parts.headers);
            let routed = Routed { at, operation, path: Some(path), parts, deliveries };
            let response = answer(&direct.rest, &direct.metrics, routed, &mut reading).await;
            reading.discard_rest().await;
            return response;
        }
        if let Some(deliveries) = deliveries {
            request.extensions_mut().insert(deliveries);
        }
        let request: Request = request.map(Body::new);
        self.0.routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
    }
}

/// Routes that are no operations.
impl From<Router> for Api {
    fn from(routes: Router) -> Api {
        Api(Arc::new(Ways { direct: None, routes }))
    }
}

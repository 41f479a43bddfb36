//! `/deployment`

use std::sync::LazyLock;

use super::{Resource, Rule, by_id, no_links, shown, sort, sort_time};
use crate::condition::{Comparison, Condition};
use crate::error::QueryErrorKind;
use crate::filter::{ListForm, compare, equal, flag, like, modifier, tenants, without_tenant};
use crate::tables::DEPLOYMENT;

pub static DEPLOYMENTS: LazyLock<Resource> = LazyLock::new(|| Resource {
    name: "deployment",
    source: DEPLOYMENT.source(),
    joins: Vec::new(),
    unless: Vec::new(),
    key: by_id(DEPLOYMENT.col("id")),
    outputs: vec![
        no_links(),
        shown("id", DEPLOYMENT.col("id")),
        shown("name", DEPLOYMENT.col("name")),
        shown("source", DEPLOYMENT.col("source")),
        shown("deploymentTime", DEPLOYMENT.col("deploy_time")),
        shown("tenantId", DEPLOYMENT.col("tenant_id")),
    ],
    filters: vec![
        equal("id", DEPLOYMENT.col("id")),
        equal("name", DEPLOYMENT.col("name")),
        like("nameLike", DEPLOYMENT.col("name")),
        flag("withoutSource", Condition::is_null(DEPLOYMENT.col("source"))),
        equal("source", DEPLOYMENT.col("source")),
        compare("before", DEPLOYMENT.col("deploy_time"), Comparison::Less),
        compare("after", DEPLOYMENT.col("deploy_time"), Comparison::Greater),
        tenants(
            "tenantIdIn",
            DEPLOYMENT.col("tenant_id"),
            ListForm::Optional,
            Some("includeDeploymentsWithoutTenantId"),
        ),
        without_tenant(DEPLOYMENT.col("tenant_id")),
        modifier("includeDeploymentsWithoutTenantId"),
    ],
    sorts: vec![
        sort("id", DEPLOYMENT.col("id")),
        sort("name", DEPLOYMENT.col("name")),
        sort_time("deploymentTime", DEPLOYMENT.col("deploy_time"), DEPLOYMENT.col("id")),
        sort("tenantId", DEPLOYMENT.col("tenant_id")),
    ],
    rules: vec![Rule::AtMostOne(&["source", "withoutSource"], QueryErrorKind::InvalidValue)],
    tie_break: vec![DEPLOYMENT.col("id")],
});

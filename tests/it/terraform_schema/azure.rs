//! What hashicorp/azurerm takes of the types that `infra/azure/` uses, written down by hand: the provider cannot be had
//! where this is tested.
//!
//! Sources: the pages of the same names in the provider's documentation, versions 4.57 to 5.2, without what `infra/azure/`
//! has no use for.

use super::schemas::Schema;

/// The kind of a block, its type, and what may be in it.
pub(super) fn schemas() -> [(&'static str, &'static str, Schema); 8] {
    let placed = ["name!", "location!", "resource_group_name!", "tags"];
    let of = |names: &[&str]| Schema::of(&[&placed[..], names].concat());
    let profile = Schema::of(&["name!", "workload_profile_type!", "maximum_count", "minimum_count"]);
    let environment = [
        "logs_destination",
        "log_analytics_workspace_id",
        "infrastructure_subnet_id",
        "infrastructure_resource_group_name",
        "internal_load_balancer_enabled",
        "zone_redundancy_enabled",
        "mutual_tls_enabled",
    ];
    let database = Schema::of(&[
        "access_keys_authentication_enabled",
        "client_protocol",
        "clustering_policy",
        "eviction_policy",
        "persistence_append_only_file_backup_frequency",
        "persistence_redis_database_backup_frequency",
    ]);
    [
        ("data", "azurerm_resource_group", Schema::of(&["name!"])),
        ("data", "azurerm_subnet", Schema::of(&["name!", "virtual_network_name!", "resource_group_name!"])),
        ("resource", "azurerm_log_analytics_workspace", of(&["sku", "retention_in_days", "daily_quota_gb"])),
        (
            "resource",
            "azurerm_container_app_environment",
            of(&environment).with("workload_profile", profile).with("identity", identity()),
        ),
        (
            "resource",
            "azurerm_managed_redis",
            of(&["sku_name!", "high_availability_enabled", "public_network_access"])
                .with("default_database", database)
                .with("identity", identity()),
        ),
        ("resource", "azurerm_user_assigned_identity", of(&[])),
        (
            "resource",
            "azurerm_role_assignment",
            Schema::of(&["scope!", "role_definition_name", "role_definition_id", "principal_id!"]),
        ),
        ("resource", "azurerm_container_app", container_app()),
    ]
}

fn identity() -> Schema {
    Schema::of(&["type!", "identity_ids"])
}

fn container_app() -> Schema {
    let ingress =
        Schema::of(&["external_enabled", "target_port!", "transport", "allow_insecure_connections"]).with(
            "traffic_weight",
            Schema::of(&["percentage!", "latest_revision", "revision_suffix", "label"]),
        );
    let template = Schema::of(&[
        "min_replicas",
        "max_replicas",
        "revision_suffix",
        "termination_grace_period_seconds",
        "cooldown_period_in_seconds",
        "polling_interval_in_seconds",
    ])
    .with("http_scale_rule", Schema::of(&["name!", "concurrent_requests!"]))
    .with("container", container());
    let app = [
        "name!",
        "container_app_environment_id!",
        "resource_group_name!",
        "revision_mode!",
        "workload_profile_name",
        "max_inactive_revisions",
        "tags",
    ];
    Schema::of(&app)
        .with("identity", identity())
        .with("registry", Schema::of(&["server!", "identity", "username", "password_secret_name"]))
        .with("secret", Schema::of(&["name!", "value", "key_vault_secret_id", "identity"]))
        .with("ingress", ingress)
        .with("template", template)
}

fn container() -> Schema {
    let probe = || {
        let names = [
            "transport!",
            "port!",
            "path",
            "host",
            "initial_delay",
            "interval_seconds",
            "timeout",
            "failure_count_threshold",
        ];
        Schema::of(&names)
    };
    let mut readiness = probe();
    readiness.0.extend(Schema::of(&["success_count_threshold"]).0);
    Schema::of(&["name!", "image!", "cpu!", "memory!", "args", "command"])
        .with("env", Schema::of(&["name!", "value", "secret_name"]))
        .with("startup_probe", probe())
        .with("readiness_probe", readiness)
        .with("liveness_probe", probe())
}

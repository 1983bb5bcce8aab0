service            = "orders"
environment        = "staging"
cidr_block         = "10.20.0.0/16"
log_retention_days = 30

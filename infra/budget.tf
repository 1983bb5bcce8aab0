# Makes a budget, if you want one: whoever hears of alarms hears when the month is likely to cost more than it may.
# AWS tells deployments apart by our tag, and only once that is activated as a cost allocation tag (in the account that
# pays: Billing and Cost Management, Cost allocation tags). It looks a few times a day. A budget stops nothing.

resource "aws_budgets_budget" "runtask" {
  count = var.monthly_budget_usd == null ? 0 : 1

  tags = local.tags

  name         = local.own_name
  budget_type  = "COST"
  limit_amount = var.monthly_budget_usd
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [join("$", ["user:runtask", local.tags["runtask"]])]
  }

  notification {
    notification_type          = "ACTUAL"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = local.budget_readers
  }

  notification {
    notification_type          = "FORECASTED"
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = local.budget_readers
  }
}

locals {
  budget_readers = distinct(compact([var.alarm_email, var.inform_email]))
}

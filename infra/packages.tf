# Finds the zips that `make package` makes, and makes the layer that holds terraform. The layer that holds policies is
# in tasks.tf.

locals {
  package_directory = "${startswith(var.package_directory, "/") ? "" : "${path.module}/"}${var.package_directory}/${var.architecture}"

  packages = { for package in ["request-handler", "callback-handler", "failure-handler", "approval-handler", "approval-sweep", "report-handler", "terraform-layer"] :
    package => "${local.package_directory}/${package}.zip"
  }

  # For a zip that is not there.
  package_advice = "run `make package ARCHITECTURE=${var.architecture}${var.approvals == null ? "" : " APPROVALS=1"}${var.reports == null ? "" : " REPORTS=1"}` first, with POLICY=… and SCANNERS=… where you pack those, on the machine where Terraform runs (a workspace of HCP Terraform needs the execution mode Local)."
}

# Puts a pinned terraform at /opt/bin/terraform, unless the formatter that is built in is all that judges.
resource "aws_lambda_layer_version" "terraform" {
  count = var.fmt_engine == "native" ? 0 : 1

  layer_name               = "${local.name}-terraform"
  description              = "terraform at /opt/bin/terraform"
  filename                 = local.packages["terraform-layer"]
  source_code_hash         = filebase64sha256(local.packages["terraform-layer"])
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]

  lifecycle {
    # A function must not name a layer that is gone.
    create_before_destroy = true

    precondition {
      condition     = fileexists(local.packages["terraform-layer"])
      error_message = "There is no ${local.packages["terraform-layer"]}: ${local.package_advice}"
    }
  }
}

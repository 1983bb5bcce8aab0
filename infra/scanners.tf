# Puts the programs of scanners at /opt/bin, where `make package SCANNERS=LIST` has packed some.

locals {
  scanners_are_packed = local.packages["scanners"].exists && local.packages["callback-handler"].package_type == "Zip"
}

resource "aws_lambda_layer_version" "scanners" {
  count = local.scanners_are_packed ? 1 : 0

  region = var.region

  layer_name               = "${local.name}-scanners"
  description              = "Scanners in /opt/bin"
  filename                 = local.packages["scanners"].filename
  s3_bucket                = local.packages["scanners"].s3_bucket
  s3_key                   = local.packages["scanners"].s3_key
  s3_object_version        = local.packages["scanners"].s3_object_version
  source_code_hash         = local.packages["scanners"].source_code_hash
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]

  lifecycle {
    # A function must not name a layer that is gone.
    create_before_destroy = true

    precondition {
      condition     = length(var.additional_layers) + (local.policy_is_packed ? 1 : 0) < (var.fmt_engine == "native" ? 5 : 4)
      error_message = "Lambda takes five layers: with terraform's (unless fmt_engine is native), that of the policies and that of the scanners, additional_layers can have two."
    }
  }
}

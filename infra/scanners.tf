# Puts the programs of scanners at /opt/bin, where `make package SCANNERS=LIST` has packed some.

locals {
  scanners_zip        = "${local.package_directory}/scanners.zip"
  scanners_are_packed = fileexists(local.scanners_zip)
}

resource "aws_lambda_layer_version" "scanners" {
  count = local.scanners_are_packed ? 1 : 0

  layer_name               = "${local.name}-scanners"
  description              = "Scanners in /opt/bin"
  filename                 = local.scanners_zip
  source_code_hash         = filebase64sha256(local.scanners_zip)
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

# Finds the packages: zips that `make package` made, unless the variable packages says that one is elsewhere.

locals {
  package_directory = "${startswith(var.package_directory, "/") ? "" : "${path.module}/"}${var.package_directory}/${var.architecture}"

  # Those of functions; and those of layers, of which two need not be there.
  function_packages = ["request-handler", "callback-handler", "failure-handler", "approval-handler", "approval-sweep", "report-handler"]
  layer_packages    = ["terraform-layer", "policy", "scanners"]

  places = { for name in concat(local.function_packages, local.layer_packages) :
    name => lookup(var.packages, name, { path = "${local.package_directory}/${name}.zip", s3 = null, image = null })
  }

  # What a resource is told of each.
  packages = { for name, it in local.places : name => {
    exists = it.path == null || fileexists(coalesce(it.path, "none"))

    filename          = it.path
    s3_bucket         = try(it.s3.bucket, null)
    s3_key            = try(it.s3.key, null)
    s3_object_version = try(it.s3.version, null)
    source_code_hash = (
      it.s3 != null ? local.base64_sums[name] :
      it.path != null && fileexists(coalesce(it.path, "none")) ? filebase64sha256(it.path) : null
    )

    image_uri    = try(it.image.uri, null)
    commands     = try(it.image.command, null) == null ? [] : [it.image.command]
    package_type = it.image == null ? "Zip" : "Image"
    # An image says itself how it runs, and has no layers.
    runtime = it.image == null ? "provided.al2023" : null
    handler = it.image == null ? "bootstrap" : null
  } }

  # sha256sum prints checksums in hexadecimal digits, Lambda wants them in base64: three digits are two characters, and the
  # last digit is one.
  base64_alphabet = split("", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  base64_sums = { for name, it in local.places :
    name => join("", concat(
      flatten([for at in range(0, 63, 3) : [
        local.base64_alphabet[floor(parseint(substr(it.s3.sha256, at, 3), 16) / 64)],
        local.base64_alphabet[parseint(substr(it.s3.sha256, at, 3), 16) % 64],
      ]]),
      [local.base64_alphabet[parseint(substr(it.s3.sha256, 63, 1), 16) * 4], "="],
    )) if it.s3 != null
  }

  # For a zip that is not there.
  package_advice = "run `make package ARCHITECTURE=${var.architecture}${var.approvals == null ? "" : " APPROVALS=1"}${var.reports == null ? "" : " REPORTS=1"}` first, with POLICY=… and SCANNERS=… where you pack those, on the machine where Terraform runs (a workspace of HCP Terraform needs the execution mode Local), or say in the variable packages where it is."
  package_missing = { for name, it in local.places :
    name => "There is no ${coalesce(it.path, "package")}: ${local.package_advice}"
  }
}

# Puts a pinned terraform at /opt/bin/terraform, unless the formatter that is built in is all that judges, or the callback
# handler is an image, which has its own.
resource "aws_lambda_layer_version" "terraform" {
  count = var.fmt_engine == "native" || local.packages["callback-handler"].package_type == "Image" ? 0 : 1

  region = var.region

  layer_name               = "${local.name}-terraform"
  description              = "terraform at /opt/bin/terraform"
  filename                 = local.packages["terraform-layer"].filename
  s3_bucket                = local.packages["terraform-layer"].s3_bucket
  s3_key                   = local.packages["terraform-layer"].s3_key
  s3_object_version        = local.packages["terraform-layer"].s3_object_version
  source_code_hash         = local.packages["terraform-layer"].source_code_hash
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]

  lifecycle {
    # A function must not name a layer that is gone.
    create_before_destroy = true

    precondition {
      condition     = local.packages["terraform-layer"].exists
      error_message = local.package_missing["terraform-layer"]
    }
  }
}

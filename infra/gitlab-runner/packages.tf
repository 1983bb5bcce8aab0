# Finds the zips of the two functions that are no image. `make runner-image` puts them beside it.

locals {
  packages = { for function in ["gitlab-hook-function", "gitlab-failure-function"] :
    function => "${startswith(var.package_directory, "/") ? "" : "${path.module}/"}${var.package_directory}/${var.architecture}/${function}.zip"
  }
}

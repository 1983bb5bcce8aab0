# The least: every variable at its default, packages where `make package` leaves them, the region of AWS_REGION.

module "run_task" {
  source = "../.."
}

output "url" {
  description = "The URL to register with HCP Terraform."
  value       = module.run_task.url
}

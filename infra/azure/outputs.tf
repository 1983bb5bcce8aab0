output "container_image" {
  description = "The image that runs."
  value       = local.container_image
}

output "default_domain_url" {
  description = "Address of the run task, which stays when a revision is replaced by another one. Register it in HCP Terraform with the path /teams-approval."
  value       = "https://${azurerm_container_app.this.ingress[0].fqdn}"
}

# Formatting judged by the formatter that is built in: no layer with terraform, and half the memory.
# The packages come from `make package FMT_ENGINE=native`.

module "run_task" {
  source = "../.."

  name                       = "runtask-native"
  fmt_engine                 = "native"
  callback_handler_memory_mb = 512
}

output "url" {
  description = "The URL to register with HCP Terraform."
  value       = module.run_task.url
}

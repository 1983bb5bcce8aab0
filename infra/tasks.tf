# Gives the functions their tasks and policies: from the layer that `make package POLICY=…` makes, or from a file that
# the variable tasks_file names, which may lie in a layer or in the function's image. With neither, there is the task `default`, with the checks of the variable checks.

locals {
  # Whether there is a layer with tasks; and whether `make package` has said beside it which they are.
  policy_is_packed  = local.packages["policy"].exists
  policy_says_tasks = local.policy_is_packed && !contains(keys(var.packages), "policy")

  # Where the callback handler finds the tasks.
  config = var.tasks_file != null ? var.tasks_file : local.policy_says_tasks ? "/opt/runtask/runtask.toml" : null

  # The request handler answers 404 for any other task, and does not read the file: so it is told the names.
  tasks = sort(
    var.tasks_file != null ? var.tasks :
    local.policy_says_tasks ? tolist(jsondecode(file("${local.package_directory}/policy.json")).tasks) :
    ["default"]
  )

  config_environment = { for name, value in { RUNTASK_CONFIG = local.config } : name => value if value != null }
  checks_environment = { for name, value in { RUNTASK_CHECKS = join(",", coalesce(var.checks, ["fmt"])) } : name => value if local.config == null }
  tasks_environment  = { for name, value in { RUNTASK_TASKS = join(",", local.tasks) } : name => value if local.config != null }
}

# Puts runtask.toml, and the files that it names, into /opt/runtask.
resource "aws_lambda_layer_version" "policy" {
  count = local.policy_is_packed ? 1 : 0

  region = var.region

  layer_name               = "${local.name}-policy"
  description              = "Tasks and policies in /opt/runtask"
  filename                 = local.packages["policy"].filename
  s3_bucket                = local.packages["policy"].s3_bucket
  s3_key                   = local.packages["policy"].s3_key
  s3_object_version        = local.packages["policy"].s3_object_version
  source_code_hash         = local.packages["policy"].source_code_hash
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]

  lifecycle {
    # A function must not name a layer that is gone.
    create_before_destroy = true

    precondition {
      condition     = !local.policy_says_tasks || var.tasks_file == null
      error_message = "The tasks can be in one place only: unset tasks_file and tasks, or run `make package` without POLICY."
    }

    precondition {
      condition     = local.policy_says_tasks || startswith(coalesce(var.tasks_file, "-"), "/opt/")
      error_message = "Only beside the policy.zip that `make package` writes stands which tasks are in it: with packages.policy, set tasks_file to /opt/runtask/runtask.toml, and tasks to their names."
    }

    precondition {
      condition     = length(var.additional_layers) < (var.fmt_engine == "native" ? 5 : 4)
      error_message = "Lambda takes five layers: with terraform's (unless fmt_engine is native) and that of the policies, additional_layers can have three."
    }
  }
}

# Lets the callback handler and the failure handler read the file that tasks_file names, where that is not theirs already.
locals {
  tasks_file_statements = [for file in [var.tasks_file] : {
    Sid      = "TasksFile"
    Effect   = "Allow"
    Action   = startswith(file, "ssm:") ? "ssm:GetParameter" : "s3:GetObject"
    Resource = local.tasks_file_arn
  } if file != null && !startswith(coalesce(file, "-"), "/")]

  tasks_file_arn = (
    var.tasks_file == null ? null :
    startswith(var.tasks_file, "ssm:") ?
    "${local.parameter_prefix}${trimprefix(var.tasks_file, "ssm://")}" :
    "arn:${data.aws_partition.current.partition}:s3:::${trimprefix(var.tasks_file, "s3://")}"
  )

  # Parameter Store and S3 use a customer's key in the reader's name.
  decrypt_tasks_file_statements = [for key in [var.tasks_file_kms_key] : {
    Sid      = "DecryptTasksFile"
    Effect   = "Allow"
    Action   = "kms:Decrypt"
    Resource = key
    Condition = {
      StringEquals = startswith(var.tasks_file, "ssm:") ? {
        "kms:EncryptionContext:PARAMETER_ARN" = [local.tasks_file_arn]
        } : {
        # A bucket with a bucket key names itself, and not the object.
        "kms:EncryptionContext:aws:s3:arn" = [local.tasks_file_arn, split("/", local.tasks_file_arn)[0]]
      }
    }
  } if key != null]
}

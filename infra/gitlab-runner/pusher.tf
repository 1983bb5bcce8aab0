# Makes the role that pushes the image, and can do nothing else. Who may take it on is the variable image_pushers.

resource "aws_iam_role" "image_pusher" {
  count = length(var.image_pushers) == 0 ? 0 : 1

  name        = "${local.name}-image-pusher"
  description = "Pushes images of the GitLab runner"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.image_pushers }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "image_pusher" {
  count = length(var.image_pushers) == 0 ? 0 : 1

  name = "image-pusher"
  role = aws_iam_role.image_pusher[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # It knows no resources.
        Sid      = "Login"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid    = "Push"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload",
          "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = aws_ecr_repository.runner.arn
      },
    ]
  })
}

# What tests/cli/elsewhere/stack.yaml declares, as Terraform creates it.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "us-east-1"
}

resource "aws_vpc" "network" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "jobs" {
  vpc_id     = aws_vpc.network.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_security_group" "jobs" {
  name   = "jobs"
  vpc_id = aws_vpc.network.id
}

resource "aws_batch_compute_environment" "spot" {
  compute_environment_name = "spot"
  type                     = "MANAGED"
  compute_resources {
    type                = "SPOT"
    allocation_strategy = "SPOT_PRICE_CAPACITY_OPTIMIZED"
    min_vcpus           = 0
    max_vcpus           = 64
    instance_type       = ["m6i", "c6i"]
    subnets             = [aws_subnet.jobs.id]
    security_group_ids  = [aws_security_group.jobs.id]
    instance_role       = "arn:aws:iam::123456789012:instance-profile/ecsInstanceRole"
  }
}

resource "aws_batch_compute_environment" "serverless" {
  compute_environment_name = "serverless"
  type                     = "MANAGED"
  compute_resources {
    type               = "FARGATE"
    max_vcpus          = 16
    subnets            = [aws_subnet.jobs.id]
    security_group_ids = [aws_security_group.jobs.id]
  }
}

resource "aws_batch_scheduling_policy" "fair" {
  name = "fair"
  fair_share_policy {
    compute_reservation = 1
    share_decay_seconds = 3600
    share_distribution {
      share_identifier = "A"
      weight_factor    = 0.1
    }
  }
}

resource "aws_batch_job_queue" "pricing" {
  name                  = "pricing"
  state                 = "ENABLED"
  priority              = 10
  scheduling_policy_arn = aws_batch_scheduling_policy.fair.arn
  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.spot.arn
  }
}

resource "aws_batch_job_definition" "simulate" {
  name = "simulate"
  type = "container"
  container_properties = jsonencode({
    image                = "busybox:1"
    command              = ["echo", "hello"]
    resourceRequirements = [{ type = "VCPU", value = "1" }, { type = "MEMORY", value = "128" }]
    environment          = [{ name = "B", value = "1" }, { name = "A", value = "2" }]
  })
  retry_strategy {
    attempts = 2
    evaluate_on_exit {
      on_reason = "*"
      action    = "RETRY"
    }
  }
  timeout {
    attempt_duration_seconds = 600
  }
}

resource "aws_batch_job_definition" "pod" {
  name = "pod"
  type = "container"
  eks_properties {
    pod_properties {
      containers {
        image   = "busybox:1"
        command = ["sleep", "60"]
        resources {
          limits = { cpu = "1", memory = "1024Mi" }
        }
      }
      metadata {
        labels = { team = "risk" }
      }
    }
  }
}

output "subnet" {
  value = aws_subnet.jobs.id
}

output "group" {
  value = aws_security_group.jobs.id
}

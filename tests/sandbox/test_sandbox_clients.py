"""Clients of others on the sandbox: the AWS command line, and boto3's paginators."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import boto3
import pytest

from reconciler.sandbox.server.http import sandbox_server
from reconciler.sandbox.session import sandbox_session


@pytest.fixture(name="aws")
def _aws(lab):
    """Run the AWS command line against a server of the laboratory."""
    command = Path(sys.executable).with_name("aws")
    if not command.exists():
        pytest.skip("no aws command")
    server = sandbox_server(lab.simulator, 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    environment = {
        "AWS_ENDPOINT_URL_BATCH": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": os.environ["PATH"],
    }

    def run(*words):
        line = [command, "batch", *words, "--output", "json"]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    yield run
    server.shutdown()
    server.server_close()


def test_the_aws_command_line_makes_a_resource(aws):
    assert aws("create-scheduling-policy", "--name", "fair") == {
        "name": "fair",
        "arn": "arn:aws:batch:us-east-1:123456789012:scheduling-policy/fair",
    }


def test_the_aws_command_line_submits_and_lists_jobs(aws, lab):
    lab.busy()
    done = aws("submit-job", "--job-name", "frame-1", "--job-queue", "main", "--job-definition", "render")
    lab.clock.turn(2)
    [job] = aws("list-jobs", "--job-queue", "main")["jobSummaryList"]
    assert (job["jobId"], job["jobName"], job["status"]) == (done["jobId"], "frame-1", "RUNNING")


def test_boto3_pages_through_the_jobs_of_a_queue(lab):
    lab.busy(maxvCpus=1)
    jobs = lab.submit(250)
    batch = boto3.Session(botocore_session=sandbox_session(lab.simulator, "us-east-1")).client("batch")
    pages = batch.get_paginator("list_jobs").paginate(
        jobQueue="main", jobStatus="SUBMITTED", PaginationConfig={"PageSize": 100}
    )
    listed = [[job["jobId"] for job in page["jobSummaryList"]] for page in pages]
    assert [len(page) for page in listed] == [100, 100, 50]
    assert [job for page in listed for job in page] == jobs[::-1]

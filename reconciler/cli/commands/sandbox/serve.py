"""`reconciler sandbox serve`."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from reconciler.cli.commands.sandbox.place import DEFAULT_FILE, add_file
from reconciler.cli.options import parse_file_name, parse_port
from reconciler.cli.output import Output
from reconciler.problems import Exit, WrongUsage

EXAMPLES = """\
examples:
  reconciler sandbox serve
  AWS_ENDPOINT_URL=http://127.0.0.1:5055 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws batch describe-job-queues
  reconciler sandbox serve --port 0 --file /tmp/sandbox.json --latency 0.05
  reconciler sandbox serve --instant            for test suites: resources settle and jobs end without delay
  reconciler sandbox serve --iam apply.json     callers may do what `iam-policy -o json=apply.json` allows, and no more

The simulator answers for AWS Batch; moto (pip install 'batch-reconciler[sandbox]') answers for STS, EC2, IAM, ECR,
SSM, Secrets Manager, CloudFormation, EventBridge, CloudWatch Logs and the Resource Groups Tagging API. Batch is kept in
the file; the others lose their state when the server ends. A service that is not served is refused by name, and the
server opens no connection itself. Any credentials are accepted; those of AssumeRole work in the account of the role.

`POST /_sandbox/reset` deletes everything, as `POST /moto-api/reset` does, for suites that run on moto's server.

Requests must be for localhost, 127.0.0.1 or [::1] with the server's port. Requests of web pages are refused.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=parse_port, default=5055, help="the port; 0 chooses a free one (default: 5055)")
    parser.add_argument(
        "--latency", type=_parse_seconds, default=0.0, metavar="SECONDS", help="delay of every response"
    )
    parser.add_argument(
        "--instant", action="store_true", help="settle resources and end jobs without delay, unless a job says how long"
    )
    parser.add_argument(
        "--iam", metavar="FILE", type=parse_file_name, help="a policy: calls of Batch that it does not allow are denied"
    )
    add_file(parser)


def run(args: Namespace, _out: Output) -> int:
    from reconciler.sandbox.core.clock import INSTANT
    from reconciler.sandbox.core.iam import policy_in
    from reconciler.sandbox.server.http import serve
    from reconciler.sandbox.session import open_sandbox

    def ready(url: str) -> None:
        sys.stdout.write(f"Serving AWS Batch at {url}\n")
        sys.stderr.write(f"Use it with AWS_ENDPOINT_URL={url} and any credentials. Ctrl-C ends it.\n")
        sys.stdout.flush()

    try:
        simulator = open_sandbox(args.file or DEFAULT_FILE, timings=INSTANT if args.instant else None)
        simulator.policy = policy_in(args.iam) if args.iam else None
        serve(simulator, args.port, latency=args.latency, ready=ready)
    except KeyboardInterrupt:
        return Exit.DONE
    except OSError as error:
        raise WrongUsage(
            f"cannot listen on port {args.port}: {error.strerror}", hint="choose another --port"
        ) from error
    return Exit.DONE


def _parse_seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(text)

"""`reconciler notify`."""

import os
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.app.request import Place
from reconciler.cli.clients import sns_for
from reconciler.cli.options import add_output, place_of
from reconciler.cli.output import Output, read_drift_document
from reconciler.ports import Observer
from reconciler.problems import Exit, WrongUsage

if TYPE_CHECKING:
    from reconciler.report.fleet import Deployment, DeploymentOutcome

WEBHOOK = "RECONCILER_WEBHOOK"
LOST = "it may have been delivered; running the command again may deliver it twice"
EXAMPLES = """\
  reconciler drift --all -o json=drift.json
  reconciler notify drift.json --before yesterday.json       only drift that is new since then
  reconciler notify drift.json --sns arn:aws:sns:us-east-1:123456789012:drift

The webhook's URL is read from RECONCILER_WEBHOOK, since it is a secret. It receives {"text": …, "targets": […]} by
POST, which Slack, Mattermost and others show. Nothing is sent if nothing is new. With --before, unchanged drift is not
sent again; a FIFO topic drops duplicates within five minutes.
"""


def add(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a document written by `drift -o json=FILE`")
    parser.add_argument(
        "--before", metavar="FILE", help="the previous drift document; unchanged drift is not reported again"
    )
    parser.add_argument("--sns", metavar="ARN", help="the topic to publish to, with the credentials of the environment")
    parser.add_argument("--profile", help="profile of the AWS configuration files")
    parser.add_argument("--role-arn", metavar="ARN", help="role to assume first")
    add_output(parser)


def run(args: Namespace, out: Output) -> int:
    address = _address()
    if not (address or args.sns):
        raise WrongUsage("no destination is given", hint=f"set {WEBHOOK}, or give --sns")
    news = _news(args.file, args.before)
    if news and address:
        _post(address, news)
    if news and args.sns:
        _publish(args.sns, news, place_of(args), out.watch)
    names = [outcome.target for outcome in news]
    message = f"notified of {len(news)}: {', '.join(names)}" if news else "nothing is new"
    out.publish_text(f"{message}\n", lambda: {"targets": names})
    return Exit.DONE


def _address() -> str:
    """Return the webhook's address; empty where none is set. Raises `WrongUsage` without quoting it."""
    from reconciler.adapters.forge.http import checked_url

    address = os.environ.get(WEBHOOK, "").strip()
    if address:
        checked_url(address, f"the webhook ({WEBHOOK})")
    return address


def _news(file: str, before: str | None) -> list["DeploymentOutcome"]:
    from reconciler.report.comments import drift_digest, is_known

    known: dict[str, list[Deployment]] = {}
    for outcome in read_drift_document(before).outcomes if before else ():
        known.setdefault(drift_digest(outcome) if is_known(outcome) else "", []).append(outcome.deployment)
    drifts = [(outcome, drift_digest(outcome)) for outcome in read_drift_document(file).outcomes if is_known(outcome)]
    return [
        outcome
        for outcome, digest in drifts
        if digest and not any(map(outcome.deployment.is_same, known.get(digest, ())))
    ]


def _post(address: str, news: list["DeploymentOutcome"]) -> None:
    from reconciler.adapters.forge.http import Gone, Http
    from reconciler.adapters.machine import WallClock
    from reconciler.report.comments import message

    targets = [{"target": outcome.target, "told": outcome.told} for outcome in news]
    secrets = (address, urlsplit(address).path.strip("/"))
    http = Http("the webhook", WallClock(), secrets=secrets, lost=LOST)
    try:
        http.send("POST", address, {"text": message(news), "targets": targets})
    except Gone as gone:
        raise WrongUsage(str(gone), hint=f"check {WEBHOOK}") from gone


def _publish(topic: str, news: list["DeploymentOutcome"], place: Place, observer: Observer) -> None:
    import hashlib

    from reconciler.report.comments import drift_digest, message

    request = {"TopicArn": topic, "Subject": "AWS Batch: drift", "Message": message(news)}
    if topic.endswith(".fifo"):
        digests = "".join(drift_digest(outcome) for outcome in news)
        request["MessageDeduplicationId"] = hashlib.sha256(digests.encode()).hexdigest()
        request["MessageGroupId"] = "drift"
    sns_for(topic, place, observer).call("Publish", request)

"""Writes the table of instance types: `python -m tests.instance_types --update`, from moto's copy of EC2 and the installed SDK."""

import datetime as dt
import gzip
import json
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from reconciler import placement
from reconciler.adapters.lookup.installed import instance_types
from reconciler.placement.catalogue import COLUMNS, FILE, Catalogue, InstanceType, described, read

TABLE = Path(placement.__path__[0]) / FILE

# What moto's copy lacks, since us-east-1 no longer offers it: vCPUs, GiB and GPUs from the page 'Run GPU jobs' of the
# AWS Batch User Guide. The accelerators of dl1 are not of NVIDIA.
GPU_PAGE = {
    "g3s.xlarge": (4, 30.5, 1),
    "g3.4xlarge": (16, 122, 1),
    "g3.8xlarge": (32, 244, 2),
    "g3.16xlarge": (64, 488, 4),
    "p2.xlarge": (4, 61, 1),
    "p2.8xlarge": (32, 488, 8),
    "p2.16xlarge": (64, 732, 16),
    "p3.2xlarge": (8, 61, 1),
    "p3.8xlarge": (32, 244, 4),
    "p3.16xlarge": (64, 488, 8),
    "dl1.24xlarge": (96, 768, None),
}
EFA_OF_PAGE = ("dl1.24xlarge",)  # 'Elastic Fabric Adapter', supported instance types (Amazon EC2 User Guide)
MIB = 1024


def current() -> dict[str, InstanceType]:
    """Return all instance types that are known today, by name."""
    found = {name: InstanceType(name) for name in instance_types()}
    for name, (vcpus, gib, gpus) in GPU_PAGE.items():
        found[name] = InstanceType(name, vcpus, int(gib * MIB), gpus, ("x86_64",), efa=name in EFA_OF_PAGE)
    copy = files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()
    return found | {name: described(facts) for name, facts in json.loads(gzip.decompress(copy)).items()}


def rendered(catalogue: Catalogue) -> str:
    """Return the file of a table."""
    head = [f"# date: {catalogue.date}", f"# source: {catalogue.source}", "\t".join(COLUMNS)]
    return "\n".join([*head, *(catalogue.types[name].row for name in sorted(catalogue.types)), ""])


def update() -> None:
    """Write the table; a type that is no longer known keeps its row."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    source = (
        f"EC2 DescribeInstanceTypes as copied by moto {version('moto')}; page 'Run GPU jobs' of the AWS Batch User "
        f"Guide; names of botocore {version('botocore')}"
    )
    before = read(TABLE.read_text(encoding="utf-8")).types if TABLE.is_file() else {}
    TABLE.write_text(rendered(Catalogue(today, source, before | current())), encoding="utf-8")


if __name__ == "__main__" and "--update" in sys.argv:
    update()

"""`!ssm`, `!cfn` and `!secret`: parameters, outputs of stacks, secrets. Only calls that read, each made once."""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.adapters.lookup.states import FILE, States, fetch_file
from reconciler.model import Identity, Json, StatePlace
from reconciler.placeholders import Secret
from reconciler.ports import Cloud, Missing, Unsupported
from reconciler.problems import CloudError, Fault

# What the services answer for what does not exist (GetParameter, DescribeStacks, GetSecretValue).
NOT_FOUND = ("ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException")
NO_STACK = ("ValidationError", "does not exist")
NO_PERMISSION = ("AccessDenied", "AccessDeniedException")
# The action that a denial speaks of. SSM and Secrets Manager deny with their own code what KMS has denied them.
LACKING = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
KEY = re.compile(r"\bKMS\b|ciphertext", re.IGNORECASE)
Answer = Mapping[str, Json] | Missing | CloudError


@dataclass(frozen=True, slots=True)
class AwsLookups:
    """`service` gives the cloud whose calls go to a service, by botocore's name of it; `here` is where they go.

    `states` are those of Terraform.
    """

    service: Callable[[str], Cloud]
    here: Callable[[], Identity]
    states: States = field(default_factory=lambda: States({FILE: fetch_file}))
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)

    def find(self, tag: str, argument: str) -> str | list[str]:
        """Return the value. Raises `Missing`, `Unsupported` and `CloudError`."""
        match tag:
            case "ssm":
                return self._parameter(argument)
            case "cfn":
                return self._output(*argument.split(".", 1))
            case "secret":
                return self._secret(*argument.partition("#")[::2])
        raise Unsupported(f"!{tag} lookups are not supported here")

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        return self.states.find(argument, place)

    def _parameter(self, name: str) -> str | list[str]:
        request = {"Name": name, "WithDecryption": True}
        found = self._asked("ssm", "GetParameter", name, request, f"the parameter {name} does not exist")["Parameter"]
        value = str(found["Value"])
        if found.get("Type") == "StringList":
            return value.split(",")
        return Secret(value) if found.get("Type") == "SecureString" else value

    def _output(self, stack: str, output: str) -> str:
        missing = f"the CloudFormation stack {stack} does not exist"
        answer = self._asked("cloudformation", "DescribeStacks", stack, {"StackName": stack}, missing)
        outputs = {one["OutputKey"]: str(one["OutputValue"]) for one in answer["Stacks"][0].get("Outputs", ())}
        if output not in outputs:
            near = difflib.get_close_matches(output, outputs, n=1)
            hint = f"did you mean {near[0]}?" if near else f"its outputs are: {', '.join(sorted(outputs)) or 'none'}"
            raise Missing(f"the CloudFormation stack {stack} has no output {output}", hint)
        return outputs[output]

    def _secret(self, name: str, key: str) -> Secret:
        missing = f"the secret {name} does not exist"
        answer = self._asked("secretsmanager", "GetSecretValue", name, {"SecretId": name}, missing)
        text = answer.get("SecretString")
        if text is None:
            raise Missing(f"the secret {name} is binary", "use a secret with a SecretString")
        return Secret(_member(name, key, text) if key else text)

    def _asked(
        self, service: str, operation: str, name: str, request: Mapping[str, Json], missing: str
    ) -> Mapping[str, Json]:
        """Return the one answer to a question, or raise it: what failed would fail again."""
        if (service, name) not in self.answers:
            self.answers[service, name] = self._answer(service, operation, request, missing)
        answer = self.answers[service, name]
        if isinstance(answer, Missing | CloudError):
            raise answer
        return answer

    def _answer(self, service: str, operation: str, request: Mapping[str, Json], missing: str) -> Answer:
        """Say what a failed call means to whoever wrote the look-up."""
        try:
            return self.service(service).call(operation, request)
        except CloudError as error:
            here = self.here()
            if error.code in NOT_FOUND or (error.code == NO_STACK[0] and NO_STACK[1] in error.message):
                return Missing(missing, f"checked in account {here.account}, region {here.region}")
            if error.fault is Fault.DENIED and error.code in NO_PERMISSION:
                action = _lacking(f"{service}:{operation}", error.message)
                return replace(error, hint=f"the caller needs the permission {action} in {here.region}")
            return error


def _lacking(action: str, message: str) -> str:
    """Return the action that was denied. Actions of IAM are named as the services are."""
    if found := LACKING.search(message):
        return found[1]
    return "kms:Decrypt" if KEY.search(message) else action


def _member(name: str, key: str, text: str) -> str:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if not isinstance(whole, dict):
        raise Missing(f"the secret {name} is not a JSON object, so it has no keys", f"write `!secret {name}`")
    if whole.get(key) is None:
        raise Missing(f"the secret {name} has no key {key}", "check the key: it is case-sensitive")
    return whole[key] if isinstance(whole[key], str) else json.dumps(whole[key])

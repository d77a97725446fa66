"""The schema of the file that names targets, for editors; what is wrong with such a file is told by its reader."""

from reconciler.model import Json

TEXT: Json = {"type": "string"}
TEXTS: Json = {"anyOf": [{"type": "array", "minItems": 1, "items": {"type": "string"}}, {"type": "string"}]}
ACCOUNT: Json = {"type": "string", "pattern": "^[0-9]{12}$"}


def _closed(properties: Json) -> Json:
    return {"type": "object", "additionalProperties": False, "properties": properties}


GUARDS: Json = {
    "description": "What may happen there without anybody being asked each time.",
    **_closed(
        {
            "adopt": {"type": "boolean", "default": False, "description": "Take over what nobody owns."},
            "allowReplace": {
                "type": "boolean",
                "default": False,
                "description": "Replace what cannot be changed in place.",
            },
            "allowDestroy": {**TEXTS, "description": "Delete these, as KIND/NAME; * and ? match."},
            "maxInterrupted": {
                "type": "integer",
                "minimum": 0,
                "description": "Replace instances on which at most so many jobs run.",
            },
            "maxDestroy": {
                "anyOf": [
                    {"type": "integer", "minimum": 0},
                    {"type": "string", "pattern": "^([0-9]{1,9}|(100|[0-9]{1,2})%)$"},
                ],
                "description": "Delete no more than so many, or so much of what is live: 5, or 20%.",
            },
        }
    ),
}
SHARED: Json = {
    "variables": {"type": "object", "description": "Values of variables; --var counts more."},
    "variableFiles": {**TEXTS, "description": "Files of values, from the folder of this file."},
    "guards": GUARDS,
}
ENVIRONMENT: Json = {
    "description": "Accounts and regions. `${account}`, `${region}` and `${environment}` are known here to !sub.",
    **_closed(
        {
            "account": {**ACCOUNT, "description": "The account. Another one is refused."},
            "accounts": {"type": "array", "minItems": 1, "items": ACCOUNT, "description": "Each with every region."},
            "region": {**TEXT, "description": "The region; left out, the stack or the AWS configuration says it."},
            "regions": {"type": "array", "minItems": 1, "items": TEXT, "description": "Each with every account."},
            "roleArn": {**TEXT, "description": "A role to assume first."},
            "profile": {**TEXT, "description": "A profile of the AWS configuration files."},
            **SHARED,
            "variables": {
                "type": "object",
                "description": "Values of variables, for every stack that declares them; --var counts more.",
            },
        }
    ),
}
STACK: Json = {
    "description": "The environments that a stack goes to.",
    "anyOf": [
        {**_closed({"environments": {**TEXTS, "description": "By name."}, **SHARED}), "required": ["environments"]},
        *TEXTS["anyOf"],
    ],
}
FLEET: Json = {
    "title": "Where stacks go",
    **_closed(
        {
            "environments": {
                "description": "Where stacks go, by names of your own.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/Environment"},
            },
            "stacks": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/Stack"},
                "description": "Stacks by their paths from the folder of this file; * and ? match.",
            },
            "exclude": {
                **TEXTS,
                "description": "Names that `import --live` and `coverage` leave out, as globs.",
            },
        }
    ),
    "anyOf": [{"required": ["environments", "stacks"]}, {"required": ["exclude"]}],
    "patternProperties": {"^x-": {}},
    "$defs": {"Environment": ENVIRONMENT, "Stack": STACK},
}

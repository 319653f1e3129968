"""Renders templates as Home Assistant does for MQTT: `value_json` where the payload is JSON, `this` with the state before."""

import json
import sys

from jinja2.sandbox import ImmutableSandboxedEnvironment


def render(case):
    variables = {"value": case["payload"], "this": {"state": case["before"]}}
    try:
        variables["value_json"] = json.loads(case["payload"])
    except ValueError:
        pass
    template = ImmutableSandboxedEnvironment().from_string(case["template"])
    return template.render(variables).strip()


print(json.dumps([render(case) for case in json.load(sys.stdin)]))

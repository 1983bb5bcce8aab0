"""moto_server, and what it does otherwise than AWS where we would notice. This is about moto 5.1.22."""

import json
import sys
import threading

from moto.apigatewayv2.models import DomainName
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.awslambda.policy import Policy
from moto.cloudfront.models import Distribution
from moto.dynamodb.models import DynamoDBBackend
from moto.s3.models import FakeBucket
from moto.server import main

# Of a function, moto takes these and does not keep them; Terraform would want to set them again and again.
FORGOTTEN = ["KMSKeyArn", "LoggingConfig"]

make, describe, change = LambdaFunction.__init__, LambdaFunction.get_configuration, LambdaFunction.update_configuration
add, update = Policy.add_statement, DynamoDBBackend.update_item
judge = FakeBucket.get_permission
distribute = Distribution.__init__
name = DomainName.__init__

one_at_a_time = threading.Lock()


class ResourceConflict(LambdaClientError):
    code = 409


def remember(function, spec):
    kept = {name: spec[name] for name in FORGOTTEN if spec.get(name)}
    function.forgotten = {**getattr(function, "forgotten", {}), **kept}


def made(self, account_id, spec, *rest, **named):
    make(self, account_id, spec, *rest, **named)
    remember(self, spec)


def described(self, *rest, **named):
    answer = {**describe(self, *rest, **named), **self.forgotten}
    # AWS has this where an image is started otherwise than it says itself; moto has it always.
    if not answer.get("ImageConfigResponse", {}).get("ImageConfig", {}).get("Command"):
        answer.pop("ImageConfigResponse", None)
    return answer


def changed(self, spec):
    remember(self, spec)
    return change(self, spec)


def added(self, raw, *rest, **named):
    # AWS has every statement id once.
    name = json.loads(raw)["StatementId"]
    if any(it.get("Sid") == name for it in self.statements):
        text = f"The statement id ({name}) provided already exists."
        raise ResourceConflict("ResourceConflictException", text)
    statement, revision = add(self, raw, *rest, **named)
    # AWS makes a condition of this argument; moto leaves it as it is, where the provider does not look for it.
    kind = statement.pop("FunctionUrlAuthType", None)
    if kind:
        statement["Condition"] = {"StringEquals": {"lambda:FunctionUrlAuthType": kind}}
    return statement, revision


def distributed(self, *rest, **named):
    distribute(self, *rest, **named)
    # CloudFront is in no region, and the place of one in its ARNs is empty; moto leaves it out.
    self.arn = self.arn.replace(":cloudfront:", ":cloudfront::", 1)


def named(self, *rest, **more):
    name(self, *rest, **more)
    # Where the name leads to; moto leaves it out, and the provider waits for the status.
    place = {"apiGatewayDomainName": "d-1.execute-api.amazonaws.com", "hostedZoneId": "Z1EXAMPLE", "domainNameStatus": "AVAILABLE"}
    for configuration in self.domain_name_configurations:
        configuration.update(place)
    # What nobody has set is not there.
    self.mutual_tls_authentication = self.mutual_tls_authentication or None


def updated(self, *rest, **named):
    """moto sees if a condition holds, and then writes; what is one step in DynamoDB, two threads of moto can mix up."""
    with one_at_a_time:
        return update(self, *rest, **named)


def judged(self, *rest):
    """moto takes every condition for one that holds. Callers in AWS have TLS, so what is denied to those without is not theirs."""
    policy = self.policy
    try:
        self.policy = policy and without_denials_of_http(policy)
        return judge(self, *rest)
    finally:
        self.policy = policy


def without_denials_of_http(policy):
    document = json.loads(policy)
    is_kept = lambda it: it.get("Condition") != {"Bool": {"aws:SecureTransport": "false"}}
    return json.dumps({**document, "Statement": list(filter(is_kept, document["Statement"]))}).encode()


LambdaFunction.__init__, LambdaFunction.get_configuration, LambdaFunction.update_configuration = made, described, changed
Policy.add_statement, DynamoDBBackend.update_item = added, updated
FakeBucket.get_permission = judged
Distribution.__init__, DomainName.__init__ = distributed, named
sys.exit(main())

"""moto_server, and what it forgets of a Lambda function: its logging, and the key that encrypts its environment.

Without them, Terraform would want to set both again and again. moto 5.1.22 takes them and does not keep them.
"""

import sys

from moto.awslambda.models import LambdaFunction
from moto.server import main

FORGOTTEN = ["KMSKeyArn", "LoggingConfig"]

make, describe, change = LambdaFunction.__init__, LambdaFunction.get_configuration, LambdaFunction.update_configuration


def remember(function, spec):
    kept = {name: spec[name] for name in FORGOTTEN if spec.get(name)}
    function.forgotten = {**getattr(function, "forgotten", {}), **kept}


def made(self, account_id, spec, *rest, **named):
    make(self, account_id, spec, *rest, **named)
    remember(self, spec)


def described(self, *rest, **named):
    return {**describe(self, *rest, **named), **self.forgotten}


def changed(self, spec):
    remember(self, spec)
    return change(self, spec)


LambdaFunction.__init__, LambdaFunction.get_configuration, LambdaFunction.update_configuration = made, described, changed
sys.exit(main())

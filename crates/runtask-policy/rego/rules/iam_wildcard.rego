package runtask.rules.iam_wildcard

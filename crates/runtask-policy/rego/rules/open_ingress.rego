package runtask.rules.open_ingress

package runtask.rules.destroy_guard

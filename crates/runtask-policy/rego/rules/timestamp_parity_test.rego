package runtask.rules.timestamp_parity_test

import rego.v1

import data.runtask.rules.timestamp_parity

failed := {{"msg": "Validation failed"}}

unreadable := {{"msg": "Validation failed: the plan's timestamp is missing or not RFC 3339"}}

test_an_even_minute_passes if {
	every timestamp in ["2025-01-31T10:00:07Z", "2025-01-31T10:08:07Z", "2025-01-31T10:42:59.123456Z", "2025-01-31t10:42:59z", "2025-01-31T10:58:60+05:45"] {
		timestamp_parity.deny == set() with input as {"timestamp": timestamp}
	}
}

test_an_odd_minute_fails if {
	every timestamp in ["2025-01-31T10:01:08Z", "2025-01-31T10:09:08Z", "2025-01-31T10:43:08-08:00"] {
		timestamp_parity.deny == failed with input as {"timestamp": timestamp}
	}
}

test_a_timestamp_that_is_none_fails_and_says_so if {
	every timestamp in [null, 7, "", "text", [], {}, "2025-01-31", "2025-01-31 10:42:07Z", "2025-01-31T10:42Z", "2025-01-31T10:42:07", "2025-13-31T10:42:07Z", "2025-01-31T24:42:07Z", "2025-01-31T10:62:07Z", "x2025-01-31T10:42:07Z", "2025-01-31T10:42:07Z\n"] {
		timestamp_parity.deny == unreadable with input as {"timestamp": timestamp}
	}
}

test_a_plan_without_a_timestamp_fails_and_says_so if {
	every document in [{}, null, 7, "text", []] {
		timestamp_parity.deny == unreadable with input as document
	}
}

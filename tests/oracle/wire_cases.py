"""What the wire comparison does to a director, case by case: the functions of the files named here that take a world, `w`.
Their names are behaviours; those that begin with an underscore are parts of cases.

Each case has services of its own, on {v} (the case's first port of the VIP) and {v1}, {v2} …
"""
import inspect

import wire_cases_changes
import wire_cases_choices
import wire_cases_drain
import wire_cases_icmp
import wire_cases_ipv6
import wire_cases_marks
import wire_cases_passing
import wire_cases_persistence
import wire_cases_sctp
import wire_cases_settings
import wire_cases_states
import wire_cases_translation
import wire_cases_turns

# Ports follow from the order; SCTP's cases have their own.
FILES = (wire_cases_turns, wire_cases_translation, wire_cases_states, wire_cases_passing, wire_cases_changes, wire_cases_marks,
         wire_cases_settings, wire_cases_ipv6, wire_cases_persistence, wire_cases_choices, wire_cases_drain, wire_cases_icmp, wire_cases_sctp)


def _is_case(file, name, value):
    return inspect.isfunction(value) and value.__module__ == file.__name__ and not name.startswith("_") and value.__code__.co_varnames[:1] == ("w",)


CASES = [value for file in FILES for name, value in vars(file).items() if _is_case(file, name, value)]
